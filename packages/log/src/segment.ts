/**
 * One segment of a log: a file of batches from a base offset on, with its indexes.
 *
 * The last segment of a log is active: it grows, and its indexes are in memory. Closed segments never change (the cleaner
 * replaces them) and hold nothing in memory but what was asked for.
 * Invariant: positions in the offset index are those of batches in the file; the file ends with a whole batch, except
 * after a failed write, which takes the log offline.
 */
import type { Storage, StorageFile } from '@braidlog/base'
import { assert } from '@braidlog/base'
import {
  batchBaseOffset,
  batchLastOffset,
  batchMagic,
  batchMaxTimestamp,
  batchSizeBytes,
  BATCH_HEADER_SIZE_BYTES,
  MAGIC,
} from '@braidlog/records'
import { batchDamaged, LogError } from './errors.ts'
import { GATHERED_SIZE_BYTES_MAX, GatheredWrite } from './gathered-write.ts'
import type { BufferPool } from './buffers.ts'
import { INDEX_SUFFIX, LOG_SUFFIX, offsetName, TIME_INDEX_SUFFIX, TXN_INDEX_SUFFIX } from './file-names.ts'
import { OFFSET_INDEX_ENTRY_SIZE_BYTES, OffsetIndex } from './offset-index.ts'
import { FileSlot, type OpenFiles } from './open-files.ts'
import { TIME_INDEX_ENTRY_SIZE_BYTES, TimeIndex } from './time-index.ts'
import { TransactionIndex } from './transaction-index.ts'

/** Largest distance of an offset to its segment's base: what an index entry can say. */
export const RELATIVE_OFFSET_MAX = 2 ** 31 - 1
/** A single write to a file is not larger, so that other processes get their turn at the disk. */
const WRITE_SIZE_BYTES_MAX = 256 * 1024
/** Bytes read at once while looking for a batch. */
const PROBE_SIZE_BYTES = 4096
const probe = new Uint8Array(PROBE_SIZE_BYTES)
const probeView = new DataView(probe.buffer)

export interface SegmentContext {
  readonly storage: Storage
  readonly files: OpenFiles
  readonly buffers: BufferPool
  /** Directory of the log. */
  readonly path: string
}

/** A batch found in a segment. */
export interface BatchLocation {
  readonly position: number
  readonly sizeBytes: number
  readonly baseOffset: number
  readonly lastOffset: number
  readonly maxTimestampMs: number
}

export interface RollLimits {
  readonly segmentBytes: number
  readonly segmentIndexBytes: number
  /** `segment.ms` less this segment's jitter. */
  readonly rollAfterMs: number
}

export class Segment {
  readonly baseOffset: number
  readonly log: FileSlot
  readonly offsetIndex: OffsetIndex
  readonly timeIndex: TimeIndex
  readonly transactionIndex: TransactionIndex
  readonly #files: OpenFiles
  /** The end of the log file that is not written yet. */
  readonly #gathered: GatheredWrite
  /** -1: not looked at yet. */
  #sizeBytes = -1
  #active = false
  #indexesChanged = false
  #bytesSinceIndexEntry = 0
  /** Of the active segment, and of a closed one once asked for; -1: no record has a timestamp. */
  #maxTimestampMs: number | undefined = undefined
  #maxTimestampOffset = -1
  /** Largest timestamp of the first batch, from which the age of the segment counts. */
  #firstTimestampMs: number | undefined = undefined
  /** What this process has not written itself: by position, up to here. */
  #foreignTo = Infinity
  /** The part of that, from the beginning of the file on, that has been held against its checksums. */
  #verifiedTo = 0
  /** For {@link WriteQueue}: from here on the file may not hold yet what was appended. */
  readableTo = Infinity
  /** When the segment was opened or created, by our clock: its age when no record has a timestamp. */
  readonly createdMs: number

