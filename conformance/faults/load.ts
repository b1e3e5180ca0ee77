/**
 * Clients that send and read while nodes fail, and note what they did and saw as a history. Each sends one record at a time,
 * idempotent and with acks=all, and a reader of its own follows all partitions.
 */
import { Kafka, type Reader } from '@braidlog/client'
import type { EventType, HistoryEvent, Operation, Polled } from '@braidlog/simulator/history'

export interface LoadOptions {
  readonly bootstrapServers: readonly string[]
  readonly topic: string
  readonly partitionCount: number
  readonly clientCount: number
}

const VALUES_PER_KEY = 2 ** 24
const POLL_INTERVAL_MS = 100
const DELIVERY_TIMEOUT_MS = 30_000

export class Load {
  readonly events: HistoryEvent[] = []
  /** Per partition: times of acknowledgements. */
  readonly acknowledgedMs: number[][]
  readonly #options: LoadOptions
  readonly #nextNumber: number[]
  readonly #clients: Promise<void>[] = []
  #isStopping = false

  constructor(options: LoadOptions) {
    this.#options = options
    this.#nextNumber = Array.from({ length: options.partitionCount }, () => 0)
    this.acknowledgedMs = Array.from({ length: options.partitionCount }, () => [])
  }

  get acknowledgedCount(): number {
    return this.acknowledgedMs.reduce((sum, times) => sum + times.length, 0)
  }

  start(): void {
    const { clientCount } = this.#options
    for (let client = 0; client < clientCount; client++) {
      this.#clients.push(this.#send(client), this.#read(clientCount + client))
    }
  }

  /** Ends the load, whatever became of it. */
  abandon(): void {
    this.#isStopping = true
  }

  /** Ends the load, and reads everything once more from the beginning with a client of its own. */
  async finish(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#clients)
    const process = 2 * this.#options.clientCount
    const kafka = this.#kafka('final')
    this.#note(process, 'invoke', { kind: 'poll', polls: [] })
    const polls: Polled[] = []
    for await (const record of kafka.reader({ assign: [this.#options.topic], until: 'end' }))
      polls.push(polledOf(record))
    this.#note(process, 'ok', { kind: 'poll', polls })
    await kafka.close()
  }

  async #send(client: number): Promise<void> {
    const { topic, partitionCount } = this.#options
    const kafka = this.#kafka(`sender-${client}`)
    const producer = kafka.producer({ acks: 'all', deliveryTimeoutMs: DELIVERY_TIMEOUT_MS })
    for (let turn = client; !this.#isStopping; turn++) {
      const key = turn % partitionCount
      const value = key * VALUES_PER_KEY + this.#nextNumber[key]!++
      this.#note(client, 'invoke', { kind: 'send', sends: [{ key, value }] })
      try {
        const { offset } = await producer.send({ topic, partition: key, value: String(value) })
        this.#note(client, 'ok', { kind: 'send', sends: [{ key, value, offset: Number(offset) }] })
        this.acknowledgedMs[key]!.push(performance.now())
      } catch {
        this.#note(client, 'info', { kind: 'send', sends: [{ key, value }] })
      }
    }
    await kafka.close()
  }

  async #read(process: number): Promise<void> {
    const { topic, partitionCount } = this.#options
    const keys = Array.from({ length: partitionCount }, (_, key) => key)
    const kafka = this.#kafka(`reader-${process}`)
    this.#note(process, 'invoke', { kind: 'assign', keys })
    this.#note(process, 'ok', { kind: 'assign', keys })
    const waiting: Polled[] = []
    const reader = kafka.reader({ assign: [topic] })
    const following = follow(reader, waiting)
    while (!this.#isStopping) {
      this.#note(process, 'invoke', { kind: 'poll', polls: [] })
      await new Promise((resolve) => setTimeout(resolve, POLL_INTERVAL_MS))
      this.#note(process, 'ok', { kind: 'poll', polls: waiting.splice(0) })
    }
    await kafka.close()
    await following
  }

  #kafka(clientId: string): Kafka {
    return new Kafka({ bootstrapServers: [...this.#options.bootstrapServers], clientId, requestTimeoutMs: 5_000 })
  }

  #note(process: number, type: EventType, operation: Operation): void {
    this.events.push({ timeMs: performance.now(), process, type, operation })
  }
}

async function follow(reader: Reader<Buffer, Buffer>, waiting: Polled[]): Promise<void> {
  for await (const record of reader) waiting.push(polledOf(record))
}

function polledOf(record: { partition: number; offset: bigint; value: Buffer | null }): Polled {
  return { key: record.partition, offset: Number(record.offset), value: Number(record.value!.toString()) }
}
