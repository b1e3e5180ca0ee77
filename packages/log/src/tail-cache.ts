/**
 * Recently appended batches, kept in memory so that readers at the end of a log need no read from a file.
 *
 * One FIFO over all logs with a bound in bytes; each log has a run of pieces that ends at its log end. A piece is either
 * a range of the appender's own buffer, retained (large appends whose owner is given), or a slab into which appends are
 * copied one behind another, so that a reader gets many small batches as one range.
 *
 * Logs that nobody reads at the end are not worth the copying: after `UNREAD_APPENDS_MAX` appends without a read their
 * tail is dropped until somebody reads again.
 * Invariant: pieces of a log are contiguous in offsets and reach its log end; bytes held never exceed the bound by more
 * than one piece.
 */
import { assert } from '@braidlog/base'
import { batchBaseOffset, batchLastOffset, batchSizeBytes } from '@braidlog/records'
import type { BufferOwner, BufferPool, PooledBuffer } from './buffers.ts'

/** Appends at least this large are retained instead of copied when their owner is given. */
const RETAIN_SIZE_BYTES_MIN = 32 * 1024
/** A log's slabs grow with its traffic between these bounds. */
const SLAB_SIZE_BYTES_MIN = 16 * 1024
const SLAB_SIZE_BYTES_MAX = 256 * 1024
/** Appends larger than a slab that come without an owner are not kept. */
const COPY_SIZE_BYTES_MAX = SLAB_SIZE_BYTES_MAX
const UNREAD_APPENDS_MAX = 4096

/** Bytes of consecutive batches in memory. */
class TailPiece {
  readonly tail: LogTail
  readonly baseOffset: number
  nextOffset: number
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly start: number
  end: number
  readonly owner: BufferOwner
  /** Where appends may be copied to, or `undefined` for a retained range. */
  readonly slab: PooledBuffer | undefined
  newer: TailPiece | undefined = undefined

  constructor(fields: {
    tail: LogTail
    baseOffset: number
    bytes: Uint8Array
    start: number
    end: number
    owner: BufferOwner
    slab: PooledBuffer | undefined
  }) {
    this.tail = fields.tail
    this.baseOffset = this.nextOffset = fields.baseOffset
    this.bytes = fields.bytes
    this.view = new DataView(fields.bytes.buffer, fields.bytes.byteOffset, fields.bytes.byteLength)
    this.start = fields.start
    this.end = fields.end
    this.owner = fields.owner
    this.slab = fields.slab
  }
}

/** What a read found; `chunks` are views, kept alive by `owners` until each is released. */
export interface TailRead {
  readonly chunks: Uint8Array[]
  readonly owners: BufferOwner[]
  readonly sizeBytes: number
  readonly baseOffset: number
  readonly nextOffset: number
}

export class TailCache {
  readonly #sizeBytesMax: number
  readonly buffers: BufferPool
  /** Pieces per buffer: a range keeps the whole buffer in memory, so the buffer counts, once. */
  readonly #pieces = new Map<BufferOwner, number>()
  #sizeBytes = 0
  #oldest: TailPiece | undefined = undefined
  #newest: TailPiece | undefined = undefined

  constructor(sizeBytesMax: number, buffers: BufferPool) {
    this.#sizeBytesMax = sizeBytesMax
    this.buffers = buffers
  }

