/** The Protobuf codec: against the slow one on random schemas and values, against protobufjs, and what values look like in JavaScript. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import protobufjs from 'protobufjs'
import { parseSchema, type ParsedProtobuf } from '../../src/formats/index.ts'
import { messageDecoder, messageEncoder } from '../../src/serdes/protobuf/codec.ts'
import { messagesOf, type FieldType, type MessageType } from '../../src/serdes/protobuf/message.ts'
import { decodeSlow, encodeSlow, type Longs } from '../../src/serdes/protobuf/slow-codec.ts'
import { SerdeError } from '../../src/serdes/errors.ts'
import { protoFile } from '../formats/protobuf-generator.ts'

const NONE = new Uint8Array(0)

function messageOf(text: string, name?: string): MessageType {
  return messagesOf(parseSchema({ schemaType: 'PROTOBUF', schema: text }) as ParsedProtobuf).byName(name).message
}

const ALL = `syntax = "proto3";
package t;
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";
import "google/protobuf/timestamp.proto";
message All {
  double a = 1; float b = 2; int32 c = 3; int64 d = 4; uint32 e = 5; uint64 f = 6; sint32 g = 7; sint64 h = 8;
  fixed32 i = 9; fixed64 j = 10; sfixed32 k = 11; sfixed64 l = 12; bool m = 13; string some_text = 14; bytes o = 15;
  optional int32 p = 16; repeated int64 q = 17; repeated string r = 18; repeated sint32 unpacked = 19 [packed = false];
  map<string, Inner> by_name = 20; map<int64, double> by_number = 21; map<bool, string> by_flag = 22;
  oneof kind { string text = 23; Inner inner = 24; uint32 number = 25; }
  Color color = 26; repeated Color colors = 27; Inner one = 28; repeated Inner many = 29;
  google.protobuf.StringValue wrapped = 30; google.protobuf.Int64Value wrapped_long = 31;
  google.protobuf.Struct extra = 32; google.protobuf.Value any_json = 33; google.protobuf.Timestamp at = 2000;
}
message Inner { int32 x = 1; All all = 2; repeated double ys = 3; }
enum Color { option allow_alias = true; RED = 0; GREEN = 5; LIME = 5; NEGATIVE = -2; }
`

/** Values of a message; fields are left out at random. */
function valueOf(message: MessageType, longs: Longs, next: () => number, depth = 0): unknown {
  const pick = <T>(...choices: readonly T[]): T => choices[next() % choices.length]!
  const json = (): unknown => pick<unknown>(null, 1.5, 'text', true, [1, 'x', null], { a: { b: [] }, __proto__x: 1 })
  const scalar = (type: FieldType): unknown => {
    if (type.kind === 'message') return valueOf(type.message, longs, next, depth + 1)
    if (type.kind === 'enum') return pick<unknown>(...type.enum.names.values(), 77, -5)
    switch (type.scalar) {
      case 'double':
        return pick(0, -0, 0.1, -1e300, Infinity)
      case 'float':
        return pick(0, -0, 0.5, -1024)
      case 'bool':
        return pick(true, false)
      case 'string':
        return pick('', 'a', 'grüße 🙂', 'x'.repeat(next() % 300), '\u0000')
      case 'bytes':
        return Buffer.from(Array.from({ length: next() % 4 }, () => next() % 256))
      default: {
        const isLong = type.scalar.endsWith('64')
        const isSigned = !/^(?:uint|fixed)/.test(type.scalar)
        const values: (number | bigint)[] = [
          0,
          1,
          127,
          128,
          300,
          2 ** 31 - 1,
          ...(isSigned ? [-1, -128, -(2 ** 31)] : [2 ** 32 - 1]),
        ]
        if (isLong) values.push(2 ** 40, ...(isSigned ? [-(2 ** 40), -(2 ** 35), -(2 ** 53) + 1] : []))
        if (isLong && longs === 'bigint')
          values.push(isSigned ? -(2n ** 63n) : 2n ** 64n - 1n, 2n ** 63n - 1n, 2n ** 53n + 1n)
        const value = pick(...values)
        return isLong && longs === 'bigint' ? BigInt(value) : value
      }
    }
  }
  switch (message.form) {
    case 'wrapper':
      return scalar(message.fields[0]!.type)
    case 'value':
      return json()
    case 'struct':
      return { a: json(), 'b c': json() }
    case 'list':
      return [json()]
    default:
  }
  const members: [string, unknown][] = []
  const taken = new Set<string>()
  for (const field of message.fields) {
    if (!field.isRequired && (next() % 2 === 0 || (depth > 3 && field.type.kind === 'message'))) continue
    if (field.oneof !== undefined) {
      if (taken.has(field.oneof)) continue
      taken.add(field.oneof)
    }
    if (depth > 20) throw new RangeError('too deep')
    const many = (): unknown[] => Array.from({ length: next() % 3 }, () => scalar(field.type))
    if (field.cardinality === 'repeated') members.push([field.name, many()])
    else if (field.cardinality === 'map') {
      const keys =
        field.key === 'string' ? ['k', '', '__proto__'] : field.key === 'bool' ? ['true', 'false'] : ['0', '7']
      members.push([field.name, Object.fromEntries(many().map((value, i) => [keys[i]!, value]))])
    } else members.push([field.name, scalar(field.type)])
  }
  return Object.fromEntries(members)
}

