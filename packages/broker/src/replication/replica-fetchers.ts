/**
 * Which fetcher follows which partition: `num.replica.fetchers` for every leader, partitions spread over them by their
 * number, so that one partition is always fetched by one of them.
 */
import type { Uuid } from '@braidlog/model'
import type { Partition } from '@braidlog/partition'
import { ReplicaFetcher, type ReplicaFetcherOptions } from './replica-fetcher.ts'
import type { PeerAddress } from '@braidlog/raft'

export interface ReplicaFetchersOptions extends Omit<ReplicaFetcherOptions, 'leaderAddress' | 'purpose'> {
  readonly addressOf: (nodeId: number) => PeerAddress | undefined
}

export class ReplicaFetchers {
  readonly #options: ReplicaFetchersOptions
  /** By leader and number of the fetcher. */
  readonly #fetchers = new Map<string, ReplicaFetcher>()
  readonly #fetcherOf = new Map<Partition, ReplicaFetcher>()

  constructor(options: ReplicaFetchersOptions) {
    this.#options = options
  }

  /** The partition follows this leader from now on. */
  follow(partition: Partition, leaderId: number): void {
    const fetcher = this.#fetcher(leaderId, partition)
    const before = this.#fetcherOf.get(partition)
    if (before !== fetcher) {
      this.#leave(partition, before)
      this.#fetcherOf.set(partition, fetcher)
    }
    fetcher.follow(partition)
  }

  /** It leads itself, is gone, or nobody leads it. */
  unfollow(partition: Partition): void {
    this.#leave(partition, this.#fetcherOf.get(partition))
    this.#fetcherOf.delete(partition)
  }

  /** Follows it no longer. Resolves when nothing that was asked for it is under way. */
  async leave(partition: Partition): Promise<void> {
    const fetcher = this.#fetcherOf.get(partition)
    this.unfollow(partition)
    await fetcher?.settled()
  }

  stop(): void {
    for (const fetcher of this.#fetchers.values()) fetcher.stop()
    this.#fetchers.clear()
    this.#fetcherOf.clear()
  }

  #leave(partition: Partition, fetcher: ReplicaFetcher | undefined): void {
    fetcher?.unfollow(partition)
    if (fetcher === undefined || fetcher.size > 0) return
    fetcher.stop()
    for (const [key, each] of this.#fetchers) if (each === fetcher) this.#fetchers.delete(key)
  }

  #fetcher(leaderId: number, partition: Partition): ReplicaFetcher {
    const { fetchersPerLeader } = this.#options.settings
    const number = spread(partition.log.topicId, partition.log.partition) % fetchersPerLeader
    const key = `${leaderId} ${number}`
    let fetcher = this.#fetchers.get(key)
    if (fetcher === undefined) {
      fetcher = new ReplicaFetcher({
        ...this.#options,
        purpose: `replica-fetcher-${number}`,
        leaderAddress: () => this.#options.addressOf(leaderId),
      })
      this.#fetchers.set(key, fetcher)
    }
    return fetcher
  }
}

/** Neighbouring partitions of a topic go to different fetchers. */
function spread(topicId: Uuid, partition: number): number {
  let sum = partition
  for (let i = 0; i < topicId.length; i++) sum += topicId.charCodeAt(i)
  return sum
}
