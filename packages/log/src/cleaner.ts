/**
 * Compaction of a log: keeps the last record of every key, and forgets the others and, in time, tombstones.
 *
 * Two passes: the dirty part is read for the last offset of every key; then all segments up to there are copied, group by
 * group, without the records that a later one replaces. The copy takes the place of its sources in steps each of which a
 * crash may interrupt: `.cleaned` while it is written, synced, renamed to `.swap`, sources to `.deleted`, final names.
 * All in pieces of a mebibyte, off the event loop but for decompression; one log at a time.
 *
 * Invariants: the last record of a key below the cleaned offset is never dropped (until its tombstone has had its time);
 * offsets do not change; only what is durable, committed and decided is cleaned.
 * Source: KIP-280 and KIP-534, and what Apache Kafka's log cleaner does.
 */
import { silentLogger, type Clock, type Logger, type Storage } from '@braidlog/base'
import {
  batchAttributes,
  batchBaseOffset,
  BatchFault,
  batchLastOffset,
  faultMessage,
  isControl,
  openBatch,
  validateBatch,
  viewOf,
  type Codecs,
} from '@braidlog/records'
import { BatchScanner } from './batch-scanner.ts'
import { cleanBatch, type CleaningRules } from './clean-batch.ts'
import { CleanedTransactions } from './cleaned-transactions.ts'
import { groupSegments, planCleaning, type CleaningPlan } from './cleaner-plan.ts'
import { CLEANED_SUFFIX, SWAP_SUFFIX } from './file-names.ts'
import { batchDamaged, LogError } from './errors.ts'
import { KeyOffsets } from './key-offsets.ts'
import type { LogDirectory } from './log-directory.ts'
import type { Log } from './log.ts'
import { Segment } from './segment.ts'

export interface CleanerOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly codecs: Codecs
  readonly directory: LogDirectory
  readonly logger?: Logger
  /** Memory for the keys of one pass; asked for anew by each. */
  readonly keysSizeBytesMax: () => number
}

export interface CleaningResult {
  /** Below it there is one record per key. */
  readonly cleanedUpTo: number
  readonly sizeBytesBefore: number
  readonly sizeBytesAfter: number
}

export class Cleaner {
  readonly #options: CleanerOptions
  readonly #logger: Logger
  #running = false

  constructor(options: CleanerOptions) {
    this.#options = options
    this.#logger = options.logger ?? silentLogger
  }

  /**
   * Cleans the log that is dirtiest, if one is dirty enough.
   * @param stableOffsetOf up to where a log is committed and decided
   * @returns the log, or `undefined` when there was nothing to do
   */
  async cleanDirtiest(stableOffsetOf: (log: Log) => number): Promise<Log | undefined> {
    if (this.#running) return undefined
    this.#running = true
    try {
      let dirtiest: { readonly log: Log; readonly plan: CleaningPlan } | undefined
      for (const log of this.#options.directory.logs()) {
        if (!log.config.cleanupCompact || log.offline !== undefined || log.closed) continue
        // What is damaged is made anew from another replica, or must stay for who knows how to save it.
        if (log.damage !== undefined) continue
        const plan = this.#plan(log, stableOffsetOf(log))
        if (plan !== undefined && plan.dirtyRatio > (dirtiest?.plan.dirtyRatio ?? -1)) dirtiest = { log, plan }
      }
      if (dirtiest === undefined) return undefined
      try {
        await this.clean(dirtiest.log, dirtiest.plan)
      } catch (error) {
        if (!(error instanceof LogError) || error.damage === undefined) throw error
        dirtiest.log.noteDamage(error)
      }
      return dirtiest.log
    } finally {
      this.#running = false
    }
  }

  /** Cleans `log` as planned. */
  async clean(log: Log, plan: CleaningPlan): Promise<CleaningResult> {
    const { directory, keysSizeBytesMax } = this.#options
    // Cleaning leaves gaps between segments; recovery takes them for losses above the recovery point.
    await directory.checkpointOffsets()
    const keys = new KeyOffsets(keysSizeBytesMax())
    const cleanedUpTo = await this.#readKeys(log, plan, keys)
    const { deleteRetentionMs } = log.config
    const rules: CleaningRules = {
      codecs: this.#options.codecs,
      keys,
      keysEndOffset: cleanedUpTo,
      nowMs: this.#options.clock.nowMs(),
      deleteRetentionMs,
      producerLastOffsets: log.producers.lastOffsets(),
    }
    let sizeBytesBefore = 0
    let sizeBytesAfter = 0
    for (const group of groupSegments(log.segments, cleanedUpTo, log.config)) {
      sizeBytesBefore += group.reduce((sum, segment) => sum + segment.sizeBytes, 0)
      const cleaned = await this.#cleanGroup(log, group, rules)
      // Retention or a truncation has taken a source away meanwhile: what was made of it is worth nothing.
      if (cleaned === undefined) return { cleanedUpTo: plan.firstDirtyOffset, sizeBytesBefore, sizeBytesAfter }
      sizeBytesAfter += cleaned.sizeBytes
    }
    await directory.checkpointCleanerOffset(log, cleanedUpTo)
    const { topic, partition } = log
    this.#logger.info('log cleaned', { topic, partition, cleanedUpTo, sizeBytesBefore, sizeBytesAfter })
    return { cleanedUpTo, sizeBytesBefore, sizeBytesAfter }
  }

  #plan(log: Log, stableOffset: number): CleaningPlan | undefined {
    return planCleaning({
      segments: log.segments,
      config: log.config,
      logStartOffset: log.logStartOffset,
      stableOffset: Math.min(stableOffset, log.durableOffset),
      cleanedUpTo: this.#options.directory.cleanerOffsetOf(log.topic, log.partition),
      nowMs: this.#options.clock.nowMs(),
    })
  }