const decisions = (): fc.Arbitrary<number[]> => fc.array(fc.nat(100_000), { minLength: 1, maxLength: 80 })

function sample(message: MessageType, longs: Longs, choices: readonly number[]): unknown {
  let at = 0
  try {
    return valueOf(message, longs, () => choices[at++ % choices.length]!)
  } catch (error) {
    if (error instanceof RangeError) fc.pre(false)
    throw error
  }
}

function outcome(run: () => unknown): unknown {
  try {
    return { value: run() }
  } catch (error) {
    assert.ok(error instanceof SerdeError, String((error as Error).stack))
    return { code: error.code, path: error.path }
  }
}

const bothWays = (message: MessageType, longs: Longs, value: unknown): void => {
  const bytes = messageEncoder(message)(value, NONE)
  assert.deepEqual([...bytes], encodeSlow(value, message))
  const read = messageDecoder(message, longs)(bytes, 0)
  assert.deepEqual(read, decodeSlow(bytes, 0, message, longs))
  assert.deepEqual([...messageEncoder(message)(read, NONE)], [...bytes])
}

test('random values of every kind of field: written and read as the slow codec does', () => {
  const message = messageOf(ALL)
  fc.assert(
    fc.property(decisions(), fc.constantFrom<Longs>('bigint', 'number'), (choices, longs) =>
      bothWays(message, longs, sample(message, longs, choices)),
    ),
    { numRuns: 300 },
  )
})

test('random schemas: written and read as the slow codec does', () => {
  fc.assert(
    fc.property(protoFile(), decisions(), (text, choices) => {
      const parsed = parseSchema({ schemaType: 'PROTOBUF', schema: text }) as ParsedProtobuf
      if (!parsed.file.types.some(({ kind }) => kind === 'message')) return
      const { message } = messagesOf(parsed).byName(undefined)
      bothWays(message, 'bigint', sample(message, 'bigint', choices))
    }),
    { numRuns: 200 },
  )
})

test('random bytes: read, or refused, as the slow codec does', () => {
  const message = messageOf(ALL)
  const decode = messageDecoder(message, 'bigint')
  const encode = messageEncoder(message)
  fc.assert(
    fc.property(
      decisions(),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { maxLength: 4 }),
      fc.nat(20),
      (choices, edits, cut) => {
        const whole = encode(sample(message, 'bigint', choices), NONE)
        const bytes = Buffer.from(whole.subarray(0, Math.max(0, whole.length - (cut > 10 ? 0 : cut))))
        for (const [at, value] of edits) if (bytes.length > 0) bytes[at % bytes.length] = value
        assert.deepEqual(
          outcome(() => decode(bytes, 0)),
          outcome(() => decodeSlow(bytes, 0, message, 'bigint')),
        )
      },
    ),
    { numRuns: 1000 },
  )
})

test('the bytes are those that protobufjs writes, and it reads ours', () => {
  const message = messageOf(ALL.replaceAll(/google\.protobuf\.\w+ \w+ = \d+;/g, '').replaceAll(/import .*\n/g, ''))
  const theirs = protobufjs
    .parse(ALL.replaceAll(/google\.protobuf\.\w+ \w+ = \d+;/g, '').replaceAll(/import .*\n/g, ''))
    .root.lookupType('t.All')
  const value = {
    a: 1.5,
    b: -0.25,
    c: -7,
    d: -8,
    e: 9,
    f: 10,
    g: -11,
    h: -12,
    i: 13,
    j: 14,
    k: -15,
    l: -16,
    m: true,
    someText: 'straße',
    o: Buffer.from([1, 2]),
    p: 0,
    q: [1, -2],
    r: ['a', 'b'],
    unpacked: [1, -1],
    byName: { x: { x: 1, ys: [0.5] } },
    byNumber: { 5: 2.5 },
    byFlag: { true: 'yes' },
    number: 4,
    color: 'GREEN',
    colors: ['RED', 'GREEN'],
    one: { x: 300 },
    many: [{ x: 1 }, {}],
  }
  const bytes = messageEncoder(message)(value, NONE)
  assert.deepEqual([...bytes], [...theirs.encode(theirs.fromObject(value)).finish()])
  const read = messageDecoder(message, 'number')(theirs.encode(theirs.fromObject(value)).finish(), 0) as Record<
    string,
    unknown
  >
  assert.deepEqual([read['d'], read['someText'], read['color'], read['byNumber']], [-8, 'straße', 'GREEN', { 5: 2.5 }])
})

