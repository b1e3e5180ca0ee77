/** Serialized records that are not in a batch yet: they wait for the metadata of their topic, or for memory. */
import type { HeaderInput, Payload } from '@braidlog/records'
import type { Completion } from './core/producer-batch.ts'
import type { ProducerTopic } from './producer-topic.ts'

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

/** First in, first out, without moving all the others at each turn. */
export class RecordQueue {
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
