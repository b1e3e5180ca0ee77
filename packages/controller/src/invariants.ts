/** What holds of every partition after every change that the controller has decided. */
import { assert } from '@braidlog/base'
import { LeaderRecoveryState, NO_LEADER, type PartitionRegistration } from '@braidlog/metadata'
import type { ControllerState } from './state.ts'

export function checkPartition(state: ControllerState, name: string, partition: PartitionRegistration): void {
  const { replicas, isr, leader, eligibleLeaderReplicas: elr, addingReplicas, removingReplicas } = partition
  const isSet = (ids: readonly number[]): boolean => new Set(ids).size === ids.length
  const within = (ids: readonly number[]): boolean => isSet(ids) && ids.every((id) => replicas.includes(id))
  assert(replicas.length > 0 && isSet(replicas), `${name} has replicas, each once`)
  assert(partition.directories.length === replicas.length, `${name} has a directory per replica`)
  assert(within(isr), `the in-sync replicas of ${name} are replicas`)
  assert(within(elr) && !elr.some((id) => isr.includes(id)), `what is eligible to lead ${name} is not in sync`)
  assert(within(addingReplicas) && within(removingReplicas), `what moves is a replica of ${name}`)
  assert(leader === NO_LEADER || isr.includes(leader), `the leader of ${name} is in sync`)
  if (leader !== NO_LEADER && replicas.length > 1) {
    const broker = state.image.broker(leader)
    assert(broker !== undefined && !broker.fenced, `the leader of ${name} is up`)
  }
  if (partition.leaderRecoveryState === LeaderRecoveryState.RECOVERING && leader !== NO_LEADER) {
    assert(isr.length === 1, `while ${name} recovers, only its leader is in sync`)
  }
  const reachesMin = isr.length >= Math.min(state.isrMin(topicOf(name)), replicas.length)
  assert(!reachesMin || elr.length === 0, `${name} has enough in sync to need nobody else`)
}

function topicOf(name: string): string {
  return name.slice(0, name.lastIndexOf('-'))
}
