/** A partition as Metadata and DescribeTopicPartitions show it. */
import { NO_LEADER, type ImageView, type PartitionRegistration } from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'

/** Who can be reached, as seen from one listener. */
export interface Reachable {
  /** Nodes that clients of the listener can reach. */
  readonly aliveIds: ReadonlySet<number>
  readonly image: Pick<ImageView, 'broker'>
}

export function describePartition(index: number, partition: PartitionRegistration, { aliveIds, image }: Reachable) {
  const { leader } = partition
  const isReachable = aliveIds.has(leader)
  // The only replica of a partition stays its leader while its broker is down.
  const isUp = image.broker(leader)?.fenced === false
  return {
    errorCode: isReachable ? ErrorCode.NONE : isUp ? ErrorCode.LISTENER_NOT_FOUND : ErrorCode.LEADER_NOT_AVAILABLE,
    partitionIndex: index,
    leaderId: isReachable ? leader : NO_LEADER,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: [...partition.replicas],
    isrNodes: [...partition.isr],
    offlineReplicas: partition.replicas.filter((id) => !aliveIds.has(id)),
  }
}
