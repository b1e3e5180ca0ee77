/** Batches against schemas: what is refused and why, what waits, and for how long. The registry is a `Map`. */
import assert from 'node:assert/strict'
import { setImmediate } from 'node:timers/promises'
import test from 'node:test'
import fc from 'fast-check'
import { silentLogger, type Clock, type Timer, type Timers } from '@braidlog/base'
import { defaultLogConfig } from '@braidlog/log'
import { ErrorCode, type SchemaRule, type SchemaRules } from '@braidlog/model'
import type { AppendResult, Partition } from '@braidlog/partition'
import { batches, BatchBuilder, type CompressionType, type HeaderInput } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { run } from '../bench/record-validation.ts'
import {
  RecordValidation,
  type BatchSource,
  type HeldBatch,
  type SchemaRegistrySettings,
} from '../src/record-validation/record-validation.ts'
import type {
  LookupOptions,
  RegisteredSchema,
  SchemaFormats,
  SchemaKey,
  SchemaLookup,
} from '../src/record-validation/schema-lookup.ts'

class ManualTime implements Clock, Timers {
  #nowMs = 0
  #timers: { atMs: number; callback: () => void }[] = []

  nowMs(): number {
    return this.#nowMs
  }

  monotonicMs(): number {
    return this.#nowMs
  }

