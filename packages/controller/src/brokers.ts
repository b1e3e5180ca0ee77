/**
 * Brokers: registration, heartbeats (fencing, controlled shutdown), sessions, removal.
 *
 * A broker registers fenced, catches up with the metadata log and is then unfenced by a heartbeat. Whoever is fenced leads
 * nothing and is in sync nowhere, with one exception: a partition with a single replica keeps it as leader, because nobody
 * else could lead or be told apart from it. Its leader epoch rises at unfencing: what a crash may have cut off the end of
 * the log was written in an older epoch, so clients notice the difference (KIP-320). Apache Kafka writes two records there
 * for the same end.
 *
 * A process that comes back on the directories of its predecessor takes its place at once: directories are locked, so the
 * predecessor is gone. Apache Kafka waits for the end of its session.
 *
 * Source: KIP-631, KIP-841, KIP-858, KIP-966.
 */
import {
  brokerRecord,
  isReservedDirectoryId,
  metadataRecord,
  NO_LEADER,
  type BrokerRegistration,
  type MetadataRecord,
  type MetadataRecordInput,
  type PartitionRegistration,
  type TopicImage,
} from '@braidlog/metadata'
import { ErrorCode, METADATA_VERSION_FEATURE, partitionRecordVersion, type Uuid } from '@braidlog/model'
import type {
  BrokerHeartbeatRequest,
  BrokerHeartbeatResponse,
  BrokerRegistrationRequest,
  BrokerRegistrationResponse,
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
} from '@braidlog/protocol'
import { fault, NO_FAULT, type Fault } from './fault.ts'
import { changePartition, sameList, type PartitionTarget } from './partition-change.ts'
import type { ControllerState, Decision, DecisionContext } from './state.ts'

const FENCE = 1
const UNFENCE = -1
const IN_CONTROLLED_SHUTDOWN = 1
/** metadata.version from which an unclean shutdown takes a broker out of the eligible leader replicas. */
const ELIGIBLE_LEADER_REPLICAS_LEVEL = 23
const DIRECTORIES_LEVEL = 17
const CORDONED_DIRECTORIES_LEVEL = 30

export function decideBrokerRegistration(
  state: ControllerState,
  request: BrokerRegistrationRequest,
  context: DecisionContext,
): Decision<BrokerRegistrationResponse> {
  const answer = (errorCode: number, brokerEpoch: number, records: MetadataRecord[] = []) => ({
    records,
    response: { throttleTimeMs: 0, errorCode, brokerEpoch },
  })
  const existing = state.image.broker(request.brokerId)
  const errorCode = registrationError(state, request, existing, context)
  if (errorCode !== ErrorCode.NONE) return answer(errorCode, -1)
  const comesAgain = existing?.incarnationId === request.incarnationId
  if (existing !== undefined && comesAgain && sameRegistration(existing, request)) return answer(0, existing.epoch)
  const registration: BrokerRegistration = {
    id: request.brokerId,
    epoch: comesAgain ? existing!.epoch : context.nextOffset,
    incarnationId: request.incarnationId,
    endpoints: request.listeners,
    features: request.features.map((feature) => ({
      name: feature.name,
      levelMin: feature.minSupportedVersion,
      levelMax: feature.maxSupportedVersion,
    })),
    rack: request.rack,
    fenced: comesAgain ? existing!.fenced : true,
    inControlledShutdown: comesAgain ? existing!.inControlledShutdown : false,
    isMigratingZkBroker: false,
    logDirs: request.logDirs,
    cordonedLogDirs: null,
  }
  const records: MetadataRecord[] = [brokerRecord(registration, state.metadataVersion)]
  if (existing !== undefined && !comesAgain) {
    const isClean = existing.epoch === request.previousBrokerEpoch
    // Another disk in the place of the one it had: Apache Kafka would let it lead again if it was the last that did.
    const isOnOldDisk = existing.logDirs.some((id) => request.logDirs.includes(id))
    records.push(...leave(state, existing.id, { unclean: !isClean, isLost: !isClean && !isOnOldDisk }))
    records.push(...leaveBehind(state, existing.id, request.logDirs))
  }
  return answer(0, registration.epoch, records)
}

