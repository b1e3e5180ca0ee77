/**
 * Serialized records of a producer that are in no batch yet: they wait for the metadata of their topic, or for memory.
 *
 * Invariant: records of one topic enter batches in the order in which they were sent. Bounded by `WAITING_RECORDS_MAX`,
 * which also counts records whose serdes fetch something first ({@link UnpreparedRecords}).
 */
import type { HeaderInput, Payload } from '@braidlog/records'
import type { Accumulator } from './core/accumulator.ts'
import type { Completion } from './core/producer-batch.ts'
import { KafkaError } from './errors.ts'
import { sendError } from './outgoing.ts'
import type { ProducerTopic, ProducerTopics } from './producer-topic.ts'

export interface WaitingRecord {
  readonly topic: ProducerTopic
  readonly key: Payload
  readonly value: Payload
  readonly headers: readonly HeaderInput[] | undefined
  readonly timestamp: number
  readonly partition: number | undefined
  readonly completion: Completion
  readonly tag: number
  readonly deadlineMs: number
}

/** Records without a batch; beyond, `send` fails with `BUFFER_FULL`. */
const WAITING_RECORDS_MAX = 1_000_000

export class Backlog {
  readonly #topics: ProducerTopics
  readonly #accumulator: Accumulator
  readonly #onChange: () => void
  /** Records for which there was no memory. */
  readonly #forMemory = new RecordQueue()
  #count = 0
  #isEnded = false

  /** @param onChange records may go on now */
  constructor(topics: ProducerTopics, accumulator: Accumulator, onChange: () => void) {
    this.#topics = topics
    this.#accumulator = accumulator
    this.#onChange = onChange
  }

  /** Records without a place in a batch, whatever they wait for. */
  get count(): number {
    return this.#count
  }

  /** Somebody waits for memory. */
  get isShortOfMemory(): boolean {
    return this.#forMemory.first !== undefined
  }

  /** When the first of those that wait for memory fails; Infinity when none does. */
  get deadlineMs(): number {
    return this.#forMemory.first?.deadlineMs ?? Infinity
  }

  /** One more record waits. @throws KafkaError `BUFFER_FULL` */
  countIn(): void {
    if (this.#count >= WAITING_RECORDS_MAX) {
      throw new KafkaError('BUFFER_FULL', `${WAITING_RECORDS_MAX} records wait for memory, metadata or schemas already`)
    }
    this.#count++
  }

  /** A record that was counted in does not wait any more, or will be counted again. */
  countOut(): void {
    this.#count--
  }

  /** Takes a record that was counted in. */
  push(record: WaitingRecord): void {
    const { topic } = record
    if (topic.forMetadata !== undefined) topic.forMetadata.push(record)
    else if (topic.metadata !== undefined) this.#forMemory.push(record)
    else {
      topic.forMetadata = [record]
      void this.#learn(topic)
    }
    this.#onChange()
  }

  /** Moves records that waited for memory into batches, in order, until one does not fit. */
  admit(nowMs: number): void {
    for (let record = this.#forMemory.first; record !== undefined; record = this.#forMemory.first) {
      const { topic, key, value, headers, timestamp, partition, completion, tag } = record
      const { name, metadata, choice } = topic
      try {
        if (record.deadlineMs <= nowMs) {
          throw new KafkaError('TIMED_OUT', `${name}: no memory within deliveryTimeoutMs`)
        }
        if (metadata === undefined) {
          throw new KafkaError('UNKNOWN_TOPIC_OR_PARTITION', `topic ${name} is gone`, { retriable: false })
        }
        const chosen = choice.choose(metadata, key, value, partition)
        const accumulator = this.#accumulator
        if (accumulator.append(name, chosen, key, value, headers, timestamp, completion, tag, nowMs) === 'full') break
        if (key === null && partition === undefined) choice.used(value)
      } catch (error) {
        completion.failed(tag, sendError(error))
      }
      this.#forMemory.shift()
      this.#count--
    }
  }

  /** For a producer that cannot go on. */
  failAll(error: KafkaError): void {
    this.#isEnded = true
    const queues = [this.#forMemory.clear()]
    for (const topic of this.#topics.known()) {
      if (topic.forMetadata !== undefined) queues.push(topic.forMetadata)
      topic.forMetadata = undefined
    }
    this.#count = 0
    for (const queue of queues) for (const record of queue) record.completion.failed(record.tag, error)
  }

  /** Never rejects. */
  async #learn(topic: ProducerTopic): Promise<void> {
    try {
      await this.#topics.learn(topic)
      if (this.#isEnded) return
      for (const record of topic.forMetadata ?? []) this.#forMemory.push(record)
      topic.forMetadata = undefined
    } catch (error) {
      const records = topic.forMetadata ?? []
      topic.forMetadata = undefined
      this.#count -= records.length
      this.#topics.forget(topic)
      for (const record of records) record.completion.failed(record.tag, sendError(error))
    }
    this.#onChange()
  }
}

/** First in, first out, without moving all the others at each turn. */
class RecordQueue {
  readonly #records: WaitingRecord[] = []
  #first = 0

  get first(): WaitingRecord | undefined {
    return this.#records[this.#first]
  }

  push(record: WaitingRecord): void {
    this.#records.push(record)
  }

  /** Forgets the first one. */
  shift(): void {
    this.#first++
    if (this.#first === this.#records.length) {
      this.#records.length = 0
      this.#first = 0
    } else if (this.#first > 1024 && this.#first * 2 > this.#records.length) {
      this.#records.splice(0, this.#first)
      this.#first = 0
    }
  }

  /** Takes all of them out. */
  clear(): WaitingRecord[] {
    const records = this.#records.slice(this.#first)
    this.#records.length = 0
    this.#first = 0
    return records
  }
}
