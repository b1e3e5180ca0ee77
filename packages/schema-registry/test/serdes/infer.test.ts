/** Types of literal schemas: wrong ones do not compile. The test runs nothing; `npm run types` is what holds it. */
import test from 'node:test'
import {
  avro,
  jsonSchema,
  RegistryClient,
  type Decimal,
  type InferAvro,
  type InferJson,
} from '../../src/serdes/index.ts'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const same = <A, B>(isSame: Equal<A, B>): void => void isSame
/** Shows an intersection or mapped type as one object. */
type Flat<T> = T extends Date | Uint8Array | Decimal | bigint
  ? T
  : T extends object
    ? { [K in keyof T]: Flat<T[K]> }
    : T

const order = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'at', type: 'long' },
    { name: 'total', type: { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 } },
    { name: 'day', type: { type: 'int', logicalType: 'date' } },
    { name: 'note', type: ['null', 'string'], default: null },
    { name: 'state', type: { type: 'enum', name: 'State', symbols: ['NEW', 'PAID'] } },
    {
      name: 'lines',
      type: {
        type: 'array',
        items: {
          type: 'record',
          name: 'Line',
          fields: [
            { name: 'sku', type: 'string' },
            { name: 'n', type: 'int' },
          ],
        },
      },
    },
    { name: 'first', type: ['null', 'Line'] },
    { name: 'by', type: { type: 'map', values: 'double' } },
    { name: 'raw', type: { type: 'fixed', name: 'Raw', size: 4 } },
  ],
} as const

interface Line {
  sku: string
  n: number
}

interface Order {
  id: string
  at: bigint
  total: Decimal
  day: Date
  note: string | null
  state: 'NEW' | 'PAID'
  lines: Line[]
  first: Line | null
  by: { [name: string]: number }
  raw: Uint8Array
}

test('a literal schema has a type', () => {
  same<Flat<InferAvro<typeof order>>, Flat<Order>>(true)
  same<InferAvro<'long', { long: 'number' }>, number>(true)
  same<InferAvro<'long'>, bigint>(true)
  same<InferAvro<{ type: 'int'; logicalType: 'date' }, { logicalTypes: false }>, number>(true)
  same<InferAvro<string>, unknown>(true)
})

test('unions that cannot be told apart name their branch', () => {
  type A = {
    readonly type: 'record'
    readonly name: 'A'
    readonly namespace: 'ns'
    readonly fields: readonly [{ readonly name: 'x'; readonly type: 'int' }]
  }
  type B = { readonly type: 'record'; readonly name: 'other.B'; readonly fields: readonly [] }
  same<Flat<InferAvro<readonly ['null', A, B]>>, null | { 'ns.A': { x: number } } | { 'other.B': {} }>(true)
  same<InferAvro<readonly ['int', 'long']>, number | bigint>(true)
  same<Flat<InferAvro<readonly ['int', 'double']>>, { int: number } | { double: number }>(true)
})

test('a recursive schema has a recursive type', () => {
  type Node = {
    readonly type: 'record'
    readonly name: 'Node'
    readonly fields: readonly [
      { readonly name: 'value'; readonly type: 'int' },
      { readonly name: 'next'; readonly type: readonly ['null', 'Node'] },
    ]
  }
  const list: InferAvro<Node> = { value: 1, next: { value: 2, next: { value: 3, next: null } } }
  // @ts-expect-error -- the third value is text
  const wrong: InferAvro<Node> = { value: 1, next: { value: 2, next: { value: '3', next: null } } }
  void [list, wrong]
})

test('avro() takes and gives values of its schema', () => {
  const registry = new RegistryClient('http://localhost:1')
  const serde = avro(registry, {
    schema: { type: 'record', name: 'R', fields: [{ name: 'n', type: 'long' }] },
    long: 'number',
  })
  same<Flat<Parameters<typeof serde.serialize>[0]>, { n: number }>(true)
  const said = avro<{ a: string }>(registry, { use: 'latest' })
  same<Parameters<typeof said.serialize>[0], { a: string }>(true)
})

const customer = {
  type: 'object',
  required: ['id', 'address'],
  properties: {
    id: { type: ['string', 'integer'] },
    address: { $ref: '#/$defs/address' },
    kind: { enum: ['person', 'company'] },
    tags: { type: 'array', items: { type: 'string' } },
    friends: { type: 'array', items: { $ref: '#' } },
    pair: { type: 'array', prefixItems: [{ type: 'string' }, { const: 5 }] },
    any: { oneOf: [{ type: 'null' }, { type: 'object', additionalProperties: { type: 'number' } }] },
  },
  $defs: { address: { type: 'object', required: ['city'], properties: { city: { type: 'string' } } } },
} as const

interface Customer {
  id: string | number
  address: { city: string }
  kind?: 'person' | 'company'
  tags?: string[]
  friends?: Customer[]
  pair?: [string, 5]
  any?: null | { [name: string]: number }
}

test('a literal JSON Schema has a type', () => {
  const ada: Customer = { id: 1, address: { city: 'London' } }
  const one: InferJson<typeof customer> = { ...ada, friends: [{ ...ada, pair: ['x', 5] }] }
  const other: Customer = one
  // @ts-expect-error -- the address is required
  const without: InferJson<typeof customer> = { id: 1 }
  // @ts-expect-error -- a friend's kind is none of the two
  const wrong: InferJson<typeof customer> = { ...ada, friends: [{ ...ada, kind: 'robot' }] }
  same<InferJson<{ type: 'integer' }>, number>(true)
  same<InferJson<true>, unknown>(true)
  const serde = jsonSchema(new RegistryClient('http://localhost:1'), {
    schema: { type: 'array', items: { type: 'string' } },
  })
  same<Parameters<typeof serde.serialize>[0], string[]>(true)
  void [other, without, wrong]
})
