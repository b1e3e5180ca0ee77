/** What a test did wrong, or waited for in vain. Messages carry what *is* there: they are read in a failed run's log. */

export type TestkitErrorCode =
  /** An option that this version does not offer; the message says what to use instead. */
  | 'UNSUPPORTED_OPTION'
  /** An option that does not exist, or with an impossible value. */
  | 'INVALID_OPTION'
  /** What was waited for did not happen within the bound. */
  | 'TIMED_OUT'
  /** The instance has been stopped. */
  | 'STOPPED'

export class TestkitError extends Error {
  override readonly name = 'TestkitError'
  readonly code: TestkitErrorCode
  /** A second attempt may pass only where time ran out. */
  readonly retriable: boolean

  constructor(code: TestkitErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retriable = code === 'TIMED_OUT'
  }
}
