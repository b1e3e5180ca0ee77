/**
 * What one fetch brought for one partition: bytes of whole batches, opened one by one as they are about to be delivered.
 *
 * Leaves out what the application must not see: control batches, records before the position (a fetch begins at the
 * batch that contains it), and with read_committed the records of aborted transactions. An aborted transaction begins
 * at the `firstOffset` that the broker lists and ends with its marker, which may come only with a later fetch; one
 * producer may have several in one chunk (KIP-98).
 */
import {
  batchBaseOffset,
  batchNextOffset,
  controlTypeOf,
  openBatch,
  RecordsError,
  viewOf,
  wholeBatchEnd,
  isCompressed,
  batchAttributes,
  type Codecs,
  type RecordBatch,
} from '@braidlog/records'
import { FetchedFrame } from './fetched-frame.ts'

export interface AbortedTransaction {
  readonly producerId: number
  readonly firstOffset: number
}

export interface ChunkOptions {
  readonly topic: string
  readonly partition: number
  readonly bytes: Uint8Array
  /** The answer that `bytes` are a view of. */
  readonly frame: FetchedFrame
  /** Position at the time of the fetch. */
  readonly fetchOffset: number
  readonly highWatermark: number
  /** `undefined`: read_uncommitted. */
  readonly aborted: readonly AbortedTransaction[] | undefined
}

/** A compressed batch for the caller to open, and to hand to `opened`. */
export interface LargeBatch {
  readonly kind: 'large'
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly at: number
}

/** Compressed batches of at least this size are opened off the event loop. */
const ASYNC_SIZE_BYTES = 256 << 10

export class FetchedChunk {
  readonly topic: string
  readonly partition: number
  readonly highWatermark: number
  /** Records before it are not delivered. */
  readonly fetchOffset: number
  readonly sizeBytes: number
  /** Where the next fetch begins: behind the last whole batch. */
  readonly nextOffset: number
  /** Leader epoch of the last whole batch; -1 when there is none. */
  readonly lastEpoch: number
  frame: FetchedFrame
  #bytes: Uint8Array
  #view: DataView
  #at = 0
  /** Offset behind what has been opened or left out so far. */
  #cursor: number
  /** Sorted by offset; those below `#abortedNext` have begun. */
  readonly #aborted: readonly AbortedTransaction[] | undefined
  #abortedNext = 0
  readonly #abortedProducers = new Set<number>()

  constructor(options: ChunkOptions) {
    this.topic = options.topic
    this.partition = options.partition
    this.highWatermark = options.highWatermark
    this.fetchOffset = options.fetchOffset
    this.#cursor = options.fetchOffset
    this.frame = options.frame
    this.#bytes = options.bytes
    this.#view = viewOf(options.bytes)
    this.#aborted =
      options.aborted === undefined ? undefined : [...options.aborted].sort((a, b) => a.firstOffset - b.firstOffset)
    let nextOffset = options.fetchOffset
    let lastEpoch = -1
    let at = 0
    for (let end = wholeBatchEnd(this.#view, 0, this.#bytes.length); end !== -1;) {
      // Offsets that go back are damage that opening the batch will report; never fetch backwards because of it.
      nextOffset = Math.max(nextOffset, batchNextOffset(this.#view, at))
      lastEpoch = this.#view.getInt32(at + LEADER_EPOCH_AT)
      at = end
      end = wholeBatchEnd(this.#view, at, this.#bytes.length)
    }
    this.nextOffset = nextOffset
    this.lastEpoch = lastEpoch
    this.sizeBytes = at
  }

  /** Copies the bytes out of the answer, so that they hold no more memory than they need. */
  leaveFrame(): void {
    if (this.frame.sizeBytes <= this.#bytes.length) return
    this.#bytes = this.#bytes.slice()
    this.#view = viewOf(this.#bytes)
    this.frame = new FetchedFrame(this.#bytes.length)
  }

  /** No whole batch is left. */
  get isExhausted(): boolean {
    return this.#at >= this.sizeBytes
  }

  /** The offset behind everything that has been opened or left out. */
  get cursor(): number {
    return this.isExhausted ? this.nextOffset : this.#cursor
  }

  /**
   * Opens the next batch that has something for the application.
   * @returns `undefined` when there is none left; a {@link LargeBatch} when it is worth a thread to decompress it
   * @throws RecordsError at a damaged batch, which `skip` steps over
   */
  next(codecs: Codecs): RecordBatch | LargeBatch | undefined {
    while (!this.isExhausted) {
      const at = this.#at
      const end = wholeBatchEnd(this.#view, at, this.#bytes.length)
      if (batchNextOffset(this.#view, at) <= this.fetchOffset) {
        this.#pass(at, end)
        continue
      }
      const isLarge = end - at >= ASYNC_SIZE_BYTES && isCompressed(batchAttributes(this.#view, at))
      if (isLarge && !this.#mayBeInvisible(at)) {
        return { kind: 'large', bytes: this.#bytes, view: this.#view, at }
      }
      const batch = openBatch(this.#bytes, this.#view, at, { codecs })
      const isVisible = this.#enter(batch)
      this.#pass(at, end)
      if (isVisible && batch.recordCount > 0) return batch
    }
    return undefined
  }

  /** The large batch that `next` returned is open. */
  opened(batch: RecordBatch): RecordBatch {
    this.#enter(batch)
    this.#pass(this.#at, this.#at + batch.sizeBytes)
    return batch
  }

  /** Steps over the batch at which `next` failed. @returns the offsets [from, to) that are left out */
  skip(): { readonly from: number; readonly to: number } {
    const at = this.#at
    const end = wholeBatchEnd(this.#view, at, this.#bytes.length)
    const from = Math.max(this.fetchOffset, batchBaseOffset(this.#view, at))
    this.#pass(at, end)
    // The damage may be in the header: what follows tells better where the batch ended.
    const to = this.isExhausted ? this.nextOffset : batchBaseOffset(this.#view, end)
    return { from, to }
  }

  /** Whether transactions decide about the batch at `at`; those are opened in order, one at a time. */
  #mayBeInvisible(at: number): boolean {
    const attributes = batchAttributes(this.#view, at)
    return (attributes & (CONTROL_BIT | TRANSACTIONAL_BIT)) !== 0
  }

  /** Follows transactions. @returns whether the application may see the batch */
  #enter(batch: RecordBatch): boolean {
    if (this.#aborted === undefined || batch.producerId < 0) return !batch.isControl
    while (
      this.#abortedNext < this.#aborted.length &&
      this.#aborted[this.#abortedNext]!.firstOffset <= batch.lastOffset
    ) {
      this.#abortedProducers.add(this.#aborted[this.#abortedNext++]!.producerId)
    }
    if (batch.isControl) {
      if (isAbortMarker(batch)) this.#abortedProducers.delete(batch.producerId)
      return false
    }
    return !(batch.isTransactional && this.#abortedProducers.has(batch.producerId))
  }

  #pass(at: number, end: number): void {
    this.#cursor = Math.max(this.#cursor, batchNextOffset(this.#view, at))
    this.#at = end
  }
}

const LEADER_EPOCH_AT = 12
const TRANSACTIONAL_BIT = 0x10
const CONTROL_BIT = 0x20

function isAbortMarker(batch: RecordBatch): boolean {
  for (const record of batch) return record.key !== null && controlTypeOf(record.key) === 'abort'
  throw new RecordsError('CORRUPT_BATCH', `offset ${batch.baseOffset}: a control batch without a record`)
}
