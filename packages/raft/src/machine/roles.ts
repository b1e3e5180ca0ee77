/** What a replica remembers in each role, beyond epoch, vote and leader. */
import type { SnapshotId } from '@braidlog/metadata'
import type { Voter } from '../voters.ts'
import type { AddVoterRequest, RemoveVoterRequest, ReplicaKey, UpdateVoterRequest } from './messages.ts'

/** Knows nobody to follow: looks for a leader, and as a voter begins an election when the time is up. */
export interface Unattached {
  readonly name: 'unattached'
  readonly electionDeadlineMs: number
}

export interface Follower {
  readonly name: 'follower'
  /** Without the leader's answer by then a voter begins an election, an observer asks around. */
  fetchDeadlineMs: number
  /** The leader has answered a fetch in this epoch: pre-votes against it are refused. */
  hasFetched: boolean
  /** The snapshot that is being fetched, and how much of it is here. */
  snapshot: { readonly id: SnapshotId; position: number } | undefined
  /** When to tell the leader of this voter's endpoints, if the voter set has others or, being static, has none. */
  updateVoterAtMs: number
  /** The leader of a static quorum has been told, or does not want to know. */
  hasTold: boolean
}

/** Asks whether an election could be won (KIP-996); the epoch stays. */
export interface Prospective {
  readonly name: 'prospective'
  readonly electionDeadlineMs: number
  /** By node id. */
  readonly votes: Map<number, boolean>
}

export interface Candidate {
  readonly name: 'candidate'
  readonly electionDeadlineMs: number
  readonly votes: Map<number, boolean>
}

/** One replica as the leader sees it. */
export interface Progress {
  readonly key: ReplicaKey
  /** Everything below it is on the replica's disk; -1 until it has fetched. */
  endOffset: number
  lastFetchMs: number
  /** Monotonic time at which it had all that this leader had; -1: never. */
  lastCaughtUpMs: number
  /** End of the leader's log at the fetch before. */
  leaderEndAtLastFetch: number
}

export interface ParkedFetch {
  readonly token: number
  readonly offset: number
  readonly lastEpoch: number
  readonly highWatermark: number
  readonly maxBytes: number
  readonly deadlineMs: number
}

/** A change of voters under way. */
export interface VoterChange {
  /** `undefined`: nobody waits for an answer. */
  readonly token: number | undefined
  readonly request: AddVoterRequest | RemoveVoterRequest | UpdateVoterRequest | { readonly type: 'upgradeVersion' }
  readonly deadlineMs: number
  /** Offset of the voters' record; `undefined`: not appended yet. */
  offset: number | undefined
}

export interface Leader {
  readonly name: 'leader'
  readonly epochStartOffset: number
  /** Voters and observers that have fetched in this epoch. */
  readonly replicas: Progress[]
  /** In order of arrival. */
  parked: ParkedFetch[]
  /** Without a majority fetching by then the leader resigns. */
  checkQuorumDeadlineMs: number
  /** Voters that have fetched since the deadline was set. */
  readonly heardFrom: Set<number>
  /** By node id: when to tell a voter, that does not fetch, of this epoch. */
  readonly beginEpochAtMs: Map<number, number>
  /** By node id: what the voters of a static quorum have said of themselves in this epoch. */
  readonly told: Map<number, Voter>
  change: VoterChange | undefined
}

/** Led in this epoch and must not lead or vote in it again. */
export interface Resigned {
  readonly name: 'resigned'
  readonly electionDeadlineMs: number
  readonly candidates: readonly ReplicaKey[]
  /** Voters that do not know yet. */
  readonly untold: Set<number>
}

export type Role = Candidate | Follower | Leader | Prospective | Resigned | Unattached
export type RaftRole = Role['name']
