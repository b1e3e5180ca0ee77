/**
 * The one error of malformed input: bytes that are no message of the declared kind, or a value that a message version
 * cannot carry. Whoever decodes foreign bytes catches exactly this class.
 */

/**
 * - `TRUNCATED`: the bytes end inside a value
 * - `TRAILING_BYTES`: bytes are left after the message, or inside a tagged field
 * - `INVALID_LENGTH`: a negative length, or one that the remaining bytes cannot hold
 * - `INVALID_VARINT`: a variable-length integer of too many bytes
 * - `INVALID_VALUE`: a value outside its wire type
 * - `UNEXPECTED_NULL`: null where this version has none
 * - `UNSUPPORTED_VERSION`: the message has no such version, or the version lacks a field that was set
 * - `FRAME_TOO_LARGE`: a frame announces more bytes than the receiver accepts
 * - `UNKNOWN_API`: an API key that no message declares
 */
export type ProtocolErrorCode =
  | 'TRUNCATED'
  | 'TRAILING_BYTES'
  | 'INVALID_LENGTH'
  | 'INVALID_VARINT'
  | 'INVALID_VALUE'
  | 'UNEXPECTED_NULL'
  | 'UNSUPPORTED_VERSION'
  | 'FRAME_TOO_LARGE'
  | 'UNKNOWN_API'

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code: ProtocolErrorCode
  /** Where in the message, such as `FetchRequest v12: topics[3].partitions`; empty when the reader alone failed. */
  readonly where: string
  /** The same bytes or value fail again. */
  readonly retriable = false

  constructor(code: ProtocolErrorCode, message: string, where = '', options?: ErrorOptions) {
    super(where === '' ? message : `${where}: ${message}`, options)
    this.code = code
    this.where = where
  }
}
