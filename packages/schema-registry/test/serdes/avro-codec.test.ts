/** The Avro codec: against the slow one on random schemas and values, against avsc, and what values look like in JavaScript. */
import assert from 'node:assert/strict'
import test from 'node:test'
import avsc from 'avsc'
import fc from 'fast-check'
import type { AvroType } from '../../src/formats/avro/type.ts'
import { parseSchema, type ParsedAvro } from '../../src/formats/index.ts'
import { avroDecoder, avroEncoder } from '../../src/serdes/avro/codec.ts'
import { branchName, isUnwrapped, shapeOf, type AvroShape } from '../../src/serdes/avro/shape.ts'
import { decodeSlow, encodeSlow } from '../../src/serdes/avro/slow-codec.ts'
import { Decimal } from '../../src/serdes/decimal.ts'
import { SerdeError } from '../../src/serdes/errors.ts'
import { avroPair, avroSchema } from '../formats/avro-generator.ts'

const NONE = new Uint8Array(0)
const SHAPE = shapeOf({})

function typeOf(schema: unknown): AvroType {
  return (parseSchema({ schemaType: 'AVRO', schema: JSON.stringify(schema) }) as ParsedAvro).type
}

/** Values of a type as JavaScript has them; ends where the schema recurses too deep. */
function valueOf(type: AvroType, shape: AvroShape, next: () => number, depth = 0): unknown {
  const pick = <T>(...choices: readonly T[]): T => choices[next() % choices.length]!
  switch (type.kind) {
    case 'null':
      return null
    case 'boolean':
      return next() % 2 === 0
    case 'int':
      return pick(0, -1, 63, 64, -65, 2 ** 31 - 1, -(2 ** 31), next())
    case 'long':
      return shape.longs === 'bigint'
        ? pick(0n, -1n, 64n, 2n ** 31n, 2n ** 52n, -(2n ** 53n) - 1n, 2n ** 63n - 1n, -(2n ** 63n), BigInt(next()))
        : pick(0, -64, 2 ** 31, 2 ** 53 - 1, -(2 ** 53) + 1, next())
    case 'float':
      return pick(0, 0.5, -1e10, Infinity).valueOf() === -1e10 ? Math.fround(-1e10) : pick(0, 0.5, Infinity)
    case 'double':
      return pick(0, 0.1, -1e300, Number.MIN_VALUE)
    case 'string':
      return pick('', 'a', 'grüße 🙂', 'x'.repeat(next() % 200), '\u0000', 'ascii text of some length')
    case 'bytes':
      return Buffer.from(Array.from({ length: next() % 5 }, () => next() % 256))
    case 'fixed':
      return Buffer.from(Array.from({ length: type.sizeBytes }, () => next() % 256))
    case 'enum':
      return pick(...type.symbols)
    case 'array':
      return depth > 4 ? [] : Array.from({ length: next() % 3 }, () => valueOf(type.items, shape, next, depth + 1))
    case 'map':
      return Object.fromEntries(
        Array.from({ length: depth > 4 ? 0 : next() % 3 }, () => [
          pick('a', 'ö', '__proto__', 'constructor'),
          valueOf(type.values, shape, next, depth + 1),
        ]),
      )
    case 'record':
      if (depth > 8) throw new TooDeep()
      return Object.fromEntries(type.fields.map((f) => [f.name, valueOf(f.type, shape, next, depth + 1)]))
    case 'union': {
      if (type.branches.length === 0) throw new TooDeep()
      const branch =
        depth > 4
          ? (type.branches.find(({ kind }) => kind === 'null') ?? pick(...type.branches))
          : pick(...type.branches)
      const value = valueOf(branch, shape, next, depth + 1)
      return branch.kind === 'null' || isUnwrapped(type, shape) ? value : { [branchName(branch)]: value }
    }
    default:
      return type satisfies never
  }
}

class TooDeep extends Error {}