const roundTrip = (text: string, value: unknown, longs: Longs = 'bigint'): unknown => {
  const message = messageOf(text)
  return messageDecoder(message, longs)(messageEncoder(message)(value, NONE), 0)
}

test('fields without presence have their default, others are undefined', () => {
  const text =
    'syntax = "proto3"; message M { int32 a = 1; optional int32 b = 2; repeated int32 c = 3; M d = 4; int64 e = 5; E f = 6; } enum E { X = 0; }'
  assert.deepEqual(roundTrip(text, {}), { a: 0, b: undefined, c: [], d: undefined, e: 0n, f: 'X' })
  assert.deepEqual(roundTrip(text, { b: 0 }), { a: 0, b: 0, c: [], d: undefined, e: 0n, f: 'X' })
})

test('well-known types have the values one expects of them', () => {
  const text = `syntax = "proto3"; import "google/protobuf/wrappers.proto"; import "google/protobuf/struct.proto"; import "google/protobuf/timestamp.proto";
    message M { google.protobuf.StringValue s = 1; google.protobuf.Struct j = 2; google.protobuf.Value v = 3; google.protobuf.Timestamp t = 4; google.protobuf.ListValue l = 5; }`
  const value = { s: '', j: { a: [1, null, { b: true }] }, v: null, t: new Date(1_700_000_000_123), l: ['x', 2] }
  assert.deepEqual(roundTrip(text, value), { ...value, t: { seconds: 1_700_000_000n, nanos: 123_000_000 } })
  assert.deepEqual(roundTrip(text, {}), { s: undefined, j: undefined, v: undefined, t: undefined, l: undefined })
})

test('groups and required fields of proto2 are written and read', () => {
  const text =
    'syntax = "proto2"; message M { required int32 a = 1; optional group G = 2 { optional string s = 3; } repeated int32 r = 4; }'
  assert.deepEqual(roundTrip(text, { a: 1, g: { s: 'x' }, r: [1, 2] }), { a: 1, g: { s: 'x' }, r: [1, 2] })
  assert.throws(() => roundTrip(text, {}), { code: 'INVALID_VALUE', path: '/a' })
})

test('fields that the reader does not know are passed over, whatever they are', () => {
  const writer = messageOf(ALL)
  const reader = messageOf('syntax = "proto3"; message M { sint64 h = 8; }')
  let at = 0
  const bytes = messageEncoder(writer)(
    { ...(valueOf(writer, 'bigint', () => (at++ * 7919) % 1000) as object), h: 5n },
    NONE,
  )
  assert.deepEqual(messageDecoder(reader, 'bigint')(bytes, 0), { h: 5n })
})

test('a message that comes in parts is put together', () => {
  const message = messageOf(
    'syntax = "proto3"; message M { I i = 1; } message I { int32 a = 1; repeated int32 b = 2; }',
  )
  const encode = messageEncoder(message)
  const bytes = Buffer.concat([encode({ i: { a: 1, b: [1] } }, NONE), encode({ i: { b: [2] } }, NONE)])
  assert.deepEqual(messageDecoder(message, 'bigint')(bytes, 0), { i: { a: 1, b: [1, 2] } })
})

test('what does not fit is refused with its path', () => {
  const refused = (value: object): unknown => outcome(() => messageEncoder(messageOf(ALL))(value, NONE))
  assert.deepEqual(refused({ many: [{}, { x: 'y' }] }), { code: 'INVALID_VALUE', path: '/many/1/x' })
  assert.deepEqual(refused({ e: -1 }), { code: 'INVALID_VALUE', path: '/e' })
  assert.deepEqual(refused({ text: 'a', number: 1 }), { code: 'INVALID_VALUE', path: '/number' })
  assert.deepEqual(refused({ color: 'BLUE' }), { code: 'INVALID_VALUE', path: '/color' })
})

test('messages larger than the slab and deeper than one byte of size are written whole', () => {
  const text = 'syntax = "proto3"; message M { string s = 1; M m = 2; }'
  const value = { s: 'x'.repeat(200), m: { s: 'y'.repeat(100_000), m: { s: 'z', m: undefined } } }
  assert.deepEqual(roundTrip(text, value), value)
})
