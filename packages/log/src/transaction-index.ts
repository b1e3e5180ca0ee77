/**
 * Transaction index of a segment: the aborted transactions whose markers lie in it.
 *
 * ```
 * version             int16   0
 * producer id         int64
 * first offset        int64   of the transaction
 * last offset         int64   of its abort marker
 * last stable offset  int64   when the marker was appended
 * ```
 *
 * The file exists only when there is an entry. Invariant: last offsets ascend.
 */
import { readInt64, writeInt64 } from '@braidlog/base'
import type { FileSlot, OpenFiles } from './open-files.ts'

export const TXN_INDEX_ENTRY_SIZE_BYTES = 34

export interface AbortedTransactionEntry {
  readonly producerId: number
  readonly firstOffset: number
  readonly lastOffset: number
  readonly lastStableOffset: number
}

export class TransactionIndex {
  readonly slot: FileSlot
  readonly #files: OpenFiles
  /** Read on first use: aborts are rare, and most segments have none. */
  #entries: AbortedTransactionEntry[] | undefined

  constructor(files: OpenFiles, slot: FileSlot, exists: boolean) {
    this.#files = files
    this.slot = slot
    this.#entries = exists ? undefined : []
  }

  entries(): readonly AbortedTransactionEntry[] {
    return (this.#entries ??= this.#read())
  }

  append(entry: AbortedTransactionEntry): void {
    const entries = this.entries() as AbortedTransactionEntry[]
    const bytes = new Uint8Array(TXN_INDEX_ENTRY_SIZE_BYTES)
    const view = new DataView(bytes.buffer)
    writeInt64(view, 2, entry.producerId)
    writeInt64(view, 10, entry.firstOffset)
    writeInt64(view, 18, entry.lastOffset)
    writeInt64(view, 26, entry.lastStableOffset)
    this.#files.use(this.slot, true).write(bytes, 0, bytes.length, entries.length * TXN_INDEX_ENTRY_SIZE_BYTES)
    entries.push(entry)
  }

  /** Forgets transactions whose marker is at or above `offset`. */
  truncateTo(offset: number): void {
    const entries = this.entries() as AbortedTransactionEntry[]
    const kept = entries.filter((entry) => entry.lastOffset < offset)
    if (kept.length === entries.length) return
    this.#entries = kept
    this.#files.use(this.slot).truncate(kept.length * TXN_INDEX_ENTRY_SIZE_BYTES)
  }

  async sync(): Promise<void> {
    if (this.#entries?.length !== 0) await this.#files.use(this.slot).sync()
  }

  close(): void {
    this.#files.close(this.slot)
  }

  #read(): AbortedTransactionEntry[] {
    const file = this.#files.use(this.slot)
    const bytes = new Uint8Array(file.sizeBytes())
    file.read(bytes, 0, bytes.length, 0)
    const view = new DataView(bytes.buffer)
    const entries: AbortedTransactionEntry[] = []
    for (let at = 0; at + TXN_INDEX_ENTRY_SIZE_BYTES <= bytes.length; at += TXN_INDEX_ENTRY_SIZE_BYTES) {
      entries.push({
        producerId: readInt64(view, at + 2),
        firstOffset: readInt64(view, at + 10),
        lastOffset: readInt64(view, at + 18),
        lastStableOffset: readInt64(view, at + 26),
      })
    }
    return entries
  }
}
