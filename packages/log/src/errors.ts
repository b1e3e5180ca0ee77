/** What can go wrong with a log beyond an answer: broken I/O and damaged files. Expected failures are error codes. */

export type LogErrorCode =
  /** A write or fdatasync failed, here or on another log of the directory: nothing is trusted until a restart. */
  | 'LOG_OFFLINE'
  /** Files contradict each other in a way that recovery cannot repair without losing acknowledged records. */
  | 'LOG_CORRUPT'
  /** The directory belongs to another topic of the same name. */
  | 'TOPIC_ID_MISMATCH'
  /** The log was closed or deleted. */
  | 'LOG_CLOSED'

export class LogError extends Error {
  override readonly name = 'LogError'
  readonly code: LogErrorCode
  /** A restart with a healthy disk helps, repeating the call does not. */
  readonly retriable = false

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
