/**
 * Topics that are created, written, trimmed (DeleteRecords), read and deleted while faults happen, one after the other.
 *
 * - What was acknowledged is at its offset, with its value, and once; nothing is missing between two records that are read.
 * - In the end, when everything has healed: nothing is missing above what was trimmed, and nothing is left below unless a
 *   node has begun anew since: where a log starts is written down now and then only, as in Apache Kafka.
 * - A topic whose deletion was acknowledged is gone, from the metadata and from every broker, and stays so.
 */
import { below, type SeededRandom } from '@braidlog/base'
import { KafkaError, type Kafka, type Producer } from '@braidlog/client'
import type { World } from '../world/world.ts'
import type { SimulatedNode } from './node.ts'

export interface ShortTopicsOptions {
  readonly world: World
  readonly kafka: Kafka
  readonly nodes: readonly SimulatedNode[]
  readonly replicationFactor: number
  /** Mean pause between two operations. */
  readonly pauseMs: number
  readonly onViolation: (message: string) => void
}

interface ShortTopic {
  readonly name: string
  readonly topicId: string
  /** Acknowledged values, by offset. */
  readonly records: Map<number, number>
  /** Records below may be gone. */
  trimTried: number
  /** Records below must be gone, while these lives of the nodes last. */
  trimmed: number
  livesWhenTrimmed: string
}

const TIMEOUT_MS = 4_000
const SENDS_MAX = 8
const ROUNDS_MAX = 4

export class ShortTopics {
  readonly #options: ShortTopicsOptions
  readonly #random: SeededRandom
  readonly #producer: Producer<unknown, unknown>
  readonly #deletedIds = new Map<string, string>()
  #current: ShortTopic | undefined
  #topicCount = 0
  #nextValue = 0
  #stopping = false
  isDone = true

  constructor(options: ShortTopicsOptions) {
    this.#options = options
    this.#random = options.world.randomFor('short topics')
    this.#producer = options.kafka.producer({ acks: 'all', deliveryTimeoutMs: TIMEOUT_MS })
  }

  start(): void {
    this.isDone = false
    void this.#run()
  }

  /** The topic that is there then stays, for the last check. */
  stop(): void {
    this.#stopping = true
  }

  async #run(): Promise<void> {
    while (!this.#stopping) {
      await this.#rest()
      if (this.#stopping) break
      await this.#live(`short-${++this.#topicCount}`)
    }
    this.isDone = true
  }

  async #live(name: string): Promise<void> {
    const topicId = await this.#create(name)
    if (topicId === undefined) return
    const topic: ShortTopic = { name, topicId, records: new Map(), trimTried: 0, trimmed: 0, livesWhenTrimmed: '' }
    this.#current = topic
    for (let rounds = 1 + below(this.#random, ROUNDS_MAX); rounds > 0; rounds--) {
      await this.#send(topic)
      if (below(this.#random, 2) === 0) await this.#trim(topic)
      if (this.#stopping) return
      await this.#rest()
      await this.#check(topic, false)
      if (this.#stopping) return
    }
    this.#current = undefined
    await this.#delete(topic)
  }

  /** In a cluster that has healed. @returns whether everything could be looked at */
  async checkInTheEnd(): Promise<boolean> {
    for (const [topicId, name] of this.#deletedIds) {
      for (const { nodeId, parts } of this.#options.nodes) {
        const isKnown = parts?.image.topicById(topicId as never) !== undefined
        const isOpen = [...(parts?.partitions?.all() ?? [])].some(({ log }) => log.topic === name)
        if (isKnown || isOpen) this.#options.onViolation(`${name} was deleted, and node ${nodeId} has it`)
      }
    }
    return this.#current === undefined || (await this.#check(this.#current, true))
  }

  /** @returns `undefined`: it may be there by now, or later */
  async #create(name: string): Promise<string | undefined> {
    const { kafka, replicationFactor } = this.#options
    return await this.#tried(name, async () => {
      const created = await kafka
        .admin()
        .createTopics([{ name, partitions: 1, replicationFactor }], { timeoutMs: TIMEOUT_MS })
      return created[0]?.topicId
    })
  }

  async #send(topic: ShortTopic): Promise<void> {
    const values = Array.from({ length: 1 + below(this.#random, SENDS_MAX) }, () => this.#nextValue++)
    const sent = values.map((value) => {
      return this.#producer.send({ topic: topic.name, partition: 0, value: new TextEncoder().encode(String(value)) })
    })
    for (const [at, outcome] of (await Promise.allSettled(sent)).entries()) {
      if (outcome.status === 'rejected') continue
      const offset = Number(outcome.value.offset)
      const other = topic.records.get(offset)
      if (other !== undefined) {
        this.#options.onViolation(`${topic.name}: offset ${offset} was given to ${other} and to ${values[at]}`)
      }
      topic.records.set(offset, values[at]!)
    }
  }

  async #trim(topic: ShortTopic): Promise<void> {
    const offsets = [...topic.records.keys()].filter((offset) => offset > topic.trimTried)
    const offset = offsets[below(this.#random, offsets.length)]
    if (offset === undefined) return
    topic.trimTried = offset
    const { kafka, onViolation } = this.#options
    const partitions = [{ topic: topic.name, partition: 0, beforeOffset: BigInt(offset) }]
    const lives = this.#lives()
    await this.#tried(topic.name, async () => {
      const [answer] = await kafka.admin().deleteRecords(partitions, { timeoutMs: TIMEOUT_MS })
      topic.trimmed = offset
      topic.livesWhenTrimmed = lives
      if (answer === undefined || Number(answer.lowWatermark) >= offset) return
      onViolation(`${topic.name}: trimmed to ${offset}, and records from ${answer.lowWatermark} on are left`)
    })
  }

  /** Asks until it is gone: a request whose outcome is not known is asked again. */
  async #delete(topic: ShortTopic): Promise<void> {
    for (let isGone = false; !isGone;) {
      try {
        await this.#options.kafka.admin().deleteTopics([topic.name], { timeoutMs: TIMEOUT_MS })
        isGone = true
      } catch (error) {
        isGone = KafkaError.is(error) && error.code === 'UNKNOWN_TOPIC_OR_PARTITION'
        this.#options.world.trace(
          `${topic.name}: not deleted yet: ${error instanceof Error ? error.message : String(error)}`,
        )
        if (!isGone) await this.#rest()
      }
    }
    this.#deletedIds.set(topic.topicId, topic.name)
  }