  after(delayMs: number, callback: () => void): Timer {
    const timer = { atMs: this.#nowMs + delayMs, callback }
    this.#timers.push(timer)
    return { cancel: () => void (this.#timers = this.#timers.filter((each) => each !== timer)) }
  }

  async pass(ms: number): Promise<void> {
    this.#nowMs += ms
    const due = this.#timers.filter((each) => each.atMs <= this.#nowMs)
    this.#timers = this.#timers.filter((each) => each.atMs > this.#nowMs)
    for (const { callback } of due) callback()
    await setImmediate()
  }
}

class FakeRegistry implements SchemaLookup {
  readonly schemas = new Map<SchemaKey, RegisteredSchema>()
  readonly asked: SchemaKey[] = []
  /** Requests wait for it. */
  gate: Promise<void> = Promise.resolve()
  failure: Error | undefined

  async find(key: SchemaKey, _options: LookupOptions): Promise<RegisteredSchema | undefined> {
    this.asked.push(key)
    await this.gate
    if (this.failure !== undefined) throw this.failure
    return this.schemas.get(key)
  }

  /** @returns what opens the gate again */
  close(): () => void {
    let open: () => void = () => {}
    this.gate = new Promise((resolve) => (open = resolve))
    return open
  }
}

/** A record's name is its first byte, as a letter; what begins with `x` does not decode. */
const letters: SchemaFormats = {
  compile: ({ schema }) => {
    if (schema === 'broken') throw new Error('it is broken')
    return {
      recordName: (bytes, start, end) => (start === end ? undefined : String.fromCharCode(bytes[start]!)),
      fault: (bytes, start) => (bytes[start] === 120 ? 'at /: an x' : undefined),
    }
  },
}

const content = (schema: string) => ({ schemaType: 'LETTERS', schema, references: [] })
const GUID = '00112233-4455-6677-8899-aabbccddeeff'
const guidBytes = Buffer.from(`01${GUID.replaceAll('-', '')}`, 'hex')

/** The bytes of a value that names a schema. */
function framed(key: SchemaKey, payload = 'a'): Buffer {
  const head = typeof key === 'number' ? Buffer.alloc(5) : guidBytes
  if (typeof key === 'number') head.writeInt32BE(key, 1)
  return Buffer.concat([head, Buffer.from(payload)])
}

interface TestRecord {
  readonly key?: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers?: readonly HeaderInput[]
}

function batchOf(records: readonly TestRecord[], compression: CompressionType = 'none'): Uint8Array {
  const builder = new BatchBuilder({ codecs: nodeCodecs, sizeBytesMax: 1 << 20, compression })
  for (const { key = null, value, headers } of records) builder.append(key, value, 1_000, headers)
  return Uint8Array.prototype.slice.call(builder.build({}))
}

const byTopic: SchemaRule = { subjectName: 'topic', payload: false }
const VALUES: SchemaRules = { key: undefined, value: byTopic }

function partitionOf(topic: string, schemaRules: SchemaRules | undefined): Partition {
  return { log: { topic, logStartOffset: 0, config: { ...defaultLogConfig, schemaRules } } } as unknown as Partition
}

function setUp(more: Partial<SchemaRegistrySettings> = {}) {
  const time = new ManualTime()
  const registry = new FakeRegistry()
  registry.schemas.set(1, { subjects: ['orders-value'], content: content('any') })
  registry.schemas.set(2, { subjects: ['other-value'], content: content('any') })
  const validation = new RecordValidation({
    registry: {
      lookup: registry,
      formats: async () => letters,
      timeoutMs: 1_000,
      outage: 'refuse',
      cacheSize: 100,
      cacheMs: 60_000,
      unknownMs: 5_000,
      ...more,
    },
    clock: time,
    timers: time,
    codecs: nodeCodecs,
    logger: silentLogger,
  })
  const source = { isClosed: false }
  const orders = partitionOf('orders', VALUES)
  const inspect = (batch: Uint8Array, from: BatchSource = source, replica: Partition = orders) =>
    validation.inspect(from, replica, batch, 0, batch.length)
  /** Inspects, waits if need be. @returns the refusal, or `undefined` */
  const decide = async (batch: Uint8Array, replica: Partition = orders): Promise<AppendResult | undefined> => {
    const verdict = inspect(batch, source, replica)
    return verdict !== undefined && 'bytes' in verdict ? await settled(verdict) : verdict
  }
  return { time, registry, validation, source, orders, inspect, decide }
}

function settled(held: HeldBatch): Promise<AppendResult | undefined> {
  return new Promise((resolve) => (held.onSettled = resolve))
}

function heldOf(verdict: AppendResult | HeldBatch | undefined): HeldBatch {
  assert.ok(verdict !== undefined && 'bytes' in verdict, 'the batch is not held')
  return verdict
}

test('a schema is asked for once; after that its batches pass at once', async () => {
  const { inspect, decide, registry } = setUp()
  const batch = batchOf([{ value: framed(1) }, { value: framed(1) }, { value: null }])
  assert.equal(await decide(batch), undefined)
  assert.equal(inspect(batch), undefined)
  assert.deepEqual(registry.asked, [1])
})

test('each record at fault is named with its index; nothing of the batch passes', async () => {
  const { decide } = setUp()
  const refusal = await decide(
    batchOf([
      { value: framed(1) },
      { value: Buffer.from('{"json":1}') },
      { value: framed(2) },
      { value: framed(3) },
      { value: Buffer.alloc(0) },
      { value: Buffer.of(0, 0, 1) },
      { value: framed(1), headers: [{ key: '__value_schema_id', value: Buffer.of(1, 2) }] },
    ]),
  )
  assert.equal(refusal?.errorCode, ErrorCode.INVALID_RECORD)
  // What can be said without the registry comes first; the rest is not asked for.
  assert.deepEqual(
    refusal.recordErrors.map(({ batchIndex, message }) => [batchIndex, message]),
    [
      [1, 'the value names no schema: its first byte is 0x7b, not 0x00 or 0x01'],
      [4, 'the value is empty: it names no schema'],
      [5, 'the value has 3 bytes: too few for a schema id'],
      [6, 'the header __value_schema_id holds no schema id'],
    ],
  )
  assert.match(refusal.errorMessage!, /^4 of 7 records do not match the schemas of orders; record 1: the value names/)
  const unknown = await decide(batchOf([{ value: framed(1) }, { value: framed(2) }, { value: framed(3) }]))
  assert.deepEqual(
    unknown?.recordErrors.map(({ batchIndex, message }) => [batchIndex, message]),
    [
      [1, 'the value names schema id 2, which is not registered under the subject orders-value'],
      [2, 'the value names schema id 3, which the registry does not know'],
    ],
  )
})

test('a GUID in a header or in front names the schema as an id does', async () => {
  const { decide, registry } = setUp()
  registry.schemas.set(GUID, { subjects: ['orders-value'] })
  const header = { key: '__value_schema_id', value: guidBytes }
  assert.equal(
    await decide(batchOf([{ value: framed(GUID) }, { value: Buffer.from('a'), headers: [header] }])),
    undefined,
  )
  assert.deepEqual(registry.asked, [GUID])
})

test('a header without an id is not taken for the one of the record before', async () => {
  const { decide } = setUp()
  const values = [null, Buffer.alloc(0), Buffer.of(0, 0, 0, 0, 1, 9)]
  for (const value of values) {
    const headers = [{ key: '__value_schema_id', value }]
    const refusal = await decide(batchOf([{ value: framed(1) }, { value: framed(1), headers }]))
    assert.deepEqual(
      refusal?.recordErrors.map(({ batchIndex }) => batchIndex),
      [1],
    )
  }
})

test('keys have rules of their own', async () => {
  const { decide, registry } = setUp()
  registry.schemas.set(7, { subjects: ['orders-key'] })
  const keys = partitionOf('orders', { key: byTopic, value: undefined })
  assert.equal(
    await decide(batchOf([{ key: framed(7), value: Buffer.from('free') }, { value: null }]), keys),
    undefined,
  )
  const refusal = await decide(batchOf([{ key: framed(1), value: null }]), keys)
  assert.match(refusal!.errorMessage!, /the key names schema id 1, which is not registered under .* orders-key/)
})

test('a subject may follow from the name of the record', async () => {
  const { decide, registry } = setUp()
  registry.schemas.set(5, { subjects: ['a', 'orders-b'], content: content('any') })
  const record = partitionOf('orders', { key: undefined, value: { subjectName: 'record', payload: false } })
  const both = partitionOf('orders', { key: undefined, value: { subjectName: 'topic-record', payload: false } })
  assert.equal(await decide(batchOf([{ value: framed(5, 'a') }]), record), undefined)
  assert.equal(await decide(batchOf([{ value: framed(5, 'b') }]), both), undefined)
  assert.match((await decide(batchOf([{ value: framed(5, 'b') }]), record))!.errorMessage!, /under the subject b$/)
  assert.match((await decide(batchOf([{ value: framed(5, '') }]), record))!.errorMessage!, /gives its record no name$/)
})

test('the payload is decoded where the topic asks for it', async () => {
  const { decide, registry } = setUp()
  const payload = partitionOf('orders', { key: undefined, value: { subjectName: 'topic', payload: true } })
  assert.equal(await decide(batchOf([{ value: framed(1, 'a') }]), payload), undefined)
  const refusal = await decide(batchOf([{ value: framed(1, 'a') }, { value: framed(1, 'x') }]), payload)
  assert.deepEqual(refusal?.recordErrors, [
    { batchIndex: 1, message: 'the value does not decode with schema id 1: at /: an x' },
  ])
  registry.schemas.set(9, { subjects: ['orders-value'], content: content('broken') })
  assert.match((await decide(batchOf([{ value: framed(9) }]), payload))!.errorMessage!, /cannot be used: it is broken/)
})

test('a schema known by its id alone is asked for again when its content is needed', async () => {
  const { decide, registry } = setUp()
  const payload = partitionOf('orders', { key: undefined, value: { subjectName: 'topic', payload: true } })
  assert.equal(await decide(batchOf([{ value: framed(1, 'x') }])), undefined)
  assert.equal((await decide(batchOf([{ value: framed(1, 'x') }]), payload))?.errorCode, ErrorCode.INVALID_RECORD)
  assert.deepEqual(registry.asked, [1, 1])
})

test('without formats, what needs them is refused and says so', async () => {
  const { decide } = setUp({ formats: undefined })
  const payload = partitionOf('orders', { key: undefined, value: { subjectName: 'topic', payload: true } })
  assert.match(
    (await decide(batchOf([{ value: framed(1) }]), payload))!.errorMessage!,
    /without the formats of schemas/,
  )
})

test('a batch that waits holds up its own connection and partition, and nothing else', async () => {
  const { inspect, decide, registry, orders } = setUp()
  registry.schemas.set(3, { subjects: ['orders-value'] })
  await decide(batchOf([{ value: framed(1) }]))
  const open = registry.close()
  const order: string[] = []
  const note = (name: string, held: HeldBatch): void => void (held.onSettled = () => order.push(name))
  note('first', heldOf(inspect(batchOf([{ value: framed(3) }]))))
  note('second, of a known schema', heldOf(inspect(batchOf([{ value: framed(1) }]))))
  assert.equal(inspect(batchOf([{ value: framed(1) }]), { isClosed: false }), undefined, 'another connection')
  assert.equal(inspect(batchOf([{ value: framed(1) }]), undefined, partitionOf('orders', VALUES)), undefined)
  await setImmediate()
  assert.deepEqual(order, [])
  open()
  await setImmediate()
  assert.deepEqual(order, ['first', 'second, of a known schema'])
  assert.equal(inspect(batchOf([{ value: framed(1) }]), undefined, orders), undefined, 'the line is gone')
})

test('a topic that asks for nothing any more keeps the order of what waits', async () => {
  const { inspect, registry, source, validation } = setUp()
  const open = registry.close()
  const replica = partitionOf('orders', VALUES)
  const order: number[] = []
  heldOf(inspect(batchOf([{ value: framed(1) }]), source, replica)).onSettled = () => order.push(1)
  ;(replica.log as { config: unknown }).config = { ...defaultLogConfig, schemaRules: undefined }
  assert.equal(validation.heldCount, 1)
  heldOf(inspect(batchOf([{ value: Buffer.from('anything') }]), source, replica)).onSettled = () => order.push(2)
  open()
  await setImmediate()
  assert.deepEqual(order, [1, 2])
  assert.equal(validation.heldCount, 0)
})

test('what a connection sent before it closed is not appended any more', async () => {
  const { inspect, registry, source, validation } = setUp()
  const open = registry.close()
  let called = false
  heldOf(inspect(batchOf([{ value: framed(1) }]))).onSettled = () => (called = true)
  source.isClosed = true
  open()
  await setImmediate()
  assert.deepEqual([called, validation.heldCount], [false, 0])
})

test('an outage ends the wait in time: refused with an error to retry, and not asked again for a while', async () => {
  const { inspect, registry, time } = setUp()
  registry.close()
  const [first, second] = [framed(1), framed(2)].map((value) => settled(heldOf(inspect(batchOf([{ value }])))))
  await setImmediate()
  await time.pass(999)
  await time.pass(1)
  for (const refusal of [await first, await second]) {
    assert.equal(refusal?.errorCode, ErrorCode.REQUEST_TIMED_OUT)
    assert.match(refusal.errorMessage!, /^The schemas of orders cannot be looked up now: .*answer/)
  }
  const asked = registry.asked.length
  assert.match((await settled(heldOf(inspect(batchOf([{ value: framed(1) }])))))!.errorMessage!, /just now/)
  assert.equal(registry.asked.length, asked)
  registry.gate = Promise.resolve()
  await time.pass(1_000)
  assert.equal(await settled(heldOf(inspect(batchOf([{ value: framed(1) }])))), undefined, 'it answers again')
})

test('an outage lets batches pass where that is configured, but not what names no schema', async () => {
  const { decide, registry } = setUp({ outage: 'accept' })
  registry.failure = new Error('connect ECONNREFUSED')
  assert.equal(await decide(batchOf([{ value: framed(1) }])), undefined)
  assert.equal((await decide(batchOf([{ value: Buffer.from('plain') }])))?.errorCode, ErrorCode.INVALID_RECORD)
})

test('"not known" is believed for a short while, "known" for a long one', async () => {
  const { decide, registry, time } = setUp()
  const batch = batchOf([{ value: framed(3) }])
  assert.notEqual(await decide(batch), undefined)
  registry.schemas.set(3, { subjects: ['orders-value'] })
  assert.notEqual(await decide(batch), undefined)
  await time.pass(5_000)
  assert.equal(await decide(batch), undefined)
  registry.schemas.delete(3)
  await time.pass(59_999)
  assert.equal(await decide(batch), undefined)
  await time.pass(1)
  assert.notEqual(await decide(batch), undefined)
})

test('a schema that is registered under one more subject passes there soon', async () => {
  const { decide, registry, time } = setUp()
  const batch = batchOf([{ value: framed(2) }])
  assert.notEqual(await decide(batch), undefined)
  registry.schemas.set(2, { subjects: ['other-value', 'orders-value'] })
  await time.pass(5_000)
  assert.equal(await decide(batch), undefined)
})

test('answers that are stale at once still decide the batch they were asked for', async () => {
  const { decide } = setUp({ cacheMs: 0, unknownMs: 0 })
  assert.equal(await decide(batchOf([{ value: framed(1) }])), undefined)
  assert.equal((await decide(batchOf([{ value: framed(3) }])))?.errorCode, ErrorCode.INVALID_RECORD)
})

test('a batch with more schemas than are asked for at a time is gone through again', async () => {
  const { decide, registry } = setUp({ cacheSize: 1_000 })
  const ids = Array.from({ length: 200 }, (_, i) => i + 100)
  for (const id of ids) registry.schemas.set(id, { subjects: ['orders-value'] })
  assert.equal(await decide(batchOf(ids.map((id) => ({ value: framed(id) })))), undefined)
  assert.deepEqual(registry.asked, ids)
})

test('a batch that names schemas without end is refused, not looked up for ever', async () => {
  const { decide, registry } = setUp({ cacheSize: 1_000 })
  const ids = Array.from({ length: 2_000 }, (_, i) => i + 100)
  for (const id of ids) registry.schemas.set(id, { subjects: ['orders-value'] })
  const refusal = await decide(batchOf(ids.map((id) => ({ value: framed(id) }))))
  assert.equal(refusal?.errorCode, ErrorCode.INVALID_RECORD)
  assert.ok(registry.asked.length < 1_000)
})

test('made-up ids drive out no schema that is known', async () => {
  const { decide, inspect } = setUp()
  await decide(batchOf([{ value: framed(1) }]))
  for (let id = 10_000; id < 12_000; id += 50) {
    await decide(batchOf(Array.from({ length: 50 }, (_, i) => ({ value: framed(id + i) }))))
  }
  assert.equal(inspect(batchOf([{ value: framed(1) }])), undefined)
})

test('without a registry a topic that asks for one takes no records', async () => {
  const time = new ManualTime()
  const options = { registry: undefined, clock: time, timers: time, codecs: nodeCodecs, logger: silentLogger }
  const batch = batchOf([{ value: framed(1) }])
  const verdict = new RecordValidation(options).inspect(
    { isClosed: false },
    partitionOf('orders', VALUES),
    batch,
    0,
    batch.length,
  ) as AppendResult
  assert.equal(verdict.errorCode, ErrorCode.INVALID_RECORD)
  assert.match(verdict.errorMessage!, /confluent\.schema\.registry\.url/)
})

test('when the broker stops, what waits is refused with an error to retry', async () => {
  const { inspect, registry, validation } = setUp({ outage: 'accept' })
  registry.close()
  const waits = settled(heldOf(inspect(batchOf([{ value: framed(1) }]))))
  validation.close()
  assert.equal((await waits)?.errorCode, ErrorCode.REQUEST_TIMED_OUT)
})

test('a damaged batch is left to the partition; records that cannot be looked into are refused', async () => {
  const { inspect } = setUp()
  const damaged = batchOf([{ value: Buffer.from('plain') }])
  damaged[damaged.length - 2]! ^= 0xff
  assert.equal(inspect(damaged), undefined, 'the checksum is the partition’s to judge')
  const view = new DataView(damaged.buffer, damaged.byteOffset)
  view.setUint32(17, nodeCodecs.crc32c(damaged, 21, damaged.length))
  view.setInt16(21, 1) // says gzip, is not
  view.setUint32(17, nodeCodecs.crc32c(damaged, 21, damaged.length))
  assert.match((inspect(damaged) as AppendResult).errorMessage!, /cannot be looked into/)
})

test('any batch is judged as record by record would judge it', async () => {
  const { validation, source, decide } = setUp()
  const subject = partitionOf('orders', { key: byTopic, value: { subjectName: 'topic', payload: true } })
  const bytes = fc.oneof(
    fc.constant(null),
    fc.constantFrom(framed(1), framed(1, 'x'), framed(2), framed(8), framed(GUID), Buffer.alloc(0), Buffer.of(0, 1)),
    fc.uint8Array({ maxLength: 20 }).map((each) => Buffer.from(each)),
  )
  const headers = fc.array(
    fc.record({
      key: fc.constantFrom('__value_schema_id', '__key_schema_id', 'trace'),
      value: fc.constantFrom(null, guidBytes, framed(1, ''), Buffer.of(1)),
    }),
    { maxLength: 2 },
  )
  await decide(batchOf([{ value: framed(1) }]), subject)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ key: bytes, value: bytes, headers }), { minLength: 1, maxLength: 5 }),
      fc.constantFrom<CompressionType>('none', 'gzip', 'lz4'),
      async (records, compression) => {
        const batch = batchOf(records, compression)
        const [opened] = [...batches(batch, { codecs: nodeCodecs })]
        const expected = [...opened!].map(
          (record) => isFine('key', record.key, record.headers) && isFine('value', record.value, record.headers),
        )
        const verdict = validation.inspect(source, subject, batch, 0, batch.length)
        const refusal = verdict !== undefined && 'bytes' in verdict ? await settled(verdict) : verdict
        assert.equal(refusal === undefined, !expected.includes(false))
        for (const { batchIndex } of refusal?.recordErrors ?? []) assert.equal(expected[batchIndex], false)
      },
    ),
  )

  /** The slow way: a view per record, a decision per field, no memory. */
  function isFine(
    field: 'key' | 'value',
    bytes: Uint8Array | null,
    headers: readonly { readonly key: string; readonly value: Uint8Array | null }[],
  ): boolean {
    if (bytes === null) return true
    const header = headers.findLast(({ key }) => key === `__${field}_schema_id`)
    const named = Buffer.from(header === undefined ? bytes : (header.value ?? []))
    if (header !== undefined && named.length !== (named[0] === 0 ? 5 : 17)) return false
    if (named[0] !== 0 || named.length < 5 || named.readInt32BE(1) !== 1 || field === 'key') return false
    return (header === undefined ? bytes[5] : bytes[0]) !== 120
  }
})

test('the bench runs', async () => {
  const lines: string[] = []
  await run((line) => lines.push(line), 1)
  assert.equal(lines.length, 6)
})
