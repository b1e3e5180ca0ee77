/** Bits of a log turn over on one disk of a cluster: it is noticed, and the copy is made again from another replica. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryStorage } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import type { WireClient } from '../../broker/test/wire.ts'
import { eventually, metadata, TestCluster } from './cluster.ts'
import { batchOf, createTopic, fetch, produce, startNode } from './node.ts'

const TIMEOUT = { timeout: 60_000 }
const LOG = 'orders-0/00000000000000000000.log'

async function partitionOf(client: WireClient) {
  return (await metadata(client, 'orders')).topics[0]!.partitions[0]!
}

/** Nodes 2 and 3 hold a topic that 2 leads, with three records in batches of their own. */
async function orders(cluster: TestCluster): Promise<WireClient> {
  const client = await cluster.client(1)
  assert.equal((await createTopic(client, 'orders', { assignment: [[2, 3]] })).errorCode, ErrorCode.NONE)
  await eventually(
    () => partitionOf(client),
    ({ isrNodes, leaderId }) => isrNodes.length === 2 && leaderId === 2,
  )
  const leader = await cluster.client(2)
  for (const value of ['one', 'two', 'three']) {
    assert.equal((await produce(leader, 'orders', batchOf([value]))).errorCode, ErrorCode.NONE)
  }
  return client
}

/** Turns bits of the record at `share` of the file over. */
function flip(storage: MemoryStorage, path: string, share: number): void {
  const bytes = storage.readFile(path)
  const position = Math.floor(bytes.length * share)
  const handle = storage.open(path)
  handle.write(Uint8Array.of(bytes[position]! ^ 0x40), 0, 1, position)
  handle.close()
}

/** A sector that cannot be read any more reads as zeros. */
function zero(storage: MemoryStorage, path: string): void {
  const handle = storage.open(path)
  handle.write(new Uint8Array(handle.sizeBytes()), 0, handle.sizeBytes(), 0)
  handle.close()
}

const valuesOf = ({ values }: Awaited<ReturnType<typeof fetch>>) => values.map(({ value }) => value)

function isSound(a: MemoryStorage, b: MemoryStorage): boolean {
  return Buffer.from(a.readFile(`/node-2/${LOG}`)).equals(b.readFile(`/node-3/${LOG}`))
}

const IN_THE_SECOND_BATCH = 0.6

describe('a damaged replica', () => {
  it('that leads hands over, is cut off, and is in sync again with what it lacked', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3)
    const client = await orders(cluster)
    const { storage } = cluster.nodes[1]!
    await cluster.nodes[1]!.server.close()
    flip(storage, `/node-2/${LOG}`, IN_THE_SECOND_BATCH)
    cluster.nodes[1] = await cluster.startNode(2, storage)
    await eventually(
      () => partitionOf(client),
      ({ isrNodes }) => isrNodes.length === 2,
    )
    // It leads again, when the other one is gone for a moment, and finds out with the first who reads.
    const { storage: other } = cluster.nodes[2]!
    await cluster.nodes[2]!.server.close()
    await eventually(
      () => partitionOf(client),
      ({ leaderId }) => leaderId === 2,
    )
    const refused = await fetch(await cluster.client(2), 'orders', { offset: 1 })
    assert.deepEqual([refused.errorCode, refused.values.length], [ErrorCode.CORRUPT_MESSAGE, 0], 'it is the last one')
    const beyond = await fetch(await cluster.client(2), 'orders', { offset: 2 })
    assert.deepEqual(valuesOf(beyond), ['three'])

    cluster.nodes[2] = await cluster.startNode(3, other)
    await eventually(
      () => partitionOf(client),
      ({ leaderId }) => leaderId === 3,
    )
    const { image } = cluster.nodes[1]!.server.parts
    await eventually(
      async () => image.partition('orders', 0)!,
      // Node 2 may hear last of who leads now.
      ({ leader, isr, directories, replicas }) =>
        leader === 3 && isr.length === 2 && image.broker(2)!.logDirs.includes(directories[replicas.indexOf(2)]!),
    )
    assert.ok(isSound(storage, other))
    assert.deepEqual(valuesOf(await fetch(await cluster.client(3), 'orders')), ['one', 'two', 'three'])
  })
})

describe('the only replica', () => {
  it('refuses what is damaged and serves the rest', TIMEOUT, async () => {
    const storage = new MemoryStorage()
    {
      await using node = await startNode({}, { storage })
      await createTopic(node.client, 'orders')
      for (const value of ['one', 'two', 'three']) await produce(node.client, 'orders', batchOf([value]))
    }
    flip(storage, `/data/${LOG}`, IN_THE_SECOND_BATCH)
    await using node = await startNode({}, { storage })
    assert.deepEqual(valuesOf(await fetch(node.client, 'orders')), ['one'])
    assert.equal((await fetch(node.client, 'orders', { offset: 1 })).errorCode, ErrorCode.CORRUPT_MESSAGE)
    assert.deepEqual(valuesOf(await fetch(node.client, 'orders', { offset: 2 })), ['three'])
    assert.equal((await produce(node.client, 'orders', batchOf(['four']))).errorCode, ErrorCode.NONE)
  })

  it('makes small files anew from its batches', TIMEOUT, async () => {
    const storage = new MemoryStorage()
    {
      await using node = await startNode({}, { storage })
      await createTopic(node.client, 'orders')
      await produce(node.client, 'orders', batchOf(['one'], { producerId: 7, producerEpoch: 0, baseSequence: 0 }))
    }
    for (const { name } of storage.list('/data/orders-0')) {
      if (!name.endsWith('.log')) zero(storage, `/data/orders-0/${name}`)
    }
    for (const { name, kind } of storage.list('/data')) {
      if (kind === 'file' && name.endsWith('-checkpoint')) zero(storage, `/data/${name}`)
    }
    await using node = await startNode({}, { storage })
    const again = () =>
      produce(node.client, 'orders', batchOf(['one'], { producerId: 7, producerEpoch: 0, baseSequence: 0 }))
    const { baseOffset } = await eventually(again, ({ errorCode }) => errorCode === ErrorCode.NONE)
    assert.equal(baseOffset, 0, 'known as a duplicate')
    assert.deepEqual(valuesOf(await fetch(node.client, 'orders')), ['one'])
  })
})
