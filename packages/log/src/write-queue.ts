/**
 * Large appends of one log on their way to its files, written off the event loop.
 *
 * A write of a megabyte to pages that the page cache has yet to find takes milliseconds of the loop; the hop to the
 * thread pool a twentieth of that. So large appends are handed over, as views of memory that their owner keeps, else as
 * copies; and what is appended while some are under way stands in line behind them. One write of a log is under way at a time and takes all
 * that lies behind it in the same file, up to a bound; over all logs there are a few (see {@link WriteSlots}).
 * Invariants: entries are in the order of their offsets, and leave in that order, so that below `writtenOffset`
 * everything is in the page cache; a segment's bytes are readable up to its first entry; memory is held until its write
 * has ended, well or badly.
 */
import { assert } from '@braidlog/base'
import type { BufferOwner, BufferPool } from './buffers.ts'
import type { OpenFiles } from './open-files.ts'
import type { Segment } from './segment.ts'
import type { WriteSlots } from './write-slots.ts'

/** Writes together what fits in here, and at least one entry. Larger ones gain nothing (measured). */
const WRITE_SIZE_BYTES_MAX = 2 * 1024 * 1024

export interface WriteQueueOptions {
  readonly files: OpenFiles
  readonly buffers: BufferPool
  readonly slots: WriteSlots
  /** More is in the page cache: `sizeBytes` of what was appended. */
  readonly onWritten: (sizeBytes: number) => void
  /** Nobody knows what is in the file, and nothing that was queued will be written. */
  readonly onFailure: (error: unknown) => void
}

/** One append. */
export interface QueuedAppend {
  readonly segment: Segment
  /** Where it belongs in the file. */
  readonly position: number
  /** End of the log before it. */
  readonly offset: number
}

interface Entry extends QueuedAppend {
  readonly sizeBytes: number
  /** `undefined`: it is in the file already, and waits for those before it. */
  readonly bytes: Uint8Array | undefined
  readonly owner: BufferOwner | undefined
}

export class WriteQueue {
  readonly #options: WriteQueueOptions
  #entries: Entry[] = []
  #sizeBytes = 0
  /** The first so many entries are being written. */
  #underWay = 0
  #waitsForSlot = false
  /** Entries that have left, and who waits for how many to have done so. */
  #left = 0
  readonly #settling: { readonly left: number; readonly resolve: () => void }[] = []

  constructor(options: WriteQueueOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0
  }

  /** Of all entries, written or not. */
  get sizeBytes(): number {
    return this.#sizeBytes
  }

  /** Everything below it is in the page cache; `undefined`: everything is. */
  get writtenOffset(): number | undefined {
    return this.#entries[0]?.offset
  }

  /** An append of this size is better off in the queue, though it is empty: even copying it is less than writing it. */
  wants(sizeBytes: number): boolean {
    return sizeBytes >= this.#options.slots.queuedSizeBytesMin
  }

  /**
   * Takes an append in, if there is room: `owner` is retained; without one the bytes are copied.
   * @returns false: write it yourself
   */
  add(append: QueuedAppend, bytes: Uint8Array, start: number, end: number, owner: BufferOwner | undefined): boolean {
    const { slots, buffers } = this.#options
    const sizeBytes = end - start
    if (owner !== undefined) {
      if (!slots.take(owner.sizeBytes)) return false
      owner.retain()
      this.#push({ ...append, sizeBytes, bytes: bytes.subarray(start, end), owner })
    } else {
      const copy = buffers.take(sizeBytes)
      if (!slots.take(copy.sizeBytes)) {
        copy.release()
        return false
      }
      copy.bytes.set(bytes.subarray(start, end))
      this.#push({ ...append, sizeBytes, bytes: copy.bytes.subarray(0, sizeBytes), owner: copy })
    }
    this.#next()
    return true
  }

