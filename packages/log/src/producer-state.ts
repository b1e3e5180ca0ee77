/**
 * What a log remembers of its producers: the last five batches of each, to tell duplicates from gaps, and the open
 * transactions (KIP-98, KIP-360).
 *
 * Rules: a batch that equals one of the last five is a duplicate; otherwise sequences continue exactly, wrapping at 2^31;
 * a new epoch begins at 0; a producer that is not known may begin anywhere. A producer is forgotten a while after its last
 * write, never with an open transaction.
 * Invariant: the state is a function of the batches below the offset of the snapshot plus those replayed since.
 */
import {
  addToSequence,
  batchBaseOffset,
  batchBaseSequence,
  batchLastOffset,
  batchLastOffsetDelta,
  batchLastSequence,
  batchMaxTimestamp,
  batchProducerEpoch,
  batchProducerId,
  isTransactional,
  batchAttributes,
  NO_PRODUCER_EPOCH,
  NO_SEQUENCE,
  NO_TIMESTAMP,
} from '@braidlog/records'

/** Batches remembered per producer: as many requests as a client may have in flight. */
export const BATCHES_PER_PRODUCER_MAX = 5

/** What DescribeProducers shows of a producer. */
export interface ProducerDescription {
  readonly producerId: number
  readonly producerEpoch: number
  readonly lastSequence: number
  readonly lastTimestampMs: number
  readonly coordinatorEpoch: number
  /** -1: no open transaction */
  readonly currentTransactionStartOffset: number
}

/** A producer as snapshots store it: with its last batch only. */
export interface ProducerSnapshotEntry {
  readonly producerId: number
  readonly epoch: number
  readonly lastSequence: number
  readonly lastOffset: number
  readonly offsetDelta: number
  readonly timestamp: number
  readonly coordinatorEpoch: number
  readonly currentTxnFirstOffset: number
}

/** A transaction that a marker has ended. */
export interface CompletedTransaction {
  readonly producerId: number
  readonly firstOffset: number
  /** Offset of the marker. */
  readonly lastOffset: number
  /** The last stable offset once this transaction counts as decided. */
  readonly lastStableOffset: number
}

export const ProducerCheck = { Accept: 0, Duplicate: 1, OutOfOrderSequence: 2, InvalidEpoch: 3 } as const
export type ProducerCheck = (typeof ProducerCheck)[keyof typeof ProducerCheck]

interface AppendedBatch {
  lastSequence: number
  lastOffset: number
  offsetDelta: number
  timestampMs: number
}

interface Producer {
  readonly id: number
  epoch: number
  coordinatorEpoch: number
  lastTimestampMs: number
  /** When the producer last wrote, by our clock; expiry counts from here. */
  lastWriteMs: number
  /** -1: no open transaction */
  transactionFirstOffset: number
  /** Oldest first, at most {@link BATCHES_PER_PRODUCER_MAX}. */
  readonly batches: AppendedBatch[]
}

export class ProducerState {
  readonly #producers = new Map<number, Producer>()
  /** First offset of every open transaction to its producer; in ascending order, since offsets are appended so. */
  readonly #ongoing = new Map<number, number>()
  /** Transactions whose marker is not below the high watermark yet. */
  #undecided: { readonly firstOffset: number; readonly lastOffset: number }[] = []
  #highWatermark = 0

  /** After a {@link ProducerState.check} that said `Duplicate`: the batch of the first time. */
  duplicateBaseOffset = -1
  duplicateLastOffset = -1
  duplicateTimestampMs = NO_TIMESTAMP

