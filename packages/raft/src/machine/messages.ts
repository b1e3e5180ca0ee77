/**
 * What members of a quorum say to each other, without the wrapping of the wire (`wire.ts` has that): one partition, ids
 * checked, absent values `undefined`.
 *
 * Source: KIP-595 (Vote, BeginQuorumEpoch, EndQuorumEpoch, Fetch), KIP-630 (FetchSnapshot), KIP-853 (voters), KIP-996
 * (pre-vote), KIP-1166 (the fetcher's high watermark).
 */
import type { SnapshotId } from '@braidlog/metadata'
import type { ErrorCode, Uuid } from '@braidlog/model'
import type { ControlRecord } from '@braidlog/records'
import type { Voter, VoterEndpoint } from '../voters.ts'

/** A replica of the log: a node and the directory that it keeps the log in. */
export interface ReplicaKey {
  readonly id: number
  /** `ZERO_UUID`: not known, or of no matter in a static quorum. */
  readonly directoryId: Uuid
}

export interface VoteRequest {
  readonly type: 'vote'
  readonly candidate: ReplicaKey
  /** Whom the candidate means; a node under the same address may be another by now. */
  readonly voter: ReplicaKey | undefined
  readonly epoch: number
  readonly lastEpoch: number
  readonly lastOffset: number
  /** Asks what the answer would be; nobody's epoch grows by it. */
  readonly preVote: boolean
}

export interface BeginEpochRequest {
  readonly type: 'beginEpoch'
  readonly leaderId: number
  readonly epoch: number
  readonly voter: ReplicaKey | undefined
  readonly endpoints: readonly VoterEndpoint[]
}

export interface EndEpochRequest {
  readonly type: 'endEpoch'
  readonly leaderId: number
  readonly epoch: number
  /** Who should follow, best first. */
  readonly candidates: readonly ReplicaKey[]
  readonly endpoints: readonly VoterEndpoint[]
}

export interface FetchRequest {
  readonly type: 'fetch'
  readonly replica: ReplicaKey
  readonly epoch: number
  /** End of the replica's log; everything below it is on its disk. */
  readonly offset: number
  readonly lastEpoch: number
  /** As far as the replica knows; `Infinity` when it does not say. */
  readonly highWatermark: number
  readonly maxWaitMs: number
  readonly maxBytes: number
}

export interface FetchSnapshotRequest {
  readonly type: 'fetchSnapshot'
  readonly replica: ReplicaKey
  readonly epoch: number
  readonly snapshotId: SnapshotId
  readonly position: number
  readonly maxBytes: number
}

export interface AddVoterRequest {
  readonly type: 'addVoter'
  readonly voter: ReplicaKey
  readonly endpoints: readonly VoterEndpoint[]
  readonly timeoutMs: number
  /** Answer when the new voters are committed, else when they are appended. */
  readonly ackWhenCommitted: boolean
}

export interface RemoveVoterRequest {
  readonly type: 'removeVoter'
  readonly voter: ReplicaKey
}

export interface UpdateVoterRequest {
  readonly type: 'updateVoter'
  readonly epoch: number
  readonly voter: ReplicaKey
  readonly endpoints: readonly VoterEndpoint[]
  readonly kraftVersions: KRaftVersionRange
}

/** What a node supports of kraft.version. */
export interface KRaftVersionRange {
  readonly min: number
  readonly max: number
}

/** Asks a would-be voter what it supports: ApiVersions. */
export interface ProbeRequest {
  readonly type: 'probe'
}

export type InboundRequest =
  | AddVoterRequest
  | BeginEpochRequest
  | EndEpochRequest
  | FetchRequest
  | FetchSnapshotRequest
  | RemoveVoterRequest
  | UpdateVoterRequest
  | VoteRequest

export type OutboundRequest =
  | BeginEpochRequest
  | EndEpochRequest
  | FetchRequest
  | FetchSnapshotRequest
  | ProbeRequest
  | UpdateVoterRequest
  | VoteRequest

/** What every answer says of the quorum. */
export interface QuorumView {
  readonly error: ErrorCode
  readonly epoch: number
  /** `NO_NODE`: not known. */
  readonly leaderId: number
  readonly leaderEndpoints: readonly VoterEndpoint[]
}

export interface EpochEnd {
  readonly epoch: number
  readonly endOffset: number
}

/** One batch of the log as the machine sees it; what else is in it is the shell's. */
export interface LogBatch {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  /** Empty for batches of metadata records. */
  readonly controls: readonly ControlRecord[]
}

export interface FetchAnswer extends QuorumView {
  readonly type: 'fetch'
  readonly highWatermark: number
  readonly logStartOffset: number
  /** The log of the replica agrees with the leader's at most up to here. */
  readonly diverging?: EpochEnd | undefined
  /** The replica must fetch this snapshot, the log no longer has what it asks for. */
  readonly snapshotId?: SnapshotId | undefined
}

/** Answers that the machine gives; `read` of the log is added by the shell. */
export type Answer =
  | (QuorumView & { readonly type: 'vote'; readonly granted: boolean })
  | (QuorumView & { readonly type: 'beginEpoch' | 'endEpoch' | 'updateVoter' })
  | (QuorumView & { readonly type: 'fetchSnapshot' })
  | (FetchAnswer & { readonly read?: LogRange | undefined })
  | {
      readonly type: 'addVoter' | 'removeVoter'
      readonly error: ErrorCode
      readonly message: string | undefined
    }

export interface LogRange {
  readonly fromOffset: number
  readonly upToOffset: number
  readonly maxBytes: number
}

/** Answers that the machine gets. */
export type Received =
  | (QuorumView & { readonly type: 'vote'; readonly granted: boolean })
  | (QuorumView & { readonly type: 'beginEpoch' | 'endEpoch' | 'updateVoter' })
  | (FetchAnswer & { readonly batches: readonly LogBatch[] })
  | (QuorumView & {
      readonly type: 'fetchSnapshot'
      readonly snapshotId: SnapshotId
      readonly sizeBytes: number
      readonly position: number
      readonly bytes: Uint8Array
    })
  | { readonly type: 'probe'; readonly error: ErrorCode; readonly kraftVersions: KRaftVersionRange | undefined }
  | FailedResponse

/** Nothing came, or nothing that could be understood. */
export interface FailedResponse {
  readonly type: 'failed'
  /** The other side does not speak the API. */
  readonly unsupported: boolean
  /** No connection could be made: nobody listens there. */
  readonly unreachable: boolean
}

export function sameReplica(a: ReplicaKey, b: ReplicaKey): boolean {
  return a.id === b.id && a.directoryId === b.directoryId
}

export function keyOf(voter: Voter): ReplicaKey {
  return { id: voter.id, directoryId: voter.directoryId }
}
