/** Heartbeat (API key 12): keeps a member of a classic group alive. */
import { int16, int32, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** A sign of life from a member in a generation. Version 3 adds static instance ids (KIP-345). */
export const HeartbeatRequest = message({
  kind: 'request',
  name: 'HeartbeatRequest',
  key: 12,
  versions: '0-4',
  flexible: '4+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    generationId: int32(),
    memberId: string(),
    groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
  },
})
export interface HeartbeatRequest extends Infer<typeof HeartbeatRequest> {}

/** Tells the member whether it has to join again. */
export const HeartbeatResponse = message({
  kind: 'response',
  name: 'HeartbeatResponse',
  key: 12,
  versions: '0-4',
  flexible: '4+',
  errors: [
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'ILLEGAL_GENERATION',
    'INVALID_GROUP_ID',
    'UNKNOWN_MEMBER_ID',
    'REBALANCE_IN_PROGRESS',
    'GROUP_AUTHORIZATION_FAILED',
    'FENCED_INSTANCE_ID',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
  },
})
export interface HeartbeatResponse extends Infer<typeof HeartbeatResponse> {}
