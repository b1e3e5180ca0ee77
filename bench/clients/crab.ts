/** kafka-crab-js: Rust over librdkafka, prebuilt. */
import { KafkaClient } from 'kafka-crab-js'
import type { ClientUnderTest } from './client.ts'

function open(bootstrap: string): KafkaClient {
  return new KafkaClient({
    brokers: bootstrap,
    clientId: 'bench',
    logLevel: 'error',
    configuration: { 'broker.address.family': 'v4' },
  })
}

export const client: ClientUnderTest = {
  openProducer({ bootstrap, topic }) {
    const producer = open(bootstrap).createProducer({ configuration: { acks: 'all' } })
    return Promise.resolve({
      sendOne: (value: Buffer) => producer.send({ topic, messages: [{ payload: value }] }),
      sendMany: (values: readonly Buffer[]) =>
        producer.send({ topic, messages: values.map((payload) => ({ payload })) }),
      close: () => producer.flush(),
    })
  },
  async consume({ bootstrap, topic }, how, onRecords) {
    const consumer = open(bootstrap).createConsumer({
      groupId: `bench-${crypto.randomUUID()}`,
      configuration: { 'auto.offset.reset': 'earliest' },
    })
    await consumer.subscribe(topic)
    if (how === 'batch') {
      for (;;) {
        const batch = await consumer.recvBatch(1000, 100)
        if (batch.length > 0 && !onRecords(batch.length)) return
      }
    }
    for (;;) if ((await consumer.recv()) !== null && !onRecords(1)) return
  },
}