  /** @returns whether it could be read to its end */
  async #check(topic: ShortTopic, isLast: boolean): Promise<boolean> {
    const { name, records, trimTried, trimmed, livesWhenTrimmed } = topic
    const { onViolation } = this.#options
    const found = await this.#read(name)
    if (found === undefined) return false
    const seen = new Map<number, number>()
    for (const [offset, value] of found) {
      const expected = records.get(offset)
      if (expected !== undefined && expected !== value) {
        onViolation(`${name}: at offset ${offset} is ${value}, acknowledged was ${expected}`)
      }
      const before = seen.get(value)
      if (before !== undefined) onViolation(`${name}: ${value} is at offsets ${before} and ${offset}`)
      seen.set(value, offset)
    }
    // While faults happen, who is asked may not know yet what is new, or what was trimmed.
    const first = isLast ? trimTried : Math.max(trimTried, Math.min(...found.keys()))
    const last = isLast ? Infinity : Math.max(...found.keys())
    const missing = [...records.keys()].filter((offset) => offset >= first && offset <= last && !found.has(offset))
    if (missing.length > 0) onViolation(`${name}: acknowledged and missing: offsets ${missing.join()}`)
    const isTrimmed = isLast && livesWhenTrimmed === this.#lives()
    const left = [...found.keys()].filter((offset) => isTrimmed && offset < trimmed)
    if (left.length > 0) onViolation(`${name}: trimmed to ${trimmed} and still there: offsets ${left.join()}`)
    return true
  }

  #lives(): string {
    return this.#options.nodes.map(({ incarnation }) => incarnation).join()
  }

  /** @returns values by offset; `undefined` when the end was not reached */
  async #read(name: string): Promise<Map<number, number> | undefined> {
    const { kafka, world } = this.#options
    const reader = kafka.reader({ assign: [name], until: 'end', fetch: { maxWaitMs: 500 } })
    let isLate = false
    const timer = world.after(TIMEOUT_MS, () => {
      isLate = true
      void reader.close({ timeoutMs: 0 }).catch(() => {})
    })
    const found = new Map<number, number>()
    const done = await this.#tried(name, async () => {
      for await (const { offset, value } of reader.records()) {
        found.set(Number(offset), Number(new TextDecoder().decode(value as Uint8Array)))
      }
      return true
    })
    timer.cancel()
    await reader.close({ timeoutMs: 0 }).catch(() => {})
    return done === true && !isLate ? found : undefined
  }

  async #tried<T>(name: string, work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work()
    } catch (error) {
      this.#options.world.trace(`${name}: ${error instanceof Error ? error.message : String(error)}`)
      return undefined
    }
  }

  #rest(): Promise<void> {
    return this.#options.world.delay(below(this.#random, 2 * this.#options.pauseMs))
  }
}
