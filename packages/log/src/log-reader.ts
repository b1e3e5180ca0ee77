/**
 * Reading a log by offset: from the tail cache, else from the segment that holds the offset, in pieces of whole batches.
 *
 * Readers mostly go on where they stopped, so the last few end positions are remembered: such a read needs no index. The
 * index of a segment is asked otherwise, and the batches behind its entry are walked.
 * A cold read that goes on where one has ended takes more than was asked for along ({@link ReadAhead}).
 * Invariant: what a read gives is what was appended, whichever way it came: batches that come from the disk are held against
 * their checksums. Those that this process has written, or verified before, are not as long as they are warm: the page
 * cache has them as they were.
 */
import {
  batchBaseOffset,
  batchLastOffset,
  batchMagic,
  batchSizeBytes,
  BATCH_HEADER_SIZE_BYTES,
  BatchFault,
  faultMessage,
  MAGIC,
  validateBatch,
  viewOf,
  type ValidateOptions,
} from '@braidlog/records'
import type { PooledBuffer } from './buffers.ts'
import { batchDamaged } from './errors.ts'
import { LogRead, type ReadOptions } from './log-read.ts'
import type { LogResources } from './log-resources.ts'
import type { AheadPiece } from './read-ahead.ts'
import type { Segment } from './segment.ts'
import { LogTail } from './tail-cache.ts'

/** One read gives at most this much (or one batch), whatever is asked: longer turns would delay others. */
const READ_SIZE_BYTES_MAX = 4 * 1024 * 1024
/** A read that begins this close to the log end counts as a read of the tail. */
const TAIL_SIZE_BYTES = 1024 * 1024
/** A cold read that goes on takes so many times what is wanted, between these bounds. */
const AHEAD_READS = 4
const AHEAD_SIZE_BYTES_MIN = 1024 * 1024
const AHEAD_SIZE_BYTES_MAX = 4 * 1024 * 1024
/** Positions remembered for readers that go on where they stopped. */
const READ_HINTS_MAX = 8

export interface LogReaderOptions {
  /** The log's own list, which changes. */
  readonly segments: readonly Segment[]
  readonly resources: LogResources
  readonly crc32c: ValidateOptions['crc32c']
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
  /** Somebody has read up to here. */
  readonly goesOn: boolean
}

/** Bytes of a segment in memory: `buffer.bytes[at, filled)` stands at `position` of the file. */
interface Filled extends Place {
  readonly buffer: PooledBuffer
  readonly at: number
  readonly filled: number
  /** It may have come from the disk. */
  readonly isCold: boolean
}

export class LogReader {
  readonly tail: LogTail
  readonly #segments: readonly Segment[]
  readonly #resources: LogResources
  readonly #wake: () => void
  readonly #warmSizeBytes: number
  readonly #rules: ValidateOptions
  #hints: ReadHint[] = []
  readonly #ahead: AheadPiece[] = []
  /** Counts truncations: bytes read before one are worth nothing after it. */
  #truncations = 0

  constructor(options: LogReaderOptions) {
    this.#segments = options.segments
    this.#resources = options.resources
    this.#wake = options.wake
    this.#warmSizeBytes = options.resources.limits.warmSizeBytes
    this.#rules = { crc32c: options.crc32c, origin: 'leader' }
    this.tail = new LogTail(options.resources.tailCache)
  }

