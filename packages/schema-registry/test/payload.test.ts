/** Payloads against their schemas: what others encode is accepted; what is cut, changed or padded is refused with its path. */
import assert from 'node:assert/strict'
import test from 'node:test'
import avsc from 'avsc'
import fc from 'fast-check'
import protobuf from 'protobufjs'
import { parseSchema, type SchemaType } from '../src/formats/index.ts'
import { run } from '../bench/payload.ts'
import { compilePayload, schemaFormats } from '../src/payload/index.ts'

function checker(schemaType: SchemaType, schema: string) {
  const compiled = compilePayload(parseSchema({ schemaType, schema }))
  return (bytes: Uint8Array): string | undefined => {
    // Not at the beginning of the array: positions must not be taken for offsets.
    const framed = Buffer.concat([Buffer.of(9, 9, 9), bytes, Buffer.of(9)])
    return compiled.fault(framed, 3, framed.length - 1)
  }
}

const ORDER = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'count', type: 'int' },
    { name: 'total', type: ['null', 'double'], default: null },
    { name: 'at', type: 'long' },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'PAID'] } },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'notes', type: { type: 'map', values: ['null', 'bytes'] } },
    { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 4 } },
    { name: 'paid', type: 'boolean' },
    { name: 'parent', type: ['null', 'Order'], default: null },
  ],
}

interface Order {
  id: string
  count: number
  total: number | null
  at: number
  state: string
  tags: string[]
  notes: Record<string, Buffer | null>
  hash: Buffer
  paid: boolean
  parent: Order | null
}

const bytes = (size: { minLength?: number; maxLength: number }) => fc.uint8Array(size).map((each) => Buffer.from(each))
const anyOrder: fc.Arbitrary<Order> = fc.letrec<{ order: Order }>((tie) => ({
  order: fc.record({
    id: fc.string({ unit: 'grapheme' }),
    count: fc.integer(),
    total: fc.option(fc.double()),
    at: fc.integer({ min: -(2 ** 50), max: 2 ** 50 }),
    state: fc.constantFrom('NEW', 'PAID'),
    tags: fc.array(fc.string(), { maxLength: 3 }),
    notes: fc.dictionary(fc.string(), fc.option(bytes({ maxLength: 5 })), { maxKeys: 3 }),
    hash: bytes({ minLength: 4, maxLength: 4 }),
    paid: fc.boolean(),
    parent: fc.option(tie('order'), { depthSize: 'small', maxDepth: 3 }) as fc.Arbitrary<Order | null>,
  }),
})).order

test('Avro: what avsc encodes is accepted, and nothing shorter or longer', () => {
  const check = checker('AVRO', JSON.stringify(ORDER))
  const type = avsc.Type.forSchema(ORDER as never, { wrapUnions: false })
  fc.assert(
    fc.property(anyOrder, fc.nat(), (order, cut) => {
      const encoded = type.toBuffer(order)
      assert.equal(check(encoded), undefined)
      assert.notEqual(check(encoded.subarray(0, cut % encoded.length)), undefined)
      assert.match(check(Buffer.concat([encoded, Buffer.of(0)]))!, /^\/: 1 bytes are left behind the value$/)
    }),
  )
})

test('any bytes are judged without an exception, in time', () => {
  const schemas: [SchemaType, string][] = [
    ['AVRO', JSON.stringify(ORDER)],
    ['AVRO', '{"type":"array","items":"null"}'],
    ['AVRO', '{"type":"map","values":{"type":"array","items":"long"}}'],
    ['JSON', '{"type":"object","additionalProperties":{"type":"number"}}'],
    ['PROTOBUF', 'syntax = "proto3"; message A { A a = 1; repeated int32 n = 2; map<string, A> m = 3; string s = 4; }'],
  ]
  const checks = schemas.map(([schemaType, schema]) => checker(schemaType, schema))
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (input) => {
      for (const check of checks) {
        const fault = check(input)
        assert.ok(fault === undefined || fault.startsWith('/'))
      }
    }),
  )
})

