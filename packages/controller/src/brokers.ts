/**
 * Brokers: registration, heartbeats (fencing, controlled shutdown), removal.
 *
 * A broker registers fenced, catches up with the metadata log and is then unfenced by a heartbeat. Unfencing raises the
 * leader epoch of every partition that it leads: what a crash may have cut off the end of a log was written in an older
 * epoch, so clients notice the difference (KIP-320). Apache Kafka gets there by electing no leader at registration and
 * this one again at unfencing: twice the records for the same end.
 *
 * Source: KIP-631, KIP-841, KIP-858.
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
import { ErrorCode, METADATA_VERSION_FEATURE, partitionRecordVersion } from '@braidlog/model'
import type {
  BrokerHeartbeatRequest,
  BrokerHeartbeatResponse,
  BrokerRegistrationRequest,
  BrokerRegistrationResponse,
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
} from '@braidlog/protocol'
import { fault, NO_FAULT, type Fault } from './fault.ts'
import type { ControllerState, Decision, DecisionContext } from './state.ts'

const FENCE = 1
const UNFENCE = -1

export function decideBrokerRegistration(
  state: ControllerState,
  request: BrokerRegistrationRequest,
  context: DecisionContext,
): Decision<BrokerRegistrationResponse> {
  const errorCode = registrationError(state, request)
  if (errorCode !== ErrorCode.NONE) return { records: [], response: { throttleTimeMs: 0, errorCode, brokerEpoch: -1 } }
  const existing = state.image.broker(request.brokerId)
  if (
    existing !== undefined &&
    existing.incarnationId === request.incarnationId &&
    sameRegistration(existing, request)
  ) {
    return { records: [], response: { throttleTimeMs: 0, errorCode, brokerEpoch: existing.epoch } }
  }
  const registration: BrokerRegistration = {
    id: request.brokerId,
    epoch: context.nextOffset,
    incarnationId: request.incarnationId,
    endpoints: request.listeners,
    features: request.features.map((feature) => ({
      name: feature.name,
      levelMin: feature.minSupportedVersion,
      levelMax: feature.maxSupportedVersion,
    })),
    rack: request.rack,
    fenced: true,
    inControlledShutdown: false,
    isMigratingZkBroker: false,
    logDirs: request.logDirs,
    cordonedLogDirs: null,
  }
  return {
    records: [brokerRecord(registration, state.metadataVersion)],
    response: { throttleTimeMs: 0, errorCode, brokerEpoch: registration.epoch },
  }
}

function registrationError(state: ControllerState, request: BrokerRegistrationRequest): number {
  if (request.clusterId !== state.settings.clusterId) return ErrorCode.INCONSISTENT_CLUSTER_ID
  const { logDirs } = request
  if (logDirs.length === 0 || new Set(logDirs).size < logDirs.length || logDirs.some(isReservedDirectoryId)) {
    return ErrorCode.INVALID_REGISTRATION
  }
  for (const other of state.image.brokers()) {
    if (other.id === request.brokerId) continue
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
  return ErrorCode.NONE
}

function sameRegistration(existing: BrokerRegistration, request: BrokerRegistrationRequest): boolean {
  return (
    existing.rack === request.rack &&
    JSON.stringify(existing.logDirs) === JSON.stringify(request.logDirs) &&
    JSON.stringify(existing.endpoints) === JSON.stringify(request.listeners)
  )
}

export function decideBrokerHeartbeat(
  state: ControllerState,
  request: BrokerHeartbeatRequest,
): Decision<BrokerHeartbeatResponse> {
  const broker = state.image.broker(request.brokerId)
  if (broker?.epoch !== request.brokerEpoch) {
    const errorCode = broker === undefined ? ErrorCode.BROKER_ID_NOT_REGISTERED : ErrorCode.STALE_BROKER_EPOCH
    return {
      records: [],
      response: { throttleTimeMs: 0, errorCode, isCaughtUp: false, isFenced: true, shouldShutDown: false },
    }
  }
  const isCaughtUp = request.currentMetadataOffset >= broker.epoch
  const unfences = broker.fenced && !request.wantFence && !request.wantShutDown && isCaughtUp
  const fences = !broker.fenced && (request.wantFence || request.wantShutDown)
  const records = unfences ? unfence(state, broker) : fences ? [registrationChange(broker, FENCE)] : []
  return {
    records,
    response: {
      throttleTimeMs: 0,
      errorCode: ErrorCode.NONE,
      isCaughtUp,
      isFenced: unfences ? false : broker.fenced || fences,
      // There is no other replica to hand leadership to, so nothing to wait for.
      shouldShutDown: request.wantShutDown,
    },
  }
}

function unfence(state: ControllerState, broker: BrokerRegistration): MetadataRecord[] {
  const records = [registrationChange(broker, UNFENCE)]
  for (const [topic, partition, registration] of partitionsOf(state, broker.id)) {
    const { isr, leader } = registration
    const leads = leader === broker.id
    const mayLead = leader === NO_LEADER && (isr.includes(broker.id) || isr.length === 0)
    if (!leads && !mayLead) continue
    const change: MetadataRecordInput<'PartitionChange'> = { leader: broker.id }
    records.push(partitionChange(state, topic, partition, isr.length > 0 ? change : { ...change, isr: [broker.id] }))
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
  if (brokerId === state.settings.nodeId) {
    return answer(fault('INVALID_REQUEST', `broker ${brokerId} is this node, which is running`))
  }
  const records: MetadataRecord[] = [metadataRecord('UnregisterBroker', { brokerId, brokerEpoch: broker.epoch })]
  for (const [topic, partition, { isr, leader }] of partitionsOf(state, brokerId)) {
    const left = isr.filter((id) => id !== brokerId)
    const next = leader === brokerId ? (left.find((id) => state.isActive(id)) ?? NO_LEADER) : undefined
    // The last replica in sync stays noted: only it is known to have everything.
    const change = left.length > 0 && left.length < isr.length ? { isr: left } : {}
    if (next === undefined && left.length === isr.length) continue
    records.push(partitionChange(state, topic, partition, next === undefined ? change : { ...change, leader: next }))
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

/** Version 0 says all that is said here, and every reader knows it. */
function registrationChange(broker: BrokerRegistration, fenced: number): MetadataRecord {
  return metadataRecord('BrokerRegistrationChange', { brokerId: broker.id, brokerEpoch: broker.epoch, fenced })
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
