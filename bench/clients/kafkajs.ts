/** KafkaJS. */
import kafkajs from 'kafkajs'
import type { ClientUnderTest } from './client.ts'

const { Kafka, logLevel } = kafkajs

export const client: ClientUnderTest = {
  async openProducer({ bootstrap, topic }) {
    const producer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    return {
      sendOne: (value) => producer.send({ topic, acks: -1, messages: [{ value }] }),
      sendMany: (values) => producer.send({ topic, acks: -1, messages: values.map((value) => ({ value })) }),
      close: () => producer.disconnect(),
    }
  },
  async consume({ bootstrap, topic }, how, onRecords) {
    const consumer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({
      groupId: `bench-${crypto.randomUUID()}`,
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const { promise, resolve } = Promise.withResolvers<void>()
    await consumer.run(
      how === 'batch'
        ? {
            eachBatch({ batch }) {
              if (!onRecords(batch.messages.length)) resolve()
              return Promise.resolve()
            },
          }
        : {
            eachMessage() {
              if (!onRecords(1)) resolve()
              return Promise.resolve()
            },
          },
    )
    await promise
    // Not disconnected: that waits for the fetch in flight, and the process ends here.
  },
}
