/**
 * Pooled byte buffers for sockets, with counted holders.
 *
 * A fresh 1 MiB buffer costs ten times as much to touch as one from the pool, so buffers of three sizes are kept and
 * handed out again. The pool is bounded in bytes; what does not fit is left to the garbage collector.
 *
 * Invariant: nobody writes to bytes that another holder may read. A holder that forgets `release` costs the pool a
 * buffer, never correctness; releasing once too often asserts. `Slab` is a `BufferOwner` of `log`: the tail cache may
 * keep a produced batch where it was received.
 */
import { assert } from '@braidlog/base'

export const SLAB_SIZE_BYTES = 1 << 20
const SIZES_BYTES = [16 << 10, 128 << 10, SLAB_SIZE_BYTES] as const

export class Slab {
  readonly bytes: Buffer<ArrayBuffer>
  readonly view: DataView
  readonly sizeBytes: number
  readonly #pool: SlabPool
  #holders = 0

  constructor(pool: SlabPool, sizeBytes: number) {
    this.#pool = pool
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes)
    this.view = new DataView(this.bytes.buffer, 0, sizeBytes)
    this.sizeBytes = sizeBytes
  }

  retain(): void {
    assert(this.#holders > 0, 'a released slab must not be retained')
    this.#holders++
  }

  release(): void {
    assert(this.#holders > 0, 'a slab is released once too often')
    if (--this.#holders === 0) this.#pool.give(this)
  }

  /** For the pool: makes the taker the only holder. */
  handOut(): this {
    assert(this.#holders === 0, 'a slab in use is handed out')
    this.#holders = 1
    return this
  }
}

export class SlabPool {
  readonly #free: Slab[][] = SIZES_BYTES.map(() => [])
  readonly #pooledBytesMax: number
  #pooledBytes = 0
  #usedBytes = 0

  /** @param pooledBytesMax how many bytes of unused slabs are kept */
  constructor(pooledBytesMax = 32 * SLAB_SIZE_BYTES) {
    this.#pooledBytesMax = pooledBytesMax
  }

  /** Bytes of all slabs that somebody holds. */
  usedBytes(): number {
    return this.#usedBytes
  }

  /**
   * @returns a slab of at least `sizeBytes`, with arbitrary content and one holder: the caller. Above 1 MiB it is
   *   exactly as large as asked.
   */
  take(sizeBytes: number): Slab {
    const sizeClass = SIZES_BYTES.findIndex((size) => size >= sizeBytes)
    let slab = sizeClass < 0 ? undefined : this.#free[sizeClass]!.pop()
    if (slab === undefined) slab = new Slab(this, sizeClass < 0 ? sizeBytes : SIZES_BYTES[sizeClass]!)
    else this.#pooledBytes -= slab.sizeBytes
    this.#usedBytes += slab.sizeBytes
    return slab.handOut()
  }

  /** Called by the last holder's `release`. */
  give(slab: Slab): void {
    this.#usedBytes -= slab.sizeBytes
    const sizeClass = SIZES_BYTES.indexOf(slab.sizeBytes as (typeof SIZES_BYTES)[number])
    if (sizeClass < 0 || this.#pooledBytes + slab.sizeBytes > this.#pooledBytesMax) return
    this.#free[sizeClass]!.push(slab)
    this.#pooledBytes += slab.sizeBytes
  }
}
