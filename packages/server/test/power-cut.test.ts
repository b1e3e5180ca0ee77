/** Brokers that come back after a power cut: what they promised under their last registration, they may still vouch for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import type { WireClient } from '../../broker/test/wire.ts'
import { eventually, metadata, TestCluster } from './cluster.ts'
import { batchOf, createTopic, fetch, produce } from './node.ts'

const TIMEOUT = { timeout: 60_000 }
const LOG_FILE = 'orders-0/00000000000000000000.log'

async function partitionOf(client: WireClient) {
  return (await metadata(client, 'orders')).topics[0]!.partitions[0]!
}

/** A topic on nodes 2 and 3, with three records that both have, and a power cut that takes both. */
async function cutOff(cluster: TestCluster): Promise<WireClient> {
  const client = await cluster.client(1)
  const configs = { 'min.insync.replicas': '2' }
  assert.equal((await createTopic(client, 'orders', { assignment: [[2, 3]], configs })).errorCode, ErrorCode.NONE)
  await eventually(
    () => partitionOf(client),
    ({ isrNodes, leaderId }) => isrNodes.length === 2 && leaderId === 2,
  )
  const leader = await cluster.client(2)
  for (const value of ['one', 'two', 'three']) {
    assert.equal((await produce(leader, 'orders', batchOf([value]))).errorCode, ErrorCode.NONE)
  }
  for (const { server, storage } of cluster.nodes.slice(1)) {
    await server.kill()
    storage.crash()
  }
  await eventually(
    () => partitionOf(client),
    ({ leaderId }) => leaderId === -1,
  )
  return client
}

async function comesBack(cluster: TestCluster, nodeId: number): Promise<WireClient> {
  const node = await cluster.startNode(nodeId, cluster.nodes[nodeId - 1]!.storage)
  cluster.nodes[nodeId - 1] = node
  return await cluster.client(nodeId)
}

const valuesAt = async (client: WireClient): Promise<(string | null)[]> =>
  (await fetch(client, 'orders')).values.map(({ value }) => value)

describe('after a power cut of all replicas', () => {
  it('the first that comes back leads with everything, if acknowledged meant durable', TIMEOUT, async () => {
    for (const first of [2, 3]) {
      await using cluster = await TestCluster.start(3)
      const client = await cutOff(cluster)
      const back = await comesBack(cluster, first)
      await eventually(
        () => partitionOf(client),
        ({ leaderId }) => leaderId === first,
      )
      // Alone it is too few to commit; what was committed it still has.
      await comesBack(cluster, 5 - first)
      await eventually(
        () => partitionOf(client),
        ({ isrNodes }) => isrNodes.length === 2,
      )
      await eventually(
        () => valuesAt(back),
        (values) => values.length === 3,
      )
      assert.deepEqual(await valuesAt(back), ['one', 'two', 'three'])
    }
  })

  it('nobody leads by what the page cache had', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3, { 'braidlog.durability': 'page-cache' })
    const client = await cutOff(cluster)
    await comesBack(cluster, 3)
    const { leaderId, isrNodes } = await partitionOf(client)
    assert.deepEqual([leaderId, isrNodes], [-1, []])
  })

  it('a disk that has lost what it had says so, and does not lead', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3, {
      'replica.high.watermark.checkpoint.interval.ms': 50,
      'log.initial.task.delay.ms': 0,
    })
    const client = await cluster.client(1)
    const configs = { 'min.insync.replicas': '2' }
    await createTopic(client, 'orders', { assignment: [[2, 3]], configs })
    const leader = await cluster.client(2)
    for (const value of ['one', 'two', 'three']) {
      await eventually(
        () => produce(leader, 'orders', batchOf([value])),
        ({ errorCode }) => errorCode === ErrorCode.NONE,
      )
    }
    const checkpointOf = (nodeId: number): string => {
      const { storage } = cluster.nodes[nodeId - 1]!
      const path = `/node-${nodeId}/replication-offset-checkpoint`
      return storage.exists(path) ? new TextDecoder().decode(storage.readFile(path)) : ''
    }
    await eventually(
      async () => checkpointOf(2) + checkpointOf(3),
      (text) => text.split('orders 0 3').length === 3,
    )
    for (const { server, storage } of cluster.nodes.slice(1)) {
      await server.kill()
      storage.crash()
    }
    const { storage } = cluster.nodes[1]!
    const file = storage.open(`/node-2/${LOG_FILE}`)
    file.truncate(file.sizeBytes() - 1)
    await file.sync()
    file.close()
    await eventually(
      () => partitionOf(client),
      ({ leaderId }) => leaderId === -1,
    )
    await comesBack(cluster, 2)
    assert.equal((await partitionOf(client)).leaderId, -1, 'it has less, and would lead with less')
    const third = await comesBack(cluster, 3)
    await eventually(
      () => partitionOf(client),
      ({ leaderId, isrNodes }) => leaderId === 3 && isrNodes.length === 2,
    )
    assert.deepEqual(await valuesAt(third), ['one', 'two', 'three'])
  })
})
