/**
 * What offset and time index share: fixed-size big-endian entries in a file, ascending, without a checksum.
 *
 * The index of the active segment is held in memory and its file trails behind by less than a page; indexes of closed
 * segments are searched in their files, page by page, and take no memory. Files are never preallocated. Since nothing
 * vouches for the bytes, whoever uses a position that an index gave checks it against the log.
 */
import type { StorageFile } from '@braidlog/base'
import type { FileSlot, OpenFiles } from './open-files.ts'

const PAGE_SIZE_BYTES = 4096
const page = new Uint8Array(PAGE_SIZE_BYTES)
const pageView = new DataView(page.buffer)

export interface IndexEntryFormat {
  readonly sizeBytes: number
  /** Whether the entry at `at` lies at or below the key. */
  isAtMost(view: DataView, at: number, key: number): boolean
}

/** Entries of a closed index. */
export class IndexFile {
  readonly slot: FileSlot
  readonly #files: OpenFiles
  readonly #format: IndexEntryFormat

  constructor(files: OpenFiles, slot: FileSlot, format: IndexEntryFormat) {
    this.#files = files
    this.slot = slot
    this.#format = format
  }

  /** Whole entries in the file. */
  count(): number {
    return Math.floor(this.#files.use(this.slot).sizeBytes() / this.#format.sizeBytes)
  }

  /**
   * Finds the last entry at or below `key`.
   * @returns its index and a view with the entry at the returned position, valid until the next call; -1: none is
   */
  floor(key: number): { readonly index: number; readonly view: DataView; readonly at: number } {
    const { sizeBytes } = this.#format
    const file = this.#files.use(this.slot)
    let low = 0
    let high = this.count()
    const perPage = Math.floor(PAGE_SIZE_BYTES / sizeBytes)
    while (high - low > perPage) {
      const middle = (low + high) >>> 1
      file.read(page, 0, sizeBytes, middle * sizeBytes)
      if (this.#format.isAtMost(pageView, 0, key)) low = middle
      else high = middle
    }
    file.read(page, 0, (high - low) * sizeBytes, low * sizeBytes)
    let found = -1
    for (let at = 0; at < (high - low) * sizeBytes && this.#format.isAtMost(pageView, at, key); at += sizeBytes)
      found = at
    return { index: found < 0 ? -1 : low + found / sizeBytes, view: pageView, at: Math.max(found, 0) }
  }

  /** Reads entry `index`. @returns a view with the entry at 0, valid until the next call */
  entry(index: number): DataView {
    this.#files.use(this.slot).read(page, 0, this.#format.sizeBytes, index * this.#format.sizeBytes)
    return pageView
  }

  readAll(): Uint8Array {
    const file = this.#files.use(this.slot)
    const bytes = new Uint8Array(file.sizeBytes())
    file.read(bytes, 0, bytes.length, 0)
    return bytes
  }

  /** Writes `bytes` at `position`, and lets the file end there when `trim`. */
  write(bytes: Uint8Array, position: number, trim: boolean): void {
    const file: StorageFile = this.#files.use(this.slot, true)
    file.write(bytes, 0, bytes.length, position)
    if (trim && file.sizeBytes() > position + bytes.length) file.truncate(position + bytes.length)
  }

  sync(): Promise<void> {
    return this.#files.use(this.slot, true).sync()
  }

  close(): void {
    this.#files.close(this.slot)
  }
}
