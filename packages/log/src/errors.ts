/** What can go wrong with a log beyond an answer: broken I/O and damaged files. Expected failures are error codes. */

export type LogErrorCode =
  /** A write or fdatasync failed, here or on another log of the directory: nothing is trusted until a restart. */
  | 'LOG_OFFLINE'
  /** Files contradict each other: the log must be recovered before it is used again. */
  | 'LOG_CORRUPT'
  /** A batch is not what was written; the rest of the log can be read. See {@link LogError.damage}. */
  | 'BATCH_DAMAGED'
  /** The directory belongs to another topic of the same name. */
  | 'TOPIC_ID_MISMATCH'
  /** The log was closed or deleted. */
  | 'LOG_CLOSED'

/** Where a log file does not hold what was written. */
export interface LogDamage {
  /** The log file. */
  readonly path: string
  /** Of the first byte of the damaged batch. */
  readonly position: number
  /** Records below it are not concerned. */
  readonly offset: number
  /** What is wrong with the batch. */
  readonly problem: string
}

export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode
  /** Of `BATCH_DAMAGED`. */
  readonly damage: LogDamage | undefined
  /** A restart with a healthy disk helps, repeating the call does not. */
  readonly retriable = false

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions & { readonly damage?: LogDamage }) {
    super(message, options)
    this.code = code
    this.damage = options?.damage
  }
}

export function batchDamaged(damage: LogDamage): LogError {
  const { path, position, offset, problem } = damage
  return new LogError('BATCH_DAMAGED', `${path} is damaged at position ${position}, offset ${offset}: ${problem}`, {
    damage,
  })
}
