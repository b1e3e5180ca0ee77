/** Throttled replication: which replicas, how fast, and what a follower does meanwhile. Time is in the test's hand. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { silentLogger } from '@braidlog/base'
import type { ImageView, MetadataDelta } from '@braidlog/metadata'
import { ConfigResourceType } from '@braidlog/model'
import type { Partition } from '@braidlog/partition'
import type { Peers } from '@braidlog/raft'
import { ReplicaFetcher } from '../src/replication/replica-fetcher.ts'
import { ReplicationQuota } from '../src/replication/replication-quota.ts'
import { Throttles } from '../src/replication/throttles.ts'

const NODE = 1
const WINDOW = { sampleCount: 11, sampleMs: 1_000 }
const { TOPIC, BROKER } = ConfigResourceType

describe('a replication quota', () => {
  it('is exceeded until what was sent is what the rate allows', () => {
    const quota = new ReplicationQuota(WINDOW)
    quota.bytesPerSecondMax = 100
    quota.record(250, 0)
    assert.deepEqual([quota.isExceeded(0), quota.isExceeded(2_499), quota.isExceeded(2_500)], [true, true, false])
    quota.record(100, 2_500)
    assert.deepEqual([quota.isExceeded(3_499), quota.isExceeded(3_500)], [true, false])
  })

  it('has no limit unless one is set, and forgets what is long ago', () => {
    const quota = new ReplicationQuota(WINDOW)
    quota.record(1e9, 0)
    assert.equal(quota.isExceeded(0), false)
    quota.bytesPerSecondMax = 1
    assert.equal(quota.isExceeded(10_999), true)
    assert.equal(quota.isExceeded(11_000), false)
  })

  it('lets pass, over a long time, what its rate allows and a chunk more for each window', () => {
    fc.assert(
      fc.property(fc.integer({ min: 10, max: 5_000 }), fc.integer({ min: 1, max: 3_000 }), (rate, chunkBytes) => {
        const quota = new ReplicationQuota(WINDOW)
        quota.bytesPerSecondMax = rate
        let sentBytes = 0
        const endMs = 30_000
        for (let nowMs = 0; nowMs < endMs;) {
          if (!quota.isExceeded(nowMs)) {
            quota.record(chunkBytes, nowMs)
            sentBytes += chunkBytes
            nowMs += 1
          } else nowMs += Math.max(1, Math.ceil(quota.delayMs(nowMs)))
        }
        // One chunk takes a millisecond.
        const allowedBytes = (Math.min(rate, chunkBytes * 1_000) * endMs) / 1000
        // Nothing is sent between windows for less than a chunk.
        assert.ok(
          sentBytes >= Math.min(allowedBytes * 0.8, allowedBytes - chunkBytes),
          `${sentBytes} of ${allowedBytes}`,
        )
        assert.ok(sentBytes <= allowedBytes * 1.2 + 5 * chunkBytes + 2 * rate, `${sentBytes} of ${allowedBytes}`)
      }),
    )
  })
})

/** Throttles over configurations that the test sets. */
function configured() {
  let nowMs = 0
  const values = new Map<string, ReadonlyMap<string, string>>()
  const throttles = new Throttles(NODE, { monotonicMs: () => nowMs }, WINDOW)
  const image = {
    configs: (type: number, name: string) => values.get(`${type} ${name}`) ?? new Map(),
  } as unknown as ImageView
  const set = (resourceType: number, resourceName: string, configs: Readonly<Record<string, string>>) => {
    values.set(`${resourceType} ${resourceName}`, new Map(Object.entries(configs)))
    throttles.onImage(image, { configs: [{ resourceType, resourceName }] } as unknown as MetadataDelta)
  }
  const advance = (ms: number) => (nowMs += ms)
  return { throttles, set, advance, nowMs: () => nowMs }
}

describe('throttled replicas', () => {
  it('are those that the topic lists for this node', () => {
    const { throttles, set } = configured()
    set(TOPIC, 'a', { 'leader.replication.throttled.replicas': '0:1, 1:2,2:1' })
    set(TOPIC, 'b', { 'follower.replication.throttled.replicas': '*' })
    const covered = (side: 'leader' | 'follower', topic: string) =>
      [0, 1, 2].filter((partition) => throttles[side].covers(topic, partition))
    assert.deepEqual([covered('leader', 'a'), covered('follower', 'a')], [[0, 2], []])
    assert.deepEqual([covered('leader', 'b'), covered('follower', 'b')], [[], [0, 1, 2]])
    set(TOPIC, 'a', {})
    assert.deepEqual(covered('leader', 'a'), [])
  })

  it('share a rate, of this broker or of all', () => {
    const { throttles, set } = configured()
    const { leader } = throttles
    set(TOPIC, 'a', { 'leader.replication.throttled.replicas': '*' })
    leader.record(1_000)
    assert.equal(leader.isExceeded, false)
    set(BROKER, '', { 'leader.replication.throttled.rate': '100' })
    assert.equal(leader.isExceeded, true)
    set(BROKER, String(NODE), { 'leader.replication.throttled.rate': '5000' })
    assert.equal(leader.isExceeded, false)
    set(BROKER, String(NODE), {})
    assert.equal(leader.isExceeded, true)
    set(TOPIC, 'a', {})
    assert.equal(leader.isExceeded, false, 'nobody is listed')
  })
})

