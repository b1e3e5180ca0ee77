/** @kafkajs/confluent-schema-registry, unchanged, against our registry on the peer: Braidlog, or Apache Kafka. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { COMPATIBILITY, SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { startRegistry, type Registry } from '@braidlog/schema-registry'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

let server: PeerServer
let registry: Registry
let client: SchemaRegistry
before(async () => {
  server = await startPeerServer()
  registry = await startRegistry({ kafka: { bootstrapServers: server.bootstrap }, port: 0 })
  client = new SchemaRegistry({ host: registry.url })
})
after(async () => {
  await registry?.close()
  await server?.stop()
})

const order = (...fields: object[]): string =>
  JSON.stringify({ type: 'record', name: 'Order', namespace: 'shop', fields })

test('Avro: registered, encoded, decoded', async () => {
  const schema = order({ name: 'id', type: 'string' })
  const { id } = await client.register({ type: SchemaType.AVRO, schema }, { subject: 'orders-value' })
  const payload = await client.encode(id, { id: 'o-1' })
  assert.equal(payload.readInt32BE(1), id)
  assert.deepEqual({ ...(await client.decode(payload)) }, { id: 'o-1' })
  assert.equal(await client.getLatestSchemaId('orders-value'), id)
  assert.equal(await client.getRegistryId('orders-value', 1), id)
})

test('the same schema has the same id, and an incompatible one is refused', async () => {
  const subject = 'evolving-value'
  const options = { subject, compatibility: COMPATIBILITY.BACKWARD }
  const first = await client.register({ type: SchemaType.AVRO, schema: order({ name: 'a', type: 'int' }) }, options)
  const again = await client.register({ type: SchemaType.AVRO, schema: order({ name: 'a', type: 'int' }) }, options)
  assert.equal(again.id, first.id)
  const broken = order({ name: 'a', type: 'int' }, { name: 'b', type: 'int' })
  await assert.rejects(client.register({ type: SchemaType.AVRO, schema: broken }, options), /incompatible/)
})

test('JSON Schema: registered, encoded, and what does not fit is refused by the client', async () => {
  const schema = JSON.stringify({ type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] })
  const { id } = await client.register({ type: SchemaType.JSON, schema }, { subject: 'json-value' })
  assert.deepEqual(await client.decode(await client.encode(id, { n: 1 })), { n: 1 })
  await assert.rejects(client.encode(id, { n: 'one' }))
})

test('Protobuf with a reference: registered, encoded, decoded', async () => {
  const inner = 'syntax = "proto3";\npackage shop;\nmessage Item { string sku = 1; }'
  await client.register({ type: SchemaType.PROTOBUF, schema: inner }, { subject: 'shop/item.proto' })
  const schema = 'syntax = "proto3";\npackage shop;\nimport "shop/item.proto";\nmessage Cart { Item item = 1; }'
  const references = [{ name: 'shop/item.proto', subject: 'shop/item.proto', version: 1 }]
  const { id } = await client.register({ type: SchemaType.PROTOBUF, schema, references }, { subject: 'carts-value' })
  const cart = { item: { sku: 's-1' } }
  const decoded = (await client.decode(await client.encode(id, cart))) as unknown
  assert.deepEqual(JSON.parse(JSON.stringify(decoded)), cart)
})
