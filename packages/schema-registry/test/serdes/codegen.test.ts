/**
 * Generated TypeScript, held against golden files that are modules of their own: `npm run types` checks that they compile, and
 * `UPDATE_GOLDEN=1` writes them anew.
 */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import test from 'node:test'
import fc from 'fast-check'
import { generate, type CodegenOptions, type CodegenSchema } from '../../src/serdes/codegen/index.ts'
import { avroSchema } from '../formats/avro-generator.ts'
import { protoFile } from '../formats/protobuf-generator.ts'

function golden(schema: CodegenSchema, options?: CodegenOptions): void {
  const { path, text } = generate(schema, options)
  const file = new URL(`golden/${path}`, import.meta.url)
  if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(file, text)
  assert.equal(text, readFileSync(file, 'utf8'))
}

test('Avro: records, enums, logical types, unions that are unwrapped and unions that are not', () => {
  const schema = {
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    doc: 'What somebody bought.',
    fields: [
      { name: 'id', type: 'string', doc: 'Unique.' },
      { name: 'placed', type: { type: 'long', logicalType: 'timestamp-millis' } },
      { name: 'total', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
      { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'PAID'] } },
      { name: 'note', type: ['null', 'string'], default: null },
      {
        name: 'lines',
        type: {
          type: 'array',
          items: {
            type: 'record',
            name: 'Line',
            fields: [
              { name: 'sku', type: 'string' },
              { name: 'parent', type: ['null', 'Line'] },
            ],
          },
        },
      },
      {
        name: 'payment',
        type: [
          { type: 'record', name: 'Card', fields: [] },
          { type: 'record', name: 'Cash', fields: [] },
        ],
      },
      { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 4 } },
      { name: 'sequence', type: 'long' },
      { name: 'rates', type: { type: 'map', values: ['int', 'string'] } },
    ],
  }
  golden({ name: 'avro-order', origin: 'order.avsc', schemaType: 'AVRO', schema: JSON.stringify(schema, null, 2) })
})

test('Avro: a schema without a name is called after its file; longs as numbers', () => {
  golden(
    {
      name: 'avro-longs',
      origin: 'longs.avsc',
      schemaType: 'AVRO',
      schema: '{"type": "array", "items": ["null", "long"]}',
    },
    { long: 'number' },
  )
})

test('JSON Schema: required and optional members, definitions, enums, combinations, tuples', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'customer',
    description: 'Who buys.',
    type: 'object',
    required: ['id', 'address'],
    properties: {
      id: { type: ['string', 'integer'], description: 'Unique.' },
      address: { $ref: '#/$defs/address' },
      kind: { enum: ['person', 'company', null] },
      tags: { type: 'array', items: { type: 'string' } },
      pair: { prefixItems: [{ type: 'string' }, { type: 'number' }], type: 'array', items: false },
      any: { anyOf: [{ type: 'string' }, { $ref: '#/$defs/address' }] },
      friends: { type: 'array', items: { $ref: '#' } },
      'odd-name': { type: 'object', properties: { inner: { const: 5 } } },
      more: { type: 'object', additionalProperties: { type: 'boolean' } },
    },
    $defs: { address: { type: 'object', required: ['city'], properties: { city: { type: 'string' } } } },
  }
  golden({
    name: 'json-customer',
    origin: 'customer.schema.json',
    schemaType: 'JSON',
    schema: JSON.stringify(schema, null, 2),
  })
})

test('Protobuf: messages, nested ones, enums, oneofs, maps, well-known types', () => {
  const schema = `syntax = "proto3";
package shop;
import "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";
import "google/protobuf/struct.proto";

message Order {
  string id = 1;
  int64 cents = 2;
  optional string note = 3;
  repeated Line lines = 4;
  map<string, double> rates = 5;
  oneof payment {
    string card = 6;
    bool cash = 7;
  }
  google.protobuf.Timestamp placed = 8;
  google.protobuf.StringValue coupon = 9;
  google.protobuf.Struct extra = 10;
  State state = 11;

  message Line {
    string stock_unit = 1;
    bytes image = 2;
  }
}

enum State {
  NEW = 0;
  PAID = 1;
}

message Refund {
  string id = 1;
}
`
  golden({ name: 'protobuf-order', origin: 'order.proto', schemaType: 'PROTOBUF', schema })
})

test('a reference is named with its subject', () => {
  const references = [
    {
      name: 'shop.Line',
      subject: 'line',
      version: 3,
      schema: '{"type":"record","name":"shop.Line","fields":[{"name":"sku","type":"string"}]}',
    },
  ]
  golden({
    name: 'avro-references',
    origin: 'subject carts-value, version 1',
    schemaType: 'AVRO',
    schema: '{"type": "record", "name": "Cart", "fields": [{"name": "line", "type": "shop.Line"}]}',
    references,
  })
})

test('text in schemas stays text in the program', () => {
  const schema = {
    title: "it's */ `${process.exit()}`",
    type: 'object',
    properties: { "a'b\\": { const: "'" } },
    description: '*/ process.exit() /*',
  }
  const { text } = generate({ name: '../../x y', origin: 'x', schemaType: 'JSON', schema: JSON.stringify(schema) })
  assert.equal(generate({ name: '../../x y', origin: 'x', schemaType: 'JSON', schema: '{}' }).path, '.._.._x_y.ts')
  assert.ok(!text.slice(0, text.indexOf('Schema = `')).includes('*/ process'))
  assert.ok(text.includes('\\${process.exit()}'))
  assert.ok(text.includes("'a\\'b\\\\'"))
})

test('the same schema gives the same text, whatever it is', () => {
  fc.assert(
    fc.property(avroSchema(), protoFile(), (avro, proto) => {
      for (const schema of [
        { name: 'a', origin: 'a', schemaType: 'AVRO', schema: JSON.stringify(avro) },
        { name: 'p', origin: 'p', schemaType: 'PROTOBUF', schema: proto },
      ] as const) {
        assert.equal(generate(schema).text, generate(schema).text)
      }
    }),
    { numRuns: 100 },
  )
})
