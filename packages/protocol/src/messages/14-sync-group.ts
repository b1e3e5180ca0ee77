/** SyncGroup (API key 14): distributes the assignment of a classic group. */
import { bytes, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * The leader of the generation sends everybody's assignment, the others send none; all wait for the leader. Version 3
 * adds static instance ids (KIP-345), version 5 protocol type and name, which must be the group's (KIP-559).
 */
export const SyncGroupRequest = message({
  kind: 'request',
  name: 'SyncGroupRequest',
  key: 14,
  versions: '0-5',
  flexible: '4+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
    protocolType: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    protocolName: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    assignments: structs({
      memberId: string(),
      assignment: bytes(),
    }),
  },
})
export interface SyncGroupRequest extends Infer<typeof SyncGroupRequest> {}

/** The member's own assignment, in the words of the protocol. */
export const SyncGroupResponse = message({
  kind: 'response',
  name: 'SyncGroupResponse',
  key: 14,
  versions: '0-5',
  flexible: '4+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'ILLEGAL_GENERATION',
    'INCONSISTENT_GROUP_PROTOCOL',
    'INVALID_GROUP_ID',
    'UNKNOWN_MEMBER_ID',
    'REBALANCE_IN_PROGRESS',
    'GROUP_AUTHORIZATION_FAILED',
    'FENCED_INSTANCE_ID',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
    protocolType: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    protocolName: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    assignment: bytes(),
  },
})
export interface SyncGroupResponse extends Infer<typeof SyncGroupResponse> {}
