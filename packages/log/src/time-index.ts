/**
 * Time index of a segment: which offset had been reached when timestamps first rose to a value.
 *
 * ```
 * timestamp       int64   largest timestamp in the segment so far
 * relative offset int32   last offset of the batch that brought it, minus the segment's base offset
 * ```
 *
 * An entry goes with an entry of the offset index when the largest timestamp has risen, and one more at the end when the
 * segment is closed. Invariant: timestamps ascend strictly, offsets do not descend.
 */
import { assert, readInt64, writeInt64 } from '@braidlog/base'
import { IndexFile, type IndexEntryFormat } from './index-file.ts'
import type { FileSlot, OpenFiles } from './open-files.ts'

export const TIME_INDEX_ENTRY_SIZE_BYTES = 12
const PENDING_ENTRIES_MAX = 256

const format: IndexEntryFormat = {
  sizeBytes: TIME_INDEX_ENTRY_SIZE_BYTES,
  isAtMost: (view, at, timestampMs) => readInt64(view, at) <= timestampMs,
}

export interface TimeIndexEntry {
  readonly timestampMs: number
  readonly offset: number
}

export class TimeIndex {
  readonly #baseOffset: number
  readonly #file: IndexFile
  /** Columns of the active index; `undefined`: look into the file. */
  #timestamps: Float64Array | undefined
  #offsets = new Int32Array(0)
  #count = 0
  #written = 0

  constructor(files: OpenFiles, slot: FileSlot, baseOffset: number) {
    this.#baseOffset = baseOffset
    this.#file = new IndexFile(files, slot, format)
  }

  get slot(): FileSlot {
    return this.#file.slot
  }

  get count(): number {
    return this.#timestamps === undefined ? this.#file.count() : this.#count
  }

  /** Begins an empty index in memory; what the file has is replaced by the next flush. */
  begin(): void {
    this.#timestamps = new Float64Array(8)
    this.#offsets = new Int32Array(8)
    this.#count = this.#written = 0
  }

  /** Takes the file into memory, up to the first entry that does not ascend or lies at or above `endOffset`. */
  activate(endOffset: number): void {
    const bytes = this.#file.readAll()
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.begin()
    for (let at = 0; at + TIME_INDEX_ENTRY_SIZE_BYTES <= bytes.length; at += TIME_INDEX_ENTRY_SIZE_BYTES) {
      const offset = this.#baseOffset + view.getInt32(at + 8)
      if (offset < this.#baseOffset || offset >= endOffset) break
      if (!this.maybeAppend(readInt64(view, at), offset)) break
    }
    this.#written = this.#count
  }

  /** @returns false when it would not ascend: the largest timestamp has not risen */
  maybeAppend(timestampMs: number, offset: number): boolean {
    let timestamps = this.#timestamps
    assert(timestamps !== undefined, 'only an active index grows')
    const relativeOffset = offset - this.#baseOffset
    const last = this.#count - 1
    if (timestampMs <= (last < 0 ? -1 : timestamps[last]!)) return false
    if (last >= 0 && relativeOffset < this.#offsets[last]!) return false
    if (this.#count === timestamps.length) {
      timestamps = new Float64Array(this.#count * 2)
      timestamps.set(this.#timestamps!)
      this.#timestamps = timestamps
      const offsets = new Int32Array(this.#count * 2)
      offsets.set(this.#offsets)
      this.#offsets = offsets
    }
    timestamps[this.#count] = timestampMs
    this.#offsets[this.#count] = relativeOffset
    this.#count++
    if (this.#count - this.#written >= PENDING_ENTRIES_MAX) this.flush()
    return true
  }

  /** The last entry at or below `timestampMs`, or `undefined`. */
  floor(timestampMs: number): TimeIndexEntry | undefined {
    if (this.#timestamps === undefined) {
      const { index, view, at } = this.#file.floor(timestampMs)
      return index < 0
        ? undefined
        : { timestampMs: readInt64(view, at), offset: this.#baseOffset + view.getInt32(at + 8) }
    }
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#timestamps[middle]! <= timestampMs) low = middle + 1
      else high = middle
    }
    return low === 0 ? undefined : this.#entry(low - 1)
  }

  /** The entry of the largest timestamp, or `undefined`. */
  last(): TimeIndexEntry | undefined {
    const count = this.count
    if (count === 0) return undefined
    if (this.#timestamps !== undefined) return this.#entry(count - 1)
    const view = this.#file.entry(count - 1)
    return { timestampMs: readInt64(view, 0), offset: this.#baseOffset + view.getInt32(8) }
  }

  /** Forgets entries at or above `offset`. */
  truncateTo(offset: number): void {
    assert(this.#timestamps !== undefined, 'only an active index is truncated')
    while (this.#count > 0 && this.#baseOffset + this.#offsets[this.#count - 1]! >= offset) this.#count--
    this.#written = Math.min(this.#written, this.#count)
    this.#write(this.#count, this.#count)
  }

  flush(): void {
    if (this.#timestamps === undefined) return
    this.#write(this.#written, this.#count)
    this.#written = this.#count
  }

  deactivate(): void {
    this.flush()
    this.#timestamps = undefined
    this.#offsets = new Int32Array(0)
  }

  sync(): Promise<void> {
    return this.#file.sync()
  }

  close(): void {
    this.flush()
    this.#file.close()
  }

  #entry(index: number): TimeIndexEntry {
    return { timestampMs: this.#timestamps![index]!, offset: this.#baseOffset + this.#offsets[index]! }
  }

  #write(from: number, to: number): void {
    const bytes = new Uint8Array((to - from) * TIME_INDEX_ENTRY_SIZE_BYTES)
    const view = new DataView(bytes.buffer)
    for (let i = from; i < to; i++) {
      writeInt64(view, (i - from) * TIME_INDEX_ENTRY_SIZE_BYTES, this.#timestamps![i]!)
      view.setInt32((i - from) * TIME_INDEX_ENTRY_SIZE_BYTES + 8, this.#offsets[i]!)
    }
    this.#file.write(bytes, from * TIME_INDEX_ENTRY_SIZE_BYTES, true)
  }
}
