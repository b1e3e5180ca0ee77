/** Consumers that read from a replica in their rack (KIP-392), as the protocol shows it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import { FetchRequest, FetchResponse } from '@braidlog/protocol'
import type { WireClient } from '../../broker/test/wire.ts'
import { eventually, metadata, TestCluster } from './cluster.ts'
import { batchOf, createTopic, produce, recordsOf } from './node.ts'

const TIMEOUT = { timeout: 60_000 }
const RACK_AWARE = { 'replica.selector.class': 'org.apache.kafka.common.replica.RackAwareReplicaSelector' }

const rackOf = (nodeId: number): string => `rack-${nodeId}`

async function fetchFrom(client: WireClient, rackId: string, options: { offset?: number; version?: number } = {}) {
  const { offset = 0, version = 12 } = options
  const partition = { partition: 0, fetchOffset: offset, partitionMaxBytes: 1 << 20 }
  const response = await client.call(FetchRequest, FetchResponse, version, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1 << 20,
    rackId,
    topics: [{ topic: 'orders', partitions: [partition] }],
  })
  const { errorCode, highWatermark, preferredReadReplica, records } = response.responses[0]!.partitions[0]!
  return { errorCode, highWatermark, preferredReadReplica, values: recordsOf(records!).map(({ value }) => value) }
}

/** A topic with three replicas and two records. @returns clients of its leader and of a follower */
async function orders(cluster: TestCluster) {
  const any = await cluster.client(1)
  assert.equal((await createTopic(any, 'orders', { replicationFactor: 3 })).errorCode, ErrorCode.NONE)
  const { topics } = await eventually(
    () => metadata(any, 'orders'),
    (answer) => (answer.topics[0]!.partitions[0]?.isrNodes.length ?? 0) === 3,
  )
  const leaderId = topics[0]!.partitions[0]!.leaderId
  const followerId = leaderId === 1 ? 2 : 1
  const leader = await cluster.client(leaderId)
  for (const value of ['one', 'two']) {
    assert.equal((await produce(leader, 'orders', batchOf([value]))).errorCode, ErrorCode.NONE)
  }
  return { leaderId, leader, followerId, follower: await cluster.client(followerId) }
}

describe('a consumer in a rack', () => {
  it('is sent to the follower in its rack, which gives it what is committed', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3, RACK_AWARE, (id) => ({ 'broker.rack': rackOf(id) }))
    const { leaderId, leader, followerId, follower } = await orders(cluster)
    const sent = await fetchFrom(leader, rackOf(followerId))
    assert.deepEqual(sent, {
      errorCode: ErrorCode.NONE,
      highWatermark: 2,
      preferredReadReplica: followerId,
      values: [],
    })
    const read = await eventually(
      () => fetchFrom(follower, rackOf(followerId)),
      ({ highWatermark }) => highWatermark === 2,
    )
    assert.deepEqual([read.preferredReadReplica, read.values], [-1, ['one', 'two']])
    const ahead = await fetchFrom(follower, rackOf(followerId), { offset: 9 })
    assert.equal(ahead.errorCode, ErrorCode.OFFSET_OUT_OF_RANGE)

    for (const [rackId, version] of [
      [rackOf(leaderId), 12],
      ['rack-9', 12],
      ['', 12],
      [rackOf(followerId), 10],
    ] as const) {
      const here = await fetchFrom(leader, rackId, { version })
      assert.deepEqual([here.preferredReadReplica, here.values], [-1, ['one', 'two']], `${rackId} v${version}`)
    }
  })

  it('reads from the leader unless the brokers are told otherwise', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3, {}, (id) => ({ 'broker.rack': rackOf(id) }))
    const { leader, followerId } = await orders(cluster)
    const here = await fetchFrom(leader, rackOf(followerId))
    assert.deepEqual([here.preferredReadReplica, here.values], [-1, ['one', 'two']])
  })

  it('is told of a selector that is not known when the node starts', TIMEOUT, async () => {
    await assert.rejects(
      TestCluster.start(1, { 'replica.selector.class': 'com.example.Nearest' }),
      /replica\.selector\.class must be one of .*RackAwareReplicaSelector/,
    )
  })
})
