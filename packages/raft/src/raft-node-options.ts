/** What a {@link RaftNode} is given and what it tells: the border to whoever runs it. */
import type { Timers } from '@braidlog/base'
import type { LoadedSnapshot, MetadataBatch } from '@braidlog/metadata'
import type { Uuid } from '@braidlog/model'
import type { RaftError } from './errors.ts'
import type { MetadataLogOptions } from './metadata-log.ts'
import type { PeerAddress, Peers } from './peers.ts'
import type { RetentionLimits } from './retention.ts'
import type { Voter, VoterEndpoint } from './voters.ts'

/** Who leads in an epoch. */
export interface LeaderAndEpoch {
  /** `undefined`: nobody that this node knows of. */
  readonly leaderId: number | undefined
  readonly epoch: number
}

/** The leader as this node knows it. */
export interface QuorumLeader {
  readonly id: number
  readonly epoch: number
  /** Its listeners for controllers, the one to talk to first; empty while none is known. */
  readonly endpoints: readonly VoterEndpoint[]
  /** Where to send requests; `undefined` while no endpoint is known. */
  readonly address: PeerAddress | undefined
}

/** Receives what the quorum has committed, in order. Must not throw: an exception fails the node. */
export interface RaftListener {
  /**
   * Replaces all that was told before: first of all when there is a snapshot, and again when this node was so far behind
   * that it had to fetch one. What follows begins at its end offset.
   */
  handleLoadSnapshot(snapshot: LoadedSnapshot): void
  handleCommit(batch: MetadataBatch): void
  /**
   * The leader or the epoch has changed. When this node leads, it is told so only after it has seen everything that was
   * committed before its epoch; from then until the next call it may append.
   */
  handleLeaderChange?(leader: LeaderAndEpoch): void
}

/** Names and defaults of `controller.quorum.*`. */
export interface RaftTimeouts {
  /** `controller.quorum.election.timeout.ms`: without an outcome for so long (up to twice) an election begins anew. */
  readonly electionTimeoutMs: number
  /** `controller.quorum.fetch.timeout.ms`: without the leader for so long a voter becomes a candidate, a leader resigns. */
  readonly fetchTimeoutMs: number
  /** `controller.quorum.election.backoff.max.ms` */
  readonly electionBackoffMaxMs: number
  /** `controller.quorum.request.timeout.ms` */
  readonly requestTimeoutMs: number
  /** `controller.quorum.retry.backoff.ms` */
  readonly retryBackoffMs: number
}

export const DEFAULT_RAFT_TIMEOUTS: RaftTimeouts = {
  electionTimeoutMs: 1000,
  fetchTimeoutMs: 2000,
  electionBackoffMaxMs: 1000,
  requestTimeoutMs: 2000,
  retryBackoffMs: 20,
}

/** What a node needs to be more than a quorum of one. */
export interface RaftNetwork {
  readonly peers: Peers
  readonly timers: Timers
  /** `controller.quorum.bootstrap.servers`; empty in a static quorum. */
  readonly bootstrapServers: readonly { readonly host: string; readonly port: number }[]
  readonly timeouts?: RaftTimeouts
}

export interface RaftNodeOptions extends MetadataLogOptions {
  readonly nodeId: number
  /** Checked in requests of other nodes. */
  readonly clusterId?: string
  /** `directory.id` of meta.properties. */
  readonly directoryId: Uuid
  /** Where this node's controller listens; empty without the controller role. */
  readonly endpoints: readonly VoterEndpoint[]
  /** Whether this node may vote, when the voter set names it: it has the controller role. Default: true. */
  readonly canVote?: boolean
  /** `controller.quorum.voters`: who votes when the directory was formatted for a static quorum. */
  readonly staticVoters: readonly Voter[]
  /** Without it this node must be the only voter. */
  readonly network?: RaftNetwork
  readonly retention: RetentionLimits
  readonly listener: RaftListener
  /** The log failed: nothing more will be committed. Called at most once. */
  readonly onFailure: (error: RaftError) => void
}

export interface Appended {
  readonly baseOffset: number
  readonly lastOffset: number
  readonly epoch: number
  /**
   * Rejects with RaftError `NOT_LEADER` (leadership was lost; the records may or may not take effect), `STORAGE_FAILED` or
   * `CLOSED`; then the outcome is unknown until the log is read again.
   */
  readonly committed: Promise<void>
}

/** The APIs that {@link RaftNode.handleRequest} answers. */
export const QUORUM_APIS = [
  'AddRaftVoter',
  'BeginQuorumEpoch',
  'DescribeQuorum',
  'EndQuorumEpoch',
  'Fetch',
  'FetchSnapshot',
  'RemoveRaftVoter',
  'UpdateRaftVoter',
  'Vote',
] as const
export type QuorumApi = (typeof QUORUM_APIS)[number]
