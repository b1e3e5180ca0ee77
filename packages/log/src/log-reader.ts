/**
 * Reading a log by offset: from the tail cache, else from the segment that holds the offset, in pieces of whole batches.
 *
 * Readers mostly go on where they stopped, so the last few end positions are remembered: such a read needs no index. The
 * index of a segment is asked otherwise, and the batches behind its entry are walked.
 * Invariant: what a read gives is what was appended, whichever way it came.
 */
import {
  batchBaseOffset,
  batchLastOffset,
  batchMagic,
  batchSizeBytes,
  BATCH_HEADER_SIZE_BYTES,
  MAGIC,
  viewOf,
} from '@braidlog/records'
import type { PooledBuffer } from './buffers.ts'
import { LogError } from './errors.ts'
import { LogRead, type ReadOptions } from './log-read.ts'
import type { LogResources } from './log-resources.ts'
import type { Segment } from './segment.ts'
import { LogTail } from './tail-cache.ts'

/** One read gives at most this much (or one batch), whatever is asked: longer turns would delay others. */
const READ_SIZE_BYTES_MAX = 4 * 1024 * 1024
/** Bytes before the log end that are taken to be in the page cache. */
const WARM_SIZE_BYTES = 64 * 1024 * 1024
/** A read that begins this close to the log end counts as a read of the tail. */
const TAIL_SIZE_BYTES = 1024 * 1024
/** Positions remembered for readers that go on where they stopped. */
const READ_HINTS_MAX = 8

export interface LogReaderOptions {
  /** The log's own list, which changes. */
  readonly segments: readonly Segment[]
  readonly resources: LogResources
  /** Makes a sleeping log ready before its files are read. */
  readonly wake: () => void
}

/** What is readable at the moment of a read: [logStartOffset, upToOffset). */
export interface ReadableRange {
  readonly logStartOffset: number
  readonly upToOffset: number
}

interface ReadHint {
  readonly offset: number
  readonly segment: Segment
  readonly position: number
}

interface Place {
  readonly segment: Segment
  readonly position: number
}

interface ReadPlan extends Place {
  readonly wanted: number
}

export class LogReader {
  readonly tail: LogTail
  readonly #segments: readonly Segment[]
  readonly #resources: LogResources
  readonly #wake: () => void
  #hints: ReadHint[] = []
  /** Counts truncations: bytes read before one are worth nothing after it. */
  #truncations = 0

  constructor(options: LogReaderOptions) {
    this.#segments = options.segments
    this.#resources = options.resources
    this.#wake = options.wake
    this.tail = new LogTail(options.resources.tailCache)
  }

  /** @throws LogError `LOG_CORRUPT`; StorageError */
  read(options: ReadOptions, range: ReadableRange): LogRead {
    const quick = this.#readTail(options, range)
    if (quick !== undefined) return quick
    const plan = this.#plan(options, range)
    if (plan === undefined) return LogRead.empty(options.offset)
    for (let wanted = plan.wanted; ;) {
      const buffer = this.#resources.readBuffers.take(wanted)
      const filled = plan.segment.read(buffer.bytes, 0, wanted, plan.position)
      const result = this.#cut(buffer, filled, plan, options, range)
      if (typeof result !== 'number') return result
      wanted = result
    }
  }

  /** Like `read`, off the event loop. */
  async readCold(options: ReadOptions, range: ReadableRange): Promise<LogRead> {
    const quick = this.#readTail(options, range)
    if (quick !== undefined) return quick
    const truncations = this.#truncations
    const plan = this.#plan(options, range)
    if (plan === undefined) return LogRead.empty(options.offset)
    for (let wanted = plan.wanted; ;) {
      const buffer = this.#resources.readBuffers.take(wanted)
      let filled = -1
      try {
        filled = await plan.segment.readCold(buffer.bytes, 0, wanted, plan.position)
      } finally {
        if (filled < 0 || truncations !== this.#truncations) buffer.release()
      }
      if (truncations !== this.#truncations) return LogRead.empty(options.offset)
      const result = this.#cut(buffer, filled, plan, options, range)
      if (typeof result !== 'number') return result
      wanted = result
    }
  }

  /** The bytes at `offset` are probably not in the page cache. */
  isCold(offset: number): boolean {
    if (offset >= this.tail.baseOffset) return false
    let behind = 0
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!
      if (segment.baseOffset <= offset) {
        const position = segment.active ? segment.offsetIndex.lookup(offset) : 0
        return behind + segment.sizeBytes - position > WARM_SIZE_BYTES
      }
      behind += segment.sizeBytes
      if (behind > WARM_SIZE_BYTES) return true
    }
    return false
  }

  /** Segments have gone or been replaced: positions are void. */
  forget(): void {
    this.#hints = []
    this.tail.clear()
  }

  /** Offsets will be written anew: what is being read now is void, too. */
  truncated(): void {
    this.#truncations++
    this.forget()
  }

  /** @returns `undefined` when files have to be read */
  #readTail(options: ReadOptions, { upToOffset }: ReadableRange): LogRead | undefined {
    const { offset, maxBytes, minOneBatch = false } = options
    if (offset < upToOffset && offset < this.tail.baseOffset) return undefined
    this.tail.noteRead()
    const found = offset < upToOffset ? this.tail.read(offset, maxBytes, upToOffset, minOneBatch) : undefined
    return found === undefined ? LogRead.empty(offset) : new LogRead(found)
  }