  /** Bytes of memory that the cache keeps alive. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  get enabled(): boolean {
    return this.#sizeBytesMax > 0
  }

  /** For {@link LogTail}: takes the piece in, and drops the oldest ones beyond the bound. */
  add(piece: TailPiece): void {
    if (this.#newest === undefined) this.#oldest = piece
    else this.#newest.newer = piece
    this.#newest = piece
    const pieces = this.#pieces.get(piece.owner) ?? 0
    if (pieces === 0) this.#sizeBytes += piece.owner.sizeBytes
    this.#pieces.set(piece.owner, pieces + 1)
    while (this.#sizeBytes > this.#sizeBytesMax && this.#oldest !== undefined) this.#dropOldest()
  }

  #dropOldest(): void {
    const piece = this.#oldest!
    this.#oldest = piece.newer
    if (this.#oldest === undefined) this.#newest = undefined
    const pieces = this.#pieces.get(piece.owner)! - 1
    if (pieces > 0) {
      this.#pieces.set(piece.owner, pieces)
    } else {
      this.#pieces.delete(piece.owner)
      this.#sizeBytes -= piece.owner.sizeBytes
    }
    piece.tail.dropped(piece)
    piece.owner.release()
  }
}

/** The tail of one log. */
export class LogTail {
  readonly #cache: TailCache
  /** Oldest first; the last one may still grow. Pieces that the cache dropped are gone from the front. */
  #pieces: TailPiece[] = []
  #slabSizeBytes = SLAB_SIZE_BYTES_MIN
  #unreadAppends = UNREAD_APPENDS_MAX

  constructor(cache: TailCache) {
    this.#cache = cache
  }

  /** First offset in memory, or `Infinity`. */
  get baseOffset(): number {
    return this.#pieces[0]?.baseOffset ?? Infinity
  }

  /** Somebody reads near the end: the tail is worth keeping. */
  noteRead(): void {
    this.#unreadAppends = 0
  }

  /** Takes the batches `bytes[start, end)`, just appended; the first has `baseOffset`. */
  append(
    bytes: Uint8Array,
    start: number,
    end: number,
    baseOffset: number,
    nextOffset: number,
    owner: BufferOwner | undefined,
  ): void {
    if (!this.#cache.enabled) return
    if (this.#unreadAppends >= UNREAD_APPENDS_MAX) return this.clear()
    this.#unreadAppends++
    const sizeBytes = end - start
    if (owner !== undefined && sizeBytes >= RETAIN_SIZE_BYTES_MIN) {
      owner.retain()
      this.#push(new TailPiece({ tail: this, baseOffset, bytes, start, end, owner, slab: undefined }), nextOffset)
      return
    }
    if (sizeBytes > COPY_SIZE_BYTES_MAX) return this.clear()
    this.#copy(bytes, start, end, baseOffset, nextOffset)
  }

  /** Batches from the one that holds `offset`, which must be at or above {@link LogTail.baseOffset}. */
  read(offset: number, maxBytes: number, upToOffset: number, minOneBatch: boolean): TailRead | undefined {
    let index = this.#pieces.length - 1
    while (index > 0 && this.#pieces[index]!.baseOffset > offset) index--
    const chunks: Uint8Array[] = []
    const owners: BufferOwner[] = []
    let sizeBytes = 0
    let baseOffset = -1
    let nextOffset = offset
    for (; index < this.#pieces.length; index++) {
      const piece = this.#pieces[index]!
      let at = piece.start
      if (baseOffset < 0)
        while (at < piece.end && batchLastOffset(piece.view, at) < offset) at += batchSizeBytes(piece.view, at)
      const from = at
      while (at < piece.end) {
        const batchBytes = batchSizeBytes(piece.view, at)
        if (batchBaseOffset(piece.view, at) >= upToOffset) break
        if (sizeBytes + batchBytes > maxBytes && !(minOneBatch && sizeBytes === 0)) break
        if (baseOffset < 0) baseOffset = batchBaseOffset(piece.view, at)
        sizeBytes += batchBytes
        nextOffset = batchLastOffset(piece.view, at) + 1
        at += batchBytes
      }
      if (at > from) {
        chunks.push(piece.bytes.subarray(from, at))
        piece.owner.retain()
        owners.push(piece.owner)
      }
      if (at < piece.end) break
    }
    return baseOffset < 0 ? undefined : { chunks, owners, sizeBytes, baseOffset, nextOffset }
  }

  /** Forgets everything: after a truncation, or when the tail no longer reaches the log end. */
  clear(): void {
    // The pieces stay in the cache's queue until their turn to be dropped; they are only no longer found.
    if (this.#pieces.length === 0) return
    this.#pieces = []
    this.#slabSizeBytes = SLAB_SIZE_BYTES_MIN
  }

  /** For {@link TailCache}. */
  dropped(piece: TailPiece): void {
    if (this.#pieces[0] === piece) this.#pieces.shift()
  }

  #copy(bytes: Uint8Array, start: number, end: number, baseOffset: number, nextOffset: number): void {
    const sizeBytes = end - start
    const last = this.#pieces.at(-1)
    if (last?.slab !== undefined && last.end + sizeBytes <= last.bytes.length) {
      assert(last.nextOffset <= baseOffset, 'a tail is contiguous')
      last.bytes.set(bytes.subarray(start, end), last.end)
      last.end += sizeBytes
      last.nextOffset = nextOffset
      return
    }
    if (last !== undefined) this.#slabSizeBytes = Math.min(this.#slabSizeBytes * 4, SLAB_SIZE_BYTES_MAX)
    const slab = this.#cache.buffers.take(Math.max(this.#slabSizeBytes, sizeBytes))
    slab.bytes.set(bytes.subarray(start, end), 0)
    this.#push(
      new TailPiece({ tail: this, baseOffset, bytes: slab.bytes, start: 0, end: sizeBytes, owner: slab, slab }),
      nextOffset,
    )
  }

  #push(piece: TailPiece, nextOffset: number): void {
    piece.nextOffset = nextOffset
    this.#pieces.push(piece)
    this.#cache.add(piece)
  }
}
