/** What can go wrong with record batches where a value would not do: opening, decompressing, building. */

export type RecordsErrorCode =
  /** The bytes are no valid batch: bad checksum, length, count or record structure. Fetch again; if it stays, the log is damaged. */
  | 'CORRUPT_BATCH'
  /** Message format 0 or 1, which nothing has written by default since 2017. Convert with an Apache Kafka older than 4.0. */
  | 'UNSUPPORTED_MAGIC'
  /** A compression code or type that this side cannot read. */
  | 'UNSUPPORTED_COMPRESSION'
  /** The compressed block is damaged. */
  | 'CORRUPT_COMPRESSED_DATA'
  /** Decompressing would exceed the limit given: a bomb, or a limit set too low. */
  | 'DECOMPRESSED_TOO_LARGE'
  /** One record is larger than a batch may be. */
  | 'RECORD_TOO_LARGE'
  /** A 64-bit value outside ±(2^53-1) was asked for as a number. Use the bigint accessor. */
  | 'NUMBER_OUT_OF_RANGE'

export class RecordsError extends Error {
  override readonly name = 'RecordsError'
  readonly code: RecordsErrorCode
  /** None of these heals by waiting: what was read must be read anew, what was given must be changed. */
  readonly retriable = false

  constructor(code: RecordsErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