  /** Where to read, and how much. */
  #plan(options: ReadOptions, { logStartOffset }: ReadableRange): ReadPlan | undefined {
    this.#wake()
    const place = this.#hinted(options.offset) ?? this.#locate(Math.max(options.offset, logStartOffset))
    if (place === undefined) return undefined
    const { segment, position } = place
    const left = segment.readableSizeBytes - position
    if (left <= 0) return undefined
    if (segment.active && left <= TAIL_SIZE_BYTES) this.tail.noteRead()
    const wanted = Math.min(Math.max(options.maxBytes, BATCH_HEADER_SIZE_BYTES), READ_SIZE_BYTES_MAX, left)
    return { segment, position, wanted }
  }

  #hinted(offset: number): Place | undefined {
    for (const hint of this.#hints) {
      if (hint.offset !== offset) continue
      if (hint.position < hint.segment.sizeBytes) return hint
      const next = this.#segments[this.#segments.indexOf(hint.segment) + 1]
      return next?.baseOffset === offset && next.sizeBytes > 0 ? { segment: next, position: 0 } : undefined
    }
    return undefined
  }

  #locate(offset: number): Place | undefined {
    for (let i = Math.max(this.#floorSegment(offset), 0); i < this.#segments.length; i++) {
      const location = this.#segments[i]!.locate(offset)
      if (location !== undefined) return { segment: this.#segments[i]!, position: location.position }
    }
    return undefined
  }

  /** Index of the last segment whose base offset is at or below `offset`; -1: none. */
  #floorSegment(offset: number): number {
    let low = 0
    let high = this.#segments.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if (this.#segments[middle]!.baseOffset <= offset) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /**
   * Takes the whole batches out of what was read.
   * @returns a number when the first batch is larger than the buffer and must be returned nevertheless: its size
   */
  #cut(
    buffer: PooledBuffer,
    filled: number,
    place: Place,
    options: ReadOptions,
    { upToOffset }: ReadableRange,
  ): LogRead | number {
    const view = viewOf(buffer.bytes)
    const { maxBytes, minOneBatch = false } = options
    const { segment, position } = place
    let at = 0
    let nextOffset = options.offset
    while (filled - at >= BATCH_HEADER_SIZE_BYTES) {
      const sizeBytes = batchSizeBytes(view, at)
      if (batchMagic(view, at) !== MAGIC || sizeBytes < BATCH_HEADER_SIZE_BYTES) {
        buffer.release()
        throw new LogError('LOG_CORRUPT', `${segment.log.path} has no batch at ${position + at}`)
      }
      if (batchBaseOffset(view, at) >= upToOffset) break
      if (at + sizeBytes > maxBytes && !(at === 0 && minOneBatch)) break
      if (at + sizeBytes > filled) {
        if (at > 0 || position + sizeBytes > segment.readableSizeBytes) break
        buffer.release()
        return sizeBytes
      }
      nextOffset = batchLastOffset(view, at) + 1
      at += sizeBytes
    }
    if (at === 0) {
      buffer.release()
      return LogRead.empty(options.offset)
    }
    this.#hint(nextOffset, segment, position + at)
    return new LogRead({
      chunks: [buffer.bytes.subarray(0, at)],
      owners: [buffer],
      sizeBytes: at,
      baseOffset: batchBaseOffset(view, 0),
      nextOffset,
    })
  }

  #hint(offset: number, segment: Segment, position: number): void {
    if (this.#hints.length === READ_HINTS_MAX) this.#hints.shift()
    this.#hints.push({ offset, segment, position })
  }
}
