/**
 * May this batch be appended? First what the header and the checksum tell, which is enough for most topics; the records
 * themselves are looked at only where a rule of the topic needs it:
 *
 * - `cleanup.policy` contains `compact`: every record needs a key;
 * - `message.timestamp.before.max.ms` is set: the header has the largest timestamp, not the smallest;
 * - records are validated strictly (`braidlog.record.validation=strict`), as Apache Kafka does for uncompressed batches.
 *
 * Nothing here changes the batch or the partition.
 */
import { ErrorCode } from '@braidlog/model'
import type { LogConfig } from '@braidlog/log'
import {
  batchAttributes,
  batchBaseOffset,
  batchBaseTimestamp,
  BatchFault,
  batchMaxTimestamp,
  batchSizeBytes,
  faultErrorCode,
  faultMessage,
  NO_TIMESTAMP,
  openBatch,
  RecordScanner,
  RecordsError,
  timestampTypeOf,
  validateBatch,
  validateRecords,
  type Codecs,
  type RecordBatch,
  type ValidateOptions,
} from '@braidlog/records'
import { NO_RECORD_ERRORS, type RecordError } from './append.ts'

/** Errors of single records that a response shows at most. */
const RECORD_ERRORS_MAX = 1000

export interface Refusal {
  readonly errorCode: ErrorCode
  readonly message: string
  readonly recordErrors: readonly RecordError[]
}

const scanner = new RecordScanner()

function refuse(
  errorCode: ErrorCode,
  message: string,
  recordErrors: readonly RecordError[] = NO_RECORD_ERRORS,
): Refusal {
  return { errorCode, message, recordErrors }
}

/** Checks header, size and checksum of the one batch in `bytes[start, end)`. @returns `undefined` when it may pass */
export function checkHeader(
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  config: LogConfig,
  options: ValidateOptions,
): Refusal | undefined {
  // Sizes first: what is refused for its size need not be read for its checksum.
  const sizeBytes = end - start
  if (sizeBytes > config.maxMessageBytes)
    return refuse(
      ErrorCode.MESSAGE_TOO_LARGE,
      `The batch has ${sizeBytes} bytes; max.message.bytes is ${config.maxMessageBytes}.`,
    )
  if (sizeBytes > config.segmentBytes)
    return refuse(
      ErrorCode.RECORD_LIST_TOO_LARGE,
      `The batch has ${sizeBytes} bytes; segment.bytes is ${config.segmentBytes}.`,
    )
  const fault = validateBatch(bytes, view, start, end, options)
  if (fault !== BatchFault.None) return refuse(faultErrorCode(fault), faultMessage(fault))
  if (batchSizeBytes(view, start) !== sizeBytes)
    return refuse(ErrorCode.INVALID_RECORD, 'A produce request has exactly one record batch per partition.')
  if (options.origin === 'client' && batchBaseOffset(view, start) !== 0)
    return refuse(ErrorCode.INVALID_RECORD, 'The base offset of a batch to be appended must be 0.')
  return undefined
}

/** Checks what the topic's configuration demands of a client's records. @returns `undefined` when they may pass */
export function checkRecords(
  bytes: Uint8Array,
  view: DataView,
  at: number,
  rules: { readonly config: LogConfig; readonly strict: boolean; readonly nowMs: number; readonly codecs: Codecs },
): Refusal | undefined {
  const { config, nowMs } = rules
  const createTime = config.messageTimestampType === 'CreateTime'
  if (createTime && timestampTypeOf(batchAttributes(view, at)) === 'LogAppendTime')
    return refuse(ErrorCode.INVALID_TIMESTAMP, 'A batch for a topic with CreateTime must not claim LogAppendTime.')
  const timestampMsMin = createTime ? nowMs - config.messageTimestampBeforeMaxMs : -Infinity
  const timestampMsMax = createTime ? nowMs + config.messageTimestampAfterMaxMs : Infinity
  const maxTimestampMs = batchMaxTimestamp(view, at)
  const tooNew = maxTimestampMs > timestampMsMax
  const mayBeTooOld = timestampMsMin !== -Infinity && maxTimestampMs !== NO_TIMESTAMP
  if (!tooNew && !mayBeTooOld && !config.cleanupCompact && !rules.strict) return undefined

  let batch: RecordBatch
  try {
    batch = openBatch(bytes, view, at, { codecs: rules.codecs, verifyCrc: false })
  } catch (error) {
    if (!(error instanceof RecordsError)) throw error
    const unsupported = error.code === 'UNSUPPORTED_COMPRESSION'
    return refuse(unsupported ? ErrorCode.UNSUPPORTED_COMPRESSION_TYPE : ErrorCode.CORRUPT_MESSAGE, error.message)
  }
  const baseTimestampMs = batchBaseTimestamp(view, at)
  const fault = validateRecords(batch.scan(scanner), {
    baseTimestampMs,
    requireKey: config.cleanupCompact,
    ...(mayBeTooOld ? { timestampMsMin } : {}),
    ...(tooNew ? { timestampMsMax } : {}),
  })
  switch (fault) {
    case BatchFault.None:
      return undefined
    case BatchFault.MissingKey:
      return refuse(
        ErrorCode.INVALID_RECORD,
        faultMessage(fault),
        recordErrors(batch, faultMessage(fault), (record) => record.keyStart < 0),
      )
    case BatchFault.TimestampOutOfRange:
      return refuse(
        ErrorCode.INVALID_TIMESTAMP,
        `A record has a timestamp outside [${timestampMsMin}, ${timestampMsMax}].`,
        recordErrors(batch, faultMessage(fault), (record) => {
          const timestampMs = baseTimestampMs + record.timestampDelta
          return !(timestampMs >= timestampMsMin && timestampMs <= timestampMsMax)
        }),
      )
    default:
      return refuse(ErrorCode.INVALID_RECORD, faultMessage(fault))
  }
}

/** The first few records that are at fault; a second pass, since most batches have none. */
function recordErrors(batch: RecordBatch, message: string, atFault: (record: RecordScanner) => boolean): RecordError[] {
  const errors: RecordError[] = []
  batch.scan(scanner)
  for (let index = 0; scanner.next() && errors.length < RECORD_ERRORS_MAX; index++)
    if (atFault(scanner)) errors.push({ batchIndex: index, message })
  return errors
}
