/** Looking after a cluster: create, describe, change, delete; every item's outcome is kept. */
import { Kafka, KafkaError } from '@braidlog/client'

await using kafka = new Kafka({ bootstrapServers: process.env['BOOTSTRAP_SERVERS'] ?? 'localhost:9092' })
const admin = kafka.admin()

await admin.createTopics([{ name: 'events', partitions: 2, configs: { 'retention.ms': 3_600_000 } }])
await admin.incrementalAlterConfigs([
  { type: 'topic', name: 'events', changes: [{ name: 'retention.ms', op: 'set', value: 7_200_000 }] },
])
const [events] = await admin.describeConfigs([{ type: 'topic', name: 'events', names: ['retention.ms'] }])
console.log('retention.ms', events?.entries[0]?.value)

try {
  await admin.createTopics([{ name: 'events' }, { name: 'not a name' }])
} catch (error) {
  if (!KafkaError.is(error)) throw error
  for (const { item, error: problem } of error.details) console.log(item, problem?.code ?? 'created')
}
await admin.deleteTopics(['events'])