  /** @param state `.cleaned` while the cleaner writes the segment, otherwise empty */
  constructor(context: SegmentContext, baseOffset: number, nowMs: number, hasTransactionIndex: boolean, state = '') {
    const file = (suffix: string): FileSlot =>
      new FileSlot(context.storage, `${context.path}/${offsetName(baseOffset)}${suffix}${state}`)
    this.baseOffset = baseOffset
    this.createdMs = nowMs
    this.#files = context.files
    this.#gathered = new GatheredWrite(context.buffers)
    this.log = file(LOG_SUFFIX)
    this.offsetIndex = new OffsetIndex(context.files, file(INDEX_SUFFIX), baseOffset)
    this.timeIndex = new TimeIndex(context.files, file(TIME_INDEX_SUFFIX), baseOffset)
    this.transactionIndex = new TransactionIndex(context.files, file(TXN_INDEX_SUFFIX), hasTransactionIndex)
  }

  /** Creates the files of an active segment without records. */
  static create(context: SegmentContext, baseOffset: number, nowMs: number, state = ''): Segment {
    const segment = new Segment(context, baseOffset, nowMs, false, state)
    const file = context.files.use(segment.log, true)
    if (file.sizeBytes() > 0) file.truncate(0)
    segment.begin()
    return segment
  }

  /** Begins an active segment without records, as `create` and recovery do: what the index files hold is forgotten. */
  begin(): void {
    this.#sizeBytes = 0
    this.#foreignTo = 0
    this.#active = true
    // Without entries there is nothing in them that could get lost.
    this.#indexesChanged = false
    this.#bytesSinceIndexEntry = 0
    this.#maxTimestampMs = -1
    this.#maxTimestampOffset = this.baseOffset
    this.#firstTimestampMs = undefined
    this.offsetIndex.begin()
    this.timeIndex.begin()
  }

  /**
   * Makes a segment from disk the active one: reads its indexes and the batches behind the last entry. Of a segment
   * without batches nothing is read: whatever its indexes hold belongs to no batch.
   * @returns the offset after the last batch
   * @throws LogError `LOG_CORRUPT` when the file does not end with a whole batch: it needs recovery
   */
  activate(): number {
    const sizeBytes = this.sizeBytes
    if (sizeBytes === 0) {
      this.begin()
      return this.baseOffset
    }
    this.#active = true
    this.#foreignTo = Math.min(this.#foreignTo, sizeBytes)
    this.#bytesSinceIndexEntry = 0
    this.offsetIndex.activate(sizeBytes)
    this.timeIndex.activate(this.baseOffset + RELATIVE_OFFSET_MAX + 1)
    const last = this.timeIndex.last()
    this.#maxTimestampMs = last?.timestampMs ?? -1
    this.#maxTimestampOffset = last?.offset ?? this.baseOffset
    const position = this.offsetIndex.lookup(this.baseOffset + RELATIVE_OFFSET_MAX)
    // Where an index from disk points at no batch, it is garbage: the whole file is walked then.
    const nextOffset = this.#walkFrom(position) ?? (position > 0 ? this.#walkFrom(0) : undefined)
    if (nextOffset === undefined) throw new LogError('LOG_CORRUPT', `${this.log.path} does not end with a whole batch`)
    return nextOffset
  }

