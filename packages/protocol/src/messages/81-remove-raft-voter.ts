/** RemoveRaftVoter (API key 81): removes a voter from the metadata quorum. */
import { int16, int32, string, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The voter by id and directory id (KIP-853). */
export const RemoveRaftVoterRequest = message({
  kind: 'request',
  name: 'RemoveRaftVoterRequest',
  key: 81,
  versions: '0',
  flexible: '0+',
  listeners: ['controller', 'broker'],
  fields: {
    clusterId: string({ nullable: '0+' }),
    voterId: int32(),
    voterDirectoryId: uuid(),
  },
})
export interface RemoveRaftVoterRequest extends Infer<typeof RemoveRaftVoterRequest> {}

/** One result. */
export const RemoveRaftVoterResponse = message({
  kind: 'response',
  name: 'RemoveRaftVoterResponse',
  key: 81,
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
    errorMessage: string({ nullable: '0+', ignorable: true }),
  },
})
export interface RemoveRaftVoterResponse extends Infer<typeof RemoveRaftVoterResponse> {}
