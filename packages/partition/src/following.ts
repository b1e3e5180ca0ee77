/**
 * A follower takes batches as its leader has written them: appended, cut off where the logs part, or begun anew; what to do
 * is decided in `follower.ts`.
 *
 * Invariant: nothing of an older leader epoch than the present one changes the log, not even a truncation of it that had to
 * wait for the disk.
 */
import type { Log } from '@braidlog/log'
import type { ValidateOptions } from '@braidlog/records'
import { followerDecision, wholeBatches, type FollowerDecision, type LeaderAnswer } from './follower.ts'
import type { FollowerPosition, PartitionMetrics } from './partition-api.ts'
import type { Progress } from './progress.ts'
import type { Role } from './role.ts'

export interface FollowingOptions {
  readonly log: Log
  readonly metrics: PartitionMetrics
  readonly rules: ValidateOptions
}

export class Following {
  readonly #role: Role
  readonly #progress: Progress
  readonly #log: Log
  readonly #metrics: PartitionMetrics
  readonly #rules: ValidateOptions

  constructor(role: Role, progress: Progress, { log, metrics, rules }: FollowingOptions) {
    this.#role = role
    this.#progress = progress
    this.#log = log
    this.#metrics = metrics
    this.#rules = rules
  }

  /** Where it goes on; `undefined` when it does not follow. */
  position(): FollowerPosition | undefined {
    const role = this.#role
    if (role.leads || role.offline || role.hasResigned) return undefined
    const { logStartOffset, logEndOffset } = this.#log
    try {
      // Of the last record: Apache Kafka leaves epochs at the end in which a leader has written nothing.
      const lastFetchedEpoch = logEndOffset > logStartOffset ? this.#log.epochAt(logEndOffset - 1) : -1
      return { leaderEpoch: role.leaderEpoch, fetchOffset: logEndOffset, lastFetchedEpoch, logStartOffset }
    } catch (error) {
      this.#progress.failed(error)
      return undefined
    }
  }

  /** @returns what to do before the next fetch */
  followed(position: FollowerPosition, answer: LeaderAnswer): FollowerDecision {
    const now = this.position()
    if (now === undefined) return { action: 'await-metadata' }
    if (now.leaderEpoch !== position.leaderEpoch) return { action: 'ask-again' }
    if (now.fetchOffset !== position.fetchOffset) return { action: 'retry' }
    const decision = followerDecision(answer, this.#log, this.#progress.highWatermark)
    if (decision.action !== 'append') return decision
    try {
      return this.#append(answer) ? decision : { action: 'retry' }
    } catch (error) {
      this.#progress.failed(error)
      return { action: 'await-metadata' }
    }
  }

  async truncate(leaderEpoch: number, offset: number): Promise<void> {
    const isWanted = () => this.#follows(leaderEpoch)
    if (isWanted()) await this.#log.truncateTo(offset, { isWanted, onCut: () => this.#progress.truncated() })
  }

  async restart(leaderEpoch: number, offset: number): Promise<void> {
    const isWanted = () => this.#follows(leaderEpoch)
    if (!isWanted()) return
    await this.#log.truncateFullyAndStartAt(offset, { isWanted, onCut: () => this.#progress.restarted(offset) })
  }

  /**
   * Gives up what is damaged here, and all behind it, so that it can be fetched again.
   * @param everything give up the whole log
   */
  async repair(leaderEpoch: number, everything: boolean): Promise<void> {
    const log = this.#log
    if (log.offline !== undefined) await this.recover()
    if (everything) return this.restart(leaderEpoch, log.logStartOffset)
    const { damage } = log
    // A file that is damaged in one place is not trusted in another.
    if (damage !== undefined) await this.truncate(leaderEpoch, log.segmentStartOf(damage.offset))
  }

  /** Of a leader, too: the log goes online again, and may have lost its end. */
  async recover(): Promise<void> {
    await this.#log.recover()
    this.#progress.truncated()
  }

  #follows(leaderEpoch: number): boolean {
    return !this.#role.leads && leaderEpoch === this.#role.leaderEpoch
  }

  /** @returns whether all that the leader sent could be appended */
  #append({ records, highWatermark, logStartOffset }: LeaderAnswer): boolean {
    const log = this.#log
    const endBytes = wholeBatches(records, log.logEndOffset, this.#role.leaderEpoch, this.#rules)
    if (endBytes > 0) {
      log.append(records, 0, endBytes)
      this.#metrics.bytesIn += endBytes
    }
    this.#progress.followed(endBytes, highWatermark)
    if (logStartOffset > log.logStartOffset && logStartOffset <= log.logEndOffset) {
      log.raiseLogStartOffset(logStartOffset)
    }
    return endBytes > 0 || records.length === 0
  }
}
