/**
 * What a broker may want to know about the records of a client's batch before it stores them, in one pass and without an
 * object per record: 11 to 16 ns a record. The header has been validated before.
 */
import { BatchFault } from './validate.ts'
import type { RecordScanner } from './scan.ts'

export interface ValidateRecordsOptions {
  /** From the header. */
  readonly baseTimestampMs: number
  /** The topic is compacted: records without a key could never be replaced. */
  readonly requireKey?: boolean
  /** `message.timestamp.before.max.ms` and `.after.max.ms`, made absolute. Not checked when left out. */
  readonly timestampMsMin?: number
  readonly timestampMsMax?: number
}

/** @param scanner before the first record; stands behind the last one afterwards */
export function validateRecords(scanner: RecordScanner, options: ValidateRecordsOptions): BatchFault {
  const { baseTimestampMs, requireKey = false } = options
  const timestampMsMin = options.timestampMsMin ?? -Infinity
  const timestampMsMax = options.timestampMsMax ?? Infinity
  const timestampsMatter = timestampMsMin !== -Infinity || timestampMsMax !== Infinity
  let expected = 0
  while (scanner.next()) {
    if (scanner.offsetDelta !== expected++) return BatchFault.RecordOffsetMismatch
    if (requireKey && scanner.keyStart < 0) return BatchFault.MissingKey
    if (timestampsMatter) {
      const timestampMs = baseTimestampMs + scanner.timestampDelta
      // Written so that NaN, a delta beyond ±(2^53-1), is out of any range.
      if (!(timestampMs >= timestampMsMin && timestampMs <= timestampMsMax)) return BatchFault.TimestampOutOfRange
    }
  }
  return scanner.malformed ? BatchFault.MalformedRecords : BatchFault.None
}
