/**
 * Clients of a simulated cluster: each sends numbered records and reads all partitions, and notes what it did and saw as
 * a history. They are the production client over simulated sockets, clock and timers.
 */
import { below, type SeededRandom } from '@braidlog/base'
import { Kafka, KafkaError, type Producer, type Reader } from '@braidlog/client'
import type { EventType, HistoryEvent, Operation, Polled } from '../history/index.ts'
import type { SimulatedNetwork } from '../world/network.ts'
import { SimulatedProcess, type World } from '../world/world.ts'
import type { Tempo } from './tempo.ts'

export interface WorkloadOptions {
  readonly world: World
  readonly network: SimulatedNetwork
  readonly bootstrap: readonly string[]
  readonly topic: string
  readonly partitionCount: number
  readonly clientCount: number
  /** Mean pause between the operations of a client. */
  readonly pauseMs: number
  readonly recordsPerSendMax: number
  readonly deliveryTimeoutMs: number
  readonly tempo: Tempo
  /** A client knows now that this offset is committed: by an acknowledgement, or because it was read. */
  readonly onCommitted: (partition: number, offset: number, isAcknowledged: boolean) => void
}

/** Errors that say for certain that nothing was appended. */
const REFUSED = new Set(['INVALID_OPTION', 'NOT_ENOUGH_REPLICAS_BEFORE_APPEND', 'MESSAGE_TOO_LARGE'])
const POLL_RECORDS_MAX = 50
const POLL_TIMEOUT_MS = 400
/** A value is `key * VALUES_PER_KEY + number`, so that it says where it belongs. */
const VALUES_PER_KEY = 2 ** 24

export class Workload {
  readonly events: HistoryEvent[] = []
  readonly #options: WorkloadOptions
  readonly #clients: Client[]
  readonly #nextNumber: number[]
  #stopping = false

  constructor(options: WorkloadOptions) {
    this.#options = options
    this.#nextNumber = Array.from({ length: options.partitionCount }, () => 0)
    this.#clients = Array.from({ length: options.clientCount }, (_, number) => new Client(this, options, number))
  }

  get acknowledgedCount(): number {
    return this.events.reduce((sum, { type, operation }) => {
      return type === 'ok' && operation.kind === 'send' ? sum + operation.sends.length : sum
    }, 0)
  }

