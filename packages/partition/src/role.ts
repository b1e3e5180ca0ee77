/**
 * What this node is to a partition: its leader or a follower, in which epochs, or nothing any more; and so, whether it may
 * answer.
 *
 * Invariant: leader epoch and partition epoch never go back.
 */
import type { Log } from '@braidlog/log'
import { ErrorCode } from '@braidlog/model'
import type { PartitionAssignment } from './partition-api.ts'

export class Role {
  readonly #log: Log
  readonly #nodeId: number
  #leads = false
  #leaderEpoch = -1
  #partitionEpoch = -1
  /** Why the partition refuses requests without being offline. */
  #resigned: ErrorCode = ErrorCode.NONE

  constructor(log: Log, nodeId: number) {
    this.#log = log
    this.#nodeId = nodeId
  }

  get leads(): boolean {
    return this.#leads
  }

  get leaderEpoch(): number {
    return this.#leaderEpoch
  }

  get partitionEpoch(): number {
    return this.#partitionEpoch
  }

  get hasResigned(): boolean {
    return this.#resigned !== ErrorCode.NONE
  }

  get offline(): boolean {
    return this.#log.offline !== undefined || this.#log.closed
  }

  /** @returns false: older news, which changes nothing */
  assign(assignment: PartitionAssignment): boolean {
    const { leader, leaderEpoch, partitionEpoch } = assignment
    if (leaderEpoch < this.#leaderEpoch || partitionEpoch < this.#partitionEpoch) return false
    this.#leaderEpoch = leaderEpoch
    this.#partitionEpoch = partitionEpoch
    this.#resigned = ErrorCode.NONE
    this.#leads = leader === this.#nodeId
    return true
  }

  /** The controller has changed the partition at this leader's wish, and told it before the metadata do. */
  partitionChanged(partitionEpoch: number): void {
    this.#partitionEpoch = Math.max(this.#partitionEpoch, partitionEpoch)
  }

  resign(errorCode: ErrorCode): void {
    this.#resigned = errorCode
  }

  /**
   * Whether this node may answer; consumers may ask a follower, too.
   * @param currentLeaderEpoch what the asker knows; -1: it does not say
   */
  availability(currentLeaderEpoch: number, onlyLeader = true): ErrorCode {
    if (this.#resigned !== ErrorCode.NONE) return this.#resigned
    if (this.offline) return ErrorCode.KAFKA_STORAGE_ERROR
    if (onlyLeader && !this.#leads) return ErrorCode.NOT_LEADER_OR_FOLLOWER
    if (currentLeaderEpoch < 0 || currentLeaderEpoch === this.#leaderEpoch) return ErrorCode.NONE
    return currentLeaderEpoch < this.#leaderEpoch ? ErrorCode.FENCED_LEADER_EPOCH : ErrorCode.UNKNOWN_LEADER_EPOCH
  }
}
