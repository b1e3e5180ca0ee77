/** What can go wrong with a request to the controller, apart from the error codes of its response. */

/**
 * - `CLOSED`: the node is closing
 * - `QUEUE_FULL`: too many requests are waiting; retry after a pause
 * - `ABORTED`: the caller gave up waiting; the request may still take effect
 * - `STORAGE_FAILED`: the metadata log failed; the outcome is unknown, and the node must be restarted
 */
export type ControllerErrorCode = 'ABORTED' | 'CLOSED' | 'QUEUE_FULL' | 'STORAGE_FAILED'

export class ControllerError extends Error {
  override readonly name = 'ControllerError'
  readonly code: ControllerErrorCode
  readonly retriable: boolean

  constructor(code: ControllerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retriable = code === 'QUEUE_FULL'
  }
}
