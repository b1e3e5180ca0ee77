/**
 * Files as an interface: real in `runtime` (`NodeStorage`), in memory for tests, faulty in the simulator.
 *
 * Reads and writes of the hot path are synchronous on purpose: a page-cache write costs 3 µs where a hop through the
 * thread pool costs 70–110. What may touch the disk (`sync`, cold reads, whole files) is asynchronous, and so are writes
 * that are large enough to make up for the hop.
 *
 * Paths are absolute or relative to the root of the storage and use `/`.
 * Errors are `StorageError`s with the operating system's code.
 */

export class StorageError extends Error {
  override readonly name = 'StorageError'
  /** `ENOENT`, `ENOSPC`, `EACCES`, `EIO`, … */
  readonly code: string
  readonly path: string

  constructor(code: string, path: string, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.path = path
  }

  /** Whichever copy of this package raised it: the packed testkit has its own, and takes a storage from a test. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return value instanceof Error && value.name === 'StorageError' && 'code' in value && 'path' in value
  }
}

export interface StorageFile {
  readonly path: string
  /** Current size in bytes, as of the last write or truncation through this handle. */
  sizeBytes(): number
  /** Writes all of `source[start, end)` at `position`; on return the bytes are in the page cache, not yet durable. */
  write(source: Uint8Array, start: number, end: number, position: number): void
  /**
   * Like `write`, off the event loop: for so many bytes that finding pages for them would hold it up. The chunks, one
   * behind another from `position` on, must not change until it resolves; until then any part of them may be there.
   */
  writeAsync(chunks: readonly Uint8Array[], position: number): Promise<void>
  /** Fills `target[start, end)` from `position`. @returns bytes read; fewer than asked only at the end of the file. */
  read(target: Uint8Array, start: number, end: number, position: number): number
  /** Like `read`, off the event loop: for bytes that are probably not in the page cache. */
  readCold(target: Uint8Array, start: number, end: number, position: number): Promise<number>
  /** Makes everything written so far durable (fdatasync). */
  sync(): Promise<void>
  truncate(sizeBytes: number): void
  close(): void
}

export interface StorageEntry {
  readonly name: string
  readonly kind: 'file' | 'directory'
}

export interface Storage {
  /** Opens for reading and writing. `create`: make an empty file when there is none. */
  open(path: string, options?: { readonly create?: boolean }): StorageFile
  exists(path: string): boolean
  /** Entries of a directory, sorted by name. */
  list(path: string): readonly StorageEntry[]
  /** Makes the directory and its parents. */
  makeDirectory(path: string): void
  /** @throws StorageError `ENOENT` */
  readFile(path: string): Uint8Array
  /** Replaces the file atomically and durably: temporary file, fsync, rename, fsync of the directory. */
  writeFileAtomic(path: string, bytes: Uint8Array): Promise<void>
  rename(from: string, to: string): void
  /** Removes a file, or a directory with all that is in it. No error when there is none. */
  remove(path: string): void
  /** Makes creations, renames and removals in the directory durable. */
  syncDirectory(path: string): Promise<void>
  /** @returns bytes the file system still has, or `Infinity` when it cannot tell. */
  freeBytes(path: string): number
}