function registrationError(
  state: ControllerState,
  request: BrokerRegistrationRequest,
  existing: BrokerRegistration | undefined,
  context: DecisionContext,
): number {
  if (request.clusterId !== state.settings.clusterId) return ErrorCode.INCONSISTENT_CLUSTER_ID
  const { brokerId, logDirs } = request
  if (logDirs.length === 0 || new Set(logDirs).size < logDirs.length || logDirs.some(isReservedDirectoryId)) {
    return ErrorCode.INVALID_REGISTRATION
  }
  for (const other of state.image.brokers()) {
    if (other.id === brokerId) continue
    if (other.logDirs.some((id) => logDirs.includes(id))) return ErrorCode.INVALID_REGISTRATION
  }
  if (!request.features.some((feature) => feature.name === METADATA_VERSION_FEATURE)) {
    return ErrorCode.UNSUPPORTED_VERSION
  }
  for (const [name, level] of state.image.features) {
    const range = request.features.find((feature) => feature.name === name)
    const fits = level >= (range?.minSupportedVersion ?? 0) && level <= (range?.maxSupportedVersion ?? 0)
    if (!fits) return ErrorCode.UNSUPPORTED_VERSION
  }
  if (existing === undefined || existing.incarnationId === request.incarnationId) return ErrorCode.NONE
  if (logDirs.some((id) => existing.logDirs.includes(id))) return ErrorCode.NONE
  return state.sessions.isAlive(brokerId, context.nowMs) ? ErrorCode.DUPLICATE_BROKER_REGISTRATION : ErrorCode.NONE
}

function sameRegistration(existing: BrokerRegistration, request: BrokerRegistrationRequest): boolean {
  return (
    existing.rack === request.rack &&
    sameList(existing.logDirs, request.logDirs) &&
    JSON.stringify(existing.endpoints) === JSON.stringify(request.listeners)
  )
}

export function decideBrokerHeartbeat(
  state: ControllerState,
  request: BrokerHeartbeatRequest,
  context: DecisionContext,
): Decision<BrokerHeartbeatResponse> {
  const broker = state.image.broker(request.brokerId)
  if (broker?.epoch !== request.brokerEpoch) {
    const errorCode = broker === undefined ? ErrorCode.BROKER_ID_NOT_REGISTERED : ErrorCode.STALE_BROKER_EPOCH
    return {
      records: [],
      response: { throttleTimeMs: 0, errorCode, isCaughtUp: false, isFenced: true, shouldShutDown: false },
    }
  }
  const { currentMetadataOffset } = request
  const isCaughtUp = currentMetadataOffset >= broker.epoch
  const hasNoDirectory = broker.logDirs.length > 0 && broker.logDirs.every((id) => request.offlineLogDirs.includes(id))
  const wantFence = request.wantFence || hasNoDirectory
  const next = nextState(state, broker, { ...request, wantFence }, isCaughtUp, context)
  const records: MetadataRecord[] = next === stateOf(broker) ? [] : change(state, broker, next)
  if (next === 'unfenced' || next === 'leaving') {
    state.sessions.heard(broker.id, context.nowMs, currentMetadataOffset)
    if (next === 'leaving') state.sessions.shutDownAt(broker.id, context.nextOffset + records.length - 1)
    // One change of a partition at a time: what else there is to say, the next heartbeat says again.
    if (records.length === 0) records.push(...directoryChanges(state, broker, request))
  }
  return {
    records,
    response: {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      isCaughtUp,
      isFenced: next === 'fenced' || next === 'gone',
      shouldShutDown: next === 'gone',
    },
  }
}

/** `leaving`: in controlled shutdown; `gone`: fenced, and may end. */
type BrokerState = 'fenced' | 'unfenced' | 'leaving' | 'gone'

function stateOf(broker: BrokerRegistration): BrokerState {
  return broker.fenced ? 'fenced' : broker.inControlledShutdown ? 'leaving' : 'unfenced'
}

function nextState(
  state: ControllerState,
  broker: BrokerRegistration,
  { wantFence, wantShutDown }: BrokerHeartbeatRequest,
  isCaughtUp: boolean,
  context: DecisionContext,
): BrokerState {
  const before = stateOf(broker)
  switch (before) {
    case 'fenced':
      if (wantShutDown) return 'gone'
      return !wantFence && isCaughtUp ? 'unfenced' : 'fenced'
    case 'unfenced':
      if (wantShutDown) return wantFence || !isNeeded(state, broker.id) ? 'gone' : 'leaving'
      return wantFence ? 'fenced' : 'unfenced'
    case 'leaving': {
      // Nothing waits for a broker of which nothing was said to the others.
      state.sessions.shutDownAt(broker.id, context.nextOffset - 1)
      return !isNeeded(state, broker.id) && state.sessions.mayLeave(broker.id) ? 'gone' : 'leaving'
    }
    case 'gone':
      return before
    default:
      return before satisfies never
  }
}

