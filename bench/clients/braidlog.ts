/** Our own client, with its defaults. */
import { Kafka } from '@braidlog/client'
import type { ClientUnderTest } from './client.ts'

export const client: ClientUnderTest = {
  async openProducer({ bootstrap, topic }) {
    const kafka = new Kafka({ bootstrapServers: bootstrap })
    const producer = kafka.producer()
    await kafka.connect()
    return {
      sendOne: (value) => producer.send({ topic, value }),
      sendMany: (values) =>
        producer.sendBatch(
          topic,
          values.map((value) => ({ value })),
        ),
      close: () => kafka.close(),
    }
  },
  async consume({ bootstrap, topic }, how, onRecords) {
    await using kafka = new Kafka({ bootstrapServers: bootstrap })
    const consumer = kafka.consumer({
      groupId: `bench-${crypto.randomUUID()}`,
      topics: [topic],
      autoOffsetReset: 'earliest',
    })
    if (how === 'batch') {
      for await (const batch of consumer.batches()) if (!onRecords(batch.size)) return
    } else {
      for await (const _record of consumer.records()) if (!onRecords(1)) return
    }
  },
}
