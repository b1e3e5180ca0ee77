/**
 * One batch on its way to one partition: records encoded as they come, who waits for them, and what the broker must know
 * to recognise a repetition.
 *
 * Invariant: once a batch has a sequence number, its records never change; only producer id, epoch and sequence may be
 * assigned anew, and only when the broker is known not to have it.
 */
import { assert } from '@braidlog/base'
import {
  addToSequence,
  NO_PRODUCER_EPOCH,
  NO_PRODUCER_ID,
  NO_SEQUENCE,
  openBatch,
  setBatchProducer,
  viewOf,
  type BatchBuilder,
  type Codecs,
  type HeaderInput,
  type Payload,
} from '@braidlog/records'
import type { KafkaError } from '../errors.ts'

/** Who waits for records. `tag` is whatever it was given with the record. */
export interface Completion {
  acknowledged(tag: number, topic: string, partition: number, offset: number, timestamp: number): void
  failed(tag: number, error: KafkaError): void
}

export class ProducerBatch {
  readonly topic: string
  readonly partition: number
  readonly createdMs: number
  readonly deadlineMs: number
  /** `undefined` once the records are sealed into `bytes` and the builder is back in the pool. */
  builder: BatchBuilder | undefined
  recordCount = 0
  /** What the batch counts for in the producer's memory. */
  reservedBytes = 0
  producerId = NO_PRODUCER_ID
  producerEpoch = NO_PRODUCER_EPOCH
  baseSequence = NO_SEQUENCE
  attempts = 0
  /** It was sent and nobody knows what became of it: a refusal of a later attempt says nothing about that one. */
  mayBeStored = false
  /** The last failure, if any: what a timeout reports. */
  lastError: KafkaError | undefined
  /** Shared by the parts of a batch that was refused as too large: whether a single record of it was the reason. */
  origin: { hasHugeRecord: boolean } | undefined
  /** Everybody has been told the outcome. */
  settled = false
  /** Closed, and not to be sent before its records are compressed elsewhere. */
  awaitsCompression = false
  #bytes: Uint8Array | undefined
  /** Somebody has `#bytes`: they must not change any more. */
  #isHandedOut = false
  /** Identity that is written into `#bytes`. */
  #sealedId = NO_PRODUCER_ID
  #sealedEpoch = NO_PRODUCER_EPOCH
  #sealedSequence = NO_SEQUENCE
  readonly #completions: (Completion | undefined)[] = []
  readonly #tags: number[] = []
  readonly #timestamps: number[] = []
  #doneListeners: (() => void)[] | undefined

  constructor(topic: string, partition: number, builder: BatchBuilder, createdMs: number, deadlineMs: number) {
    this.topic = topic
    this.partition = partition
    this.builder = builder
    this.createdMs = createdMs
    this.deadlineMs = deadlineMs
  }

  get sizeBytes(): number {
    return this.builder?.sizeBytes ?? this.#bytes!.length
  }

  get hasSequence(): boolean {
    return this.baseSequence !== NO_SEQUENCE
  }

  /** @returns false when the batch is full @throws RecordsError when the record itself is impossible */
  append(
    key: Payload,
    value: Payload,
    timestampMs: number,
    headers: readonly HeaderInput[] | undefined,
    completion: Completion | undefined,
    tag: number,
  ): boolean {
    if (!this.builder!.append(key, value, timestampMs, headers)) return false
    this.recordCount++
    this.#completions.push(completion)
    this.#tags.push(tag)
    this.#timestamps.push(timestampMs)
    return true
  }

  /** The encoded batch under its present identity; sealed on first use. */
  seal(codecs: Codecs): Uint8Array {
    const { producerId, producerEpoch, baseSequence } = this
    if (this.#bytes === undefined) {
      this.#sealedWith(this.builder!.build({ producerId, producerEpoch, baseSequence }))
    } else if (
      producerId !== this.#sealedId ||
      producerEpoch !== this.#sealedEpoch ||
      baseSequence !== this.#sealedSequence
    ) {
      // Bytes that were handed out may still stand in a socket's queue: patch a copy.
      const bytes = this.#isHandedOut ? this.#bytes.slice() : this.#bytes
      const identity = { id: producerId, epoch: producerEpoch, baseSequence }
      setBatchProducer(bytes, viewOf(bytes), 0, identity, codecs.crc32c)
      this.#sealedWith(bytes)
    }
    this.#isHandedOut = true
    return this.#bytes!
  }