  /** @param nowMs takes the place of the time of the last write, which snapshots do not hold */
  constructor(entries: readonly ProducerSnapshotEntry[] = [], nowMs = 0) {
    const byTransaction = entries.toSorted((a, b) => a.currentTxnFirstOffset - b.currentTxnFirstOffset)
    for (const entry of byTransaction) {
      const { producerId, epoch, coordinatorEpoch, timestamp, currentTxnFirstOffset } = entry
      const producer: Producer = {
        id: producerId,
        epoch,
        coordinatorEpoch,
        lastTimestampMs: timestamp,
        lastWriteMs: nowMs,
        transactionFirstOffset: currentTxnFirstOffset,
        batches: [],
      }
      if (entry.lastSequence !== NO_SEQUENCE)
        producer.batches.push({
          lastSequence: entry.lastSequence,
          lastOffset: entry.lastOffset,
          offsetDelta: entry.offsetDelta,
          timestampMs: timestamp,
        })
      this.#producers.set(producerId, producer)
      if (currentTxnFirstOffset >= 0) this.#ongoing.set(currentTxnFirstOffset, producerId)
    }
  }

  get size(): number {
    return this.#producers.size
  }

  /** May the batch at `at`, which has a producer id and comes from a client, be appended? */
  check(view: DataView, at: number): ProducerCheck {
    const producer = this.#producers.get(batchProducerId(view, at))
    if (producer === undefined) return ProducerCheck.Accept
    const epoch = batchProducerEpoch(view, at)
    if (this.#findDuplicate(producer, epoch, view, at)) return ProducerCheck.Duplicate
    if (epoch < producer.epoch) return ProducerCheck.InvalidEpoch
    const baseSequence = batchBaseSequence(view, at)
    if (epoch !== producer.epoch) {
      const begins = baseSequence === 0 || producer.epoch === NO_PRODUCER_EPOCH
      return begins ? ProducerCheck.Accept : ProducerCheck.OutOfOrderSequence
    }
    const last = producer.batches.at(-1)
    const expected = last === undefined ? 0 : addToSequence(last.lastSequence, 1)
    return baseSequence === expected ? ProducerCheck.Accept : ProducerCheck.OutOfOrderSequence
  }

  /** Takes note of a data batch that has been appended at its offsets. */
  update(view: DataView, at: number, nowMs: number): void {
    const baseOffset = batchBaseOffset(view, at)
    const timestampMs = batchMaxTimestamp(view, at)
    const producer = this.#producerFor(batchProducerId(view, at), batchProducerEpoch(view, at))
    const { batches } = producer
    const batch: AppendedBatch =
      batches.length === BATCHES_PER_PRODUCER_MAX
        ? batches.shift()!
        : { lastSequence: 0, lastOffset: 0, offsetDelta: 0, timestampMs: 0 }
    batch.lastSequence = batchLastSequence(view, at)
    batch.lastOffset = batchLastOffset(view, at)
    batch.offsetDelta = batchLastOffsetDelta(view, at)
    batch.timestampMs = timestampMs
    batches.push(batch)
    producer.lastTimestampMs = timestampMs
    producer.lastWriteMs = nowMs
    if (isTransactional(batchAttributes(view, at)) && producer.transactionFirstOffset < 0) {
      producer.transactionFirstOffset = baseOffset
      this.#ongoing.set(baseOffset, producer.id)
    }
  }

  /**
   * Takes note of a transaction marker that has been appended at its offset.
   * @returns the transaction that it ended, if one was open
   */
  endTransaction(
    view: DataView,
    at: number,
    coordinatorEpoch: number,
    nowMs: number,
  ): CompletedTransaction | undefined {
    const producer = this.#producerFor(batchProducerId(view, at), batchProducerEpoch(view, at))
    producer.coordinatorEpoch = coordinatorEpoch
    producer.lastTimestampMs = batchMaxTimestamp(view, at)
    producer.lastWriteMs = nowMs
    const firstOffset = producer.transactionFirstOffset
    if (firstOffset < 0) return undefined
    producer.transactionFirstOffset = -1
    this.#ongoing.delete(firstOffset)
    const lastOffset = batchLastOffset(view, at)
    if (lastOffset >= this.#highWatermark) this.#undecided.push({ firstOffset, lastOffset })
    const [nextOngoing] = this.#ongoing.keys()
    return { producerId: producer.id, firstOffset, lastOffset, lastStableOffset: nextOngoing ?? lastOffset + 1 }
  }

  /** A marker decides only once the high watermark has passed it. */
  highWatermarkMoved(highWatermark: number): void {
    this.#highWatermark = highWatermark
    if (this.#undecided.length > 0)
      this.#undecided = this.#undecided.filter((transaction) => transaction.lastOffset >= highWatermark)
  }

  /** First offset of the first transaction that is not decided, or `undefined`. */
  get firstUnstableOffset(): number | undefined {
    if (this.#ongoing.size === 0 && this.#undecided.length === 0) return undefined
    let [first] = this.#ongoing.keys()
    for (const { firstOffset } of this.#undecided) if (first === undefined || firstOffset < first) first = firstOffset
    return first
  }

  /** Forgets producers whose last write lies `expirationMs` back, unless they have an open transaction. */
  expire(nowMs: number, expirationMs: number): void {
    for (const [id, producer] of this.#producers)
      if (producer.transactionFirstOffset < 0 && nowMs - producer.lastWriteMs >= expirationMs)
        this.#producers.delete(id)
  }

  describe(): ProducerDescription[] {
    return [...this.#producers.values()].map((producer) => ({
      producerId: producer.id,
      producerEpoch: producer.epoch,
      lastSequence: producer.batches.at(-1)?.lastSequence ?? NO_SEQUENCE,
      lastTimestampMs: producer.lastTimestampMs,
      coordinatorEpoch: producer.coordinatorEpoch,
      currentTransactionStartOffset: producer.transactionFirstOffset,
    }))
  }

  snapshot(): ProducerSnapshotEntry[] {
    return [...this.#producers.values()].map((producer) => {
      const last = producer.batches.at(-1)
      return {
        producerId: producer.id,
        epoch: producer.epoch,
        lastSequence: last?.lastSequence ?? NO_SEQUENCE,
        lastOffset: last?.lastOffset ?? -1,
        offsetDelta: last?.offsetDelta ?? 0,
        timestamp: producer.lastTimestampMs,
        coordinatorEpoch: producer.coordinatorEpoch,
        currentTxnFirstOffset: producer.transactionFirstOffset,
      }
    })
  }

  /** Last sequence and offset of every producer's last batch: what compaction must not drop. */
  lastOffsets(): ReadonlySet<number> {
    const offsets = new Set<number>()
    for (const producer of this.#producers.values()) {
      const last = producer.batches.at(-1)
      if (last !== undefined) offsets.add(last.lastOffset)
    }
    return offsets
  }

  /** The producer, in `epoch`; a change of epoch forgets its batches. */
  #producerFor(id: number, epoch: number): Producer {
    let producer = this.#producers.get(id)
    if (producer === undefined) {
      producer = {
        id,
        epoch,
        coordinatorEpoch: -1,
        lastTimestampMs: NO_TIMESTAMP,
        lastWriteMs: 0,
        transactionFirstOffset: -1,
        batches: [],
      }
      this.#producers.set(id, producer)
    } else if (producer.epoch !== epoch) {
      producer.epoch = epoch
      producer.batches.length = 0
    }
    return producer
  }

  #findDuplicate(producer: Producer, epoch: number, view: DataView, at: number): boolean {
    if (epoch !== producer.epoch) return false
    const lastSequence = batchLastSequence(view, at)
    const offsetDelta = batchLastOffsetDelta(view, at)
    for (const batch of producer.batches) {
      if (batch.lastSequence !== lastSequence || batch.offsetDelta !== offsetDelta) continue
      this.duplicateBaseOffset = batch.lastOffset - batch.offsetDelta
      this.duplicateLastOffset = batch.lastOffset
      this.duplicateTimestampMs = batch.timestampMs
      return true
    }
    return false
  }
}
