/**
 * Files of segments that are gone from a log: renamed to `.deleted` at once, removed after `file.delete.delay.ms`, so that
 * a reader that has one open can finish.
 */
import { StorageError, type Storage } from '@braidlog/base'
import { DELETED_SUFFIX } from './file-names.ts'
import type { FileSlot } from './open-files.ts'

interface DeletedFile {
  readonly path: string
  /** When it may be removed. */
  readonly atMs: number
}

export class DeletedFiles {
  readonly #storage: Storage
  #files: DeletedFile[] = []

  constructor(storage: Storage) {
    this.#storage = storage
  }

  /** Renames the slot's file, if there is one: not every segment has a transaction index. @throws StorageError */
  add(slot: FileSlot, atMs: number): void {
    const path = slot.path + DELETED_SUFFIX
    try {
      this.#storage.rename(slot.path, path)
    } catch (error) {
      if (error instanceof StorageError && error.code === 'ENOENT') return
      throw error
    }
    slot.path = path
    this.#files.push({ path, atMs })
  }

  /** Removes those whose time has come. @throws StorageError */
  remove(nowMs: number): void {
    const due = this.#files.filter((file) => file.atMs <= nowMs)
    if (due.length === 0) return
    this.#files = this.#files.filter((file) => file.atMs > nowMs)
    for (const { path } of due) this.#storage.remove(path)
  }
}
