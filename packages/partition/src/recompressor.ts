/**
 * Batches that have to be brought into their topic's codec before they are appended, off the event loop.
 *
 * Compression may run for several batches at once; what comes of it is handed back in the order in which the batches of
 * a partition came, and a batch that needs none waits behind those that do. So a producer's batches stay in order.
 * Invariant: every batch that was taken is handed back exactly once.
 * Bound: `HELD_SIZE_BYTES_MAX` of batches over all partitions; beyond it none is taken, and its producer tries again.
 */
import type { Codecs } from '@braidlog/records'
import { recompressBatchAsync, type RecompressTarget } from './recompress.ts'

const HELD_SIZE_BYTES_MAX = 64 * 1024 * 1024

/** The batch in its new codec, or why there is none: a `RecordsError` when it cannot be decompressed. */
export type Recompressed =
  | { readonly ok: true; readonly batch: Uint8Array }
  | { readonly ok: false; readonly error: Error }

interface Waiting {
  readonly sizeBytes: number
  readonly outcome: Promise<Recompressed>
  readonly onRecompressed: (outcome: Recompressed) => void
}

export class Recompressor {
  readonly #codecs: Codecs
  readonly #sizeBytesMax: number
  /** By partition, oldest first. */
  readonly #lines = new Map<object, Waiting[]>()
  #heldSizeBytes = 0

  constructor(codecs: Codecs, sizeBytesMax = HELD_SIZE_BYTES_MAX) {
    this.#codecs = codecs
    this.#sizeBytesMax = sizeBytesMax
  }

  /** Something of this partition is not handed back yet: what comes next has to wait behind it. */
  hasLine(partition: object): boolean {
    return this.#lines.has(partition)
  }

  /**
   * @param batch one whole batch; it is not changed and must not be, until it is handed back
   * @param target `undefined`: it is in the right codec and only waits for its turn
   * @param onRecompressed called later, never inside this call
   * @returns false: too many bytes are held already, there will be no callback
   */
  take(
    partition: object,
    batch: Uint8Array,
    target: RecompressTarget | undefined,
    onRecompressed: (outcome: Recompressed) => void,
  ): boolean {
    if (this.#heldSizeBytes + batch.length > this.#sizeBytesMax) return false
    this.#heldSizeBytes += batch.length
    const waiting = { sizeBytes: batch.length, outcome: this.#recompress(batch, target), onRecompressed }
    const line = this.#lines.get(partition)
    if (line !== undefined) {
      line.push(waiting)
      return true
    }
    const opened = [waiting]
    this.#lines.set(partition, opened)
    void this.#handBack(partition, opened)
    return true
  }

  async #recompress(batch: Uint8Array, target: RecompressTarget | undefined): Promise<Recompressed> {
    try {
      return { ok: true, batch: target === undefined ? batch : await recompressBatchAsync(batch, target, this.#codecs) }
    } catch (error) {
      return { ok: false, error: error instanceof Error ? error : new Error(String(error)) }
    }
  }

  async #handBack(partition: object, line: Waiting[]): Promise<void> {
    while (line.length > 0) {
      const { sizeBytes, outcome, onRecompressed } = line[0]!
      const recompressed = await outcome
      line.shift()
      this.#heldSizeBytes -= sizeBytes
      // Before the call, which may append what comes next.
      if (line.length === 0) this.#lines.delete(partition)
      onRecompressed(recompressed)
    }
  }
}
