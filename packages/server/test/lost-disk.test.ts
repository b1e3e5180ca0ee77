/** Disks of one broker in a cluster that are full or empty: others lead on, and nothing that was acknowledged is lost. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import type { WireClient } from '../../broker/test/wire.ts'
import { eventually, metadata, TestCluster } from './cluster.ts'
import { batchOf, createTopic, fetch, produce } from './node.ts'

const TIMEOUT = { timeout: 60_000 }

async function partitionOf(client: WireClient) {
  return (await metadata(client, 'orders')).topics[0]!.partitions[0]!
}

const valuesAt = async (client: WireClient): Promise<(string | null)[]> =>
  (await fetch(client, 'orders')).values.map(({ value }) => value)

/** Nodes 2 and 3 hold a topic that 2 leads, with two records. */
async function orders(cluster: TestCluster): Promise<WireClient> {
  const client = await cluster.client(1)
  assert.equal((await createTopic(client, 'orders', { assignment: [[2, 3]] })).errorCode, ErrorCode.NONE)
  await eventually(
    () => partitionOf(client),
    ({ isrNodes, leaderId }) => isrNodes.length === 2 && leaderId === 2,
  )
  const leader = await cluster.client(2)
  for (const value of ['one', 'two']) {
    assert.equal((await produce(leader, 'orders', batchOf([value]))).errorCode, ErrorCode.NONE)
  }
  return client
}

describe('a broker whose disk is full', () => {
  it('hands what it leads to others, says why, and ends; all that was acknowledged is there', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3)
    const client = await orders(cluster)
    const { server, storage } = cluster.nodes[1]!
    const leader = await cluster.client(2)
    storage.setCapacityBytes(0)
    const refused = await produce(leader, 'orders', batchOf(['three'])).catch(() => undefined)
    assert.ok(refused === undefined || refused.errorCode === ErrorCode.KAFKA_STORAGE_ERROR)
    const error = await server.stopped
    assert.match(String(error?.message), /ENOSPC|no space|full/i)
    await eventually(
      () => partitionOf(client),
      ({ leaderId }) => leaderId === 3,
    )
    const third = await cluster.client(3)
    assert.deepEqual(await valuesAt(third), ['one', 'two'])
    assert.equal((await produce(third, 'orders', batchOf(['three']))).errorCode, ErrorCode.NONE)
  })
})

describe('a node whose metadata log has failed, the only controller', () => {
  /** Less than closing in order may take, which has to wait for that disk. */
  const SHORT = { timeout: 20_000 }

  it('stops soon, though what is under way on that disk never ends', SHORT, async () => {
    await using cluster = await TestCluster.start(1)
    const client = await cluster.client(1)
    const { server, storage } = cluster.nodes[0]!
    storage.holdSyncs()
    const waiting = createTopic(client, 'waits').catch(() => undefined)
    const other = await cluster.client(1)
    await metadata(other)
    storage.setCapacityBytes(0)
    await createTopic(other, 'more').catch(() => undefined)
    assert.match(String(await server.stopped), /metadata log could not be written/)
    assert.equal(await waiting, undefined)
  })
})

describe('a broker that comes back with an empty disk', () => {
  it('follows from the beginning, and is in sync and takes part once it has caught up', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3)
    const client = await orders(cluster)
    await cluster.nodes[1]!.server.kill()
    await eventually(
      () => partitionOf(client),
      ({ leaderId }) => leaderId === 3,
    )
    cluster.nodes[1] = await cluster.startNode(2)
    const { image, partitions } = cluster.nodes[1]!.server.parts
    const back = await eventually(
      () => partitionOf(client),
      ({ isrNodes, offlineReplicas }) => isrNodes.length === 2 && offlineReplicas.length === 0,
    )
    assert.equal(back.leaderId, 3)
    assert.equal(partitions!.get(image.topic('orders')!.id, 0)!.log.logEndOffset, 2)
    const { directories, replicas } = await eventually(
      async () => image.partition('orders', 0)!,
      (registration) => image.broker(2)!.logDirs.includes(registration.directories[registration.replicas.indexOf(2)]!),
    )
    assert.equal(directories.length, replicas.length)
  })

  it('does not lead, although it was the last one in sync, while another replica may come back', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3)
    const client = await orders(cluster)
    await cluster.nodes[2]!.server.kill()
    await eventually(
      () => partitionOf(client),
      ({ isrNodes }) => isrNodes.join() === '2',
    )
    await cluster.nodes[1]!.server.kill()
    await eventually(
      () => partitionOf(client),
      ({ leaderId }) => leaderId === -1,
    )
    cluster.nodes[1] = await cluster.startNode(2)
    const { leaderId, isrNodes } = await partitionOf(client)
    assert.deepEqual([leaderId, isrNodes.includes(2)], [-1, false])
  })

  it('does not lead a partition that nobody else has, with nothing in it', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(2)
    const client = await cluster.client(1)
    assert.equal((await createTopic(client, 'orders', { assignment: [[2]] })).errorCode, ErrorCode.NONE)
    const { storage } = cluster.nodes[1]!
    assert.equal((await produce(await cluster.client(2), 'orders', batchOf(['one']))).errorCode, ErrorCode.NONE)
    await cluster.nodes[1]!.server.kill()
    // As a new broker with an old number: its session has to end first.
    await eventually(
      () => metadata(client),
      ({ brokers }) => brokers.length === 1,
    )
    cluster.nodes[1] = await cluster.startNode(2)
    assert.equal((await partitionOf(client)).leaderId, -1)
    await cluster.nodes[1]!.server.kill()
    await eventually(
      () => metadata(client),
      ({ brokers }) => brokers.length === 1,
    )
    cluster.nodes[1] = await cluster.startNode(2, storage)
    await eventually(
      () => partitionOf(client),
      ({ leaderId }) => leaderId === 2,
    )
    assert.deepEqual(await valuesAt(await cluster.client(2)), ['one'])
  })
})
