/** JoinGroup (API key 11): joins a classic group. */
import { bool, bytes, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * A member's subscription in each protocol that it can speak. The answer waits until the rebalance ends. Version 1 adds
 * a rebalance time limit of its own, version 4 makes newcomers join a second time with the id that the first answer
 * gives, version 5 adds static instance ids (KIP-345), version 8 the reason in words (KIP-800).
 */
export const JoinGroupRequest = message({
  kind: 'request',
  name: 'JoinGroupRequest',
  key: 11,
  versions: '0-9',
  flexible: '6+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    sessionTimeoutMs: int32(),
    rebalanceTimeoutMs: int32({ versions: '1+', default: -1, ignorable: true }),
    memberId: string(),
    groupInstanceId: string({ versions: '5+', nullable: '5+', default: null }),
    protocolType: string(),
    protocols: structs({
      name: string(),
      metadata: bytes(),
    }),
    reason: string({ versions: '8+', nullable: '8+', default: null, ignorable: true }),
  },
})
export interface JoinGroupRequest extends Infer<typeof JoinGroupRequest> {}

/**
 * The generation and who leads it; the leader also gets everybody's subscription and computes the assignment. Version 7
 * adds the protocol type (KIP-559), version 9 tells a static leader to skip the assignment.
 */
export const JoinGroupResponse = message({
  kind: 'response',
  name: 'JoinGroupResponse',
  key: 11,
  versions: '0-9',
  flexible: '6+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'INCONSISTENT_GROUP_PROTOCOL',
    'INVALID_GROUP_ID',
    'UNKNOWN_MEMBER_ID',
    'INVALID_SESSION_TIMEOUT',
    'REBALANCE_IN_PROGRESS',
    'GROUP_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'MEMBER_ID_REQUIRED',
    'GROUP_MAX_SIZE_REACHED',
    'FENCED_INSTANCE_ID',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '2+', ignorable: true }),
    errorCode: int16(),
    generationId: int32({ default: -1 }),
    protocolType: string({ versions: '7+', nullable: '7+', default: null, ignorable: true }),
    protocolName: string({ nullable: '7+' }),
    leader: string(),
    skipAssignment: bool({ versions: '9+' }),
    memberId: string(),
    members: structs({
      memberId: string(),
      groupInstanceId: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
      metadata: bytes(),
    }),
  },
})
export interface JoinGroupResponse extends Infer<typeof JoinGroupResponse> {}
