/**
 * Which part of a log is on disk, and the fdatasyncs that make it more.
 *
 * One sync is in flight at a time and covers all that was appended before it began; calls meanwhile share the next one.
 * Segments with bytes that no sync covers are pinned open: an error of their writeback is only sure to be reported to a
 * descriptor that was open when they were written.
 * Invariant: the durable offset never exceeds what has been synced, and goes back only by a truncation; a sync that was
 * begun before a truncation does not count for what is appended after it.
 */
import type { OpenFiles } from './open-files.ts'
import type { Segment } from './segment.ts'

export interface LogSyncOptions {
  readonly files: OpenFiles
  readonly durableOffset: number
  /** The entries of the directory may not be on disk yet. */
  readonly directoryChanged: boolean
  readonly syncDirectory: () => Promise<void>
  /** Offset after the last batch that was appended. */
  readonly logEndOffset: () => number
  /** What was appended is being written; `undefined`: it is written. */
  readonly writing: () => Promise<void> | undefined
  /** @throws LogError when the log is offline */
  readonly mustBeOnline: () => void
  /** Takes the log offline. @returns what callers get to see */
  readonly onFailure: (error: unknown) => Error
}

export class LogSync {
  readonly #options: LogSyncOptions
  /** Segments with bytes that no sync covers yet. */
  readonly #dirty = new Set<Segment>()
  #directoryChanged: boolean
  #durableOffset: number
  #running: Promise<void> | undefined = undefined
  #next: Promise<void> | undefined = undefined
  #rolled = false
  /** Counts truncations: what was begun before one must not act on what is after it. */
  #truncations = 0

  constructor(options: LogSyncOptions) {
    this.#options = options
    this.#directoryChanged = options.directoryChanged
    this.#durableOffset = options.durableOffset
  }

  /** Everything below it has been fdatasynced. */
  get durableOffset(): number {
    return this.#durableOffset
  }

  /** Something was appended that no completed or running sync covers. */
  get dirty(): boolean {
    return this.#dirty.size > 0
  }

  /** A segment was rolled since the last sync began. */
  get rolled(): boolean {
    return this.#rolled
  }

  /** Bytes are about to be written to the segment. */
  markDirty(segment: Segment): void {
    if (this.#dirty.has(segment)) return
    this.#dirty.add(segment)
    this.#options.files.pin(segment.log)
  }

  /** The segment is about to be removed. */
  forget(segment: Segment): void {
    if (this.#dirty.delete(segment)) this.#options.files.unpin(segment.log)
  }

  /** Files were made, renamed or removed: the next sync covers the directory. */
  markDirectory(): void {
    this.#directoryChanged = true
  }

  /** A new segment has begun. */
  markRoll(): void {
    this.#directoryChanged = this.#rolled = true
  }

  /** fdatasyncs all that was appended before the call. @throws LogError `LOG_OFFLINE`: the log is offline then, for good */
  flush(): Promise<void> {
    if (this.#running === undefined && this.#next === undefined) return (this.#running = this.#sync())
    this.#next ??= this.#running!.then(() => {
      this.#next = undefined
      return (this.#running = this.#sync())
    })
    return this.#next
  }

  get isRunning(): boolean {
    return this.#running !== undefined
  }

  /** Syncs under way, and those that wait for them, have ended. */
  async settled(): Promise<void> {
    await (this.#next ?? this.#running)
  }

  /** The log ends at `endOffset`, or is about to; what it loses may be on disk still, until the next sync. */
  lower(endOffset: number): void {
    this.#truncations++
    this.#durableOffset = Math.min(this.#durableOffset, endOffset)
    this.#directoryChanged = true
  }

  /** The log has been read anew: all of it is on disk, and so is the directory. */
  recovered(endOffset: number): void {
    this.#truncations++
    this.#durableOffset = endOffset
    this.#directoryChanged = this.#rolled = false
  }

  async #sync(): Promise<void> {
    const { files, logEndOffset, writing, syncDirectory, mustBeOnline, onFailure } = this.#options
    const endOffset = logEndOffset()
    const truncations = this.#truncations
    const segments = [...this.#dirty]
    this.#dirty.clear()
    const directoryChanged = this.#directoryChanged
    this.#directoryChanged = this.#rolled = false
    try {
      const written = writing()
      if (written !== undefined) {
        await written
        mustBeOnline()
      }
      // The indexes of a closed segment are not made anew once the recovery point is behind it.
      const syncs = segments.map((segment) => segment.sync())
      for (const segment of segments) if (!segment.active) syncs.push(segment.syncIndexes())
      if (directoryChanged) syncs.push(syncDirectory())
      if (syncs.length === 1) await syncs[0]
      else await Promise.all(syncs)
      mustBeOnline()
      if (truncations === this.#truncations) this.#durableOffset = Math.max(this.#durableOffset, endOffset)
    } catch (error) {
      throw onFailure(error)
    } finally {
      for (const segment of segments) files.unpin(segment.log)
      this.#running = undefined
    }
  }
}
