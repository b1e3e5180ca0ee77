/** DeleteRecords of a partition with two replicas, as the protocol shows it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
  FetchRequest,
  FetchResponse,
  ListOffsetsRequest,
  ListOffsetsResponse,
} from '@braidlog/protocol'
import type { WireClient } from '../../broker/test/wire.ts'
import { eventually, metadata, TestCluster } from './cluster.ts'
import { batchOf, createTopic, produce } from './node.ts'

const TIMEOUT = { timeout: 60_000 }

async function deleteRecords(client: WireClient, offset: number, timeoutMs: number) {
  const response = await client.call(DeleteRecordsRequest, DeleteRecordsResponse, 2, {
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, offset }] }],
    timeoutMs,
  })
  const { errorCode, lowWatermark } = response.topics[0]!.partitions[0]!
  return { errorCode, lowWatermark }
}

async function startOffset(client: WireClient): Promise<number> {
  const response = await client.call(ListOffsetsRequest, ListOffsetsResponse, 8, {
    replicaId: -1,
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, timestamp: -2 }] }],
  })
  return response.topics[0]!.partitions[0]!.offset
}

async function fetchError(client: WireClient, fetchOffset: number): Promise<number> {
  const response = await client.call(FetchRequest, FetchResponse, 12, {
    maxWaitMs: 0,
    minBytes: 1,
    maxBytes: 1 << 20,
    topics: [{ topic: 'orders', partitions: [{ partition: 0, fetchOffset, partitionMaxBytes: 1 << 20 }] }],
  })
  return response.responses[0]!.partitions[0]!.errorCode
}

/** Three records on two replicas, both in sync; node 1 leads. */
async function orders(cluster: TestCluster): Promise<WireClient> {
  const leader = await cluster.client(1)
  const created = await createTopic(leader, 'orders', { assignment: [[1, 2]] })
  assert.equal(created.errorCode, ErrorCode.NONE)
  await eventually(
    () => metadata(leader, 'orders'),
    ({ topics }) => topics[0]!.partitions[0]?.isrNodes.length === 2,
  )
  for (const value of ['one', 'two', 'three']) {
    assert.equal((await produce(leader, 'orders', batchOf([value]))).errorCode, ErrorCode.NONE)
  }
  return leader
}

describe('DeleteRecords of a partition with two replicas', () => {
  it('is answered when both have deleted, or when the one that has not is fenced', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(2)
    const leader = await orders(cluster)
    assert.deepEqual(await deleteRecords(leader, 2, 30_000), { errorCode: ErrorCode.NONE, lowWatermark: 2 })
    assert.equal(await fetchError(await cluster.client(2), 1), ErrorCode.OFFSET_OUT_OF_RANGE)
    await cluster.nodes[1]!.server.kill()
    assert.deepEqual(await deleteRecords(leader, 3, 30_000), { errorCode: ErrorCode.NONE, lowWatermark: 3 })
  })

  it('times out while one that counts as alive has not, and has deleted all the same', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(2, { 'broker.session.timeout.ms': 50_000 })
    const leader = await orders(cluster)
    await cluster.nodes[1]!.server.kill()
    const timedOut = { errorCode: ErrorCode.REQUEST_TIMED_OUT, lowWatermark: -1 }
    assert.deepEqual(await deleteRecords(leader, 2, 10), timedOut)
    assert.equal(await startOffset(leader), 2)
    // Nobody is there to take over from it: a clean shutdown would wait.
    await cluster.nodes[0]!.server.kill()
  })
})