function sample(type: AvroType, shape: AvroShape, decisions: readonly number[]): unknown {
  let at = 0
  try {
    return valueOf(type, shape, () => decisions[at++ % decisions.length]!)
  } catch (error) {
    if (error instanceof TooDeep || error instanceof RangeError) fc.pre(false)
    throw error
  }
}

const decisions = (): fc.Arbitrary<number[]> => fc.array(fc.nat(100_000), { minLength: 1, maxLength: 80 })

/** Outcome of a function: its value, or the code and path of its error. */
function outcome(run: () => unknown): unknown {
  try {
    return { value: run() }
  } catch (error) {
    assert.ok(error instanceof SerdeError, String((error as Error).stack))
    return { code: error.code, path: error.path }
  }
}

test('random values: the compiled encoder writes what the slow one writes, and both read them back', () => {
  fc.assert(
    fc.property(avroSchema(), decisions(), fc.constantFrom('bigint', 'number'), (schema, choices, long) => {
      const shape = shapeOf({ long: long as 'bigint' | 'number' })
      const type = typeOf(schema)
      const value = sample(type, shape, choices)
      const bytes = avroEncoder(type, shape)(value, NONE)
      assert.deepEqual([...bytes], [...encodeSlow(value, type, shape, NONE)])
      const read = avroDecoder(type, type, shape)(bytes, 0)
      assert.deepEqual(read, decodeSlow(bytes, 0, { writer: type, reader: type }, shape))
      assert.deepEqual([...avroEncoder(type, shape)(read, NONE)], [...bytes])
    }),
    { numRuns: 400 },
  )
})

test('random pairs of schemas: what is read through another schema, or refused, is what the slow codec says', () => {
  fc.assert(
    fc.property(avroPair(), decisions(), ([written, wanted], choices) => {
      const [writer, reader] = [typeOf(written), typeOf(wanted)]
      const bytes = avroEncoder(writer, SHAPE)(sample(writer, SHAPE, choices), NONE)
      assert.deepEqual(
        outcome(() => avroDecoder(writer, reader, SHAPE)(bytes, 0)),
        outcome(() => decodeSlow(bytes, 0, { writer, reader }, SHAPE)),
      )
    }),
    { numRuns: 600 },
  )
})

test('random bytes: malformed ones are refused by both codecs alike, and nothing else is thrown', () => {
  fc.assert(
    fc.property(avroSchema(), fc.uint8Array({ maxLength: 40 }), (schema, bytes) => {
      const type = typeOf(schema)
      assert.deepEqual(
        outcome(() => avroDecoder(type, type, SHAPE)(bytes, 0)),
        outcome(() => decodeSlow(bytes, 0, { writer: type, reader: type }, SHAPE)),
      )
    }),
    { numRuns: 600 },
  )
})

test('the bytes are those that avsc writes, and it reads ours', () => {
  const schema = {
    type: 'record',
    name: 'Order',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'total', type: 'double' },
      { name: 'count', type: 'int' },
      { name: 'at', type: 'long' },
      { name: 'note', type: ['null', 'string'], default: null },
      { name: 'tags', type: { type: 'array', items: 'string' } },
      { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'PAID'] } },
      { name: 'by', type: { type: 'map', values: 'float' } },
      { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 4 } },
      { name: 'raw', type: 'bytes' },
      { name: 'ok', type: 'boolean' },
    ],
  }
  const value = {
    id: 'o-1 straße',
    total: 12.5,
    count: -70_000,
    at: 1_700_000_000_000,
    note: 'n'.repeat(300),
    tags: ['a', 'b'],
    state: 'PAID',
    by: { x: 0.5 },
    hash: Buffer.from([1, 2, 3, 4]),
    raw: Buffer.from('bytes'),
    ok: true,
  }
  const theirs = avsc.Type.forSchema(schema as avsc.Schema)
  const type = typeOf(schema)
  const shape = shapeOf({ long: 'number' })
  const bytes = avroEncoder(type, shape)(value, NONE)
  assert.deepEqual([...bytes], [...theirs.toBuffer(value)])
  assert.deepEqual(avroDecoder(type, type, shape)(theirs.toBuffer(value), 0), value)
})

