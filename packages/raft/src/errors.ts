/** What can go wrong in the quorum. */

/**
 * - `CLOSED`: the node is closing; nothing was written
 * - `NOT_LEADER`: this node does not lead, or has lost leadership before the records were committed: their outcome is
 *   unknown. What was derived from them must be thrown away; ask the new leader
 * - `STORAGE_FAILED`: the log could not be written or made durable; the outcome of what was appended is unknown. The node
 *   must stop and start again, which recovers the log
 * - `NOT_A_VOTER`: the directory's voter set does not name this node and directory
 * - `SEVERAL_VOTERS`: the directory belongs to a quorum of several voters, which this release cannot join
 * - `CORRUPT`: stored quorum state is damaged
 * - `WRONG_CLUSTER`: all controllers that are known belong to another cluster than the directory
 */
export type RaftErrorCode =
  | 'CLOSED'
  | 'CORRUPT'
  | 'NOT_A_VOTER'
  | 'NOT_LEADER'
  | 'SEVERAL_VOTERS'
  | 'STORAGE_FAILED'
  | 'WRONG_CLUSTER'

export class RaftError extends Error {
  override readonly name = 'RaftError'
  readonly code: RaftErrorCode
  /** At another node or a little later. */
  readonly retriable: boolean

  constructor(code: RaftErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retriable = code === 'NOT_LEADER'
  }
}
