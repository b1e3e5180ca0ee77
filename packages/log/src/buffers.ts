/**
 * Who owns bytes on the hot path: reference-counted buffers that go back to a pool when their last holder lets go.
 *
 * Invariant: bytes of a buffer are never overwritten while anyone holds it. A holder that forgets `release` costs the
 * pool a buffer (the garbage collector takes it), never correctness; releasing twice is a bug and asserts.
 */
import { assert } from '@braidlog/base'

/** Memory that outlives a call only for those who hold it: a socket slab of the broker, a read buffer of the log. */
export interface BufferOwner {
  /** Bytes of memory kept alive by one holder, for accounting. */
  readonly sizeBytes: number
  retain(): void
  release(): void
}

/** A pooled buffer; born with one holder. */
export class PooledBuffer implements BufferOwner {
  readonly bytes: Uint8Array
  readonly sizeBytes: number
  readonly #pool: BufferPool
  #holders = 1

  constructor(pool: BufferPool, bytes: Uint8Array) {
    this.#pool = pool
    this.bytes = bytes
    this.sizeBytes = bytes.length
  }

  retain(): void {
    assert(this.#holders > 0, 'a released buffer must not be retained')
    this.#holders++
  }

  release(): void {
    assert(this.#holders > 0, 'buffer released twice')
    if (--this.#holders === 0) this.#pool.give(this.bytes)
  }
}

/** Size classes of pooled memory; larger requests get memory of their own that is not kept. */
const SIZE_CLASSES_BYTES = [16 * 1024, 64 * 1024, 256 * 1024, 1024 * 1024, 4 * 1024 * 1024] as const

/** Read buffers by size class. A fresh mebibyte costs ten times the touch of a pooled one (page faults). */
export class BufferPool {
  readonly #idleSizeBytesMax: number
  readonly #idle: Uint8Array[][] = SIZE_CLASSES_BYTES.map(() => [])
  #idleSizeBytes = 0

  /** @param idleSizeBytesMax memory kept for reuse; what comes back beyond it is dropped */
  constructor(idleSizeBytesMax = 32 * 1024 * 1024) {
    this.#idleSizeBytesMax = idleSizeBytesMax
  }

  get idleSizeBytes(): number {
    return this.#idleSizeBytes
  }

  /** @returns a buffer of at least `sizeBytes`, with undefined content and one holder: the caller. */
  take(sizeBytes: number): PooledBuffer {
    for (let i = 0; i < SIZE_CLASSES_BYTES.length; i++) {
      const classBytes = SIZE_CLASSES_BYTES[i]!
      if (sizeBytes > classBytes) continue
      const bytes = this.#idle[i]!.pop()
      if (bytes === undefined) return new PooledBuffer(this, new Uint8Array(classBytes))
      this.#idleSizeBytes -= classBytes
      return new PooledBuffer(this, bytes)
    }
    return new PooledBuffer(this, new Uint8Array(sizeBytes))
  }

  /** Called by the last holder's release. */
  give(bytes: Uint8Array): void {
    const i = SIZE_CLASSES_BYTES.indexOf(bytes.length as (typeof SIZE_CLASSES_BYTES)[number])
    if (i < 0 || this.#idleSizeBytes + bytes.length > this.#idleSizeBytesMax) return
    this.#idle[i]!.push(bytes)
    this.#idleSizeBytes += bytes.length
  }
}
