/**
 * What goes into the machine and what comes out.
 *
 * Effects are performed strictly in order, each one when the one before is done; a `persist` is done when it is durable.
 * That alone makes the protocol safe: a vote's answer stands behind the vote in the list. Inputs may be stepped meanwhile,
 * their effects queue up behind. Only a `flush` is merely begun in order; its end is an input.
 */
import type { SnapshotId } from '@braidlog/metadata'
import type { ElectionState } from '../election-state.ts'
import type { QuorumConfiguration, Voter } from '../voters.ts'
import type { LogContents } from './log-view.ts'
import type {
  Answer,
  FetchSnapshotRequest,
  InboundRequest,
  LogBatch,
  OutboundRequest,
  Received,
  ReplicaKey,
} from './messages.ts'
import type { Destination } from './outbox.ts'

export type RaftInput =
  /** The log and the stored vote have been read; comes first, once. */
  | {
      readonly type: 'start'
      readonly election: ElectionState
      readonly log: LogContents
      /** Configurations in the log, oldest first, after the one of the snapshot or the static one. */
      readonly quorum: QuorumConfiguration
      readonly quorumBatches: readonly LogBatch[]
    }
  /** Time has passed. */
  | { readonly type: 'tick' }
  | { readonly type: 'request'; readonly token: number; readonly request: InboundRequest }
  /** An answer to a `send`; the token is that of the effect. */
  | { readonly type: 'response'; readonly token: number; readonly response: Received }
  /** This leader's own batch is in the log, not durable yet. */
  | { readonly type: 'appended'; readonly batch: LogBatch }
  /** Everything below `endOffset` is durable. `truncations`: how many had been performed when the flush began. */
  | { readonly type: 'flushed'; readonly endOffset: number; readonly truncations: number }
  /** A snapshot of what has been committed was written. */
  | { readonly type: 'snapshot-created'; readonly id: SnapshotId }
  /** The log before the end of this snapshot was deleted. */
  | { readonly type: 'log-cleaned'; readonly start: SnapshotId }
  /** A fetched snapshot is in place and the log begins at its end; or it was damaged and is gone (no quorum). */
  | { readonly type: 'installed'; readonly id: SnapshotId; readonly quorum: QuorumConfiguration | undefined }
  /** Give up leadership, if there is any, in favour of another voter. */
  | { readonly type: 'resign' }
  /** Raise kraft.version; comes in a turn in which `upgradeProblem` has found none. */
  | { readonly type: 'upgrade-version'; readonly kraftVersion: number }

export type RaftEffect =
  | { readonly type: 'persist'; readonly election: ElectionState }
  | {
      readonly type: 'send'
      readonly token: number
      readonly to: Destination
      readonly request: OutboundRequest
      readonly timeoutMs: number
    }
  | { readonly type: 'answer'; readonly token: number; readonly answer: Answer }
  /** Answer with a piece of the snapshot, or that there is none. */
  | { readonly type: 'answer-snapshot'; readonly token: number; readonly request: FetchSnapshotRequest }
  /**
   * Append the first batch of the epoch: LEADER_CHANGE, with the quorum's version and voters where they are due. To be
   * dropped, like `append-voters`, when this replica does not lead in that epoch any more.
   */
  | { readonly type: 'begin-epoch'; readonly epoch: number; readonly grantedBy: readonly ReplicaKey[] }
  /** Append a control batch with these voters, and with a new kraft.version before them. */
  | {
      readonly type: 'append-voters'
      readonly epoch: number
      readonly voters: readonly Voter[]
      readonly kraftVersion?: number
    }
  /** Append what was fetched. */
  | { readonly type: 'append'; readonly batches: readonly LogBatch[] }
  | { readonly type: 'truncate'; readonly offset: number }
  /** Make durable what is in the log. */
  | { readonly type: 'flush' }
  | { readonly type: 'high-watermark'; readonly offset: number }
  /** Bytes of a snapshot that is being fetched; position 0 begins the file anew. */
  | {
      readonly type: 'write-snapshot'
      readonly id: SnapshotId
      readonly position: number
      readonly bytes: Uint8Array
    }
  /** All bytes are there: check it, make it durable, let the log begin at its end. */
  | { readonly type: 'install-snapshot'; readonly id: SnapshotId }
  /** Who leads, the epoch or the role has changed. */
  | { readonly type: 'leader-changed' }