const roundTrip = (schema: unknown, value: unknown, options = {}): unknown => {
  const type = typeOf(schema)
  const shape = shapeOf(options)
  return avroDecoder(type, type, shape)(avroEncoder(type, shape)(value, NONE), 0)
}

const refusal = (schema: unknown, value: unknown, options = {}): string => {
  try {
    avroEncoder(typeOf(schema), shapeOf(options))(value, NONE)
  } catch (error) {
    assert.ok(error instanceof SerdeError)
    return error.message
  }
  throw new Error('it was not refused')
}

test('long is a bigint, or a number that is exact or refused', () => {
  assert.equal(roundTrip('long', 2n ** 63n - 1n), 2n ** 63n - 1n)
  assert.equal(roundTrip('long', 5), 5n)
  assert.equal(roundTrip('long', 2n ** 40n, { long: 'number' }), 2 ** 40)
  assert.equal(
    refusal('long', 2 ** 53, {}),
    'a bigint of 64 bits, or a whole number that is exact, is needed, not 9007199254740992',
  )
  assert.throws(
    () => roundTrip('long', 2n ** 53n, { long: 'number' }),
    /9007199254740992 is not exact as a number; use long: 'bigint'/,
  )
})

test('decimals are exact', () => {
  const money = { type: 'bytes', logicalType: 'decimal', precision: 20, scale: 2 }
  for (const text of ['0.00', '-0.01', '123456789012345678.90', '-1.28', '1.27', '2.56'])
    assert.equal(String(roundTrip(money, text)), text)
  assert.equal(String(roundTrip(money, Decimal.parse('5'))), '5.00')
  assert.match(
    refusal(money, '0.001'),
    /a Decimal \(or its text\) of at most 20 digits, 2 of them behind the point, is needed/,
  )
  const fixed = { type: 'fixed', name: 'D', size: 3, logicalType: 'decimal', precision: 6, scale: 1 }
  assert.equal(String(roundTrip(fixed, '-1234.5')), '-1234.5')
  assert.deepEqual(
    roundTrip({ type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 }, Buffer.from([1]), {
      logicalTypes: false,
    }),
    Buffer.from([1]),
  )
})

test('dates, uuids and durations are what JavaScript has; times it has nothing for stay numbers', () => {
  assert.deepEqual(
    roundTrip({ type: 'int', logicalType: 'date' }, new Date('2024-02-29T13:00:00Z')),
    new Date('2024-02-29T00:00:00Z'),
  )
  assert.deepEqual(roundTrip({ type: 'int', logicalType: 'date' }, new Date(-1)), new Date('1969-12-31T00:00:00Z'))
  assert.deepEqual(roundTrip({ type: 'long', logicalType: 'timestamp-millis' }, new Date(-5)), new Date(-5))
  assert.equal(roundTrip({ type: 'long', logicalType: 'timestamp-micros' }, 5n), 5n)
  const uuid = '00112233-4455-6677-8899-aabbccddeeff'
  assert.equal(roundTrip({ type: 'string', logicalType: 'uuid' }, uuid), uuid)
  assert.equal(roundTrip({ type: 'fixed', name: 'U', size: 16, logicalType: 'uuid' }, uuid), uuid)
  const duration = { months: 1, days: 2, milliseconds: 3 }
  assert.deepEqual(roundTrip({ type: 'fixed', name: 'D', size: 12, logicalType: 'duration' }, duration), duration)
})

