/** Metadata transactions: one change, however many batches, or none. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  MetadataLoader,
  metadataRecord,
  type MetadataBatch,
  type MetadataDelta,
  type MetadataRecord,
} from '../src/index.ts'
import { uuids } from './random-history.ts'

const [one, two] = uuids(5, 2)
const topic = (name: string, topicId = one!) => metadataRecord('Topic', { name, topicId })
const begin = metadataRecord('BeginTransaction', { name: 'test' })
const end = metadataRecord('EndTransaction', {})
const abort = metadataRecord('AbortTransaction', {})

function batch(baseOffset: number, records: MetadataRecord[]): MetadataBatch {
  return {
    baseOffset,
    lastOffset: baseOffset + records.length - 1,
    epoch: 1,
    timestampMs: 0,
    sizeBytes: 1,
    records,
    controls: [],
  }
}

function recording() {
  const loader = new MetadataLoader()
  const deltas: MetadataDelta[] = []
  loader.subscribe({ onImage: (_image, delta) => deltas.push(delta) })
  deltas.length = 0
  return { loader, deltas }
}

test('listeners see a transaction when it ends, as one change', () => {
  const { loader, deltas } = recording()
  loader.commit(batch(0, [begin, topic('a')]))
  assert.equal(loader.image.topicCount, 0)
  assert.equal(loader.inTransaction, true)
  loader.commit(batch(2, [topic('b', two!)]))
  assert.equal(deltas.length, 0)
  loader.commit(batch(3, [end]))
  assert.equal(loader.inTransaction, false)
  assert.deepEqual(
    deltas.map((delta) => delta.topics.map((change) => change.name)),
    [['a', 'b']],
  )
})

test('an aborted transaction leaves nothing but its offsets', () => {
  const { loader, deltas } = recording()
  loader.commit(batch(0, [begin, topic('a')]))
  loader.commit(batch(2, [abort]))
  assert.equal(loader.image.topicCount, 0)
  assert.equal(loader.image.offset, 2)
  assert.deepEqual(deltas, [])
})

test('brackets that do not match are corruption', () => {
  for (const records of [[end], [abort], [begin, begin]]) {
    const { loader } = recording()
    assert.throws(() => loader.commit(batch(0, records)), { code: 'CORRUPT' })
  }
})

test('a subscriber that comes late gets everything at once', () => {
  const loader = new MetadataLoader()
  loader.commit(batch(0, [topic('a'), topic('b', two!)]))
  const seen: MetadataDelta[] = []
  const stop = loader.subscribe({ onImage: (_image, delta) => seen.push(delta) })
  assert.equal(seen[0]!.fromSnapshot, true)
  assert.deepEqual(
    seen[0]!.topics.map((change) => change.name),
    ['a', 'b'],
  )
  stop()
  loader.commit(batch(2, [metadataRecord('RemoveTopic', { topicId: one! })]))
  assert.equal(seen.length, 1)
})
