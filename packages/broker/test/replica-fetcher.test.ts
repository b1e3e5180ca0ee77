/** `ReplicaFetcher`: what it says of a follower to the leader. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { silentLogger } from '@braidlog/base'
import type { Partition } from '@braidlog/partition'
import type { Peers } from '@braidlog/raft'
import { ReplicaFetcher } from '../src/replication/replica-fetcher.ts'
import { Throttle } from '../src/replication/throttles.ts'

const turn = () => new Promise((resolve) => setImmediate(resolve))

/** A follower whose log ends at 5, of which `durableOffset` are on disk. */
function followerWith(durableOffset: number) {
  let stored = durableOffset
  let settled: () => void = () => {}
  const partition = {
    log: { topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', topic: 't', partition: 0, logEndOffset: 5 },
    get isStored() {
      return stored >= 5
    },
    settleStored: () => new Promise<void>((resolve) => (settled = resolve)),
    followerPosition: () => ({ leaderEpoch: 3, fetchOffset: 5, lastFetchedEpoch: 2, logStartOffset: 0 }),
  } as unknown as Partition
  const sync = () => {
    stored = 5
    settled()
  }
  return { partition, sync }
}

function fetcherInto(asked: unknown[]): ReplicaFetcher {
  const request = (_address: unknown, name: string, body: { readonly topics: readonly unknown[] }) => {
    asked.push([name, body.topics.length])
    return new Promise(() => {})
  }
  return new ReplicaFetcher({
    nodeId: 1,
    brokerEpoch: () => 9,
    peers: { request } as unknown as Peers,
    leaderAddress: () => ({ id: 2, host: 'leader', port: 9092 }),
    versions: () => ({ fetch: 17, listOffsets: 9 }),
    settings: {
      partitionMaxBytes: 1 << 20,
      responseMaxBytes: 1 << 20,
      minBytes: 1,
      waitMaxMs: 500,
      backoffMs: 1_000,
      requestTimeoutMs: 30_000,
      fetchersPerLeader: 1,
    },
    throttle: new Throttle({ monotonicMs: () => 0 }, { sampleCount: 11, sampleMs: 1_000 }),
    purpose: 'replica-fetcher-0',
    clock: { nowMs: () => 0, monotonicMs: () => 0 },
    timers: { after: () => ({ cancel: () => {} }) },
    logger: silentLogger,
  })
}

it('a follower whose log is not all on disk, as after another leader, fetches only once it is', async () => {
  const asked: unknown[] = []
  const fetcher = fetcherInto(asked)
  const { partition, sync } = followerWith(3)
  fetcher.follow(partition)
  for (let i = 0; i < 5; i++) await turn()
  assert.deepEqual(asked, [], 'a fetch from offset 5 would say that all before it is durable here')
  sync()
  for (let i = 0; i < 5; i++) await turn()
  assert.deepEqual(asked, [['Fetch', 1]])
  fetcher.stop()
})