  start(): void {
    for (const client of this.#clients) client.start()
  }

  /** Clients that rest work again. */
  wake(): void {
    for (const client of this.#clients) client.wake()
  }

  /** Sends nothing more; operations under way end. */
  stopSending(): void {
    this.#stopping = true
    this.wake()
  }

  get isStopping(): boolean {
    return this.#stopping
  }

  get isIdle(): boolean {
    return this.#clients.every((client) => client.isDone)
  }

  /** Reads every partition from the beginning to the end, with a new client. @returns whether it came to the end */
  async readAll(timeoutMs: number): Promise<boolean> {
    return await this.#clients[0]!.readAll(timeoutMs)
  }

  /** The offsets of every partition that anybody has polled. */
  polledOffsets(): Map<number, Set<number>> {
    const polled = new Map<number, Set<number>>()
    for (const { operation } of this.events) {
      if (operation.kind !== 'poll') continue
      for (const { key, offset } of operation.polls) {
        const offsets = polled.get(key)
        if (offsets === undefined) polled.set(key, new Set([offset]))
        else offsets.add(offset)
      }
    }
    return polled
  }

  nextValue(key: number): number {
    return key * VALUES_PER_KEY + this.#nextNumber[key]!++
  }

  note(process: number, type: EventType, operation: Operation): void {
    const { world, onCommitted } = this.#options
    this.events.push({ timeMs: world.nowMs, process, type, operation })
    if (type === 'invoke') return
    world.trace(`client ${process} ${operation.kind} ${type} ${sizeOf(operation)}`)
    if (operation.kind === 'poll')
      for (const { key, offset } of lastOf(operation.polls)) onCommitted(key, offset, false)
    if (operation.kind !== 'send') return
    for (const { key, offset } of lastOf(operation.sends)) if (offset !== undefined) onCommitted(key, offset, true)
  }
}

class Client {
  readonly #workload: Workload
  readonly #options: WorkloadOptions
  readonly #number: number
  readonly #random: SeededRandom
  #incarnation = 0
  #endRest: () => void = () => {}
  isDone = true

  constructor(workload: Workload, options: WorkloadOptions, number: number) {
    this.#workload = workload
    this.#options = options
    this.#number = number
    this.#random = options.world.randomFor(`client ${number}`)
  }

  start(): void {
    this.isDone = false
    void this.#run()
  }

  async #run(): Promise<void> {
    const { world, topic, pauseMs, tempo } = this.#options
    let open = this.#open()
    for (let count = 1; !this.#workload.isStopping; count++) {
      await world.delay(below(this.#random, 2 * pauseMs + 1))
      if (count % tempo.operationsPerBurst === 0) await this.#rest()
      if (below(this.#random, 60) === 0) {
        await this.#end(open)
        open = this.#open()
      } else if (below(this.#random, 2) === 0) await this.#send(open.producer)
      else await this.#poll(open.polls)
    }
    await this.#end(open)
    this.isDone = true
    world.trace(`client ${this.#number} of ${topic} has ended`)
  }

  /** Ends at the next fault, or by itself. */
  #rest(): Promise<void> {
    const { world, tempo } = this.#options
    return new Promise((resolve) => {
      const timer = world.after(below(this.#random, 2 * tempo.restMs + 1), resolve)
      this.#endRest = () => {
        timer.cancel()
        resolve()
      }
    })
  }

  /** There is work to do. */
  wake(): void {
    this.#endRest()
  }

  #open() {
    const { topic } = this.#options
    const kafka = this.#kafka()
    const producer = kafka.producer({ acks: 'all', deliveryTimeoutMs: this.#options.deliveryTimeoutMs })
    const reader = kafka.reader({ assign: [topic], fetch: { maxWaitMs: this.#options.tempo.fetchMaxWaitMs } })
    this.#assigned()
    return { kafka, producer, reader, polls: new Polls(reader, this.#options.world) }
  }

  #assigned(): void {
    const keys = Array.from({ length: this.#options.partitionCount }, (_, key) => key)
    this.#workload.note(this.#number, 'invoke', { kind: 'assign', keys })
    this.#workload.note(this.#number, 'ok', { kind: 'assign', keys })
  }

  async #end({ kafka }: { kafka: Kafka }): Promise<void> {
    this.#workload.note(this.#number, 'invoke', { kind: 'crash' })
    this.#workload.note(this.#number, 'ok', { kind: 'crash' })
    await kafka.close({ timeoutMs: 1_000 }).catch(() => {})
  }

  #kafka(): Kafka {
    const { world, network, bootstrap, tempo } = this.#options
    const { retryBackoffMs } = tempo
    const name = `client-${this.#number}.${++this.#incarnation}`
    const host = `127.0.1.${this.#number + 1}`
    return simulatedClient(world, network, { name, host, bootstrap, retryBackoffMs }).kafka
  }

  async #send(producer: Producer<unknown, unknown>): Promise<void> {
    const { topic, partitionCount, recordsPerSendMax } = this.#options
    const key = below(this.#random, partitionCount)
    const count = 1 + below(this.#random, recordsPerSendMax)
    const sends = Array.from({ length: count }, () => ({ key, value: this.#workload.nextValue(key) }))
    this.#workload.note(this.#number, 'invoke', { kind: 'send', sends })
    const outcomes = await Promise.allSettled(
      sends.map(({ value }) =>
        producer.send({ topic, partition: key, value: new TextEncoder().encode(String(value)) }),
      ),
    )
    const isDone = outcomes.every((each) => each.status === 'fulfilled')
    const isRefused = outcomes.every((each) => each.status === 'rejected' && isRefusal(each.reason))
    const noted = sends.map((sent, at) => {
      const outcome = outcomes[at]!
      return outcome.status === 'fulfilled' ? { ...sent, offset: Number(outcome.value.offset) } : sent
    })
    this.#workload.note(this.#number, isDone ? 'ok' : isRefused ? 'fail' : 'info', { kind: 'send', sends: noted })
  }

  async #poll(polls: Polls): Promise<void> {
    this.#workload.note(this.#number, 'invoke', { kind: 'poll', polls: [] })
    const polled = await polls.next(POLL_TIMEOUT_MS)
    this.#workload.note(this.#number, polled === undefined ? 'info' : 'ok', { kind: 'poll', polls: polled ?? [] })
  }

  async readAll(timeoutMs: number): Promise<boolean> {
    const { world, topic } = this.#options
    const kafka = this.#kafka()
    const deadlineMs = world.nowMs + timeoutMs
    this.#assigned()
    const polls = new Polls(kafka.reader({ assign: [topic], until: 'end' }), world)
    while (!polls.hasEnded && !polls.hasFailed && world.nowMs < deadlineMs) await this.#poll(polls)
    await kafka.close({ timeoutMs: 1_000 }).catch(() => {})
    return polls.hasEnded
  }
}

export interface SimulatedClient {
  readonly kafka: Kafka
  /** The process dies: nothing of it happens any more, and its connections break. */
  readonly crash: () => void
}

export interface SimulatedClientOptions {
  readonly name: string
  readonly host: string
  readonly bootstrap: readonly string[]
  readonly retryBackoffMs: number
}

/** The production client in a process of its own. */
export function simulatedClient(
  world: World,
  network: SimulatedNetwork,
  { name, host, bootstrap, retryBackoffMs }: SimulatedClientOptions,
): SimulatedClient {
  const process = new SimulatedProcess(world, name)
  const kafka = new Kafka(
    { bootstrapServers: [...bootstrap], clientId: name, requestTimeoutMs: 2_000, retry: { backoffMs: retryBackoffMs } },
    {
      clock: process.clock,
      timers: process.timers,
      random: process.random,
      network: network.clientNetworkFor(process, host),
      offloadSizeBytes: Infinity,
      nextTurn: (callback) => world.after(0, callback, process),
    },
  )
  const crash = (): void => {
    world.end(process)
    network.processEnded(process)
  }
  return { kafka, crash }
}

/** What a reader has handed out and no poll has taken yet. */
class Polls {
  readonly #world: World
  readonly #waiting: Polled[] = []
  #wake: (() => void) | undefined
  #ended = false
  #failed = false

  constructor(reader: Reader<unknown, unknown>, world: World) {
    this.#world = world
    void this.#read(reader)
  }

  get hasEnded(): boolean {
    return this.#ended && this.#waiting.length === 0
  }

  get hasFailed(): boolean {
    return this.#failed
  }

  /** @returns `undefined` when reading has failed: what has been passed over, nobody knows */
  async next(timeoutMs: number): Promise<Polled[] | undefined> {
    if (this.#waiting.length === 0 && !this.#ended && !this.#failed) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        this.#world.after(timeoutMs, resolve)
      })
      this.#wake = undefined
    }
    if (this.#waiting.length === 0 && this.#failed) return undefined
    return this.#waiting.splice(0, POLL_RECORDS_MAX)
  }

  async #read(reader: Reader<unknown, unknown>): Promise<void> {
    try {
      for await (const { partition, offset, value } of reader.records()) {
        const number = Number(new TextDecoder().decode(value as Uint8Array))
        this.#waiting.push({ key: partition, offset: Number(offset), value: number })
        this.#wake?.()
      }
      this.#ended = true
    } catch {
      this.#failed = true
    }
    this.#wake?.()
  }
}

/** The last one of each key that has an offset: those before it are below it. */
function lastOf<T extends { readonly key: number; readonly offset?: number }>(all: readonly T[]): Iterable<T> {
  const last = new Map<number, T>()
  for (const each of all) if (each.offset !== undefined) last.set(each.key, each)
  return last.values()
}

function isRefusal(error: unknown): boolean {
  return error instanceof KafkaError && REFUSED.has(error.code)
}

function sizeOf(operation: Operation): number {
  switch (operation.kind) {
    case 'send':
      return operation.sends.length
    case 'poll':
      return operation.polls.length
    default:
      return 0
  }
}