test('Avro: the path leads to what is wrong', () => {
  const check = checker('AVRO', JSON.stringify(ORDER))
  const type = avsc.Type.forSchema(ORDER as never, { wrapUnions: false })
  const order: Order = {
    id: 'o-1',
    count: 1,
    total: null,
    at: 1,
    state: 'NEW',
    tags: ['a', 'b'],
    notes: {},
    hash: Buffer.alloc(4),
    paid: true,
    parent: null,
  }
  const encoded = type.toBuffer(order)
  const changed = (at: number, byte: number): Buffer => {
    const copy = Buffer.from(encoded)
    copy[at] = byte
    return copy
  }
  // id: 06 o - 1 · count: 02 · total: 00 · at: 02 · state: 00 · tags: 04 02 a 02 b 00 · notes: 00 · hash · paid: 01 · parent: 00
  assert.equal(encoded.toString('hex'), '066f2d310200020004026102620000000000000100')
  assert.equal(check(changed(0, 5)), '/id: the size of a string is none')
  assert.equal(check(changed(1, 0xff)), '/id: a string is not UTF-8')
  assert.equal(check(changed(5, 4)), '/total: no branch of the union has the index that is there')
  assert.equal(check(changed(7, 8)), '/state: no symbol of State has the index that is there')
  assert.match(check(changed(11, 126))!, /^\/tags\/1: a string takes 63 bytes, and \d+ are left$/)
  assert.equal(check(changed(encoded.length - 2, 7)), '/paid: a boolean is neither 0 nor 1')
})

test('Avro: numbers of items and levels that are announced cost nothing', () => {
  const nulls = checker('AVRO', '{"type":"array","items":"null"}')
  assert.equal(nulls(Buffer.of(0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0x1f, 0)), undefined)
  const list = checker(
    'AVRO',
    '{"type":"record","name":"L","fields":[{"name":"next","type":["null","L"]},{"name":"n","type":"null"}]}',
  )
  assert.match(list(Buffer.alloc(100_000, 2))!, /values are nested deeper than 500$/)
})

test('Avro: bytes alone are raw, as Confluent’s serializers write them', () => {
  assert.equal(checker('AVRO', '"bytes"')(Buffer.from('anything')), undefined)
  assert.notEqual(checker('AVRO', '"string"')(Buffer.from('anything')), undefined)
})

test('JSON: the innermost part at fault is named', () => {
  const check = checker(
    'JSON',
    JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      title: 'Order',
      type: 'object',
      required: ['id'],
      additionalProperties: false,
      properties: {
        id: { type: 'string', pattern: '^o-[0-9]+$' },
        lines: { type: 'array', items: { $ref: '#/definitions/line' } },
        state: { enum: ['new', 'paid'] },
        total: { oneOf: [{ type: 'null' }, { type: 'integer', minimum: 0 }] },
      },
      definitions: { line: { type: 'object', properties: { count: { type: 'integer' } } } },
    }),
  )
  const json = (value: unknown) => check(Buffer.from(JSON.stringify(value)))
  assert.equal(json({ id: 'o-1', lines: [{ count: 1 }], state: 'new', total: 5 }), undefined)
  assert.equal(json({ lines: [] }), '/: the property "id" is missing')
  assert.equal(json({ id: 1 }), '/id: it is a number, not a string')
  assert.equal(json({ id: 'x' }), '/id: the string is not accepted')
  assert.equal(
    json({ id: 'o-1', lines: [{ count: 1 }, { count: 1.5 }] }),
    '/lines/1/count: the number is not accepted as an integer',
  )
  assert.equal(json({ id: 'o-1', state: 'gone' }), '/state: it is none of the 2 values of enum')
  assert.equal(json({ id: 'o-1', total: -1 }), '/total: none of oneOf accepts it')
  assert.equal(json({ id: 'o-1', more: 1 }), '/: the property "more" is not allowed')
  assert.match(check(Buffer.from('{"id":'))!, /^\/: it is not JSON: /)
  assert.equal(check(Buffer.of(0x22, 0xff, 0x22)), '/: it is not JSON: it is not UTF-8')
})

test('JSON: a pattern that backtracks without end does not hold the broker up', () => {
  const check = checker('JSON', JSON.stringify({ type: 'string', pattern: '^(a+)+$' }))
  // What cannot be told within the bounds passes.
  for (let i = 0; i < 100; i++) assert.equal(check(Buffer.from(JSON.stringify(`${'a'.repeat(40)}!`))), undefined)
  assert.equal(check(Buffer.from('"aaa"')), undefined)
  assert.notEqual(check(Buffer.from('"b"')), undefined)
})