  /** Notes an append that its caller has written, so that it does not count before those that are under way. */
  addWritten(append: QueuedAppend, sizeBytes: number): void {
    assert(!this.isEmpty, 'what waits for nothing needs no place in line')
    this.#push({ ...append, sizeBytes, bytes: undefined, owner: undefined })
  }

  /** Resolves when all that is queued now is written, or will never be. */
  settled(): Promise<void> {
    if (this.isEmpty) return Promise.resolve()
    const left = this.#left + this.#entries.length
    return new Promise((resolve) => this.#settling.push({ left, resolve }))
  }

  /** Forgets what is queued; a write that is under way ends without effect. */
  drop(): void {
    const dropped = this.#entries
    // The memory of those is read still.
    const writing = dropped.slice(0, this.#underWay)
    this.#entries = []
    this.#sizeBytes = 0
    for (const entry of dropped) entry.segment.readableTo = Infinity
    this.#release(dropped.slice(writing.length))
    this.#settle(dropped.length)
  }

  /** For {@link WriteSlots}: a write may begin. @returns false: there is nothing to write any more */
  begin(): boolean {
    this.#waitsForSlot = false
    const writing = this.#head()
    if (writing.length === 0) return false
    void this.#write(writing)
    return true
  }

  async #write(writing: readonly Entry[]): Promise<void> {
    const { files, slots, onFailure } = this.#options
    const { segment, position } = writing[0]!
    const chunks = writing.map((entry) => entry.bytes!)
    this.#underWay = writing.length
    let failure: { readonly error: unknown } | undefined
    try {
      await files.use(segment.log).writeAsync(chunks, position)
    } catch (error) {
      // Never inside the append that has begun the write: its caller does not wait for anything yet.
      await Promise.resolve()
      failure = { error }
    }
    this.#underWay = 0
    slots.ended()
    if (this.#entries[0] !== writing[0]) {
      // Dropped meanwhile; whoever did so knows.
      this.#release(writing)
    } else if (failure === undefined) {
      this.#release(writing)
      this.#leave(writing.length)
    } else {
      this.drop()
      onFailure(failure.error)
    }
  }

  /** What one write takes: entries of one file, one behind another. */
  #head(): Entry[] {
    const head: Entry[] = []
    let sizeBytes = 0
    for (const entry of this.#entries) {
      const first = head[0] ?? entry
      if (entry.bytes === undefined || entry.segment !== first.segment) break
      if (head.length > 0 && sizeBytes + entry.sizeBytes > WRITE_SIZE_BYTES_MAX) break
      head.push(entry)
      sizeBytes += entry.sizeBytes
    }
    return head
  }

  #push(entry: Entry): void {
    const { segment, position } = entry
    if (segment.readableTo === Infinity) segment.readableTo = position
    this.#entries.push(entry)
    this.#sizeBytes += entry.sizeBytes
  }

  #next(): void {
    if (this.#underWay > 0 || this.#waitsForSlot || this.isEmpty) return
    this.#waitsForSlot = true
    this.#options.slots.ask(this)
  }

  /** The first `count` entries are written, and with them those behind that were before. */
  #leave(count: number): void {
    const entries = this.#entries
    while (count < entries.length && entries[count]!.bytes === undefined) count++
    let sizeBytes = 0
    for (const entry of entries.splice(0, count)) {
      sizeBytes += entry.sizeBytes
      entry.segment.readableTo = Infinity
    }
    for (const { segment, position } of entries) segment.readableTo = Math.min(segment.readableTo, position)
    this.#sizeBytes -= sizeBytes
    this.#next()
    this.#settle(count)
    this.#options.onWritten(sizeBytes)
  }

  #release(entries: readonly Entry[]): void {
    for (const { owner } of entries) {
      if (owner === undefined) continue
      this.#options.slots.give(owner.sizeBytes)
      owner.release()
    }
  }

  #settle(count: number): void {
    this.#left += count
    while (this.#settling.length > 0 && this.#settling[0]!.left <= this.#left) this.#settling.shift()!.resolve()
  }
}
