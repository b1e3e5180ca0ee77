/**
 * Small appends to one file on their way to a single write.
 *
 * A write of a few hundred bytes costs nearly as much as one of some ten kilobytes (6 µs against 8 µs, measured on ext4),
 * so appends of one turn of the event loop may be copied together first. Whoever gathers says when they are written;
 * nothing that depends on them happens before.
 * Invariant: the bytes gathered are those of the file from `position` on.
 */
import { assert, type StorageFile } from '@braidlog/base'
import type { BufferPool, PooledBuffer } from './buffers.ts'

/** Larger appends are written by themselves: from here on a copy costs more than it saves. */
export const GATHERED_SIZE_BYTES_MAX = 32 * 1024
/** Room for this many appends like the first one, between the bounds below. */
const APPENDS_EXPECTED = 8
const BUFFER_SIZE_BYTES_MIN = 16 * 1024

export class GatheredWrite {
  readonly #pool: BufferPool
  #buffer: PooledBuffer | undefined = undefined
  #sizeBytes = 0
  #position = 0

  constructor(pool: BufferPool) {
    this.#pool = pool
  }

  get isEmpty(): boolean {
    return this.#sizeBytes === 0
  }

  /** Takes a copy of `bytes[start, end)`, which belong at `position`. @returns false when there is no room: write first */
  add(bytes: Uint8Array, start: number, end: number, position: number): boolean {
    const sizeBytes = end - start
    this.#buffer ??= this.#pool.take(Math.max(sizeBytes * APPENDS_EXPECTED, BUFFER_SIZE_BYTES_MIN))
    if (this.#sizeBytes + sizeBytes > this.#buffer.sizeBytes) return false
    if (this.#sizeBytes === 0) this.#position = position
    assert(position === this.#position + this.#sizeBytes, 'what is gathered is contiguous')
    this.#buffer.bytes.set(bytes.subarray(start, end), this.#sizeBytes)
    this.#sizeBytes += sizeBytes
    return true
  }

  /** Writes all of it and is empty. @throws StorageError: the file is not to be written any more */
  writeTo(file: StorageFile): void {
    file.write(this.#buffer!.bytes, 0, this.#sizeBytes, this.#position)
    this.drop()
  }

  /** Forgets what was gathered. */
  drop(): void {
    this.#sizeBytes = 0
    this.#buffer?.release()
    this.#buffer = undefined
  }
}
