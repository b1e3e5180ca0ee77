/**
 * Who waits for records in a producer, told by {@link Completion}: a promise per record, one promise for many, a callback.
 *
 * On the way of every record: one object each at most, and no closure.
 */
import type { Logger } from '@braidlog/base'
import type { Completion } from './core/producer-batch.ts'
import type { KafkaError } from './errors.ts'
import { batchError } from './outgoing.ts'
import type { RecordMetadata } from './record.ts'

export type DeliveryCallback = (error: KafkaError | null, metadata: RecordMetadata | null) => void

let resolveCaptured: (metadata: RecordMetadata) => void
let rejectCaptured: (error: unknown) => void

/** An executor that all promises share: {@link PromisedDelivery} takes what it leaves behind. */
function capture(resolve: (metadata: RecordMetadata) => void, reject: (error: unknown) => void): void {
  resolveCaptured = resolve
  rejectCaptured = reject
}

/** A record that `send` promised to deliver. */
export class PromisedDelivery implements Completion {
  readonly promise: Promise<RecordMetadata>
  readonly #resolve: (metadata: RecordMetadata) => void
  readonly #reject: (error: unknown) => void

  constructor() {
    this.promise = new Promise(capture)
    this.#resolve = resolveCaptured
    this.#reject = rejectCaptured
  }

  acknowledged(_tag: number, topic: string, partition: number, offset: number, timestamp: number): void {
    this.#resolve({ topic, partition, offset: BigInt(offset), timestamp })
  }

  failed(_tag: number, error: KafkaError): void {
    this.#reject(error)
  }
}

/** Records that `sendBatch` promised to deliver; their index is their tag. */
export class BatchDelivery implements Completion {
  readonly promise: Promise<RecordMetadata[]>
  readonly #topic: string
  readonly #results: (RecordMetadata | KafkaError)[]
  #resolve!: (metadata: RecordMetadata[]) => void
  #reject!: (error: KafkaError) => void
  #left: number
  #failures = 0

  constructor(topic: string, count: number) {
    this.promise = new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    this.#topic = topic
    this.#results = Array.from({ length: count })
    this.#left = count
    if (count === 0) this.#resolve([])
  }

  acknowledged(tag: number, topic: string, partition: number, offset: number, timestamp: number): void {
    this.#results[tag] = { topic, partition, offset: BigInt(offset), timestamp }
    if (--this.#left === 0) this.#settle()
  }

  failed(tag: number, error: KafkaError): void {
    this.#results[tag] = error
    this.#failures++
    if (--this.#left === 0) this.#settle()
  }

  #settle(): void {
    if (this.#failures === 0) this.#resolve(this.#results as RecordMetadata[])
    else this.#reject(batchError(this.#topic, this.#results))
  }
}

/** Records with a callback. Many share one object when they share the callback. */
export class CallbackDelivery implements Completion {
  readonly callback: DeliveryCallback

  constructor(callback: DeliveryCallback) {
    this.callback = callback
  }

  acknowledged(_tag: number, topic: string, partition: number, offset: number, timestamp: number): void {
    this.callback(null, { topic, partition, offset: BigInt(offset), timestamp })
  }

  failed(_tag: number, error: KafkaError): void {
    this.callback(error, null)
  }
}

/** Records that nobody waits for: only their failures are told, to the log. */
export class LoggedDelivery implements Completion {
  readonly #logger: Logger

  constructor(logger: Logger) {
    this.#logger = logger
  }

  acknowledged(): void {}

  failed(_tag: number, error: KafkaError): void {
    this.#logger.error('an enqueued record was not delivered', { error })
  }
}
