/**
 * Walks the batches of a log file from a position, piece by piece, off the event loop: recovery, compaction, searches by
 * timestamp, replay of producers.
 *
 * ```ts
 * while (await scanner.load()) while (scanner.next()) look(scanner.bytes, scanner.view, scanner.at)
 * ```
 *
 * Only the structure is looked at (length and magic); the checksum is the reader's to verify. The scan ends at the first
 * bytes that are no batch; `position` then says where.
 */
import {
  batchMagic,
  batchSizeBytes,
  BATCH_HEADER_SIZE_BYTES,
  MAGIC,
  LENGTH_OVERHEAD_SIZE_BYTES,
  viewOf,
} from '@braidlog/records'
import type { BufferPool, PooledBuffer } from './buffers.ts'
import type { FileSlot, OpenFiles } from './open-files.ts'

const PIECE_SIZE_BYTES = 1024 * 1024

export interface BatchScannerOptions {
  readonly files: OpenFiles
  readonly buffers: BufferPool
  readonly slot: FileSlot
  /** Position of a batch. */
  readonly from: number
  /** Position at which to end; the size of the file when left out. */
  readonly to?: number
  /** Bytes read at once; a batch that is larger is read whole nevertheless. */
  readonly pieceSizeBytes?: number
}

export class BatchScanner {
  readonly #files: OpenFiles
  readonly #buffers: BufferPool
  readonly #slot: FileSlot
  readonly #to: number
  readonly #pieceSizeBytes: number
  #buffer: PooledBuffer | undefined
  /** Bytes of the buffer that are filled, and where in the file its first byte stands. */
  #filled = 0
  #bufferPosition: number
  #nextAt = 0
  #ended = false

  /** The batch that `next` stands on: `bytes[at, at + sizeBytes)`, at `position` in the file; valid until `load`. */
  bytes: Uint8Array = new Uint8Array(0)
  view = viewOf(this.bytes)
  at = 0
  sizeBytes = 0

  constructor(options: BatchScannerOptions) {
    this.#files = options.files
    this.#buffers = options.buffers
    this.#slot = options.slot
    this.#bufferPosition = options.from
    this.#to = options.to ?? this.#files.use(options.slot).sizeBytes()
    this.#pieceSizeBytes = options.pieceSizeBytes ?? PIECE_SIZE_BYTES
  }

  /** Of the file. */
  get path(): string {
    return this.#slot.path
  }

  /** Where the current batch begins in the file. */
  get position(): number {
    return this.#bufferPosition + this.at
  }

  /** Where the next batch would begin; after the end, where the batches end. */
  get endPosition(): number {
    return this.#bufferPosition + this.#nextAt
  }

  /** Moves to the next batch that is in memory. @returns false: call `load` */
  next(): boolean {
    const left = this.#filled - this.#nextAt
    if (left < BATCH_HEADER_SIZE_BYTES || batchMagic(this.view, this.#nextAt) !== MAGIC) return false
    const sizeBytes = batchSizeBytes(this.view, this.#nextAt)
    if (sizeBytes < BATCH_HEADER_SIZE_BYTES || sizeBytes > left) return false
    this.at = this.#nextAt
    this.sizeBytes = sizeBytes
    this.#nextAt += sizeBytes
    return true
  }

  /** Reads on. @returns false at the end of the batches; buffers are given back then */
  async load(): Promise<boolean> {
    if (this.#ended) return false
    const position = this.endPosition
    const left = this.#filled - this.#nextAt
    const rest = this.#to - position
    let wanted = Math.min(this.#pieceSizeBytes, rest)
    if (left >= BATCH_HEADER_SIZE_BYTES) {
      const sizeBytes = batchSizeBytes(this.view, this.#nextAt)
      const broken = batchMagic(this.view, this.#nextAt) !== MAGIC || sizeBytes < BATCH_HEADER_SIZE_BYTES
      if (broken || sizeBytes > rest) return this.#end()
      wanted = Math.min(Math.max(wanted, sizeBytes), rest)
    }
    if (wanted < LENGTH_OVERHEAD_SIZE_BYTES || wanted <= left) return this.#end()
    const buffer = this.#buffers.take(wanted)
    try {
      this.#filled = await this.#files.use(this.#slot).readCold(buffer.bytes, 0, wanted, position)
    } finally {
      this.#buffer?.release()
      this.#buffer = buffer
    }
    this.bytes = buffer.bytes
    this.view = viewOf(buffer.bytes)
    this.#bufferPosition = position
    this.#nextAt = this.at = 0
    // A short read of a piece that holds no whole batch is the end; `next` finds that out and `load` is called again.
    return true
  }

  /** Gives the buffer back; for who stops before the end. */
  close(): void {
    this.#end()
  }

  #end(): false {
    this.#ended = true
    this.#buffer?.release()
    this.#buffer = undefined
    return false
  }
}
