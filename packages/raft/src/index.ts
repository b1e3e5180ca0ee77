/** Public face of `raft`. */
export { formatElectionState, NO_NODE, parseElectionState, UNATTACHED, type ElectionState } from './election-state.ts'
export { RaftError, type RaftErrorCode } from './errors.ts'
export { RaftMachine, type LocalVoter, type RaftEffect, type RaftInput, type RaftRole } from './machine.ts'
export type { MetadataLogOptions } from './metadata-log.ts'
export { RaftNode, type Appended, type RaftListener, type RaftNodeOptions } from './raft-node.ts'
export { snapshotsToDelete, type RetentionLimits, type StoredSnapshot } from './retention.ts'
export type { Voter, VoterEndpoint } from './voters.ts'
