/**
 * UpdateFeatures: raises or lowers finalized feature levels, all of a request or none.
 *
 * kraft.version is the quorum's: it is only ever raised, and stands in the log as a control record, not as FeatureLevel.
 * Source: KIP-584, KIP-778 (metadata.version), KIP-853 (kraft.version), KIP-1022.
 */
import { metadataRecord, type MetadataRecord } from '@braidlog/metadata'
import {
  CLUSTER_DEFAULT_RESOURCE,
  ConfigResourceType,
  ELIGIBLE_LEADER_REPLICAS_FEATURE,
  ErrorCode,
  KRAFT_VERSION_FEATURE,
  METADATA_VERSION_FEATURE,
  METADATA_VERSION_LEVELS,
  SUPPORTED_FEATURES,
  type FeatureRange,
} from '@braidlog/model'
import type { UpdateFeaturesRequest, UpdateFeaturesResponse } from '@braidlog/protocol'
import { duplicatesOf } from './fault.ts'
import type { ControllerState, Decision, DecisionContext, QuorumState } from './state.ts'

type FeatureUpdate = UpdateFeaturesRequest['featureUpdates'][number]

/** `FeatureUpdate.UpgradeType` */
const UpgradeType = { UPGRADE: 1, SAFE_DOWNGRADE: 2, UNSAFE_DOWNGRADE: 3 } as const

/** The first metadata.version with records for eligible leader replicas. */
const ELIGIBLE_LEADER_REPLICAS_LEVEL = 23

export function decideUpdateFeatures(
  state: ControllerState,
  request: UpdateFeaturesRequest,
  { quorum }: DecisionContext,
): Decision<UpdateFeaturesResponse> {
  const refused = (errorCode: number, errorMessage: string) => ({
    records: [],
    response: { throttleTimeMs: 0, errorCode, errorMessage, results: [] },
  })
  const twice = duplicatesOf(request.featureUpdates.map((update) => update.feature))
  if (twice.size > 0) {
    return refused(ErrorCode.INVALID_REQUEST, `the request names ${[...twice].join(', ')} more than once`)
  }
  const records: MetadataRecord[] = []
  let kraftVersion: number | undefined
  for (const update of request.featureUpdates) {
    const problem = checkUpdate(state, quorum, update)
    if (problem !== undefined) return refused(ErrorCode.INVALID_UPDATE_VERSION, `nothing was changed: ${problem}`)
    if (currentLevel(state, quorum, update.feature) === update.maxVersionLevel) continue
    if (update.feature === KRAFT_VERSION_FEATURE) {
      kraftVersion = update.maxVersionLevel
      // What the answer waits for: it is committed only with what the quorum has written before it.
      records.push(metadataRecord('NoOp', {}))
      continue
    }
    records.push(metadataRecord('FeatureLevel', { name: update.feature, featureLevel: update.maxVersionLevel }))
    if (update.feature === ELIGIBLE_LEADER_REPLICAS_FEATURE && update.maxVersionLevel > 0) {
      records.push(...minInsyncReplicasForAll(state))
    }
  }
  const results = request.featureUpdates.map(({ feature }) => ({ feature, errorCode: 0, errorMessage: null }))
  return {
    records: request.validateOnly ? [] : records,
    ...(kraftVersion !== undefined && !request.validateOnly && { kraftVersion }),
    response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, errorMessage: null, results },
  }
}

function currentLevel(state: ControllerState, quorum: QuorumState, feature: string): number {
  if (feature === KRAFT_VERSION_FEATURE) return quorum.kraftVersion
  return state.image.features.get(feature) ?? 0
}

/** @returns what is wrong, as a sentence without its end */
function checkUpdate(state: ControllerState, quorum: QuorumState, update: FeatureUpdate): string | undefined {
  const { feature, maxVersionLevel: level, upgradeType } = update
  const range = SUPPORTED_FEATURES.find((each) => each.name === feature)
  if (range === undefined) return `feature ${feature} is not known to this node`
  if (level < range.levelMin || level > range.levelMax) {
    return `${feature} ${level} is not supported; this node has ${range.levelMin} to ${range.levelMax}`
  }
  for (const broker of state.image.brokers()) {
    if (!supports(broker, feature, level)) return `broker ${broker.id} does not support ${feature} ${level}`
  }
  for (const controller of state.image.controllers()) {
    const counts = quorum.voterIds.includes(controller.id)
    if (counts && !supports(controller, feature, level)) {
      return `controller ${controller.id} does not support ${feature} ${level}`
    }
  }
  const before = currentLevel(state, quorum, feature)
  if (feature === KRAFT_VERSION_FEATURE) return level === before ? undefined : quorum.upgradeProblem(level)
  if (level < before && upgradeType === UpgradeType.UPGRADE) {
    return `${feature} is at ${before}; lowering it to ${level} must be asked for as a downgrade`
  }
  if (level < before && feature === METADATA_VERSION_FEATURE) return checkMetadataDowngrade(before, level, upgradeType)
  const metadataVersion = state.metadataVersion
  if (feature === ELIGIBLE_LEADER_REPLICAS_FEATURE && level > 0 && metadataVersion < ELIGIBLE_LEADER_REPLICAS_LEVEL) {
    return `${feature} needs metadata.version ${ELIGIBLE_LEADER_REPLICAS_LEVEL}, the cluster is at ${metadataVersion}`
  }
  return undefined
}

function supports(node: { readonly features: readonly FeatureRange[] }, feature: string, level: number): boolean {
  const offered = node.features.find((each) => each.name === feature)
  return level >= (offered?.levelMin ?? 0) && level <= (offered?.levelMax ?? 0)
}

function checkMetadataDowngrade(before: number, level: number, upgradeType: number): string | undefined {
  if (upgradeType === UpgradeType.UNSAFE_DOWNGRADE) return 'metadata.version cannot be lowered at the price of metadata'
  const changed = METADATA_VERSION_LEVELS.find(
    (each) => each.level > level && each.level <= before && each.didMetadataChange,
  )
  if (changed === undefined) return undefined
  return `metadata.version ${before} cannot be lowered to ${level}: ${changed.name} changed what the log holds`
}

/** Eligible leader replicas need one cluster-wide value, and none per broker. */
function minInsyncReplicasForAll(state: ControllerState): MetadataRecord[] {
  const name = 'min.insync.replicas'
  const resourceType = ConfigResourceType.BROKER
  const records: MetadataRecord[] = []
  if (!state.image.configs(resourceType, CLUSTER_DEFAULT_RESOURCE).has(name)) {
    const value = String(state.settings.configs[name])
    records.push(metadataRecord('Config', { resourceType, resourceName: CLUSTER_DEFAULT_RESOURCE, name, value }))
  }
  for (const resourceName of state.image.configResources(resourceType)) {
    if (resourceName === CLUSTER_DEFAULT_RESOURCE) continue
    if (!state.image.configs(resourceType, resourceName).has(name)) continue
    records.push(metadataRecord('Config', { resourceType, resourceName, name, value: null }))
  }
  return records
}
