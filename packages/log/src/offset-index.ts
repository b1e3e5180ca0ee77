/**
 * Offset index of a segment: where in the log file to start looking for an offset.
 *
 * ```
 * relative offset int32   last offset of a batch, minus the segment's base offset
 * position        int32   where that batch begins in the log file
 * ```
 *
 * One entry at most every `index.interval.bytes`. Invariant: both columns ascend strictly.
 */
import { assert } from '@braidlog/base'
import { IndexFile, type IndexEntryFormat } from './index-file.ts'
import type { FileSlot, OpenFiles } from './open-files.ts'

export const OFFSET_INDEX_ENTRY_SIZE_BYTES = 8
/** Entries that may be missing from the file while the segment is active: half a page. */
const PENDING_ENTRIES_MAX = 256

const format: IndexEntryFormat = {
  sizeBytes: OFFSET_INDEX_ENTRY_SIZE_BYTES,
  isAtMost: (view, at, relativeOffset) => view.getInt32(at) <= relativeOffset,
}

export class OffsetIndex {
  readonly #baseOffset: number
  readonly #file: IndexFile
  /** Pairs of relative offset and position of the active index; `undefined`: look into the file. */
  #entries: Int32Array | undefined
  #count = 0
  /** Entries that are in the file. */
  #written = 0

  constructor(files: OpenFiles, slot: FileSlot, baseOffset: number) {
    this.#baseOffset = baseOffset
    this.#file = new IndexFile(files, slot, format)
  }

  get slot(): FileSlot {
    return this.#file.slot
  }

  /** Entries; of a closed index, as many as its file has. */
  get count(): number {
    return this.#entries === undefined ? this.#file.count() : this.#count
  }

  /** Begins an empty index in memory; what the file has is replaced by the next flush. */
  begin(): void {
    this.#entries = new Int32Array(16)
    this.#count = this.#written = 0
  }

  /** Takes the file into memory, up to the first entry that does not ascend or lies beyond the log. */
  activate(logSizeBytes: number): void {
    const bytes = this.#file.readAll()
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.begin()
    let previousOffset = -1
    let previousPosition = -1
    for (let at = 0; at + OFFSET_INDEX_ENTRY_SIZE_BYTES <= bytes.length; at += OFFSET_INDEX_ENTRY_SIZE_BYTES) {
      const relativeOffset = view.getInt32(at)
      const position = view.getInt32(at + 4)
      if (relativeOffset <= previousOffset || position <= previousPosition || position >= logSizeBytes) break
      this.append(this.#baseOffset + relativeOffset, position)
      previousOffset = relativeOffset
      previousPosition = position
    }
    this.#written = this.#count
  }

  append(offset: number, position: number): void {
    let entries = this.#entries
    assert(entries !== undefined, 'only an active index grows')
    if (this.#count * 2 === entries.length) {
      entries = new Int32Array(this.#count * 4)
      entries.set(this.#entries!)
      this.#entries = entries
    }
    entries[this.#count * 2] = offset - this.#baseOffset
    entries[this.#count * 2 + 1] = position
    this.#count++
    if (this.#count - this.#written >= PENDING_ENTRIES_MAX) this.flush()
  }

  /** @returns a position at or before the batch that holds `offset`; 0 when the index does not reach it */
  lookup(offset: number): number {
    const relativeOffset = offset - this.#baseOffset
    const entries = this.#entries
    if (entries === undefined) {
      const { index, view, at } = this.#file.floor(relativeOffset)
      return index < 0 ? 0 : view.getInt32(at + 4)
    }
    const index = this.#floor(relativeOffset)
    return index < 0 ? 0 : entries[index * 2 + 1]!
  }

  /** Forgets entries at or above `offset`. */
  truncateTo(offset: number): void {
    assert(this.#entries !== undefined, 'only an active index is truncated')
    this.#count = this.#floor(offset - this.#baseOffset - 1) + 1
    this.#written = Math.min(this.#written, this.#count)
    this.#write(this.#count, this.#count, true)
  }

  /** Brings the file up to date and lets it end with the last entry. */
  flush(): void {
    if (this.#entries === undefined) return
    this.#write(this.#written, this.#count, true)
    this.#written = this.#count
  }

  /** The segment is closed: the index lives in its file from now on. */
  deactivate(): void {
    this.flush()
    this.#entries = undefined
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }

  close(): void {
    this.flush()
    this.#file.close()
  }

  #floor(relativeOffset: number): number {
    const entries = this.#entries!
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (entries[middle * 2]! <= relativeOffset) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  #write(from: number, to: number, trim: boolean): void {
    const bytes = new Uint8Array((to - from) * OFFSET_INDEX_ENTRY_SIZE_BYTES)
    const view = new DataView(bytes.buffer)
    for (let i = from * 2; i < to * 2; i++) view.setInt32((i - from * 2) * 4, this.#entries![i]!)
    this.#file.write(bytes, from * OFFSET_INDEX_ENTRY_SIZE_BYTES, trim)
  }
}
