/** librdkafka, through its Python package: the script beside this file sends and reads, and says what happened line by line. */
import { join } from 'node:path'
import type { EventType, HistoryEvent, Operation } from '@braidlog/simulator/history'
import { eventually, type RunningChild } from '../../peers/process.ts'
import { startPython } from '../../peers/python.ts'
import { Acknowledgements } from '../acknowledgements.ts'
import { DELIVERY_TIMEOUT_MS, type Load, type LoadOptions } from './load.ts'

type Line =
  | ['sent', key: number, value: number]
  | ['acknowledged', key: number, value: number, offset: number]
  | ['unknown', key: number, value: number, error: string]
  | ['polled', records: [key: number, offset: number, value: number][]]
  | ['trouble', error: string]
  | ['ended']

const SCRIPT = join(import.meta.dirname, 'librdkafka.py')
const END_TIMEOUT_MS = DELIVERY_TIMEOUT_MS + 20_000

export class LibrdkafkaLoad implements Load {
  readonly name = 'librdkafka'
  readonly topic: string
  readonly acknowledgements: Acknowledgements
  readonly #options: LoadOptions
  /** Records whose outcome is not known yet, by partition, in the order of sending. */
  readonly #outstanding = new Map<number, { value: number; offset: number | undefined; isSettled: boolean }[]>()
  readonly #events: HistoryEvent[] = []
  #child: RunningChild | undefined

  constructor(options: LoadOptions) {
    this.#options = options
    this.topic = options.topic
    this.acknowledgements = new Acknowledgements(options.partitionCount)
  }

  async start(): Promise<void> {
    const { bootstrapServers, topic, partitionCount, recordsPerSecond, requestTimeoutMs } = this.#options
    const numbers = [partitionCount, recordsPerSecond, requestTimeoutMs, DELIVERY_TIMEOUT_MS].map(String)
    this.#child = await startPython(SCRIPT, [bootstrapServers.join(','), topic, ...numbers])
    this.#note(partitionCount, 'invoke', { kind: 'assign', keys: [...this.#keys()] })
    this.#note(partitionCount, 'ok', { kind: 'assign', keys: [...this.#keys()] })
    this.#child.onLine((line) => this.#take(JSON.parse(line) as Line))
    await eventually(() => (this.acknowledgements.count > 0 ? true : undefined), 'librdkafka sends', 60_000)
  }

  async stop(): Promise<void> {
    await this.#child?.stop(END_TIMEOUT_MS)
    for (const key of this.#outstanding.keys()) this.#settle(key, true)
  }

  history(): HistoryEvent[] {
    return this.#events
  }

  tail(): string {
    return this.#child?.stderr().split('\n').slice(-20).join('\n') ?? ''
  }

  #keys(): Iterable<number> {
    return Array.from({ length: this.#options.partitionCount }, (_, key) => key)
  }

  #take(line: Line): void {
    switch (line[0]) {
      case 'sent':
        this.#queueOf(line[1]).push({ value: line[2], offset: undefined, isSettled: false })
        return
      case 'acknowledged':
      case 'unknown': {
        const [kind, key, value] = line
        const record = this.#queueOf(key).find((each) => each.value === value)!
        record.isSettled = true
        if (kind === 'acknowledged') {
          record.offset = line[3]
          this.acknowledgements.note(key, performance.now())
        }
        this.#settle(key, false)
        return
      }
      case 'polled': {
        const reader = this.#options.partitionCount
        const polls = line[1].map(([key, offset, value]) => ({ key, offset, value }))
        this.#note(reader, 'invoke', { kind: 'poll', polls: [] })
        this.#note(reader, 'ok', { kind: 'poll', polls })
        return
      }
      case 'trouble':
      case 'ended':
        return
      default:
        line satisfies never
    }
  }

  #queueOf(key: number): { value: number; offset: number | undefined; isSettled: boolean }[] {
    let queue = this.#outstanding.get(key)
    if (queue === undefined) this.#outstanding.set(key, (queue = []))
    return queue
  }

  /** Notes what is decided, in the order of sending: that is the order in which the records must lie in the log. */
  #settle(key: number, isOver: boolean): void {
    const queue = this.#queueOf(key)
    while (queue.length > 0 && (queue[0]!.isSettled || isOver)) {
      const { value, offset } = queue.shift()!
      this.#note(key, 'invoke', { kind: 'send', sends: [{ key, value }] })
      const sends = [offset === undefined ? { key, value } : { key, value, offset }]
      this.#note(key, offset === undefined ? 'info' : 'ok', { kind: 'send', sends })
    }
  }

  #note(process: number, type: EventType, operation: Operation): void {
    this.#events.push({ timeMs: performance.now(), process, type, operation })
  }
}
