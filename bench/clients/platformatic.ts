/** @platformatic/kafka. It has no batches of its own; its stream hands out single messages, fastest as events. */
import { Readable } from 'node:stream'
import { Consumer, jsonDeserializer, Producer } from '@platformatic/kafka'
import { codecs, type ClientUnderTest } from './client.ts'

const base = { clientId: 'bench', retries: 10 }

export const client: ClientUnderTest = {
  codecs,
  produceWays: ['single', 'batches'],
  consumeWays: ['batch', 'record', 'json', 'node-stream', 'web-stream'],
  async openProducer({ bootstrap, topic }, codec) {
    const producer = new Producer({ ...base, bootstrapBrokers: [bootstrap] })
    await producer.metadata({ topics: [topic] })
    const options = { acks: -1, compression: codec }
    return {
      sendOne: (value) => producer.send({ ...options, messages: [{ topic, value }] }),
      sendMany: (values) => producer.send({ ...options, messages: values.map((value) => ({ topic, value })) }),
      close: () => producer.close(),
    }
  },
  async consume({ bootstrap, topic }, way, onRecords) {
    const options = { ...base, bootstrapBrokers: [bootstrap], groupId: `bench-${crypto.randomUUID()}` }
    const consumeOptions = { topics: [topic], mode: 'earliest' as const, autocommit: true }
    const { promise, resolve } = Promise.withResolvers<void>()
    if (way === 'json') {
      const consumer = new Consumer({ ...options, deserializers: { value: (bytes) => jsonDeserializer(bytes) } })
      const stream = await consumer.consume(consumeOptions)
      stream.on('data', ({ value }) => {
        if (value === null || !onRecords(1)) resolve()
      })
      return promise
    }
    const consumer = new Consumer(options)
    const stream = await consumer.consume(consumeOptions)
    if (way === 'batch') {
      // Its fastest way: events without an asynchronous iteration between them.
      stream.on('data', ({ value }) => {
        if (value.length === 0 || !onRecords(1)) resolve()
      })
      return promise
    }
    const source: AsyncIterable<{ readonly value: Buffer }> =
      way === 'web-stream' ? (Readable.toWeb(stream) as unknown as AsyncIterable<{ readonly value: Buffer }>) : stream
    for await (const { value } of source) if (value.length === 0 || !onRecords(1)) return
  },
  async consumeSlowly({ bootstrap, topic }, onRecord) {
    const groupId = `bench-${crypto.randomUUID()}`
    const consumer = new Consumer({ ...base, bootstrapBrokers: [bootstrap], groupId })
    const stream = await consumer.consume({ topics: [topic], mode: 'earliest', autocommit: true })
    for await (const _message of stream) await onRecord()
  },
}
