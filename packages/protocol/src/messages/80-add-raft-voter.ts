/** AddRaftVoter (API key 80): adds a voter to the metadata quorum. */
import { bool, int16, int32, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * The new voter's id, directory id and listeners (KIP-853). Version 1 chooses whether the answer waits until the change
 * is committed.
 */
export const AddRaftVoterRequest = message({
  kind: 'request',
  name: 'AddRaftVoterRequest',
  key: 80,
  versions: '0-1',
  flexible: '0+',
  listeners: ['controller', 'broker'],
  fields: {
    clusterId: string({ nullable: '0+' }),
    timeoutMs: int32(),
    voterId: int32(),
    voterDirectoryId: uuid(),
    listeners: structs({
      name: string(),
      host: string(),
      port: uint16(),
    }),
    ackWhenCommitted: bool({ versions: '1+', default: true }),
  },
})
export interface AddRaftVoterRequest extends Infer<typeof AddRaftVoterRequest> {}

/** One result. */
export const AddRaftVoterResponse = message({
  kind: 'response',
  name: 'AddRaftVoterResponse',
  key: 80,
  versions: '0-1',
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
    'DUPLICATE_VOTER',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', ignorable: true }),
  },
})
export interface AddRaftVoterResponse extends Infer<typeof AddRaftVoterResponse> {}
