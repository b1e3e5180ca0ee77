/** Which schemas retained records name: the index alone, and read from a cluster. */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import test from 'node:test'
import { startBraidlog } from '@braidlog/testkit'
import {
  ClusterUsage,
  loadUsage,
  saveUsage,
  updateUsage,
  usageFile,
  UsageIndex,
  withGroups,
  type PartitionBounds,
} from '../src/usage/index.ts'
import { SCHEMAS_PER_PARTITION_MAX } from '../src/usage/usage-index.ts'

const GUID = '00112233-4455-6677-8899-aabbccddeeff'
const guidBytes = Buffer.from(`01${GUID.replaceAll('-', '')}`, 'hex')

function framed(id: number): Buffer {
  const bytes = Buffer.alloc(6)
  bytes.writeInt32BE(id, 1)
  return bytes
}

const bounds = (startOffset: number, endOffset: number, more: Partial<PartitionBounds> = {}): PartitionBounds => ({
  topic: 'orders',
  topicId: 'A',
  partition: 0,
  startOffset,
  endOffset,
  ...more,
})

const spans = (index: UsageIndex) => index.uses().map((use) => [use.schema, use.firstOffset, use.lastOffset])

test('an index says from where to where a schema is used, and forgets what retention deletes', () => {
  const index = new UsageIndex()
  assert.deepEqual(index.align([bounds(0, 10)]), [{ topic: 'orders', partition: 0, offset: 0 }])
  for (const [offset, id] of [1, 1, 2, 1, 3].entries()) {
    index.add('orders', 0, { field: 'value', schema: `id ${id}`, offset })
  }
  index.advance('orders', 0, 10)
  assert.deepEqual(spans(index), [
    ['id 1', 0, 3],
    ['id 2', 2, 2],
    ['id 3', 4, 4],
  ])
  assert.deepEqual(index.align([bounds(3, 12)]), [{ topic: 'orders', partition: 0, offset: 10 }])
  assert.deepEqual(spans(index), [
    ['id 1', 3, 3],
    ['id 3', 4, 4],
  ])
  assert.deepEqual(index.align([bounds(12, 12)]), [])
  assert.deepEqual(spans(index), [])
})

test('a topic that was created anew, a log that was cut back, and a topic that is gone are not taken for what was there', () => {
  const fill = (): UsageIndex => {
    const index = new UsageIndex()
    index.align([bounds(0, 5)])
    index.add('orders', 0, { field: 'key', schema: 'id 1', offset: 4 })
    index.advance('orders', 0, 5)
    return index
  }
  assert.deepEqual(fill().align([bounds(0, 5)]), [])
  assert.deepEqual(fill().align([bounds(0, 5, { topicId: 'B' })]), [{ topic: 'orders', partition: 0, offset: 0 }])
  assert.deepEqual(fill().align([bounds(0, 4)]), [{ topic: 'orders', partition: 0, offset: 0 }])
  const gone = fill()
  gone.align([])
  assert.deepEqual(gone.uses(), [])
})

test('records that only look framed are counted up to a bound, and then the topic is named', () => {
  const index = new UsageIndex()
  index.align([bounds(0, 1e6)])
  for (let id = 0; id < SCHEMAS_PER_PARTITION_MAX; id++) {
    index.add('orders', 0, { field: 'value', schema: `id ${id}`, offset: id })
  }
  assert.deepEqual(index.overflowedTopics(), [])
  index.add('orders', 0, { field: 'value', schema: 'id -1', offset: SCHEMAS_PER_PARTITION_MAX })
  assert.deepEqual(index.overflowedTopics(), ['orders'])
  assert.equal(index.uses().length, SCHEMAS_PER_PARTITION_MAX)
})

test('an index comes back from its file; a damaged file is an empty index', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'braidlog-usage-'))
  try {
    const file = usageFile(join(folder, 'new'), 'a/b')
    const index = new UsageIndex()
    index.align([bounds(0, 5)])
    index.add('orders', 0, { field: 'value', schema: `guid ${GUID}`, offset: 4 })
    await saveUsage(file, index)
    assert.deepEqual((await loadUsage(file)).snapshot(), index.snapshot())
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 20))
    assert.deepEqual((await loadUsage(file)).uses(), [])
  } finally {
    rmSync(folder, { recursive: true })
  }
})

test('the records of a cluster are read once, keys, values and headers; groups that have them before them are named', async () => {
  await using k = await startBraidlog({ topics: { orders: 2, plain: 1 } })
  const producer = k.kafka.producer()
  const send = async (partition: number, value: Buffer, more: object = {}) =>
    await producer.send({ topic: 'orders', partition, value, ...more })
  await send(0, framed(1), { key: framed(9) })
  await send(0, Buffer.from('a'), { headers: { __value_schema_id: guidBytes } })
  await send(0, framed(2))
  await send(1, framed(1))
  await producer.send({ topic: 'plain', value: Buffer.from('{"no":"schema"}') })
  const index = new UsageIndex()
  const exclude = new Set(['_schemas'])
  await updateUsage({ kafka: k.kafka, index, exclude })
  const admin = k.admin
  await admin.alterGroupOffsets('slow', [{ topic: 'orders', partition: 0, offset: 1n }])
  await admin.alterGroupOffsets('done', [{ topic: 'orders', partition: 0, offset: 3n }])
  const uses = await withGroups(k.kafka, index.uses())
  assert.deepEqual(
    uses
      .map((use) => [use.partition, use.field, use.schema, use.firstOffset, use.lastOffset, use.groups])
      .toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
    [
      [0, 'key', 'id 9', 0, 0, []],
      [0, 'value', `guid ${GUID}`, 1, 1, ['slow']],
      [0, 'value', 'id 1', 0, 0, []],
      [0, 'value', 'id 2', 2, 2, ['slow']],
      [1, 'value', 'id 1', 0, 0, []],
    ],
  )
  await send(1, framed(2))
  let read = 0
  await updateUsage({ kafka: k.kafka, index, exclude, onProgress: (count) => (read = count) })
  assert.equal(read, 1, 'only what is new')
  await admin.deleteRecords([{ topic: 'orders', partition: 1, beforeOffset: 1n }])
  await updateUsage({ kafka: k.kafka, index, exclude })
  assert.deepEqual(
    index
      .uses()
      .filter(({ partition }) => partition === 1)
      .map(({ schema }) => schema),
    ['id 2'],
  )
})

test('a registry that asks hears of all that was written before', async () => {
  await using k = await startBraidlog({ topics: { orders: 1 } })
  const usage = new ClusterUsage({ kafka: k.kafka })
  const producer = k.kafka.producer()
  const { signal } = new AbortController()
  const ask = async (id: number) => await usage.usesOf({ id, guid: GUID, context: '.' }, { signal })
  assert.deepEqual(await ask(1), [])
  await producer.send({ topic: 'orders', value: framed(1) })
  const answers = await Promise.all([ask(1), ask(2), ask(1)])
  assert.deepEqual(
    answers.map((uses) => uses.map(({ topic, lastOffset }) => [topic, lastOffset])),
    [[['orders', 0]], [], [['orders', 0]]],
  )
})
