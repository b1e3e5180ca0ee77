/** @platformatic/kafka. It has no batches of its own; the stream hands out single messages. */
import { Consumer, Producer } from '@platformatic/kafka'
import type { ClientUnderTest } from './client.ts'

const base = { clientId: 'bench', retries: 10 }

export const client: ClientUnderTest = {
  async openProducer({ bootstrap, topic }) {
    const producer = new Producer({ ...base, bootstrapBrokers: [bootstrap] })
    await producer.metadata({ topics: [topic] })
    return {
      sendOne: (value) => producer.send({ acks: -1, messages: [{ topic, value }] }),
      sendMany: (values) => producer.send({ acks: -1, messages: values.map((value) => ({ topic, value })) }),
      close: () => producer.close(),
    }
  },
  async consume({ bootstrap, topic }, how, onRecords) {
    const consumer = new Consumer({ ...base, bootstrapBrokers: [bootstrap], groupId: `bench-${crypto.randomUUID()}` })
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: true })
    const { promise, resolve } = Promise.withResolvers<void>()
    if (how === 'batch') {
      // Its fastest way: events without an asynchronous iteration between them.
      stream.on('data', () => {
        if (!onRecords(1)) resolve()
      })
      await promise
    } else {
      for await (const _message of stream) if (!onRecords(1)) return
    }
  },
}
