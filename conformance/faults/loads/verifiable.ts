/**
 * Apache Kafka's VerifiableProducer and VerifiableConsumer, the Java clients of its own system tests. The producer counts
 * upwards and prints each acknowledgement; the consumer is the only member of a group and prints each record.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EventType, HistoryEvent, Operation, Polled } from '@braidlog/simulator/history'
import { startTool } from '../../peers/kafka.ts'
import { eventually, type RunningChild } from '../../peers/process.ts'
import { Acknowledgements } from '../acknowledgements.ts'
import { DELIVERY_TIMEOUT_MS, type Load, type LoadOptions } from './load.ts'

/** The lines that matter. */
type Line =
  | { name: 'producer_send_success'; value: string; partition: number; offset: number }
  | { name: 'record_data'; value: string; partition: number; offset: number }
  | { name: 'records_consumed' }
  | { name: 'producer_send_error'; value: string; exception: string; message: string }

interface Acknowledged {
  readonly value: number
  readonly offset: number
  readonly timeMs: number
}

const TOOLS = 'org.apache.kafka.tools'
const END_TIMEOUT_MS = DELIVERY_TIMEOUT_MS + 20_000
/** Records that the producer may have on their way, acknowledged or not, when it ends. */
const UNSETTLED_MAX = 100_000

export class VerifiableLoad implements Load {
  readonly name = 'java'
  readonly topic: string
  readonly acknowledgements: Acknowledgements
  readonly #options: LoadOptions
  readonly #acknowledged: Acknowledged[][]
  readonly #polls: HistoryEvent[] = []
  readonly #polled: Polled[] = []
  readonly #failures: string[] = []
  #waiting: Polled[] = []
  #work = ''
  #producer: RunningChild | undefined
  #consumer: RunningChild | undefined

  constructor(options: LoadOptions) {
    this.#options = options
    this.topic = options.topic
    this.acknowledgements = new Acknowledgements(options.partitionCount)
    this.#acknowledged = Array.from({ length: options.partitionCount }, () => [])
  }

  async start(): Promise<void> {
    const { bootstrapServers, topic, partitionCount, recordsPerSecond, requestTimeoutMs } = this.#options
    this.#work = mkdtempSync(join(tmpdir(), 'braidlog-verifiable-'))
    const config = (name: string, properties: Record<string, number | string>): string => {
      const file = join(this.#work, name)
      const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
      writeFileSync(file, lines.join(''))
      return file
    }
    const common = ['--bootstrap-server', bootstrapServers.join(','), '--topic', topic]
    const producer = {
      'enable.idempotence': 'true',
      retries: 2 ** 31 - 1,
      'request.timeout.ms': requestTimeoutMs,
      'delivery.timeout.ms': DELIVERY_TIMEOUT_MS,
    }
    const pace = ['--throughput', String(recordsPerSecond), '--repeating-keys', String(8 * partitionCount)]
    const producerConfig = ['--command-config', config('producer.properties', producer)]
    this.#producer = await startTool(`${TOOLS}.VerifiableProducer`, [...common, ...pace, ...producerConfig])
    this.#producer.onLine((line) => this.#take(line))
    const group = ['--group-id', `${topic}-java`, '--verbose', '--session-timeout', '10000']
    const consumer = { 'request.timeout.ms': requestTimeoutMs }
    const consumerConfig = ['--command-config', config('consumer.properties', consumer)]
    this.#consumer = await startTool(`${TOOLS}.VerifiableConsumer`, [...common, ...group, ...consumerConfig])
    const keys = Array.from({ length: partitionCount }, (_, key) => key)
    this.#notePoll('invoke', { kind: 'subscribe', keys })
    this.#notePoll('ok', { kind: 'subscribe', keys })
    this.#consumer.onLine((line) => this.#take(line))
    await eventually(() => (this.acknowledgements.count > 0 ? true : undefined), 'VerifiableProducer sends', 60_000)
  }

  async stop(): Promise<void> {
    await Promise.all([this.#producer?.stop(END_TIMEOUT_MS), this.#consumer?.stop(END_TIMEOUT_MS)])
    rmSync(this.#work, { recursive: true, force: true })
  }

  history(final: readonly Polled[]): HistoryEvent[] {
    return [...this.#sends(final), ...this.#polls].toSorted((a, b) => a.timeMs - b.timeMs)
  }

  tail(): string {
    const said = [this.#producer, this.#consumer].map((child) => child?.stderr().split('\n').slice(-10).join('\n'))
    return [...this.#failures.slice(-10), ...said].join('\n')
  }

  /**
   * The acknowledgements of a partition in the order in which the records were sent, which is that of their values. Values
   * that were not acknowledged have an unknown outcome; where they were sent shows when they are found.
   */
  #sends(final: readonly Polled[]): HistoryEvent[] {
    const events: HistoryEvent[] = []
    const { partitionCount } = this.#options
    const settled = new Set<number>()
    for (const [key, records] of this.#acknowledged.entries()) {
      let timeMs = -Infinity
      for (const { value, offset, timeMs: atMs } of records.toSorted((a, b) => a.value - b.value)) {
        settled.add(value)
        timeMs = Math.max(timeMs, atMs)
        events.push({ timeMs, process: key, type: 'invoke', operation: { kind: 'send', sends: [{ key, value }] } })
        events.push({ timeMs, process: key, type: 'ok', operation: { kind: 'send', sends: [{ key, value, offset }] } })
      }
    }
    const lastValue = Math.max(-1, ...this.#acknowledged.flatMap((records) => records.at(-1)?.value ?? -1))
    const timeMs = performance.now()
    for (const { key, value } of [...this.#polled, ...final]) {
      if (value > lastValue + UNSETTLED_MAX || settled.has(value)) continue
      settled.add(value)
      const operation: Operation = { kind: 'send', sends: [{ key, value }] }
      events.push({ timeMs, process: partitionCount + 1, type: 'invoke', operation })
      events.push({ timeMs, process: partitionCount + 1, type: 'info', operation })
    }
    return events
  }

  #take(text: string): void {
    if (!text.startsWith('{')) return
    const line = JSON.parse(text) as Line
    switch (line.name) {
      case 'producer_send_success': {
        const timeMs = performance.now()
        this.#acknowledged[line.partition]!.push({ value: Number(line.value), offset: line.offset, timeMs })
        this.acknowledgements.note(line.partition, timeMs)
        return
      }
      case 'producer_send_error':
        this.#failures.push(`${line.value}: ${line.exception}: ${line.message}`)
        return
      case 'record_data':
        this.#waiting.push({ key: line.partition, offset: line.offset, value: Number(line.value) })
        return
      case 'records_consumed': {
        const polls = this.#waiting.splice(0)
        this.#polled.push(...polls)
        this.#notePoll('invoke', { kind: 'poll', polls: [] })
        this.#notePoll('ok', { kind: 'poll', polls })
      }
    }
  }

  #notePoll(type: EventType, operation: Operation): void {
    this.#polls.push({ timeMs: performance.now(), process: this.#options.partitionCount, type, operation })
  }
}
