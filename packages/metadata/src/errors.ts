/** What can go wrong with stored metadata. */

/**
 * - `CORRUPT`: stored bytes are damaged or contradict each other; restore the directory from a backup or a replica
 * - `UNKNOWN_RECORD`: a newer release wrote the directory; start that release or a newer one
 * - `UNSUPPORTED_FEATURE`: the cluster uses a feature level that this release does not have
 * - `NOT_FORMATTED`: the directory needs `storage format` first
 * - `ALREADY_FORMATTED`: it has been formatted already
 * - `MISMATCH`: the directory belongs to another node or cluster than the configuration says
 */
export type MetadataErrorCode =
  | 'ALREADY_FORMATTED'
  | 'CORRUPT'
  | 'MISMATCH'
  | 'NOT_FORMATTED'
  | 'UNKNOWN_RECORD'
  | 'UNSUPPORTED_FEATURE'

export class MetadataError extends Error {
  override readonly name = 'MetadataError'
  readonly code: MetadataErrorCode
  readonly retriable = false

  constructor(code: MetadataErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