test('a union whose branches can be told apart is unwrapped, any other names its branch', () => {
  assert.equal(roundTrip(['null', 'string', 'long'], 'x'), 'x')
  assert.equal(roundTrip(['int', 'long'], 5), 5)
  assert.equal(roundTrip(['int', 'long'], 5n), 5n)
  const records = ['A', 'B'].map((name) => ({ type: 'record', name, fields: [{ name: 'x', type: 'int' }] }))
  assert.deepEqual(roundTrip(['null', ...records], { B: { x: 1 } }), { B: { x: 1 } })
  assert.equal(roundTrip(['null', ...records], null), null)
  assert.match(refusal(records, { x: 1 }), /an object with one member that names the branch \(one of A, B\) is needed/)
  assert.deepEqual(roundTrip(['int', 'double'], { double: 1 }), { double: 1 })
})

test('a value that does not fit is refused with its path', () => {
  const schema = {
    type: 'record',
    name: 'R',
    fields: [
      {
        name: 'items',
        type: { type: 'array', items: { type: 'record', name: 'I', fields: [{ name: 'n', type: 'int' }] } },
      },
    ],
  }
  assert.equal(
    refusal(schema, { items: [{ n: 1 }, { n: 'x' }] }),
    'at /items/1/n: a whole number of 32 bits is needed, not "x"',
  )
  assert.match(refusal({ type: 'enum', name: 'E', symbols: ['A'] }, 'B'), /a symbol of E \(A\) is needed, not "B"/)
})

test('fields come and go: defaults, aliases, promotions, enum defaults', () => {
  const record = (...fields: object[]): object => ({ type: 'record', name: 'R', fields })
  const writer = typeOf(
    record(
      { name: 'a', type: 'int' },
      { name: 'gone', type: { type: 'array', items: 'string' } },
      { name: 'e', type: { type: 'enum', name: 'E', symbols: ['X', 'Y'] } },
    ),
  )
  const reader = typeOf(
    record(
      { name: 'fresh', type: { type: 'array', items: 'int' }, default: [1, 2] },
      { name: 'renamed', type: 'double', aliases: ['a'] },
      { name: 'e', type: { type: 'enum', name: 'E', symbols: ['X'], default: 'X' } },
    ),
  )
  const bytes = avroEncoder(writer, SHAPE)({ a: 7, gone: ['x', 'y'], e: 'Y' }, NONE)
  const decode = avroDecoder(writer, reader, SHAPE)
  const [first, second] = [decode(bytes, 0), decode(bytes, 0)] as { fresh: number[] }[]
  assert.deepEqual(first, { fresh: [1, 2], renamed: 7, e: 'X' })
  assert.notEqual(first!.fresh, second!.fresh, 'defaults are not shared')
})

test('a reader schema that does not fit says where', () => {
  const record = (type: unknown): object => ({ type: 'record', name: 'R', fields: [{ name: 'a', type }] })
  const decode = avroDecoder(typeOf(record('string')), typeOf(record('int')), SHAPE)
  const bytes = avroEncoder(typeOf(record('string')), SHAPE)({ a: 'x' }, NONE)
  assert.throws(() => decode(bytes, 0), {
    code: 'SCHEMA_MISMATCH',
    path: '/a',
    message: "at /a: the writer's string cannot be read as the reader's int",
  })
})

test('a count that the bytes cannot hold allocates nothing', () => {
  const bomb = Buffer.from([0xfe, 0xff, 0xff, 0xff, 0x0f])
  for (const items of ['null', 'string']) {
    const type = typeOf({ type: 'array', items })
    assert.throws(() => avroDecoder(type, type, SHAPE)(bomb, 0), { code: 'MALFORMED' })
  }
})

test('a value larger than the slab is written whole, and views stay as they were', () => {
  const encode = avroEncoder(typeOf('string'), SHAPE)
  const values = ['small', 'x'.repeat(200_000), 'y'.repeat(60_000), 'z'.repeat(60_000)]
  const all = values.map((value) => encode(value, Uint8Array.of(7)))
  const decode = avroDecoder(typeOf('string'), typeOf('string'), SHAPE)
  assert.deepEqual(
    all.map((bytes) => decode(bytes, 1)),
    values,
  )
  assert.ok(all.every((bytes) => bytes[0] === 7))
})