function change(state: ControllerState, broker: BrokerRegistration, next: BrokerState): MetadataRecord[] {
  switch (next) {
    case 'unfenced':
      return unfence(state, broker)
    case 'leaving':
      return [
        registrationChange(broker, { inControlledShutdown: IN_CONTROLLED_SHUTDOWN }),
        ...leave(state, broker.id, { unclean: false }),
      ]
    case 'fenced':
    case 'gone':
      if (broker.fenced) return []
      return [registrationChange(broker, { fenced: FENCE }), ...leave(state, broker.id, { unclean: false })]
    default:
      return next satisfies never
  }
}

/** @returns whether the broker leads a partition that another one might lead */
function isNeeded(state: ControllerState, brokerId: number): boolean {
  for (const [, , { leader, replicas }] of partitionsOf(state, brokerId)) {
    if (leader === brokerId && replicas.length > 1) return true
  }
  return false
}

/** Sessions that have ended: their brokers are fenced. */
export function fenceExpired(state: ControllerState, context: DecisionContext): MetadataRecord[] {
  const records: MetadataRecord[] = []
  for (const brokerId of state.sessions.expired(context.nowMs)) {
    const broker = state.image.broker(brokerId)
    // One that is fenced and still sends heartbeats has a session too; when it falls silent, nothing is left to do.
    if (broker === undefined || broker.fenced) {
      state.sessions.forget(brokerId)
      continue
    }
    // One at a time: who takes over must not be one that is about to be fenced too.
    if (records.length > 0) continue
    records.push(registrationChange(broker, { fenced: FENCE }), ...leave(state, brokerId, { unclean: false }))
  }
  return records
}

function unfence(state: ControllerState, broker: BrokerRegistration): MetadataRecord[] {
  const records: MetadataRecord[] = [registrationChange(broker, { fenced: UNFENCE })]
  for (const [topic, partition, registration] of partitionsOf(state, broker.id)) {
    if (registration.leader === broker.id) {
      records.push(partitionChange(state, topic, partition, { leader: broker.id }))
    } else if (registration.leader === NO_LEADER) {
      const isAcceptable = (id: number) => id === broker.id || state.isActive(id)
      pushChange(state, records, topic, partition, { isAcceptable })
    }
  }
  return records
}

/** On other disks a broker does not lead what it alone had: before it can say where its replicas lie now. */
function leaveBehind(state: ControllerState, brokerId: number, logDirs: readonly Uuid[]): MetadataRecord[] {
  const records: MetadataRecord[] = []
  for (const [topic, partition, { leader, replicas, directories }] of partitionsOf(state, brokerId)) {
    const directory = directories[replicas.indexOf(brokerId)]
    const isLeftBehind = directory !== undefined && !isReservedDirectoryId(directory) && !logDirs.includes(directory)
    if (replicas.length > 1 || leader !== brokerId || !isLeftBehind) continue
    records.push(partitionChange(state, topic, partition, { leader: NO_LEADER }))
  }
  return records
}

/** Takes a broker out of leadership and in-sync replicas wherever another replica is. */
function leave(
  state: ControllerState,
  brokerId: number,
  { unclean, isLost = false }: { readonly unclean: boolean; readonly isLost?: boolean },
): MetadataRecord[] {
  const records: MetadataRecord[] = []
  const losesEligibility = unclean && state.metadataVersion >= ELIGIBLE_LEADER_REPLICAS_LEVEL
  const isAcceptable = (id: number) => id !== brokerId && state.isActive(id)
  for (const [topic, partition, registration] of partitionsOf(state, brokerId)) {
    const { replicas, isr, leader, eligibleLeaderReplicas, lastKnownElr } = registration
    if (replicas.length === 1) continue
    const isConcerned =
      isr.includes(brokerId) ||
      leader === brokerId ||
      (losesEligibility && eligibleLeaderReplicas.includes(brokerId)) ||
      (isLost && lastKnownElr.includes(brokerId))
    if (!isConcerned) continue
    pushChange(state, records, topic, partition, {
      isr: isr.filter((id) => id !== brokerId),
      isAcceptable,
      ...(losesEligibility && { uncleanReplicas: [brokerId] }),
      ...(isLost && { lostReplicas: [brokerId] }),
    })
  }
  return records
}

