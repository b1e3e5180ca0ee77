/** kafka-crab-js: Rust over librdkafka, prebuilt. */
import type { KafkaClient } from 'kafka-crab-js'
import { requireNative } from '../native-clients.ts'
import type { ClientUnderTest } from './client.ts'

const { KafkaClient: Client } = requireNative('crab') as { KafkaClient: typeof KafkaClient }

interface Message {
  readonly payload: Buffer
}

function open(bootstrap: string): KafkaClient {
  return new Client({
    brokers: bootstrap,
    clientId: 'bench',
    logLevel: 'error',
    configuration: { 'broker.address.family': 'v4' },
  })
}

const batchSize = 1000

export const client: ClientUnderTest = {
  // Its librdkafka is built without zstd.
  codecs: ['none', 'gzip', 'snappy', 'lz4'],
  produceWays: ['single', 'batches'],
  consumeWays: ['batch', 'record', 'json', 'node-stream', 'web-stream'],
  openProducer({ bootstrap, topic }, codec) {
    const producer = open(bootstrap).createProducer({ configuration: { acks: 'all', 'compression.codec': codec } })
    return Promise.resolve({
      sendOne: (value: Buffer) => producer.send({ topic, messages: [{ payload: value }] }),
      sendMany: (values: readonly Buffer[]) =>
        producer.send({ topic, messages: values.map((payload) => ({ payload })) }),
      close: () => producer.flush(),
    })
  },
  async consume({ bootstrap, topic }, way, onRecords) {
    const options = {
      groupId: `bench-${crypto.randomUUID()}`,
      configuration: { 'auto.offset.reset': 'earliest' },
    }
    const count = (messages: readonly Message[]): number => {
      let seen = 0
      for (const { payload } of messages) {
        if (way === 'json' ? JSON.parse(payload.toString()) !== null : payload.length > 0) seen++
      }
      return seen
    }
    if (way === 'node-stream') {
      const stream = open(bootstrap).createStreamConsumer(options)
      await stream.subscribe(topic)
      for await (const message of stream as AsyncIterable<Message>) if (!onRecords(count([message]))) return
      return
    }
    if (way === 'web-stream') {
      const { stream, consumer } = open(bootstrap).createWebStreamConsumer({ ...options, batchSize, batchTimeout: 100 })
      await consumer.subscribe(topic)
      for await (const messages of stream as unknown as AsyncIterable<Message[]>)
        if (!onRecords(count(messages))) return
      return
    }
    const consumer = open(bootstrap).createConsumer(options)
    await consumer.subscribe(topic)
    if (way === 'record') {
      for (;;) {
        const message = await consumer.recv()
        if (message !== null && !onRecords(count([message]))) return
      }
    }
    for (;;) {
      const messages = await consumer.recvBatch(batchSize, 100)
      if (messages.length > 0 && !onRecords(count(messages))) return
    }
  },
  async consumeSlowly({ bootstrap, topic }, onRecord) {
    const consumer = open(bootstrap).createConsumer({
      groupId: `bench-${crypto.randomUUID()}`,
      configuration: { 'auto.offset.reset': 'earliest' },
    })
    await consumer.subscribe(topic)
    for (;;) if ((await consumer.recv()) !== null) await onRecord()
  },
}
