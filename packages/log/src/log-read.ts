/** What a read of a log is asked and what it gives. */
import type { BufferOwner } from './buffers.ts'

export interface ReadOptions {
  /** First offset wanted; the read starts at the batch that holds it, or the first after it. */
  readonly offset: number
  readonly maxBytes: number
  /** Only batches that begin below it; the log end when left out. */
  readonly upToOffset?: number
  /** Return the first batch whole even when it is larger than `maxBytes` (KIP-74). */
  readonly minOneBatch?: boolean
}

/**
 * Whole batches, in one or more pieces of memory that belong to the log: valid until `release`, which the reader calls
 * once when the bytes have left the process.
 */
export class LogRead {
  /** Views; together the batches one behind another. A batch never spans two chunks. */
  readonly chunks: readonly Uint8Array[]
  readonly sizeBytes: number
  /** Base offset of the first batch, `undefined` when empty. */
  readonly baseOffset: number | undefined
  /** Offset after the last batch; the offset asked for when empty. */
  readonly nextOffset: number
  #owners: readonly BufferOwner[]

  constructor(fields: {
    readonly chunks: readonly Uint8Array[]
    readonly owners: readonly BufferOwner[]
    readonly sizeBytes: number
    readonly baseOffset: number | undefined
    readonly nextOffset: number
  }) {
    this.chunks = fields.chunks
    this.#owners = fields.owners
    this.sizeBytes = fields.sizeBytes
    this.baseOffset = fields.baseOffset
    this.nextOffset = fields.nextOffset
  }

  static empty(offset: number): LogRead {
    return new LogRead({ chunks: [], owners: [], sizeBytes: 0, baseOffset: undefined, nextOffset: offset })
  }

  /** Gives the memory back. Further calls do nothing. */
  release(): void {
    for (const owner of this.#owners) owner.release()
    this.#owners = []
  }

  /** @returns a copy of all bytes, which the caller owns */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.sizeBytes)
    let at = 0
    for (const chunk of this.chunks) {
      bytes.set(chunk, at)
      at += chunk.length
    }
    return bytes
  }
}
