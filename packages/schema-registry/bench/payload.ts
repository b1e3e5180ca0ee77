/** What the check of a payload costs: ns per record, minimum of rounds. `node packages/schema-registry/bench/payload.ts` */
import avsc from 'avsc'
import protobuf from 'protobufjs'
import { parseSchema, type SchemaType } from '../src/formats/index.ts'
import { compilePayload } from '../src/payload/index.ts'

const ORDER = {
  id: 'order-000001',
  customer: 'customer-42',
  total: 1999,
  currency: 'EUR',
  express: true,
  note: 'leave it at the door',
}
const ROUNDS = 30
const RECORDS = 2_000

const AVRO = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'customer', type: 'string' },
    { name: 'total', type: 'long' },
    { name: 'currency', type: { type: 'enum', name: 'Currency', symbols: ['EUR', 'USD'] } },
    { name: 'express', type: 'boolean' },
    { name: 'note', type: ['null', 'string'] },
  ],
}
const JSON_SCHEMA = {
  type: 'object',
  required: ['id', 'total'],
  additionalProperties: false,
  properties: {
    id: { type: 'string' },
    customer: { type: 'string' },
    total: { type: 'integer' },
    currency: { enum: ['EUR', 'USD'] },
    express: { type: 'boolean' },
    note: { type: 'string' },
  },
}
const PROTO = `syntax = "proto3";
message Order { string id = 1; string customer = 2; int64 total = 3; Currency currency = 4; bool express = 5; string note = 6; }
enum Currency { EUR = 0; USD = 1; }`

export function run(say: (text: string) => void, rounds = ROUNDS): void {
  const message = protobuf.parse(PROTO).root.lookupType('Order')
  const encoded = message.encode({ ...ORDER, currency: 1 }).finish()
  const cases: readonly (readonly [SchemaType, string, Uint8Array])[] = [
    ['AVRO', JSON.stringify(AVRO), avsc.Type.forSchema(AVRO as never, { wrapUnions: false }).toBuffer(ORDER)],
    ['PROTOBUF', PROTO, Buffer.concat([Buffer.of(0), encoded])],
    ['JSON', JSON.stringify(JSON_SCHEMA), Buffer.from(JSON.stringify(ORDER))],
  ]
  const compiled = cases.map(([schemaType, schema]) => compilePayload(parseSchema({ schemaType, schema })))
  const best = cases.map(() => Infinity)
  for (let round = 0; round < rounds; round++) {
    for (const [i, [schemaType, , bytes]] of cases.entries()) {
      const payload = compiled[i]!
      const startMs = performance.now()
      for (let n = 0; n < RECORDS; n++)
        if (payload.fault(bytes, 0, bytes.length) !== undefined) throw new Error(schemaType)
      best[i] = Math.min(best[i]!, performance.now() - startMs)
    }
  }
  for (const [i, [schemaType, , bytes]] of cases.entries()) {
    say(`${((best[i]! * 1e6) / RECORDS).toFixed(0).padStart(6)} ns  ${schemaType}, ${bytes.length} bytes`)
  }
}

if (import.meta.main) run((text) => console.log(text))