const PROTO = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
message Order {
  string id = 1;
  sint64 total = 2;
  repeated double weights = 3;
  repeated Line lines = 4;
  map<string, Line> by_name = 5;
  oneof state { bool paid = 6; fixed32 code = 7; }
  State kind = 8;
  enum State { NEW = 0; PAID = 1; }
  message Line { string name = 1; int32 count = 2; bytes raw = 3; }
}
message Other { string text = 1; }`

test('Protobuf: what protobufjs encodes is accepted, and named by its indexes', () => {
  const plain = PROTO.replace('import "google/protobuf/timestamp.proto";', '')
  const root = protobuf.parse(plain).root
  const [order, line] = [root.lookupType('shop.Order'), root.lookupType('shop.Order.Line')]
  const compiled = compilePayload(parseSchema({ schemaType: 'PROTOBUF', schema: PROTO }))
  const anyLine = fc.record({ name: fc.string(), count: fc.integer(), raw: fc.uint8Array({ maxLength: 4 }) })
  fc.assert(
    fc.property(
      fc.record({
        id: fc.string({ unit: 'grapheme' }),
        total: fc.integer(),
        weights: fc.array(fc.double(), { maxLength: 3 }),
        lines: fc.array(anyLine, { maxLength: 3 }),
        byName: fc.dictionary(fc.string({ maxLength: 3 }), anyLine, { maxKeys: 2 }),
        code: fc.nat(),
        kind: fc.constantFrom(0, 1, 7),
      }),
      (value) => {
        const first = Buffer.concat([Buffer.of(0), order.encode(value).finish()])
        assert.equal(compiled.fault(first, 0, first.length), undefined)
        assert.equal(compiled.recordName(first, 0, first.length), 'shop.Order')
        const nested = Buffer.concat([Buffer.of(4, 0, 0), line.encode(value.lines[0] ?? {}).finish()])
        assert.equal(compiled.fault(nested, 0, nested.length), undefined)
        assert.equal(compiled.recordName(nested, 0, nested.length), 'shop.Order.Line')
      },
    ),
  )
})

test('Protobuf: wire types, UTF-8, sizes and indexes are checked; unknown fields are none of our business', () => {
  const check = checker('PROTOBUF', PROTO)
  const message = (...rest: number[]) => check(Buffer.of(0, ...rest))
  assert.equal(message(), undefined)
  assert.equal(message(0x08, 1), '/id: its wire type is 0, and should be 2')
  assert.equal(message(0x0a, 1, 0xff), '/id: a string is not UTF-8')
  assert.equal(message(0x0a, 5, 0x61), '/id: a string takes 5 bytes, and 1 are left')
  assert.equal(message(0x22, 2, 0x08, 1), '/lines/name: its wire type is 0, and should be 2')
  assert.equal(message(0x2a, 4, 0x12, 2, 0x08, 1), '/by_name/value/name: its wire type is 0, and should be 2')
  assert.equal(message(0x19, 0, 0, 0, 0, 0, 0, 0, 0), undefined, 'unpacked')
  assert.equal(message(0x1a, 7, 0, 0, 0, 0, 0, 0, 0), '/weights: a value takes 8 bytes, and 7 are left')
  assert.equal(message(0xf8, 0x07, 1), undefined, 'field 127 is unknown')
  assert.equal(message(0x00), '/: there is no field where one should begin')
  assert.equal(check(Buffer.of(2, 14)), '/: the message indexes lead to no message of the schema')
  const proto2 = checker('PROTOBUF', 'message A { required int32 n = 1; }')
  assert.equal(proto2(Buffer.of(0)), '/: the required field "n" is missing')
  assert.equal(proto2(Buffer.of(0, 8, 1)), undefined)
})

test('a server compiles what a registry answers, references included', () => {
  const compiled = schemaFormats.compile({
    schemaType: 'AVRO',
    schema: '{"type":"record","name":"Cart","fields":[{"name":"item","type":"Item"}]}',
    references: [
      {
        name: 'Item',
        subject: 'item',
        version: 1,
        schema: '{"type":"record","name":"Item","fields":[{"name":"n","type":"int"}]}',
      },
    ],
  })
  assert.equal(compiled.recordName(Buffer.of(2), 0, 1), 'Cart')
  assert.equal(compiled.fault(Buffer.of(2), 0, 1), undefined)
  assert.equal(compiled.fault(Buffer.of(), 0, 0), '/item/n: an int does not end where it should')
  assert.throws(() => schemaFormats.compile({ schemaType: 'XML', schema: '', references: [] }), /not known/)
})

test('the bench runs', () => {
  const lines: string[] = []
  run((line) => lines.push(line), 1)
  assert.equal(lines.length, 3)
})
