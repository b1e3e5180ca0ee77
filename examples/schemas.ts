/** Values with schemas: written by one version of a program, read by the next; what cannot be read goes to a dead letter topic. */
import { Kafka, topic, string } from '@braidlog/client'
import { avro, RegistryClient } from '@braidlog/schema-registry/serdes'

const registry = new RegistryClient(process.env['SCHEMA_REGISTRY_URL'] ?? 'http://localhost:8081')
await using kafka = new Kafka({ bootstrapServers: process.env['BOOTSTRAP_SERVERS'] ?? 'localhost:9092' })

// The schema is the type: `{ id: string; cents: bigint }`.
const orderV1 = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'cents', type: 'long' },
  ],
} as const
const producer = kafka.producer()
const ordersV1 = topic('orders', { key: string(), value: avro(registry, { schema: orderV1 }) })
await producer.send(ordersV1, { key: 'o-1', value: { id: 'o-1', cents: 4200n } })
await producer.send({ topic: 'orders', key: 'o-2', value: 'written without a schema' })

// The next version has a field more. Its default is what the order above is read with.
const orderV2 = {
  ...orderV1,
  fields: [...orderV1.fields, { name: 'currency', type: 'string', default: 'EUR' }],
} as const
const ordersV2 = topic('orders', { key: string(), value: avro(registry, { schema: orderV2 }) })
await producer.send(ordersV2, { key: 'o-3', value: { id: 'o-3', cents: 700n, currency: 'CHF' } })

const consumer = kafka.consumer({
  groupId: 'billing',
  topics: ['orders'],
  autoOffsetReset: 'earliest',
  key: ordersV2.key,
  value: ordersV2.value,
  onDeserializationError: { deadLetter: { topic: 'orders.failed' } },
})
let count = 0
for await (const { key, value } of consumer) {
  console.log(key, value?.cents, value?.currency)
  if (++count === 2) break
}
await consumer.close()

const letters = kafka.reader({ assign: ['orders.failed'], until: 'end' })
for await (const { headers } of letters) console.log('failed', headers.text('dlq.offset'), headers.text('dlq.reason'))