/** A follower of two partitions, the first of them throttled; the leader's answers are the test's. */
function fetching() {
  const { throttles, set, advance, nowMs } = configured()
  set(TOPIC, 'slow', { 'follower.replication.throttled.replicas': '*' })
  set(BROKER, String(NODE), { 'follower.replication.throttled.rate': '100' })
  const requests: { readonly topics: readonly string[]; answer: (response: object) => void }[] = []
  const timers: { readonly atMs: number; readonly callback: () => void }[] = []
  const ids: Readonly<Record<string, string>> = { slow: 'AAAAAAAAAAAAAAAAAAAAAQ', other: 'AAAAAAAAAAAAAAAAAAAAAg' }
  const ends: Record<string, number> = { slow: 0, other: 0 }
  const follower = (topic: string) =>
    ({
      log: {
        topic,
        topicId: ids[topic],
        partition: 0,
        get logEndOffset() {
          return ends[topic]!
        },
      },
      isStored: true,
      settleStored: async () => {},
      followerPosition: () => ({ leaderEpoch: 1, fetchOffset: ends[topic]!, lastFetchedEpoch: -1, logStartOffset: 0 }),
      followed: (_position: unknown, answer: { readonly records: Uint8Array }) => {
        ends[topic]! += answer.records.length
        return { action: 'append' }
      },
    }) as unknown as Partition
  const wanted = new Set<string>()
  const peers = {
    request: (_address: unknown, _api: string, body: Record<string, readonly { readonly topicId: string }[]>) => {
      const nameOf = (each: { readonly topicId: string }) =>
        Object.keys(ids).find((name) => ids[name] === each.topicId)!
      for (const each of body['topics']!) wanted.add(nameOf(each))
      for (const each of body['forgottenTopicsData']!) wanted.delete(nameOf(each))
      return new Promise((resolve) => requests.push({ topics: [...wanted].sort(), answer: resolve }))
    },
  } as unknown as Peers
  const fetcher = new ReplicaFetcher({
    nodeId: NODE,
    brokerEpoch: () => 9,
    peers,
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
    throttle: throttles.follower,
    purpose: 'replica-fetcher-0',
    clock: { nowMs, monotonicMs: nowMs },
    timers: {
      after: (delayMs, callback) => {
        timers.push({ atMs: nowMs() + delayMs, callback })
        return { cancel: () => {} }
      },
    },
    logger: silentLogger,
  })
  /** The leader gives so many bytes of each, and says where its high watermark is. */
  const answer = async (sizes: Readonly<Record<string, number>>, highWatermark: number) => {
    const responses = Object.entries(sizes).map(([topic, size]) => ({
      topicId: ids[topic],
      partitions: [
        {
          partitionIndex: 0,
          errorCode: 0,
          highWatermark,
          logStartOffset: 0,
          divergingEpoch: { epoch: -1, endOffset: -1 },
          records: new Uint8Array(size),
        },
      ],
    }))
    requests.shift()!.answer({ errorCode: 0, sessionId: 5, responses })
    await turns()
  }
  const pass = async (ms: number) => {
    advance(ms)
    for (const timer of timers.splice(0)) {
      if (timer.atMs <= nowMs()) timer.callback()
      else timers.push(timer)
    }
    await turns()
  }
  return { fetcher, follower, requests, answer, pass }
}

async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe('a follower that is throttled', () => {
  it('leaves the listed partition out until there is room again, and fetches the others', async () => {
    const { fetcher, follower, requests, answer, pass } = fetching()
    fetcher.follow(follower('slow'))
    fetcher.follow(follower('other'))
    await turns()
    // Of the first request only what was followed when it left.
    await answer({ slow: 500 }, 10_000)
    assert.deepEqual(requests[0]!.topics, ['other'])
    await pass(1_000)
    await answer({ other: 5_000 }, 10_000)
    assert.deepEqual(requests[0]!.topics, ['other'])
    await pass(4_000)
    await answer({ other: 10 }, 10_000)
    assert.deepEqual(requests[0]!.topics, ['other', 'slow'])
    fetcher.stop()
  })

  it('with nothing else to fetch looks again when there is room', async () => {
    const { fetcher, follower, requests, answer, pass } = fetching()
    fetcher.follow(follower('slow'))
    await turns()
    await answer({ slow: 300 }, 10_000)
    assert.equal(requests.length, 0)
    for (let seconds = 0; seconds < 2; seconds++) await pass(1_000)
    assert.equal(requests.length, 0)
    await pass(1_000)
    assert.equal(requests.length, 1)
    fetcher.stop()
  })

  it('that is in sync is never held back, and does not count', async () => {
    const { fetcher, follower, requests, answer } = fetching()
    fetcher.follow(follower('slow'))
    await turns()
    await answer({ slow: 50 }, 50)
    for (let round = 0; round < 5; round++) {
      await answer({ slow: 5_000 }, 50 + (round + 1) * 5_000)
      assert.deepEqual(requests[0]?.topics, ['slow'])
    }
    fetcher.stop()
  })
})
