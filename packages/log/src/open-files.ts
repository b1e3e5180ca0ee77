/**
 * Open files of all logs, bounded: a log names its files by slots, and a slot opens its file when it is used.
 *
 * Ten thousand partitions have thirty thousand files; only those in use need a descriptor. The least recently used slot
 * is closed first, but none with unsynced bytes: an error of their writeback is only sure to be reported to a descriptor
 * that was open when they were written. So the bound can be exceeded by the number of files written since their last
 * sync, and by no other.
 */
import { assert, type Storage, type StorageFile } from '@braidlog/base'

/** A file that may or may not be open. */
export class FileSlot {
  readonly storage: Storage
  path: string
  /** Of {@link OpenFiles} only. */
  file: StorageFile | undefined = undefined
  newer: FileSlot | undefined = undefined
  older: FileSlot | undefined = undefined
  pins = 0

  constructor(storage: Storage, path: string) {
    this.storage = storage
    this.path = path
  }
}

export class OpenFiles {
  readonly #filesMax: number
  #newest: FileSlot | undefined = undefined
  #oldest: FileSlot | undefined = undefined
  #count = 0

  constructor(filesMax: number) {
    assert(filesMax > 0, 'at least one file must be open')
    this.#filesMax = filesMax
  }

  /** Files open now. */
  get count(): number {
    return this.#count
  }

  /**
   * The slot's file, opened if need be. Valid until the next use of another slot: do not keep it.
   * @throws StorageError
   */
  use(slot: FileSlot, create = false): StorageFile {
    if (slot.file !== undefined) {
      if (slot !== this.#newest) {
        this.#unlink(slot)
        this.#link(slot)
      }
      return slot.file
    }
    const file = slot.storage.open(slot.path, { create })
    slot.file = file
    this.#count++
    this.#link(slot)
    if (this.#count > this.#filesMax) this.#evict()
    return file
  }

  /** Keeps the slot's file open from now on, until as many `unpin`s. */
  pin(slot: FileSlot): void {
    slot.pins++
  }

  unpin(slot: FileSlot): void {
    assert(slot.pins > 0, 'a slot is unpinned once for every pin')
    slot.pins--
  }

  /** Closes the slot's file; the slot can be used again. */
  close(slot: FileSlot): void {
    const file = slot.file
    if (file === undefined) return
    this.#unlink(slot)
    slot.file = undefined
    this.#count--
    file.close()
  }

  #evict(): void {
    let slot = this.#oldest
    while (slot !== undefined && (slot.pins > 0 || slot === this.#newest)) slot = slot.newer
    if (slot !== undefined) this.close(slot)
  }

  #link(slot: FileSlot): void {
    slot.older = this.#newest
    slot.newer = undefined
    if (this.#newest !== undefined) this.#newest.newer = slot
    this.#newest = slot
    this.#oldest ??= slot
  }

  #unlink(slot: FileSlot): void {
    if (slot.newer !== undefined) slot.newer.older = slot.older
    else this.#newest = slot.older
    if (slot.older !== undefined) slot.older.newer = slot.newer
    else this.#oldest = slot.newer
    slot.newer = slot.older = undefined
  }
}
