/** Ten lines: send two records, read them back. */
import { json, Kafka, string } from '@braidlog/client'

await using kafka = new Kafka({ bootstrapServers: process.env['BOOTSTRAP_SERVERS'] ?? 'localhost:9092' })
const producer = kafka.producer({ key: string(), value: json<{ total: number }>() })
await producer.send({ topic: 'orders', key: 'o-1', value: { total: 42 } })
await producer.send({ topic: 'orders', key: 'o-2', value: { total: 7 } })

const reader = kafka.reader({ assign: ['orders'], until: 'end', key: string(), value: json<{ total: number }>() })
for await (const record of reader) console.log(record.key, record.value?.total)
