/** Delivered batches beside the plain iteration of the batches they were made from. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { BatchBuilder, openBatch, viewOf, type HeaderInput, type RecordBatch } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { bytes, json, string, validated, type Deserializer } from '@braidlog/client'
import { DeliveredBatch } from '../src/delivered-batch.ts'
import { RecordIterator } from '../src/reading.ts'

const codecs = nodeCodecs

interface Input {
  readonly key: string | null
  readonly value: string | null
  readonly timestamp: number
  readonly headers: readonly HeaderInput[]
}

function batchOf(records: readonly Input[], baseOffset: number, isAppendTime: boolean, isCompressed: boolean) {
  const compression = isCompressed ? 'snappy' : 'none'
  const builder = new BatchBuilder({ codecs, sizeBytesMax: 1 << 20, compression })
  for (const { key, value, timestamp, headers } of records) builder.append(key, value, timestamp, headers)
  const timestampType = isAppendTime ? 'LogAppendTime' : 'CreateTime'
  const encoded = builder.build({ baseOffset, leaderEpoch: 7, timestampType }).slice()
  return openBatch(encoded, viewOf(encoded), 0, { codecs })
}

function deliver(batches: readonly RecordBatch[], value: Deserializer<unknown>, from = 0, to = Infinity) {
  return new DeliveredBatch({
    topic: 't',
    partition: 0,
    batches,
    fromOffset: from,
    toOffset: to,
    nextOffset: batches.at(-1)!.nextOffset,
    leaderEpoch: 7,
    highWatermark: batches.at(-1)!.nextOffset,
    sizeBytes: 1,
    signal: new AbortController().signal,
    decoding: { key: string(), value, onDeserializationError: 'fail' },
    owner: { done: () => {}, commit: async () => {} },
  })
}

const text = fc.string({ unit: 'grapheme', maxLength: 20 })
const record: fc.Arbitrary<Input> = fc.record({
  key: fc.option(text),
  value: fc.option(text),
  timestamp: fc.integer({ min: -(2 ** 40), max: 2 ** 45 }),
  headers: fc.array(fc.record({ key: text, value: fc.option(text) }), { maxLength: 3 }),
})
const batchInput = fc.record({
  records: fc.array(record, { minLength: 1, maxLength: 8 }),
  gap: fc.nat(5),
  isAppendTime: fc.boolean(),
  isCompressed: fc.boolean(),
})

test('delivered records are the records of their batches, within the bounds; copies say the same', () => {
  const inputs = fc.array(batchInput, { minLength: 1, maxLength: 4 })
  fc.assert(
    fc.property(inputs, fc.nat(30), fc.option(fc.nat(40)), (list, from, to) => {
      const batches: RecordBatch[] = []
      let offset = 0
      for (const { records, gap, isAppendTime, isCompressed } of list) {
        batches.push(batchOf(records, offset + gap, isAppendTime, isCompressed))
        offset += gap + records.length
      }
      const until = to ?? Infinity
      const expected = batches
        .flatMap((batch) => [...batch])
        .filter((view) => view.offset >= from && view.offset < until)
        .map((view) => ({
          offset: BigInt(view.offset),
          key: view.key && Buffer.from(view.key).toString(),
          value: view.value && Buffer.from(view.value).toString(),
          timestamp: view.timestampMs,
          timestampType: view.timestampType === 'LogAppendTime' ? 'append' : 'create',
          leaderEpoch: 7,
          headers: view.headers.map(({ key, value }) => [key, value && Buffer.from(value).toString()]),
        }))
      const delivered = deliver(batches, string(), from, until)
      for (const make of [(each: never) => each, (each: { detach(): unknown }) => each.detach() as never]) {
        const actual = [...delivered]
          .map((each) => make(each as never) as typeof each)
          .map(({ offset, key, value, timestamp, timestampType, leaderEpoch, headers }) => ({
            offset,
            key: key as string | null,
            value: value as string | null,
            timestamp,
            timestampType,
            leaderEpoch,
            headers: [...headers].map(([name, each]) => [name, each && each.toString()]),
          }))
        assert.deepEqual(actual, expected)
      }
      assert.equal(delivered.size, expected.length)
      assert.deepEqual(
        [...delivered].map((each) => each.rawValue?.toString() ?? null),
        expected.map((each) => each.value),
      )
    }),
  )
})

test('what is deserialized in place is what is deserialized from a view', () => {
  const schema = { '~standard': { version: 1, vendor: 'test', validate: (value: unknown) => ({ value }) } } as const
  const serdes: readonly Deserializer<unknown>[] = [string(), json(), validated(schema), validated(schema, string())]
  fc.assert(
    fc.property(fc.array(fc.jsonValue({ maxDepth: 2 }), { minLength: 1, maxLength: 6 }), (values) => {
      const records = values.map((value) => ({ key: null, value: JSON.stringify(value), timestamp: 0, headers: [] }))
      for (const serde of serdes) {
        assert.ok(serde.deserializeSlice !== undefined)
        const { deserialize } = serde
        const inPlace = [...deliver([batchOf(records, 0, false, false)], serde)].map((each) => each.value)
        const fromView = [...deliver([batchOf(records, 0, false, false)], { deserialize })].map((each) => each.value)
        assert.deepEqual(inPlace, fromView)
      }
    }),
  )
})

test('records that are asked for all at once come in order, each once', async () => {
  const records = ['a', 'b', 'c', 'd', 'e'].map((value) => ({ key: null, value, timestamp: 0, headers: [] }))
  const batches = [records.slice(0, 2), records.slice(2, 3), records.slice(3)]
  const waiting = batches.map((each, i) => deliver([batchOf(each, i * 10, false, false)], bytes()))
  const done: string[] = []
  const iterator = new RecordIterator(
    async () => await Promise.resolve(waiting.shift()),
    (each) => void done.push(String(each.value)),
    undefined,
  )
  const results = await Promise.all(Array.from({ length: 7 }, async () => await iterator.next()))
  const values = results.map((each) => (each.done === true ? undefined : String(each.value.value)))
  assert.deepEqual(values, ['a', 'b', 'c', 'd', 'e', undefined, undefined])
  assert.deepEqual(done, ['a', 'b', 'c', 'd', 'e'])
})
