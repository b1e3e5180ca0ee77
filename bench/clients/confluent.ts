/** @confluentinc/kafka-javascript: librdkafka behind KafkaJS's interface, and node-rdkafka's for `enqueue`. */
import { once, type EventEmitter } from 'node:events'
import { requireNative } from '../native-clients.ts'
import { codecs, type ClientUnderTest, type ProducerUnderTest } from './client.ts'

/** The little of it that is used here; its own types are not installed with the project. */
interface Confluent {
  readonly KafkaJS: {
    readonly Kafka: new (options: object) => {
      producer(options: object): {
        connect(): Promise<void>
        send(batch: object): Promise<unknown>
        disconnect(): Promise<void>
      }
      consumer(options: object): {
        connect(): Promise<void>
        subscribe(options: object): Promise<void>
        run(handlers: object): Promise<void>
      }
    }
    readonly logLevel: { readonly NOTHING: number }
  }
  readonly Producer: new (options: object) => EventEmitter & {
    connect(): void
    setPollInterval(ms: number): void
    produce(topic: string, partition: null, value: Buffer): void
    flush(timeoutMs: number, done: (error: unknown) => void): void
    disconnect(): void
  }
}

const { KafkaJS, Producer } = requireNative('confluent') as Confluent

/** What it holds at most before `enqueue` says no; its own limit is 100,000. */
const outstandingMax = 50_000

export const client: ClientUnderTest = {
  codecs,
  produceWays: ['single', 'batches', 'enqueue'],
  consumeWays: ['batch', 'record', 'json'],
  async openProducer({ bootstrap, topic }, codec, way) {
    if (way === 'enqueue') return openPlain(bootstrap, topic, codec)
    const kafka = new KafkaJS.Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: KafkaJS.logLevel.NOTHING } })
    const producer = kafka.producer({ kafkaJS: { acks: -1, compression: codec } })
    await producer.connect()
    return {
      sendOne: (value) => producer.send({ topic, messages: [{ value }] }),
      sendMany: (values) => producer.send({ topic, messages: values.map((value) => ({ value })) }),
      close: () => producer.disconnect(),
    }
  },
  async consume({ bootstrap, topic }, way, onRecords) {
    const kafka = new KafkaJS.Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: KafkaJS.logLevel.NOTHING } })
    const consumer = kafka.consumer({ kafkaJS: { groupId: `bench-${crypto.randomUUID()}`, fromBeginning: true } })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    const { promise, resolve } = Promise.withResolvers<void>()
    await consumer.run(
      way === 'record'
        ? {
            eachMessage({ message }: { message: { value: Buffer } }) {
              if (message.value.length === 0 || !onRecords(1)) resolve()
              return Promise.resolve()
            },
          }
        : {
            eachBatch({ batch }: { batch: { messages: { value: Buffer }[] } }) {
              let seen = 0
              for (const { value } of batch.messages) {
                if (way === 'json' ? JSON.parse(value.toString()) !== null : value.length > 0) seen++
              }
              if (!onRecords(seen)) resolve()
              return Promise.resolve()
            },
          },
    )
    await promise
  },
  async consumeSlowly({ bootstrap, topic }, onRecord) {
    const kafka = new KafkaJS.Kafka({ kafkaJS: { brokers: [bootstrap], logLevel: KafkaJS.logLevel.NOTHING } })
    const consumer = kafka.consumer({ kafkaJS: { groupId: `bench-${crypto.randomUUID()}`, fromBeginning: true } })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    await consumer.run({ eachMessage: onRecord })
    await new Promise(() => {})
  },
}

async function openPlain(bootstrap: string, topic: string, codec: string): Promise<ProducerUnderTest> {
  const producer = new Producer({
    'bootstrap.servers': bootstrap,
    acks: -1,
    'compression.codec': codec,
    dr_cb: true,
  })
  producer.setPollInterval(2)
  let outstanding = 0
  let waiting: (() => void) | undefined
  producer.on('delivery-report', (error: unknown) => {
    if (error) throw new Error('not delivered', { cause: error })
    outstanding--
    if (outstanding <= outstandingMax / 2) {
      waiting?.()
      waiting = undefined
    }
  })
  producer.connect()
  await once(producer, 'ready')
  const absent = (): Promise<never> => Promise.reject(new Error('only enqueue'))
  return {
    sendOne: absent,
    sendMany: absent,
    enqueue(value) {
      producer.produce(topic, null, value)
      outstanding++
      return outstanding < outstandingMax
    },
    drained: () => new Promise<void>((resolve) => (waiting = resolve)),
    async flush() {
      while (outstanding > 0) await new Promise((resolve) => setTimeout(resolve, 1))
    },
    close() {
      producer.disconnect()
      return Promise.resolve()
    },
  }
}