function pushChange(
  state: ControllerState,
  records: MetadataRecord[],
  topic: TopicImage,
  partition: number,
  target: PartitionTarget,
): void {
  const election = state.mayElectUncleanly(topic.name) ? 'unclean' : 'online'
  const record = changePartition(state, topic, partition, { election, ...target })
  if (record !== undefined) records.push(record)
}

/** A failed directory takes its replicas with it; the broker itself ends when it was the last one. */
function directoryChanges(
  state: ControllerState,
  broker: BrokerRegistration,
  { offlineLogDirs, cordonedLogDirs }: BrokerHeartbeatRequest,
): MetadataRecord[] {
  const records: MetadataRecord[] = []
  const failed = broker.logDirs.filter((id) => offlineLogDirs.includes(id))
  const left = broker.logDirs.filter((id) => !failed.includes(id))
  if (failed.length > 0 && left.length > 0 && state.metadataVersion >= DIRECTORIES_LEVEL) {
    records.push(registrationChange(broker, { logDirs: left }, 2))
  }
  if (failed.length > 0) {
    const isAcceptable = (id: number) => id !== broker.id && state.isActive(id)
    for (const [topic, partition, { replicas, directories, isr, leader }] of partitionsOf(state, broker.id)) {
      const isConcerned = leader === broker.id || isr.includes(broker.id)
      if (!isConcerned || !failed.includes(directories[replicas.indexOf(broker.id)]!)) continue
      pushChange(state, records, topic, partition, { isr: isr.filter((id) => id !== broker.id), isAcceptable })
    }
  }
  const cordons = cordonedLogDirs !== null && !sameList(cordonedLogDirs, broker.cordonedLogDirs ?? [])
  if (cordons && state.metadataVersion >= CORDONED_DIRECTORIES_LEVEL) {
    records.push(registrationChange(broker, { cordonedLogDirs }, 3))
  }
  return records
}

export function decideUnregisterBroker(
  state: ControllerState,
  { brokerId }: UnregisterBrokerRequest,
): Decision<UnregisterBrokerResponse> {
  const answer = (result: Fault, records: MetadataRecord[] = []) => ({
    records,
    response: { throttleTimeMs: 0, ...result },
  })
  const broker = state.image.broker(brokerId)
  if (broker === undefined) return answer(fault('BROKER_ID_NOT_REGISTERED', `broker ${brokerId} is not registered`))
  if (!broker.fenced) return answer(fault('INVALID_REQUEST', `broker ${brokerId} is running; stop it first`))
  const records: MetadataRecord[] = [metadataRecord('UnregisterBroker', { brokerId, brokerEpoch: broker.epoch })]
  for (const [topic, partition, registration] of partitionsOf(state, brokerId)) {
    const { isr, leader } = registration
    if (isr.length === 1 && isr[0] === brokerId && !state.eligibleLeaderReplicasEnabled) {
      // The last replica in sync stays noted: only it is known to have everything.
      if (leader === brokerId) records.push(partitionChange(state, topic, partition, { leader: NO_LEADER }))
    } else if (leader === brokerId || isr.includes(brokerId)) {
      const isAcceptable = (id: number) => id !== brokerId && state.isActive(id)
      pushChange(state, records, topic, partition, { isr: isr.filter((id) => id !== brokerId), isAcceptable })
    }
  }
  return answer(NO_FAULT, records)
}

function* partitionsOf(
  state: ControllerState,
  brokerId: number,
): Generator<readonly [TopicImage, number, PartitionRegistration], void, void> {
  for (const topic of state.image.topics()) {
    for (const [partition, registration] of topic.partitions) {
      if (registration.replicas.includes(brokerId)) yield [topic, partition, registration]
    }
  }
}

/** Version 0 knows fencing, version 1 controlled shutdown (KIP-841), 2 directories, 3 cordoned directories. */
function registrationChange(
  broker: BrokerRegistration,
  change: Omit<MetadataRecordInput<'BrokerRegistrationChange'>, 'brokerId' | 'brokerEpoch'>,
  version = change.inControlledShutdown === undefined ? 0 : 1,
): MetadataRecord {
  return metadataRecord(
    'BrokerRegistrationChange',
    { brokerId: broker.id, brokerEpoch: broker.epoch, ...change },
    version,
  )
}

/** A change of one partition; fields that are left out stay. */
export function partitionChange(
  state: ControllerState,
  topic: TopicImage,
  partitionId: number,
  change: MetadataRecordInput<'PartitionChange'>,
): MetadataRecord {
  const version = partitionRecordVersion(state.metadataVersion)
  return metadataRecord('PartitionChange', { topicId: topic.id, partitionId, ...change }, version)
}
