/**
 * Pooled byte buffers for sockets and reads.
 *
 * A fresh 1 MiB buffer costs ten times as much to touch as one from the pool, so buffers of three sizes are kept and
 * handed out again. The pool is bounded in bytes; what does not fit is left to the garbage collector.
 * Invariant: a slab has one owner at a time; `release` gives it up, and the bytes are garbage from then on.
 */
import { assert } from '@braidlog/base'

export const SLAB_SIZE_BYTES = 1 << 20
const SIZES_BYTES = [16 << 10, 128 << 10, SLAB_SIZE_BYTES] as const

export class Slab {
  readonly bytes: Buffer<ArrayBuffer>
  readonly view: DataView
  readonly sizeBytes: number
  #free = false

  constructor(sizeBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes)
    this.view = new DataView(this.bytes.buffer, 0, sizeBytes)
    this.sizeBytes = sizeBytes
  }

  /** For the pool only. */
  markFree(free: boolean): void {
    assert(this.#free !== free, free ? 'a slab is released twice' : 'a slab is handed out twice')
    this.#free = free
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

  /** Bytes of all slabs that are in use. */
  usedBytes(): number {
    return this.#usedBytes
  }

  /** @returns a slab of at least `sizeBytes`, with arbitrary content. Above 1 MiB it is exactly as large as asked. */
  take(sizeBytes: number): Slab {
    const sizeClass = SIZES_BYTES.findIndex((size) => size >= sizeBytes)
    let slab = sizeClass < 0 ? undefined : this.#free[sizeClass]!.pop()
    if (slab === undefined) {
      slab = new Slab(sizeClass < 0 ? sizeBytes : SIZES_BYTES[sizeClass]!)
    } else {
      slab.markFree(false)
      this.#pooledBytes -= slab.sizeBytes
    }
    this.#usedBytes += slab.sizeBytes
    return slab
  }

  release(slab: Slab): void {
    slab.markFree(true)
    this.#usedBytes -= slab.sizeBytes
    const sizeClass = SIZES_BYTES.indexOf(slab.sizeBytes as (typeof SIZES_BYTES)[number])
    if (sizeClass < 0 || this.#pooledBytes + slab.sizeBytes > this.#pooledBytesMax) return
    this.#free[sizeClass]!.push(slab)
    this.#pooledBytes += slab.sizeBytes
  }
}
