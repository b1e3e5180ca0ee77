/** JoinGroup (API key 11). */
import { bool, bytes, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const JoinGroupResponse = message({
  kind: 'response',
  name: 'JoinGroupResponse',
  key: 11,
  versions: '0-9',
  flexible: '6+',
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
