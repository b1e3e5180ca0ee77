/** A worker of a group: at least once, in order per key, poison records to a dead-letter topic. */
import { Kafka } from '@braidlog/client'

await using kafka = new Kafka({ bootstrapServers: process.env['BOOTSTRAP_SERVERS'] ?? 'localhost:9092' })
await kafka.admin().createTopics([
  { name: 'jobs', partitions: 4 },
  { name: 'jobs.failed', partitions: 1 },
])
const producer = kafka.producer()
await producer.sendBatch(
  'jobs',
  ['resize', 'rotate', 'explode', 'crop'].map((value, job) => ({ key: `job-${job % 2}`, value })),
)

const consumer = kafka.consumer({ groupId: 'workers', topics: ['jobs'], autoOffsetReset: 'earliest' })
const stop = new AbortController()
let handled = 0
await consumer.run(
  { concurrency: 8, order: 'key', deadLetter: { topic: 'jobs.failed' }, signal: stop.signal },
  async (record) => {
    handled++
    if (handled === 4) stop.abort()
    const job = record.value?.toString()
    if (job === 'explode') throw new Error('boom')
    console.log(record.key?.toString(), job)
  },
)
