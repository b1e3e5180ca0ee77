/**
 * Our own client: a sender for each partition, several records at a time, acks=all and idempotent, and a reader that follows
 * them all. The senders share two producers, so that a request carries batches of several partitions.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { silentLogger } from '@braidlog/base'
import { Kafka, type Producer, type Reader } from '@braidlog/client'
import type { EventType, HistoryEvent, Operation, Polled, Sent } from '@braidlog/simulator/history'
import { Acknowledgements } from '../acknowledgements.ts'
import { DELIVERY_TIMEOUT_MS, type Load, type LoadOptions } from './load.ts'

const CLIENT_COUNT = 2
/** How often each sender sends: several records at once, without waiting in between, so that several are on their way. */
const SEND_INTERVAL_MS = 80
const START_TIMEOUT_MS = 60_000
const POLL_INTERVAL_MS = 100
/** So that values of different partitions differ, too. */
const VALUES_PER_KEY = 2 ** 24

export class BraidlogLoad implements Load {
  readonly name = 'braidlog'
  readonly topic: string
  readonly acknowledgements: Acknowledgements
  readonly #options: LoadOptions
  readonly #events: HistoryEvent[] = []
  readonly #work: Promise<void>[] = []
  readonly #clients: Kafka[] = []
  readonly #failures: string[] = []
  /** Why a sender or the reader has ended before its time. */
  #failure: unknown
  #isStopping = false

  constructor(options: LoadOptions) {
    this.#options = options
    this.topic = options.topic
    this.acknowledgements = new Acknowledgements(options.partitionCount)
  }

  async start(): Promise<void> {
    const { bootstrapServers, requestTimeoutMs, partitionCount } = this.#options
    const client = (clientId: string): Kafka => {
      const logger = { ...silentLogger, warn: this.#warned }
      const kafka = new Kafka({ bootstrapServers: [...bootstrapServers], clientId, requestTimeoutMs, logger })
      this.#clients.push(kafka)
      return kafka
    }
    const producers = Array.from({ length: CLIENT_COUNT }, (_, at) =>
      client(`faults-sender-${at}`).producer({ acks: 'all', deliveryTimeoutMs: DELIVERY_TIMEOUT_MS }),
    )
    for (let key = 0; key < partitionCount; key++) this.#watch(this.#send(key, producers[key % CLIENT_COUNT]!))
    const reader = client('faults-reader').reader({ assign: [this.topic] })
    await reader.start({ timeoutMs: START_TIMEOUT_MS })
    this.#watch(this.#read(partitionCount, reader))
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#work)
    await Promise.all(this.#clients.map((client) => client.close()))
    if (this.#failure !== undefined) throw this.#failure
  }

  /** Ends it where the servers may be gone: waits for nothing, and reads nothing more. */
  abandon(): void {
    this.#isStopping = true
    for (const client of this.#clients) void client.close({ timeoutMs: 1 })
  }

  history(): HistoryEvent[] {
    return this.#events
  }

  tail(): string {
    return this.#failures.slice(-10).join('\n')
  }

  /** What a client complains about while it still tries: a record's own failure may be minutes away. */
  readonly #warned = (message: string, fields?: { readonly error?: unknown }): void => {
    this.#failures.push(fields?.error instanceof Error ? `${message}: ${fields.error.message}` : message)
  }

  #watch(work: Promise<void>): void {
    this.#work.push(
      work.catch((error: unknown) => {
        this.#failure ??= error
        this.#failures.push(String(error))
      }),
    )
  }

  async #send(key: number, producer: Producer<unknown, unknown>): Promise<void> {
    const { recordsPerSecond, partitionCount } = this.#options
    const recordsPerSend = Math.ceil((recordsPerSecond * SEND_INTERVAL_MS) / (1000 * partitionCount))
    const intervalMs = (1000 * recordsPerSend * partitionCount) / recordsPerSecond
    let value = key * VALUES_PER_KEY
    for (let dueMs = performance.now(); !this.#isStopping; dueMs = Math.max(dueMs + intervalMs, performance.now())) {
      await delay(Math.max(0, dueMs - performance.now()))
      const values = Array.from({ length: recordsPerSend }, () => value++)
      this.#note(key, 'invoke', { kind: 'send', sends: values.map((each) => ({ key, value: each })) })
      const sends = await Promise.all(values.map(async (each) => await this.#sendOne(producer, key, each)))
      const isAcknowledged = sends.every(({ offset }) => offset !== undefined)
      this.#note(key, isAcknowledged ? 'ok' : 'info', { kind: 'send', sends })
    }
  }

  /** @returns without an offset when it was not acknowledged */
  async #sendOne(producer: Producer<unknown, unknown>, key: number, value: number): Promise<Sent> {
    try {
      const { offset } = await producer.send({ topic: this.topic, partition: key, value: String(value) })
      this.acknowledgements.note(key, performance.now())
      return { key, value, offset: Number(offset) }
    } catch (error) {
      this.#failures.push(`${value} to ${key}: ${String(error)}`)
      return { key, value }
    }
  }

  async #read(process: number, reader: Reader<Buffer, Buffer>): Promise<void> {
    const keys = Array.from({ length: this.#options.partitionCount }, (_, key) => key)
    this.#note(process, 'invoke', { kind: 'assign', keys })
    this.#note(process, 'ok', { kind: 'assign', keys })
    const waiting: Polled[] = []
    const following = follow(reader, waiting)
    following.catch(() => {}) // Looked at below, when this has stopped.
    while (!this.#isStopping) {
      this.#note(process, 'invoke', { kind: 'poll', polls: [] })
      await delay(POLL_INTERVAL_MS)
      this.#note(process, 'ok', { kind: 'poll', polls: waiting.splice(0) })
    }
    await reader.close()
    await following
  }

  #note(process: number, type: EventType, operation: Operation): void {
    this.#events.push({ timeMs: performance.now(), process, type, operation })
  }
}

async function follow(reader: Reader<Buffer, Buffer>, waiting: Polled[]): Promise<void> {
  for await (const record of reader) {
    waiting.push({ key: record.partition, offset: Number(record.offset), value: Number(record.value!.toString()) })
  }
}
