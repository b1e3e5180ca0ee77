/**
 * AssignReplicasToDirs: a broker says in which of its directories replicas lie. One that it reports in a directory that is
 * offline is lost there.
 * Source: KIP-858.
 */
import { DIRECTORY_LOST, isReservedDirectoryId, type MetadataRecord } from '@braidlog/metadata'
import { ErrorCode, type Uuid } from '@braidlog/model'
import type { AssignReplicasToDirsRequest, AssignReplicasToDirsResponse } from '@braidlog/protocol'
import { changePartition } from './partition-change.ts'
import type { ControllerState, Decision } from './state.ts'

export function decideAssignReplicasToDirs(
  state: ControllerState,
  request: AssignReplicasToDirsRequest,
): Decision<AssignReplicasToDirsResponse> {
  const { brokerId, brokerEpoch } = request
  const broker = state.image.broker(brokerId)
  if (broker?.epoch !== brokerEpoch) {
    const errorCode = broker === undefined ? ErrorCode.BROKER_ID_NOT_REGISTERED : ErrorCode.STALE_BROKER_EPOCH
    return { records: [], response: { throttleTimeMs: 0, errorCode, directories: [] } }
  }
  const records: MetadataRecord[] = []
  const directories = request.directories.map(({ id, topics }) => ({
    id,
    topics: topics.map(({ topicId, partitions }) => ({
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: assign(state, { brokerId, topicId, partitionIndex, id }, broker.logDirs, records),
      })),
    })),
  }))
  return { records, response: { throttleTimeMs: 0, errorCode: ErrorCode.NONE, directories } }
}

interface Place {
  readonly brokerId: number
  readonly topicId: Uuid
  readonly partitionIndex: number
  readonly id: Uuid
}

function assign(
  state: ControllerState,
  { brokerId, topicId, partitionIndex, id }: Place,
  logDirs: readonly Uuid[],
  records: MetadataRecord[],
): ErrorCode {
  const topic = state.image.topicById(topicId)
  if (topic === undefined) return ErrorCode.UNKNOWN_TOPIC_ID
  const partition = topic.partitions.get(partitionIndex)
  if (partition === undefined) return ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  if (!partition.replicas.includes(brokerId)) return ErrorCode.NOT_LEADER_OR_FOLLOWER
  const isOnline = logDirs.includes(id) || isReservedDirectoryId(id)
  const isLost = !isOnline || id === DIRECTORY_LOST
  const directories = new Map([[brokerId, isOnline ? id : DIRECTORY_LOST]])
  const isAcceptable = (each: number) => !(isLost && each === brokerId) && state.isActive(each)
  const isr = isLost ? partition.isr.filter((each) => each !== brokerId) : partition.isr
  const record = changePartition(state, topic, partitionIndex, { directories, isAcceptable, isr })
  if (record !== undefined) records.push(record)
  return ErrorCode.NONE
}
