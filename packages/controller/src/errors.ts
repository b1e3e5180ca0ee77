/** What can go wrong with a request to the controller, apart from the error codes of its response. */

/**
 * - `CLOSED`: the node is closing
 * - `QUEUE_FULL`: too many requests are waiting; retry after a pause
 * - `NOT_CONTROLLER`: another node is, or is about to become, the active controller; the request may have taken effect
 *   when it was this one that decided it
 * - `TIMED_OUT`: no active controller answered in time; the request may have taken effect
 * - `REFUSED`: the active controller would not take the request
 * - `ABORTED`: the caller gave up waiting; the request may still take effect
 * - `STORAGE_FAILED`: the metadata log failed; the outcome is unknown, and the node must be restarted
 * - `WRONG_CLUSTER`: the controllers belong to another cluster than the data directory
 */
export type ControllerErrorCode =
  | 'ABORTED'
  | 'CLOSED'
  | 'NOT_CONTROLLER'
  | 'QUEUE_FULL'
  | 'REFUSED'
  | 'STORAGE_FAILED'
  | 'TIMED_OUT'
  | 'WRONG_CLUSTER'

export class ControllerError extends Error {
  override readonly name = 'ControllerError'
  readonly code: ControllerErrorCode
  readonly retriable: boolean

  constructor(code: ControllerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retriable = code === 'QUEUE_FULL' || code === 'NOT_CONTROLLER' || code === 'TIMED_OUT'
  }
}
