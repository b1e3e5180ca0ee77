/**
 * Topics and their partitions, by name and by id.
 *
 * Invariant: `byName` and `byId` hold the same topics; a partition registration is never changed in place, a change
 * replaces it, so that a reader who kept one sees a consistent past.
 * Source: KIP-631, KIP-516 (topic ids), KIP-858 (directories), KIP-966 (eligible leader replicas).
 */
import type { Uuid } from '@braidlog/model'

export const NO_LEADER = -1

export const LeaderRecoveryState = { RECOVERED: 0, RECOVERING: 1 } as const
export type LeaderRecoveryState = (typeof LeaderRecoveryState)[keyof typeof LeaderRecoveryState]

/** One partition as the controller decided it. */
export interface PartitionRegistration {
  readonly replicas: readonly number[]
  /** One directory id per replica, in the order of `replicas`. */
  readonly directories: readonly Uuid[]
  readonly isr: readonly number[]
  readonly removingReplicas: readonly number[]
  readonly addingReplicas: readonly number[]
  readonly eligibleLeaderReplicas: readonly number[]
  readonly lastKnownElr: readonly number[]
  /** Node id, or {@link NO_LEADER}. */
  readonly leader: number
  readonly leaderRecoveryState: LeaderRecoveryState
  readonly leaderEpoch: number
  readonly partitionEpoch: number
}

export interface TopicImage {
  readonly name: string
  readonly id: Uuid
  /** By partition index. */
  readonly partitions: ReadonlyMap<number, PartitionRegistration>
}
