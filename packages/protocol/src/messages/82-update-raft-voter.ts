/** UpdateRaftVoter (API key 82): changes listeners and versions of a voter in the metadata quorum. */
import { int16, int32, string, struct, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** From the voter itself to the leader (KIP-853). */
export const UpdateRaftVoterRequest = message({
  kind: 'request',
  name: 'UpdateRaftVoterRequest',
  key: 82,
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: '0+' }),
    currentLeaderEpoch: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: structs({
      name: string(),
      host: string(),
      port: uint16(),
    }),
    kRaftVersionFeature: struct({
      minSupportedVersion: int16(),
      maxSupportedVersion: int16(),
    }),
  },
})
export interface UpdateRaftVoterRequest extends Infer<typeof UpdateRaftVoterRequest> {}

/** One result, and who leads now. */
export const UpdateRaftVoterResponse = message({
  kind: 'response',
  name: 'UpdateRaftVoterResponse',
  key: 82,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'NOT_LEADER_OR_FOLLOWER',
    'REQUEST_TIMED_OUT',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'INVALID_REQUEST',
    'INCONSISTENT_CLUSTER_ID',
    'INVALID_VOTER_KEY',
    'VOTER_NOT_FOUND',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    currentLeader: struct(
      {
        leaderId: int32({ default: -1 }),
        leaderEpoch: int32({ default: -1 }),
        host: string(),
        port: int32(),
      },
      { tag: 0, tagged: '0+' },
    ),
  },
})
export interface UpdateRaftVoterResponse extends Infer<typeof UpdateRaftVoterResponse> {}
