/** Public face of `raft`. */
export { formatElectionState, NO_NODE, parseElectionState, UNATTACHED, type ElectionState } from './election-state.ts'
export { RaftError, type RaftErrorCode } from './errors.ts'
export type { RaftRole } from './machine/roles.ts'
export type { MetadataLogOptions } from './metadata-log.ts'
export {
  PeerError,
  type CancelSignal,
  type PeerAddress,
  type PeerApi,
  type PeerErrorCode,
  type PeerOptions,
  type PeerRequest,
  type PeerResponse,
  type Peers,
} from './peers.ts'
export {
  DEFAULT_RAFT_TIMEOUTS,
  QUORUM_APIS,
  type Appended,
  type LeaderAndEpoch,
  type QuorumApi,
  type QuorumLeader,
  type RaftListener,
  type RaftNetwork,
  type RaftNodeOptions,
  type RaftTimeouts,
} from './raft-node-options.ts'
export { RaftNode } from './raft-node.ts'
export { snapshotsToDelete, type RetentionLimits, type StoredSnapshot } from './retention.ts'
export type { QuorumConfiguration, Voter, VoterEndpoint } from './voters.ts'
export type { QuorumResponse } from './wire-answers.ts'
export type { QuorumRequest } from './wire-requests.ts'
