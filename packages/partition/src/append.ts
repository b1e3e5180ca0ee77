/** Shapes of an append to a partition: what a produce handler passes in and what it answers. */
import type { ErrorCode } from '@braidlog/model'
import type { BufferOwner } from '@braidlog/log'

/** Who appends: clients are checked in full, coordinators are trusted with their own batches (markers, offsets). */
export type AppendOrigin = 'client' | 'coordinator'

export interface AppendOptions {
  /** -1: durable here and in the in-sync replicas; 1: durable here; 0: nobody waits. */
  readonly acks: -1 | 0 | 1
  readonly origin: AppendOrigin
  /** Who owns the bytes, when the log may keep them past the call (see `Log.append`). */
  readonly owner?: BufferOwner
}

export interface RecordError {
  readonly batchIndex: number
  readonly message: string
}

export interface AppendResult {
  readonly errorCode: ErrorCode
  /** For people; `null` without an error. */
  readonly errorMessage: string | null
  readonly recordErrors: readonly RecordError[]
  /** -1 on error. Of a duplicate: the offset of the first time. */
  readonly baseOffset: number
  readonly lastOffset: number
  /** -1 unless the topic stamps records itself. */
  readonly logAppendTimeMs: number
  readonly logStartOffset: number
  /**
   * The append is answered once the partition has committed everything below this offset
   * ({@link Partition.isAcknowledged}); 0 when there is nothing to wait for.
   */
  readonly requiredOffset: number
}

/** Who waits for an append that happens later. What `onAppended` throws there goes to `onFailure`. */
export interface AppendWaiter {
  onAppended(result: AppendResult): void
  /** Something that no result stands for: a bug. */
  onFailure(error: unknown): void
}

export const NO_RECORD_ERRORS: readonly RecordError[] = []

/** An append that did not happen. */
export function refusedAppend(
  errorCode: ErrorCode,
  errorMessage: string,
  logStartOffset: number,
  recordErrors: readonly RecordError[] = NO_RECORD_ERRORS,
): AppendResult {
  return {
    errorCode,
    errorMessage,
    recordErrors,
    baseOffset: -1,
    lastOffset: -1,
    logAppendTimeMs: -1,
    logStartOffset,
    requiredOffset: 0,
  }
}
