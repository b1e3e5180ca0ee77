/**
 * The commits of one consumer: one request after another, each for what is done at that moment.
 *
 * Invariant: only offsets of partitions that are ours when the request leaves are committed; what the coordinator refuses
 * because it thinks of us as somebody else is told to the session.
 */
import type { Alarm } from './alarms.ts'
import type { Assigned } from './assigned.ts'
import type { Cluster } from './cluster.ts'
import { KafkaError } from './errors.ts'
import { commitOffsets, type Commit, type Committer } from './offset-commits.ts'
import type { CallOptions } from './record.ts'

export interface CommitsOwner {
  identity(): Committer
  generation(): number
  assigned(topic: string, partition: number): Assigned | undefined
  /** The coordinator does not take us for the member we think we are. */
  fenced(code: number): void
}

export class Commits {
  readonly #cluster: Cluster
  readonly #owner: CommitsOwner
  #chain: Promise<void> = Promise.resolve()
  #alarm: Alarm | undefined
  #isStopped = false

  constructor(cluster: Cluster, owner: CommitsOwner) {
    this.#cluster = cluster
    this.#owner = owner
  }

  /** Commits what is done of partitions; which those are is asked anew for every attempt. */
  async commitDone(assigned: () => Iterable<Assigned>, options?: CallOptions): Promise<void> {
    await this.commit(() => {
      const commits: Commit[] = []
      for (const each of assigned()) {
        const done = each.uncommitted
        if (done === undefined) continue
        const { topic, partition } = each
        commits.push({ topic, partition, offset: done.offset, leaderEpoch: done.epoch, metadata: null })
      }
      return commits
    }, options)
  }

  /** Commits, after what is being committed already. What to commit is asked anew for every attempt. */
  async commit(commits: () => readonly Commit[], options?: CallOptions): Promise<void> {
    const previous = this.#chain
    const owner = this.#owner
    const sending = this.#cluster.call('commit', options, async (call) => {
      await call.wait(previous)
      await this.#cluster.retrying(call, async () => {
        const now = commits().filter((each) => owner.assigned(each.topic, each.partition)?.isGone === false)
        if (now.length === 0) return
        const generation = owner.generation()
        try {
          await commitOffsets(this.#cluster, owner.identity(), now, call)
        } catch (error) {
          const code = KafkaError.is(error) ? FENCING_CODES.get(error.code) : undefined
          if (code !== undefined && generation === owner.generation()) owner.fenced(code)
          throw error
        }
        for (const { topic, partition, offset } of now) {
          const assigned = owner.assigned(topic, partition)
          if (assigned !== undefined) assigned.committedOffset = offset
        }
      })
    })
    this.#chain = sending.catch(() => {})
    await sending
  }

  /** Commits what is done of all partitions, again and again until `stop`. */
  startPeriodic(intervalMs: number, assigned: () => Iterable<Assigned>): void {
    this.#alarm = this.#cluster.alarms.after(intervalMs, () => {
      this.commitDone(assigned)
        .catch((error: unknown) => {
          if (!this.#isStopped) {
            this.#cluster.options.logger.warn('periodic commit failed; it will be tried again', { error })
          }
        })
        .finally(() => {
          if (!this.#isStopped) this.startPeriodic(intervalMs, assigned)
        })
        .catch(() => {})
    })
  }

  /** Ends the periodic commits; others are still taken. */
  stopPeriodic(): void {
    this.#isStopped = true
    this.#cluster.alarms.cancel(this.#alarm)
  }
}

/** Codes by which the coordinator says that we are not the member we think we are. */
const FENCING_CODES = new Map<string, number>([
  ['ILLEGAL_GENERATION', 22],
  ['UNKNOWN_MEMBER_ID', 25],
  ['FENCED_INSTANCE_ID', 82],
])