  /** Notes the timestamps from `position` to the end. @returns the offset after the last batch, if all are whole */
  #walkFrom(position: number): number | undefined {
    let nextOffset = this.baseOffset
    while (position < this.sizeBytes) {
      const batch = this.#batchAt(position)
      if (batch === undefined || batch.baseOffset < nextOffset) return undefined
      this.#noteTimestamp(batch.maxTimestampMs, batch.lastOffset)
      nextOffset = batch.lastOffset + 1
      position += batch.sizeBytes
    }
    return nextOffset
  }

  get active(): boolean {
    return this.#active
  }

  /** Size of the log file. */
  get sizeBytes(): number {
    if (this.#sizeBytes < 0) this.#sizeBytes = this.#files.use(this.log).sizeBytes()
    return this.#sizeBytes
  }

  /** So much of the log file may be read, by position. What is gathered counts: `read` writes it first. */
  get readableSizeBytes(): number {
    return Math.min(this.sizeBytes, this.readableTo)
  }

  /** -1: no record has a timestamp. */
  get maxTimestampMs(): number {
    if (this.#maxTimestampMs === undefined) this.#learnMaxTimestamp()
    return this.#maxTimestampMs!
  }

  /**
   * From the last entry of the time index, if the batches agree: an index that is damaged would make retention take the
   * segment for an old one.
   */
  #learnMaxTimestamp(): void {
    const last = this.timeIndex.last()
    this.#maxTimestampMs = -1
    this.#maxTimestampOffset = this.baseOffset
    if (this.sizeBytes === 0) return
    if (last !== undefined && last.offset >= this.baseOffset) {
      const position = this.#positionOf(last.offset)
      if (position !== undefined && this.#walkFrom(position) !== undefined) {
        if (this.#maxTimestampMs === last.timestampMs && this.#maxTimestampOffset === last.offset) return
      }
      this.#maxTimestampMs = -1
    }
    // Where even the log is damaged nobody knows, and nothing is deleted for its age before it must be.
    if (this.#walkFrom(0) === undefined) this.#maxTimestampMs = Math.max(this.#maxTimestampMs, this.createdMs)
  }

  #positionOf(offset: number): number | undefined {
    try {
      return this.locate(offset)?.position
    } catch (error) {
      if (error instanceof LogError) return undefined
      throw error
    }
  }

  /** Last offset of the first batch that has the largest timestamp. */
  get maxTimestampOffset(): number {
    return this.maxTimestampMs < 0 ? this.baseOffset : this.#maxTimestampOffset
  }

  /** Must a new segment begin before `sizeBytes` bytes up to `lastOffset` are appended? */
  shouldRoll(
    append: { readonly sizeBytes: number; readonly lastOffset: number; readonly maxTimestampMs: number },
    nowMs: number,
    limits: RollLimits,
  ): boolean {
    const size = this.sizeBytes
    if (size === 0) return append.lastOffset - this.baseOffset > RELATIVE_OFFSET_MAX
    return (
      size > limits.segmentBytes - append.sizeBytes ||
      this.#ageMs(append.maxTimestampMs, nowMs) > limits.rollAfterMs ||
      this.offsetIndex.count >= Math.floor(limits.segmentIndexBytes / OFFSET_INDEX_ENTRY_SIZE_BYTES) ||
      this.timeIndex.count >= Math.floor(limits.segmentIndexBytes / TIME_INDEX_ENTRY_SIZE_BYTES) - 1 ||
      append.lastOffset - this.baseOffset > RELATIVE_OFFSET_MAX
    )
  }

  /**
   * Writes whole batches behind the last one; `noteBatch` must follow for each.
   * @param gather they may wait for others until `writeGathered`, a sync or a read
   * @throws StorageError
   */
  write(bytes: Uint8Array, start: number, end: number, gather = false): void {
    assert(this.#active, 'only the active segment grows')
    if (gather && end - start <= GATHERED_SIZE_BYTES_MAX) {
      if (this.#gathered.add(bytes, start, end, this.#sizeBytes)) return
      this.writeGathered()
      if (this.#gathered.add(bytes, start, end, this.#sizeBytes)) return
    }
    const file = this.#file()
    let position = this.#sizeBytes
    for (let at = start; at < end; at += WRITE_SIZE_BYTES_MAX) {
      const to = Math.min(at + WRITE_SIZE_BYTES_MAX, end)
      file.write(bytes, at, to, position)
      position += to - at
    }
  }

  /** Some of what was given to `write` is not in the file yet. */
  get hasGathered(): boolean {
    return !this.#gathered.isEmpty
  }

  /** @throws StorageError */
  writeGathered(): void {
    if (!this.#gathered.isEmpty) this.#gathered.writeTo(this.#files.use(this.log))
  }

  /** Takes a batch that stands behind the last one into the indexes. */
  noteBatch(view: DataView, at: number, indexIntervalBytes: number): void {
    const lastOffset = batchLastOffset(view, at)
    const maxTimestampMs = batchMaxTimestamp(view, at)
    const sizeBytes = batchSizeBytes(view, at)
    this.#firstTimestampMs ??= maxTimestampMs
    this.#noteTimestamp(maxTimestampMs, lastOffset)
    if (this.#bytesSinceIndexEntry > indexIntervalBytes) {
      this.offsetIndex.append(lastOffset, this.#sizeBytes)
      this.timeIndex.maybeAppend(this.#maxTimestampMs!, this.#maxTimestampOffset)
      this.#bytesSinceIndexEntry = 0
    }
    this.#sizeBytes += sizeBytes
    this.#bytesSinceIndexEntry += sizeBytes
    this.#indexesChanged = true
  }

  /** Passes over a batch that is not what was written; the next entry of the indexes is behind it. */
  noteDamaged(sizeBytes: number): void {
    this.#sizeBytes += sizeBytes
    this.#bytesSinceIndexEntry = Infinity
    this.#foreignTo = this.#sizeBytes
    this.#indexesChanged = true
  }

  /** The first readable batch whose last offset is at or above `offset`, if any. @throws LogError `BATCH_DAMAGED` */
  locate(offset: number): BatchLocation | undefined {
    const from = this.offsetIndex.lookup(offset)
    if (from > 0) {
      // Nothing vouches for an index from disk: its word counts only if a batch that can precede `offset` stands there.
      const batch = from < this.readableSizeBytes ? this.#batchAt(from) : undefined
      if (batch !== undefined && batch.baseOffset <= offset) return this.#locateFrom(from, offset)
    }
    return this.#locateFrom(0, offset)
  }

  /** A position at or before the first batch with a timestamp of at least `timestampMs`. */
  positionForTimestamp(timestampMs: number): number {
    const before = this.timeIndex.floor(timestampMs - 1)
    if (before === undefined) return 0
    return this.locate(before.offset)?.position ?? 0
  }

  /** Some of these bytes are from before this process, and nobody has looked at them since. */
  mustVerify(from: number, to: number): boolean {
    return from < this.#foreignTo && to > this.#verifiedTo
  }

  /** The batches in these bytes are what was written. */
  noteVerified(from: number, to: number): void {
    if (from <= this.#verifiedTo) this.#verifiedTo = Math.max(this.#verifiedTo, to)
  }

  read(target: Uint8Array, start: number, end: number, position: number): number {
    return this.#file().read(target, start, end, position)
  }

  readCold(target: Uint8Array, start: number, end: number, position: number): Promise<number> {
    return this.#file().readCold(target, start, end, position)
  }

  /** Removes all batches that reach `offset`. @returns the offset after the last one that stays */
  truncateTo(offset: number): number {
    assert(this.#active, 'only the active segment is truncated')
    const location = this.locate(offset)
    if (location !== undefined) {
      this.#file().truncate(location.position)
      this.#sizeBytes = location.position
      this.#verifiedTo = Math.min(this.#verifiedTo, location.position)
    }
    this.offsetIndex.truncateTo(location?.baseOffset ?? offset)
    this.timeIndex.truncateTo(location?.baseOffset ?? offset)
    this.transactionIndex.truncateTo(offset)
    this.offsetIndex.flush()
    this.timeIndex.flush()
    this.#indexesChanged = true
    this.#firstTimestampMs = undefined
    return this.activate()
  }

  /** No more appends: completes the indexes and leaves them to their files. */
  deactivate(): void {
    assert(this.#active, 'a segment is closed once')
    this.writeGathered()
    this.#completeTimeIndex()
    this.offsetIndex.deactivate()
    this.timeIndex.deactivate()
    this.#active = false
  }

  /** Completes the index files, for a clean shutdown. The segment can go on growing. */
  flushIndexes(): void {
    if (!this.#active) return
    this.#completeTimeIndex()
    this.offsetIndex.flush()
    this.timeIndex.flush()
  }

  /** fdatasyncs the log file. */
  sync(): Promise<void> {
    return this.#file().sync()
  }

  /** fdatasyncs the indexes, if they have changed since the last time. */
  async syncIndexes(): Promise<void> {
    if (!this.#indexesChanged) return
    this.#indexesChanged = false
    await Promise.all([this.offsetIndex.sync(), this.timeIndex.sync(), this.transactionIndex.sync()])
  }

  /** All files of the segment. */
  slots(): FileSlot[] {
    return [this.log, this.offsetIndex.slot, this.timeIndex.slot, this.transactionIndex.slot]
  }

  /** Gives all files another state (`.cleaned` → `.swap` → none). They are reopened under their new names when used. */
  rename(storage: Storage, from: string, to: string): void {
    this.close()
    for (const slot of this.slots()) {
      const path = slot.path.slice(0, slot.path.length - from.length) + to
      if (storage.exists(slot.path)) storage.rename(slot.path, path)
      slot.path = path
    }
  }

  /** Closes the files; with `sync` and `flushIndexes` before, nothing is lost. */
  close(): void {
    this.#gathered.drop()
    for (const slot of this.slots()) this.#files.close(slot)
  }

  /** The log file with all that was given to `write`. */
  #file(): StorageFile {
    this.writeGathered()
    return this.#files.use(this.log)
  }

  #completeTimeIndex(): void {
    if (this.#maxTimestampMs! >= 0) this.timeIndex.maybeAppend(this.#maxTimestampMs!, this.#maxTimestampOffset)
  }

  /** Timestamps outside ±(2^53-1) are not indexed: they could not be written back exactly. */
  #noteTimestamp(maxTimestampMs: number, lastOffset: number): void {
    if (maxTimestampMs <= this.#maxTimestampMs! || !Number.isSafeInteger(maxTimestampMs)) return
    this.#maxTimestampMs = maxTimestampMs
    this.#maxTimestampOffset = lastOffset
  }

  #ageMs(timestampMs: number, nowMs: number): number {
    if (this.#firstTimestampMs === undefined) this.#firstTimestampMs = this.#batchAt(0)?.maxTimestampMs ?? -1
    return this.#firstTimestampMs >= 0 ? timestampMs - this.#firstTimestampMs : nowMs - this.createdMs
  }

  #locateFrom(position: number, offset: number): BatchLocation | undefined {
    const file = this.#file()
    const sizeBytes = this.readableSizeBytes
    let loaded = 0
    let loadedAt = position
    let nextOffset = this.baseOffset
    while (position < sizeBytes) {
      if (position + BATCH_HEADER_SIZE_BYTES > loadedAt + loaded) {
        loadedAt = position
        loaded = file.read(probe, 0, Math.min(PROBE_SIZE_BYTES, sizeBytes - position), position)
      }
      const at = position - loadedAt
      const batch = at + BATCH_HEADER_SIZE_BYTES <= loaded ? describeBatch(at, position, sizeBytes) : undefined
      if (batch === undefined) {
        const problem = 'no whole batch begins there'
        throw batchDamaged({ path: this.log.path, position, offset: Math.min(nextOffset, offset), problem })
      }
      if (batch.lastOffset >= offset) return batch
      nextOffset = batch.lastOffset + 1
      position += batch.sizeBytes
    }
    return undefined
  }

  /** @returns `undefined` when no whole batch stands there */
  #batchAt(position: number): BatchLocation | undefined {
    const loaded = this.#file().read(probe, 0, BATCH_HEADER_SIZE_BYTES, position)
    return loaded < BATCH_HEADER_SIZE_BYTES ? undefined : describeBatch(0, position, this.readableSizeBytes)
  }
}

/** Where a log of these segments ends when everything from `offset` on goes, and the batch that holds it. */
export function endOffsetWithout(offset: number, segments: readonly Segment[]): number {
  const last = segments.findLast(({ baseOffset }) => baseOffset < offset)
  return Math.min(offset, last?.locate(offset)?.baseOffset ?? offset)
}

/** The batch whose header stands at `at` in the probe; `undefined` when it is none or goes on beyond the file. */
function describeBatch(at: number, position: number, fileSizeBytes: number): BatchLocation | undefined {
  const sizeBytes = batchSizeBytes(probeView, at)
  if (batchMagic(probeView, at) !== MAGIC || sizeBytes < BATCH_HEADER_SIZE_BYTES) return undefined
  if (position + sizeBytes > fileSizeBytes) return undefined
  return {
    position,
    sizeBytes,
    baseOffset: batchBaseOffset(probeView, at),
    lastOffset: batchLastOffset(probeView, at),
    maxTimestampMs: batchMaxTimestamp(probeView, at),
  }
}
