/** Why a server did not start. Every message says what is wrong and what to do about it. */

/**
 * - `INVALID_CONFIG`: a key has an impossible value, or keys contradict each other; `key` names the first
 * - `PORT_TAKEN`: another process listens on the port of a listener
 * - `LISTEN_FAILED`: a listener cannot be opened for another reason
 * - `OPEN_LISTENER`: a listener without authentication would be reachable from other machines, and nobody allowed that
 * - `NOT_FORMATTED`: the data directory is empty and `format` was not asked for
 * - `DIRECTORY_UNUSABLE`: the data directory cannot be created, read or written
 * - `DIRECTORY_LOCKED`: another process uses the data directory
 * - `WRONG_CLUSTER`: the data directory belongs to another cluster or node
 * - `CORRUPT`: the data directory holds something that recovery must not guess about
 */
export type ServerErrorCode =
  | 'INVALID_CONFIG'
  | 'PORT_TAKEN'
  | 'LISTEN_FAILED'
  | 'OPEN_LISTENER'
  | 'NOT_FORMATTED'
  | 'DIRECTORY_UNUSABLE'
  | 'DIRECTORY_LOCKED'
  | 'WRONG_CLUSTER'
  | 'CORRUPT'

export class ServerError extends Error {
  override readonly name = 'ServerError'
  readonly code: ServerErrorCode
  /** The configuration key to look at, where there is one. */
  readonly key: string | undefined
  /** Starting again may help without changing anything (a port or lock that another process still holds). */
  readonly retriable: boolean

  constructor(code: ServerErrorCode, message: string, options: ErrorOptions & { readonly key?: string } = {}) {
    super(message, options)
    this.code = code
    this.key = options.key
    this.retriable = code === 'PORT_TAKEN' || code === 'DIRECTORY_LOCKED'
  }
}
