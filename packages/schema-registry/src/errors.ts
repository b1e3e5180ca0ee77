/** Errors of the registry's process: what keeps it from starting or going on. What a request is refused with is a `Fault`. */

export type RegistryProcessErrorCode =
  /** An option is missing, unknown or out of range; the message names it. */
  | 'INVALID_OPTION'
  /** The topic exists and is not what the registry can store in: partitions, cleanup policy. */
  | 'WRONG_TOPIC'
  /** The store could not be read or written within its bound. */
  | 'STORE_FAILED'
  /** `_schemas` was not read to its end within `storeTimeoutMs`. */
  | 'STORE_TIMED_OUT'
  /** Would listen beyond loopback without authentication. */
  | 'OPEN_WITHOUT_AUTHENTICATION'
  /** Would listen beyond loopback without TLS, so that passwords and tokens could be read on the way. */
  | 'OPEN_WITHOUT_TLS'
  /** The port or address cannot be had. */
  | 'LISTEN_FAILED'
  | 'CLOSED'

export class RegistryError extends Error {
  override readonly name = 'RegistryError'
  readonly code: RegistryProcessErrorCode
  readonly retriable: boolean

  constructor(code: RegistryProcessErrorCode, message: string, options: { readonly cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retriable = code === 'STORE_FAILED' || code === 'STORE_TIMED_OUT'
  }
}