  /** @throws LogError `BATCH_DAMAGED`; StorageError */
  read(options: ReadOptions, range: ReadableRange): LogRead {
    const quick = this.#readTail(options, range)
    if (quick !== undefined) return quick
    const plan = this.#plan(options, range)
    if (plan === undefined) return LogRead.empty(options.offset)
    const ahead = this.#readAhead(plan, options, range)
    if (ahead !== undefined) return ahead
    const { segment, position } = plan
    for (let wanted = plan.wanted; ;) {
      const buffer = this.#resources.readBuffers.take(wanted)
      const filled = segment.read(buffer.bytes, 0, wanted, position)
      const result = this.#cut({ segment, position, buffer, at: 0, filled, isCold: false }, options, range)
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
    const ahead = this.#readAhead(plan, options, range)
    if (ahead !== undefined) return ahead
    const { segment, position } = plan
    const withAhead = this.#withAhead(plan)
    for (let wanted = withAhead; ;) {
      const buffer = this.#resources.readBuffers.take(wanted)
      let filled = -1
      try {
        filled = await segment.readCold(buffer.bytes, 0, wanted, position)
      } finally {
        if (filled < 0 || truncations !== this.#truncations) buffer.release()
      }
      if (truncations !== this.#truncations) return LogRead.empty(options.offset)
      const result = this.#cut({ segment, position, buffer, at: 0, filled, isCold: true }, options, range)
      if (typeof result === 'number') {
        wanted = result
        continue
      }
      const hasMore = wanted === withAhead && wanted > plan.wanted && result.sizeBytes > 0
      if (hasMore) this.#keepAhead(segment, position, buffer, filled)
      return result
    }
  }

  /** The bytes at `offset` are probably not in the page cache. */
  isCold(offset: number): boolean {
    if (offset >= this.tail.baseOffset) return false
    if (this.#ahead.length > 0) {
      const place = this.#hinted(offset)
      if (place !== undefined && this.#pieceAt(place) !== undefined) return false
    }
    let behind = 0
    for (let i = this.#segments.length - 1; i >= 0; i--) {
      const segment = this.#segments[i]!
      if (segment.baseOffset <= offset) {
        const position = segment.active ? segment.offsetIndex.lookup(offset) : 0
        return behind + segment.sizeBytes - position > this.#warmSizeBytes
      }
      behind += segment.sizeBytes
      if (behind > this.#warmSizeBytes) return true
    }
    return false
  }

  /** Segments have gone or been replaced: positions are void. */
  forget(): void {
    this.#hints = []
    this.tail.clear()
    while (this.#ahead.length > 0) this.#dropAhead(this.#ahead[0]!)
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
    const hinted = this.#hinted(options.offset)
    const place = hinted ?? this.#locate(Math.max(options.offset, logStartOffset))
    if (place === undefined) return undefined
    const { segment, position } = place
    const left = segment.readableSizeBytes - position
    if (left <= 0) return undefined
    if (segment.active && left <= TAIL_SIZE_BYTES) this.tail.noteRead()
    const wanted = Math.min(Math.max(options.maxBytes, BATCH_HEADER_SIZE_BYTES), READ_SIZE_BYTES_MAX, left)
    return { segment, position, wanted, goesOn: hinted !== undefined }
  }

  /** How much a cold read is to read. */
  #withAhead({ segment, position, wanted, goesOn }: ReadPlan): number {
    if (!goesOn) return wanted
    const ahead = Math.min(Math.max(wanted * AHEAD_READS, AHEAD_SIZE_BYTES_MIN), AHEAD_SIZE_BYTES_MAX)
    const sizeBytes = Math.min(Math.max(wanted, ahead), segment.readableSizeBytes - position)
    return sizeBytes > wanted && this.#resources.readAhead.hasRoom(sizeBytes) ? sizeBytes : wanted
  }

  /** From what earlier reads have brought along. */
  #readAhead(plan: ReadPlan, options: ReadOptions, range: ReadableRange): LogRead | undefined {
    const piece = this.#ahead.length === 0 ? undefined : this.#pieceAt(plan)
    if (piece === undefined) return undefined
    const { segment, position } = plan
    const { buffer, sizeBytes: filled } = piece
    this.#resources.readAhead.used(piece)
    buffer.retain()
    const at = position - piece.position
    const result = this.#cut({ segment, position, buffer, at, filled, isCold: true }, options, range)
    return typeof result === 'number' ? undefined : result
  }

  /** The piece that has a whole batch at this place; one that ends within the batch is dropped, for it has been read. */
  #pieceAt({ segment, position }: Place): AheadPiece | undefined {
    const piece = this.#ahead.find(
      (each) => each.segment === segment && each.position <= position && position <= each.position + each.sizeBytes,
    )
    if (piece === undefined) return undefined
    const at = position - piece.position
    const left = piece.sizeBytes - at
    if (left >= BATCH_HEADER_SIZE_BYTES && batchSizeBytes(viewOf(piece.buffer.bytes), at) <= left) return piece
    this.#dropAhead(piece)
    return undefined
  }

  #keepAhead(segment: Segment, position: number, buffer: PooledBuffer, sizeBytes: number): void {
    const { readAhead } = this.#resources
    // The segment may have gone meanwhile, and the room.
    if (!this.#segments.includes(segment) || !readAhead.hasRoom(buffer.sizeBytes)) return
    buffer.retain()
    const piece = { segment, position, buffer, sizeBytes }
    this.#ahead.push(piece)
    readAhead.add(piece, (dropped) => this.#dropAhead(dropped))
  }

  #dropAhead(piece: AheadPiece): void {
    this.#ahead.splice(this.#ahead.indexOf(piece), 1)
    this.#resources.readAhead.remove(piece)
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
   * Takes the whole batches out of what was read, up to one that is damaged. The caller's hold of the buffer goes to what is
   * returned.
   * @returns a number when the first batch is larger than the buffer and must be returned nevertheless: its size
   * @throws LogError `BATCH_DAMAGED`: the first one is
   */
  #cut(read: Filled, options: ReadOptions, { upToOffset }: ReadableRange): LogRead | number {
    const { segment, buffer, filled, at: start } = read
    const view = viewOf(buffer.bytes)
    const { maxBytes, minOneBatch = false } = options
    /** Of the first byte of the buffer. */
    const position = read.position - start
    const verifies = read.isCold || segment.mustVerify(position + start, position + filled)
    let at = start
    let nextOffset = options.offset
    let problem: string | undefined
    while (filled - at >= BATCH_HEADER_SIZE_BYTES) {
      const sizeBytes = batchSizeBytes(view, at)
      if (batchMagic(view, at) !== MAGIC || sizeBytes < BATCH_HEADER_SIZE_BYTES) {
        problem = 'no batch begins there'
        break
      }
      if (batchBaseOffset(view, at) >= upToOffset) break
      if (at - start + sizeBytes > maxBytes && !(at === start && minOneBatch)) break
      if (at + sizeBytes > filled) {
        if (at > start) break
        if (position + at + sizeBytes > segment.readableSizeBytes) {
          if (segment.readableTo === Infinity) problem = 'the batch reaches beyond the file'
          break
        }
        buffer.release()
        return sizeBytes
      }
      problem = verifies ? this.#problemAt(buffer.bytes, view, at, at === start ? -1 : nextOffset) : undefined
      if (problem !== undefined) break
      nextOffset = batchLastOffset(view, at) + 1
      at += sizeBytes
    }
    if (at === start) {
      const offset = Math.min(options.offset, Math.max(batchBaseOffset(view, at), segment.baseOffset))
      buffer.release()
      if (problem === undefined) return LogRead.empty(options.offset)
      throw batchDamaged({ path: segment.log.path, position: position + at, offset, problem })
    }
    if (verifies) segment.noteVerified(position + start, position + at)
    this.#hint(nextOffset, segment, position + at)
    return new LogRead({
      chunks: [buffer.bytes.subarray(start, at)],
      owners: [buffer],
      sizeBytes: at - start,
      baseOffset: batchBaseOffset(view, start),
      nextOffset,
    })
  }

  /** @param minOffset the batch begins there or later */
  #problemAt(bytes: Uint8Array, view: DataView, at: number, minOffset: number): string | undefined {
    const fault = validateBatch(bytes, view, at, at + batchSizeBytes(view, at), this.#rules)
    if (fault !== BatchFault.None) return faultMessage(fault)
    return batchBaseOffset(view, at) < minOffset ? 'offsets do not ascend' : undefined
  }

  #hint(offset: number, segment: Segment, position: number): void {
    if (this.#hints.length === READ_HINTS_MAX) this.#hints.shift()
    this.#hints.push({ offset, segment, position })
  }
}
