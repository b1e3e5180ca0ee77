/** KafkaJS. Of the codecs it has gzip; the others need packages that its users must find and register. */
import kafkajs from 'kafkajs'
import type { ClientUnderTest } from './client.ts'

const { CompressionTypes, Kafka, logLevel } = kafkajs

export const client: ClientUnderTest = {
  codecs: ['none', 'gzip'],
  produceWays: ['single', 'batches'],
  consumeWays: ['batch', 'record', 'json'],
  async openProducer({ bootstrap, topic }, codec) {
    const producer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).producer()
    await producer.connect()
    const compression = codec === 'gzip' ? CompressionTypes.GZIP : CompressionTypes.None
    return {
      sendOne: (value) => producer.send({ topic, acks: -1, compression, messages: [{ value }] }),
      sendMany: (values) =>
        producer.send({ topic, acks: -1, compression, messages: values.map((value) => ({ value })) }),
      close: () => producer.disconnect(),
    }
  },
  async consume({ bootstrap, topic }, way, onRecords) {
    const consumer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({
      groupId: `bench-${crypto.randomUUID()}`,
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    const { promise, resolve } = Promise.withResolvers<void>()
    await consumer.run(
      way === 'record'
        ? {
            eachMessage({ message }) {
              if (message.value!.length === 0 || !onRecords(1)) resolve()
              return Promise.resolve()
            },
          }
        : {
            eachBatch({ batch }) {
              let seen = 0
              for (const { value } of batch.messages) {
                if (way === 'json' ? JSON.parse(value!.toString()) !== null : value!.length > 0) seen++
              }
              if (!onRecords(seen)) resolve()
              return Promise.resolve()
            },
          },
    )
    await promise
    // Not disconnected: that waits for the fetch in flight, and the process ends here.
  },
  async consumeSlowly({ bootstrap, topic }, onRecord) {
    const consumer = new Kafka({ brokers: [bootstrap], logLevel: logLevel.NOTHING }).consumer({
      groupId: `bench-${crypto.randomUUID()}`,
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ eachMessage: onRecord })
    await new Promise(() => {})
  },
}
