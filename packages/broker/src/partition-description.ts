/** A partition as Metadata and DescribeTopicPartitions show it. */
import { NO_LEADER, type PartitionRegistration } from '@braidlog/metadata'
import { ErrorCode } from '@braidlog/model'

/** @param aliveIds nodes that clients of the asking listener can reach */
export function describePartition(index: number, partition: PartitionRegistration, aliveIds: ReadonlySet<number>) {
  const { leader } = partition
  return {
    errorCode:
      leader === NO_LEADER
        ? ErrorCode.LEADER_NOT_AVAILABLE
        : aliveIds.has(leader)
          ? ErrorCode.NONE
          : ErrorCode.LISTENER_NOT_FOUND,
    partitionIndex: index,
    leaderId: leader,
    leaderEpoch: partition.leaderEpoch,
    replicaNodes: [...partition.replicas],
    isrNodes: [...partition.isr],
    offlineReplicas: partition.replicas.filter((id) => !aliveIds.has(id)),
  }
}
