/**
 * A leader's appends: a batch is checked where it lies, gets its offsets and leader epoch in place, and is written to the
 * page cache, all in one turn.
 *
 * Invariant: what is refused has changed neither the batch nor the partition.
 */
import type { Clock } from '@braidlog/base'
import { ProducerCheck, type Log } from '@braidlog/log'
import { ErrorCode } from '@braidlog/model'
import {
  batchAttributes,
  batchLastOffsetDelta,
  batchProducerId,
  batchRecordCount,
  cachedViewOf,
  compressionOf,
  RecordsError,
  setBatchBaseOffset,
  setBatchLeaderEpoch,
  setBatchMaxTimestamp,
  viewOf,
  type Codecs,
  type ValidateOptions,
} from '@braidlog/records'
import { checkHeader, checkRecords, type Refusal } from './append-checks.ts'
import { NO_RECORD_ERRORS, refusedAppend, type AppendOptions, type AppendResult, type AppendWaiter } from './append.ts'
import type { PartitionMetrics } from './partition-api.ts'
import type { Progress } from './progress.ts'
import { recompressBatch, type RecompressTarget } from './recompress.ts'
import type { Recompressor } from './recompressor.ts'
import type { Role } from './role.ts'

export interface AppendingOptions {
  readonly log: Log
  readonly metrics: PartitionMetrics
  readonly clock: Clock
  readonly codecs: Codecs
  readonly recompressor: Recompressor
  /** Walk the records of every client batch, not only where a rule of the topic needs it. */
  readonly strictRecords: boolean
}

export class Appending {
  readonly #role: Role
  readonly #progress: Progress
  readonly #log: Log
  readonly #metrics: PartitionMetrics
  readonly #clock: Clock
  readonly #codecs: Codecs
  readonly #recompressor: Recompressor
  readonly #strictRecords: boolean
  readonly #fromClient: ValidateOptions
  readonly #fromCoordinator: ValidateOptions

  constructor(role: Role, progress: Progress, options: AppendingOptions) {
    this.#role = role
    this.#progress = progress
    this.#log = options.log
    this.#metrics = options.metrics
    this.#clock = options.clock
    this.#codecs = options.codecs
    this.#recompressor = options.recompressor
    this.#strictRecords = options.strictRecords
    this.#fromClient = { crc32c: options.codecs.crc32c, origin: 'client' }
    this.#fromCoordinator = { crc32c: options.codecs.crc32c, origin: 'leader' }
  }

  append(bytes: Uint8Array, start: number, end: number, options: AppendOptions): AppendResult {
    const result = this.#append(bytes, start, end, options)
    if (result.errorCode !== ErrorCode.NONE) this.#metrics.appendsFailed++
    return result
  }

  mustRecompress(view: DataView, at: number): boolean {
    return this.#recompressor.hasLine(this) || this.#recompressionOf(view, at) !== undefined
  }

