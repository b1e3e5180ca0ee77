/** A broker that checks records, under KafkaJS and its registry client: what that encodes passes, in all formats; else it is told why. */
import assert from 'node:assert/strict'
import { createServer, type AddressInfo } from 'node:net'
import { after, before, test } from 'node:test'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { Kafka, logLevel, type Producer } from 'kafkajs'
import { MemoryStorage } from '@braidlog/base'
import { startRegistry, type Registry } from '@braidlog/schema-registry'
import { schemaFormats } from '@braidlog/schema-registry/payload'
import { startServer, type Server } from '@braidlog/server'

let server: Server
let registry: Registry
let client: SchemaRegistry
let producer: Producer
let kafka: Kafka
before(async () => {
  const port = await unusedPort()
  server = await startServer({
    format: true,
    storage: new MemoryStorage(),
    config: {
      'log.dirs': '/data',
      listeners: 'PLAINTEXT://127.0.0.1:0',
      'offsets.topic.num.partitions': 1,
      'confluent.schema.registry.url': `http://127.0.0.1:${port}`,
    },
    schemaFormats: async () => schemaFormats,
  })
  registry = await startRegistry({ kafka: { bootstrapServers: server.bootstrapServers }, port, replicationFactor: 1 })
  client = new SchemaRegistry({ host: registry.url })
  kafka = new Kafka({ brokers: [server.bootstrapServers], logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  producer = kafka.producer()
  await producer.connect()
})
after(async () => {
  await producer?.disconnect()
  await registry?.close()
  await server?.close()
})

function unusedPort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => done(port))
    })
  })
}

async function guardedTopic(topic: string): Promise<void> {
  const admin = kafka.admin()
  await admin.connect()
  const configEntries = [{ name: 'braidlog.value.schema.payload.validation', value: 'true' }]
  await admin.createTopics({ topics: [{ topic, numPartitions: 1, configEntries }] })
  await admin.disconnect()
}

const schemas = {
  AVRO: JSON.stringify({
    type: 'record',
    name: 'Order',
    namespace: 'shop',
    fields: [
      { name: 'id', type: 'string' },
      { name: 'total', type: ['null', 'long'] },
    ],
  }),
  JSON: JSON.stringify({ type: 'object', properties: { id: { type: 'string' } }, required: ['id'] }),
  PROTOBUF: 'syntax = "proto3"; package shop; message Order { string id = 1; sint64 total = 2; }',
}

for (const type of [SchemaType.AVRO, SchemaType.JSON, SchemaType.PROTOBUF] as const) {
  test(`${type}: what is encoded passes; a payload that is cut does not`, async () => {
    const topic = `orders.${type.toLowerCase()}`
    await guardedTopic(topic)
    const { id } = await client.register({ type, schema: schemas[type] } as never, { subject: `${topic}-value` })
    const encoded = await client.encode(id, { id: 'o-1', total: 42 })
    // It leaves out the message indexes, so that nobody but itself can read what it writes; they are put in here.
    const value = type === SchemaType.PROTOBUF ? withIndexes(encoded) : encoded
    if (value !== encoded) await assert.rejects(producer.send({ topic, messages: [{ value: encoded }] }), refused)
    const [sent] = await producer.send({ topic, messages: [{ value }, { value: null }] })
    assert.deepEqual([sent!.errorCode, sent!.baseOffset], [0, '0'])
    await assert.rejects(producer.send({ topic, messages: [{ value: value.subarray(0, -1) }] }), refused)
    await assert.rejects(producer.send({ topic, messages: [{ value: '{"id":"o-1"}' }] }), refused)
  })
}

const refused = (error: unknown): boolean => (error as { readonly type?: unknown }).type === 'INVALID_RECORD'

function withIndexes(encoded: Buffer): Buffer {
  return Buffer.concat([encoded.subarray(0, 5), Buffer.of(0), encoded.subarray(5)])
}