  /** First pass. @returns the offset up to which all keys are known */
  async #readKeys(log: Log, plan: CleaningPlan, keys: KeyOffsets): Promise<number> {
    const { firstDirtyOffset, firstUncleanableOffset } = plan
    const segments = log.segments.filter((segment, i) => {
      const endOffset = log.segments[i + 1]?.baseOffset ?? Infinity
      return endOffset > firstDirtyOffset && segment.baseOffset < firstUncleanableOffset
    })
    const fromOffset = segments[0]?.baseOffset ?? firstDirtyOffset
    const transactions = new CleanedTransactions(abortedIn(log.segments), fromOffset, this.#options.codecs, () => {})
    for (const segment of segments) {
      const scanner = this.#scan(log, segment)
      try {
        while (await scanner.load())
          while (scanner.next()) {
            const { bytes, view, at } = scanner
            this.#mustBeSound(scanner, segment)
            if (isControl(batchAttributes(view, at))) {
              transactions.meetMarker(bytes, view, at)
              continue
            }
            if (transactions.meetData(view, at) || batchLastOffset(view, at) < firstDirtyOffset) continue
            if (keys.isFull) return batchBaseOffset(view, at)
            for (const record of openBatch(bytes, view, at, { codecs: this.#options.codecs, verifyCrc: false }))
              if (record.key !== null && record.offset >= firstDirtyOffset) keys.put(record.key, record.offset)
          }
      } finally {
        scanner.close()
      }
    }
    return firstUncleanableOffset
  }

  /** Second pass over one group. @returns what it became; `undefined` when it could not take its sources' place */
  async #cleanGroup(log: Log, sources: readonly Segment[], rules: CleaningRules): Promise<Segment | undefined> {
    const { storage, clock, codecs } = this.#options
    const context = { storage, files: log.resources.files, buffers: log.resources.readBuffers, path: log.path }
    const cleaned = Segment.create(context, sources[0]!.baseOffset, clock.nowMs(), CLEANED_SUFFIX)
    let state = CLEANED_SUFFIX
    log.resources.files.pin(cleaned.log)
    try {
      const transactions = new CleanedTransactions(abortedIn(log.segments), cleaned.baseOffset, codecs, (entry) =>
        cleaned.transactionIndex.append(entry),
      )
      for (const source of sources) await this.#copy(log, source, cleaned, transactions, rules)
      cleaned.deactivate()
      await Promise.all([cleaned.sync(), cleaned.syncIndexes()])
      if (!sources.every((source) => log.segments.includes(source))) return undefined
      cleaned.rename(storage, CLEANED_SUFFIX, SWAP_SUFFIX)
      state = SWAP_SUFFIX
      await storage.syncDirectory(log.path)
      if (!sources.every((source) => log.segments.includes(source))) return undefined
      await log.replaceSegments(sources, cleaned)
      state = ''
      return cleaned
    } finally {
      log.resources.files.unpin(cleaned.log)
      if (state !== '') {
        cleaned.close()
        if (!log.closed) for (const slot of cleaned.slots()) storage.remove(slot.path)
      }
    }
  }

  async #copy(
    log: Log,
    source: Segment,
    target: Segment,
    transactions: CleanedTransactions,
    rules: CleaningRules,
  ): Promise<void> {
    const { indexIntervalBytes } = log.config
    const scanner = this.#scan(log, source)
    try {
      while (await scanner.load())
        while (scanner.next()) {
          const { bytes, view, at } = scanner
          this.#mustBeSound(scanner, source)
          const discardable = isControl(batchAttributes(view, at))
            ? transactions.meetMarker(bytes, view, at)
            : transactions.meetData(view, at)
          const outcome = cleanBatch(bytes, view, at, discardable, rules)
          if (outcome.kind === 'dropped') continue
          if (outcome.kind === 'kept') {
            target.write(bytes, at, at + scanner.sizeBytes)
            target.noteBatch(view, at, indexIntervalBytes)
          } else {
            target.write(outcome.bytes, 0, outcome.bytes.length)
            target.noteBatch(viewOf(outcome.bytes), 0, indexIntervalBytes)
          }
        }
      const { endPosition } = scanner
      if (endPosition !== source.sizeBytes) throw damageAt(source, endPosition, 'no whole batch begins there')
    } finally {
      scanner.close()
    }
  }

  /** What was damaged must not get a new checksum. @throws LogError `BATCH_DAMAGED` */
  #mustBeSound({ bytes, view, at, sizeBytes, position }: BatchScanner, segment: Segment): void {
    const rules = { crc32c: this.#options.codecs.crc32c, origin: 'leader' } as const
    const fault = validateBatch(bytes, view, at, at + sizeBytes, rules)
    if (fault !== BatchFault.None) throw damageAt(segment, position, faultMessage(fault))
  }

  #scan(log: Log, segment: Segment): BatchScanner {
    return new BatchScanner({
      files: log.resources.files,
      buffers: log.resources.readBuffers,
      slot: segment.log,
      from: 0,
      to: segment.sizeBytes,
    })
  }
}

function damageAt({ baseOffset, log: { path } }: Segment, position: number, problem: string): LogError {
  return batchDamaged({ path, position, offset: baseOffset, problem })
}

function abortedIn(segments: readonly Segment[]): ReturnType<Segment['transactionIndex']['entries']> {
  return segments.flatMap((segment) => segment.transactionIndex.entries())
}
