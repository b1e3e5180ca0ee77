/** Schemas told apart part by part, and the findings of lint: tables of schema and outcome. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  changesBetween,
  LINT_RULES,
  lintSchema,
  parseSchema,
  type ParsedSchema,
  type SchemaType,
} from '../src/review/index.ts'

function parsed(schemaType: SchemaType, schema: string | object): ParsedSchema {
  return parseSchema({ schemaType, schema: typeof schema === 'string' ? schema : JSON.stringify(schema) })
}

/** `+ path`, `- path`, `~ path attribute: from -> to`, each with what it breaks. */
function told(schemaType: SchemaType, from: string | object, to: string | object): string[] {
  const signs = { added: '+', removed: '-', changed: '~' }
  return changesBetween(parsed(schemaType, from), parsed(schemaType, to)).map(
    ({ change, path, attributes, backward, forward }) => {
      const details =
        change === 'changed' ? attributes.map((each) => ` ${each.attribute}: ${each.from} -> ${each.to}`) : []
      const breaks = [...(backward.length > 0 ? ['backward'] : []), ...(forward.length > 0 ? ['forward'] : [])]
      return `${signs[change]} ${path}${details.join(',')}${breaks.length > 0 ? ` breaks ${breaks.join(', ')}` : ''}`
    },
  )
}

const order = (...fields: object[]) => ({ type: 'record', name: 'Order', namespace: 'shop', fields })
const id = { name: 'id', type: 'string' }
const state = (...symbols: string[]) => ({ name: 'state', type: { type: 'enum', name: 'State', symbols } })

test('Avro: every change is named and judged in both directions', () => {
  assert.deepEqual(told('AVRO', order(id), order(id)), [])
  assert.deepEqual(told('AVRO', order(id), order(id, { name: 'total', type: 'int' })), [
    '+ shop.Order.total breaks backward',
  ])
  assert.deepEqual(told('AVRO', order(id), order(id, { name: 'total', type: 'int', default: 0 })), [
    '+ shop.Order.total',
  ])
  assert.deepEqual(told('AVRO', order(id, { name: 'total', type: 'int' }), order(id)), [
    '- shop.Order.total breaks forward',
  ])
  assert.deepEqual(
    told('AVRO', order({ name: 'total', type: 'int' }), order({ name: 'total', type: 'long', doc: 'in cents' })),
    ['~ shop.Order.total type: int -> long, doc: null -> in cents breaks forward'],
  )
  assert.deepEqual(told('AVRO', order(state('A', 'B')), order(state('A', 'C'))), [
    '+ shop.State.C breaks forward',
    '- shop.State.B breaks backward',
  ])
})

test('JSON Schema: keywords are the attributes of the schemas they stand in', () => {
  const object = (properties: object, more: object = {}) => ({
    type: 'object',
    additionalProperties: false,
    properties,
    ...more,
  })
  assert.deepEqual(
    told(
      'JSON',
      object({ a: { type: 'string' } }),
      object({ a: { type: 'string', maxLength: 5 }, b: { type: 'null' } }),
    ),
    ['~ #/properties/a maxLength: null -> 5 breaks backward', '+ #/properties/b breaks forward'],
  )
  assert.deepEqual(told('JSON', object({ a: {} }), object({ a: {} }, { required: ['a'] })), [
    '~ # required: null -> ["a"] breaks backward',
  ])
})

test('Protobuf: a field is its number; a new name breaks nobody', () => {
  const file = (body: string) => `syntax = "proto3"; package shop; message Order { ${body} }`
  assert.deepEqual(told('PROTOBUF', file('string id = 1;'), file('string key = 1; int32 n = 2;')), [
    '~ shop.Order.1 name: id -> key',
    '+ shop.Order.2',
  ])
  assert.deepEqual(told('PROTOBUF', file('string id = 1;'), file('int32 id = 1;')), [
    '~ shop.Order.1 type: string -> int32 breaks backward, forward',
  ])
  assert.deepEqual(
    told('PROTOBUF', file('string a = 1;'), 'syntax = "proto3"; package shop; message Other { }').length,
    3,
  )
})

test('another format is one change that breaks everybody', () => {
  const [change, ...more] = changesBetween(parsed('AVRO', '"int"'), parsed('JSON', '{}'))
  assert.deepEqual([more.length, change!.backward.length, change!.forward.length], [0, 1, 1])
})

const rules = (schemaType: SchemaType, schema: string | object) =>
  lintSchema(parsed(schemaType, schema)).map(({ rule, path }) => `${rule} ${path}`)

test('lint: Avro', () => {
  const clean = {
    ...order({ ...id, doc: 'd' }, { name: 'note', doc: 'd', type: ['null', 'string'], default: null }),
    doc: 'An order.',
  }
  assert.deepEqual(rules('AVRO', clean), [])
  assert.deepEqual(
    rules('AVRO', {
      type: 'record',
      name: 'order',
      fields: [
        { name: 'orderId', type: 'string' },
        { name: 'unit_price', type: ['null', 'int'] },
        { name: 'line_count', type: ['null', 'int'], default: 0 },
        { name: 'state', type: { type: 'enum', name: 'State', symbols: ['new', 'OLD'] } },
      ],
    }),
    [
      'naming order',
      'missing-namespace order',
      'missing-doc order',
      'missing-doc order.orderId',
      'missing-doc order.unit_price',
      'optional-without-default order.unit_price',
      'missing-doc order.line_count',
      'default-not-first order.line_count',
      'missing-doc order.state',
      'naming order.orderId',
      'missing-namespace State',
      'missing-doc State',
      'enum-without-default State',
      'naming State.new',
    ],
  )
})

test('lint: JSON Schema', () => {
  const clean = {
    title: 'Order',
    type: 'object',
    properties: { id: { type: 'string', description: 'd' } },
    required: ['id'],
  }
  assert.deepEqual(rules('JSON', clean), [])
  assert.deepEqual(
    rules('JSON', {
      type: 'object',
      properties: { a_b: {}, c_d: { $ref: '#' }, eF: { const: 1 } },
      required: ['gone'],
    }),
    [
      'missing-title #',
      'missing-type #/properties/a_b',
      'missing-doc #/properties/a_b',
      'missing-doc #/properties/eF',
      'naming #/properties/eF',
      'required-undeclared #',
    ],
  )
})

test('lint: Protobuf', () => {
  const clean = `syntax = "proto3"; package shop;
    message Order { reserved 2, 4 to 6; string order_id = 1; int32 n = 3; bytes raw = 7; }
    enum State { STATE_UNSPECIFIED = 0; STATE_NEW = 1; }`
  assert.deepEqual(rules('PROTOBUF', clean), [])
  assert.deepEqual(
    rules('PROTOBUF', 'message order { required string orderId = 1; optional int32 n = 4; } enum E { a = 1; }'),
    [
      'missing-syntax /',
      'missing-namespace /',
      'naming order',
      'naming order.1',
      'required-field order.1',
      'unreserved-gap order.4',
      'naming E.a',
    ],
  )
  assert.deepEqual(rules('PROTOBUF', 'syntax = "proto3"; package p; enum E { FIRST = 0; }'), ['enum-zero p.E'])
})

test('severities can be changed, and rules switched off', () => {
  const schema = parsed('AVRO', order(id))
  const off = lintSchema(schema, { 'missing-doc': 'off' })
  assert.deepEqual(off, [])
  assert.ok(lintSchema(schema, { 'missing-doc': 'error' }).every(({ severity }) => severity === 'error'))
  for (const { doc } of Object.values(LINT_RULES)) assert.match(doc, /\.$/)
})