  /** The records were compressed elsewhere. Whatever identity the batch gets is written over the present one. */
  compressedAs(records: Uint8Array): void {
    assert(this.awaitsCompression && this.#bytes === undefined, 'compressed once, and asked for')
    const { producerId, producerEpoch, baseSequence } = this
    this.#sealedWith(this.builder!.build({ producerId, producerEpoch, baseSequence }, records))
    this.awaitsCompression = false
  }

  acknowledge(baseOffset: number, logAppendTimeMs: number): void {
    if (this.settled) return
    this.settled = true
    const { topic, partition } = this
    for (let i = 0; i < this.#completions.length; i++) {
      const offset = baseOffset < 0 ? -1 : baseOffset + i
      const timestamp = logAppendTimeMs >= 0 ? logAppendTimeMs : this.#timestamps[i]!
      this.#completions[i]?.acknowledged(this.#tags[i]!, topic, partition, offset, timestamp)
    }
    this.#done()
  }

  /** @param errorOf a record's own error, where the broker named some */
  fail(error: KafkaError, errorOf?: (index: number) => KafkaError | undefined): void {
    if (this.settled) return
    this.settled = true
    for (let i = 0; i < this.#completions.length; i++) {
      this.#completions[i]?.failed(this.#tags[i]!, errorOf?.(i) ?? error)
    }
    this.#done()
  }

  /**
   * The records of this batch in two batches (or more, when moved timestamps take more room), which take over whoever
   * waits, and the sequence numbers. This batch is done for, its bytes are not needed afterwards.
   */
  split(codecs: Codecs, newBuilder: () => BatchBuilder): ProducerBatch[] {
    assert(this.recordCount > 1 && !this.settled, 'there is something to split')
    const bytes = this.seal(codecs)
    this.origin ??= { hasHugeRecord: false }
    const parts: ProducerBatch[] = []
    const middle = this.recordCount >> 1
    let i = 0
    for (const { key, value, headers } of openBatch(bytes, viewOf(bytes), 0, { codecs, verifyCrc: false })) {
      const timestamp = this.#timestamps[i]!
      const completion = this.#completions[i]
      const tag = this.#tags[i]!
      const part = i === 0 || i === middle ? undefined : parts.at(-1)
      if (part === undefined || !part.append(key, value, timestamp, headers, completion, tag)) {
        const next = this.#part(newBuilder(), i)
        next.append(key, value, timestamp, headers, completion, tag)
        parts.push(next)
      }
      i++
    }
    this.settled = true
    let left = parts.length
    const partDone = (): void => {
      if (--left === 0) this.#done()
    }
    for (const part of parts) part.whenDone(partDone)
    return parts
  }

  #part(builder: BatchBuilder, first: number): ProducerBatch {
    const part = new ProducerBatch(this.topic, this.partition, builder, this.createdMs, this.deadlineMs)
    part.origin = this.origin
    part.lastError = this.lastError
    if (this.hasSequence) {
      part.producerId = this.producerId
      part.producerEpoch = this.producerEpoch
      part.baseSequence = addToSequence(this.baseSequence, first)
    }
    return part
  }

  /** Calls back when everybody has been told, whatever the outcome. */
  whenDone(listener: () => void): void {
    assert(!this.settled, 'a settled batch is not waited for')
    this.#doneListeners ??= []
    this.#doneListeners.push(listener)
  }

  #sealedWith(bytes: Uint8Array): void {
    this.#bytes = bytes
    this.#sealedId = this.producerId
    this.#sealedEpoch = this.producerEpoch
    this.#sealedSequence = this.baseSequence
  }

  #done(): void {
    const listeners = this.#doneListeners
    this.#doneListeners = undefined
    if (listeners !== undefined) for (const listener of listeners) listener()
  }
}