  appendRecompressed(batch: Uint8Array, options: AppendOptions, waiter: AppendWaiter): void {
    const view = viewOf(batch)
    const refuse = (result: AppendResult): void => {
      this.#metrics.appendsFailed++
      waiter.onAppended(result)
    }
    const refusal = checkHeader(batch, view, 0, batch.length, this.#log.config, this.#fromClient)
    if (refusal !== undefined) return refuse(this.#refuse(refusal))
    const taken = this.#recompressor.take(this, batch, this.#recompressionOf(view, 0), (outcome) => {
      try {
        if (outcome.ok) return waiter.onAppended(this.append(outcome.batch, 0, outcome.batch.length, options))
        if (!(outcome.error instanceof RecordsError)) throw outcome.error
        refuse(this.#refused(ErrorCode.CORRUPT_MESSAGE, outcome.error.message))
      } catch (error) {
        // What comes behind it goes on.
        waiter.onFailure(error)
      }
    })
    if (!taken) refuse(this.#refused(ErrorCode.REQUEST_TIMED_OUT, 'Too many batches wait for their recompression.'))
  }

  #append(bytes: Uint8Array, start: number, end: number, options: AppendOptions): AppendResult {
    const log = this.#log
    const { config } = log
    const unavailable = this.#role.availability(-1)
    if (unavailable !== ErrorCode.NONE) return this.#refused(unavailable, 'The partition is not available here.')
    const { replicas } = this.#progress
    if (replicas !== undefined && options.acks === -1 && replicas.isUnderMinIsr(config.minInsyncReplicas)) {
      return this.#refused(
        ErrorCode.NOT_ENOUGH_REPLICAS,
        `In sync are the replicas ${replicas.isr.join(', ')}; min.insync.replicas is ${config.minInsyncReplicas}.`,
      )
    }
    const view = cachedViewOf(bytes)
    const fromClient = options.origin === 'client'
    const rules = fromClient ? this.#fromClient : this.#fromCoordinator
    const refusal = checkHeader(bytes, view, start, end, config, rules)
    if (refusal !== undefined) return this.#refuse(refusal)
    try {
      if (fromClient && batchProducerId(view, start) >= 0) {
        const known = this.#checkProducer(view, start, options)
        if (known !== undefined) return known
      }
      const nowMs = this.#clock.nowMs()
      if (fromClient) {
        const { codecs, strict } = { codecs: this.#codecs, strict: this.#strictRecords }
        const fault = checkRecords(bytes, view, start, { config, strict, nowMs, codecs })
        if (fault !== undefined) return this.#refuse(fault)
      }
      const target = this.#recompressionOf(view, start)
      if (target !== undefined) return this.#recompressAndWrite(bytes, view, start, target, options, nowMs)
      return this.#write(bytes, view, start, end, options, nowMs)
    } catch (error) {
      return this.#refused(this.#progress.failed(error), 'The log directory has failed.')
    }
  }

  /** @returns the answer to a batch that is not to be appended; `undefined`: append it */
  #checkProducer(view: DataView, at: number, options: AppendOptions): AppendResult | undefined {
    const { producers } = this.#log
    const check = producers.check(view, at)
    switch (check) {
      case ProducerCheck.Accept:
        return undefined
      case ProducerCheck.Duplicate: {
        this.#metrics.duplicates++
        return {
          errorCode: ErrorCode.NONE,
          errorMessage: null,
          recordErrors: NO_RECORD_ERRORS,
          baseOffset: producers.duplicateBaseOffset,
          lastOffset: producers.duplicateLastOffset,
          // As Apache Kafka: the first one's largest timestamp, whoever it was that stamped it.
          logAppendTimeMs: producers.duplicateTimestampMs,
          logStartOffset: this.#log.logStartOffset,
          // The first one may not be committed yet, though its request has gone: wait for it as well. Watchers wait in the
          // order of their offsets, and others may be behind it already, so this one waits for all there is.
          requiredOffset: this.#requiredOffset(options),
        }
      }
      case ProducerCheck.OutOfOrderSequence:
        return this.#refused(
          ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER,
          `The batch of producer ${batchProducerId(view, at)} does not continue its sequence.`,
        )
      case ProducerCheck.InvalidEpoch:
        return this.#refused(
          ErrorCode.INVALID_PRODUCER_EPOCH,
          `Producer ${batchProducerId(view, at)} has been fenced by a newer epoch.`,
        )
      default:
        return check satisfies never
    }
  }

  /** @returns `undefined`: the batch is in the topic's codec */
  #recompressionOf(view: DataView, at: number): RecompressTarget | undefined {
    const { compressionType: type, compressionLevel: level } = this.#log.config
    return type === 'producer' || type === compressionOf(batchAttributes(view, at)) ? undefined : { type, level }
  }

  /** On the event loop: for who cannot wait. */
  #recompressAndWrite(
    bytes: Uint8Array,
    view: DataView,
    at: number,
    target: RecompressTarget,
    options: AppendOptions,
    nowMs: number,
  ): AppendResult {
    const { maxMessageBytes } = this.#log.config
    let batch: Uint8Array
    try {
      batch = recompressBatch(bytes, view, at, target, this.#codecs)
    } catch (error) {
      if (!(error instanceof RecordsError)) throw error
      return this.#refused(ErrorCode.CORRUPT_MESSAGE, error.message)
    }
    if (batch.length > maxMessageBytes)
      return this.#refused(
        ErrorCode.MESSAGE_TOO_LARGE,
        `The batch has ${batch.length} bytes as ${target.type}; max.message.bytes is ${maxMessageBytes}.`,
      )
    const { acks, origin } = options
    return this.#write(batch, viewOf(batch), 0, batch.length, { acks, origin }, nowMs)
  }

  #write(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    options: AppendOptions,
    nowMs: number,
  ): AppendResult {
    const log = this.#log
    const baseOffset = log.logEndOffset
    const lastOffset = baseOffset + batchLastOffsetDelta(view, start)
    setBatchBaseOffset(view, start, baseOffset)
    setBatchLeaderEpoch(view, start, this.#role.leaderEpoch)
    const stamped = log.config.messageTimestampType === 'LogAppendTime'
    if (stamped) setBatchMaxTimestamp(bytes, view, start, nowMs, 'LogAppendTime', this.#codecs.crc32c)
    log.append(bytes, start, end, options.owner, this.#progress.mayGather())
    this.#metrics.messagesIn += batchRecordCount(view, start)
    this.#metrics.bytesIn += end - start
    this.#progress.appended(end - start)
    return {
      errorCode: ErrorCode.NONE,
      errorMessage: null,
      recordErrors: NO_RECORD_ERRORS,
      baseOffset,
      lastOffset,
      logAppendTimeMs: stamped ? nowMs : -1,
      logStartOffset: log.logStartOffset,
      requiredOffset: this.#requiredOffset(options),
    }
  }

  #requiredOffset(options: AppendOptions): number {
    return options.acks === 0 ? 0 : this.#log.logEndOffset
  }

  #refuse({ errorCode, message, recordErrors }: Refusal): AppendResult {
    return refusedAppend(errorCode, message, this.#log.logStartOffset, recordErrors)
  }

  #refused(errorCode: ErrorCode, message: string): AppendResult {
    return refusedAppend(errorCode, message, this.#log.logStartOffset)
  }
}
