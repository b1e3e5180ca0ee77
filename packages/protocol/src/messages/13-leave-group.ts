/** LeaveGroup (API key 13): removes members from a group. */
import { int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * One member before version 3; from there on any number, by member id or static instance id (KIP-345), and from version
 * 5 with a reason each (KIP-800).
 */
export const LeaveGroupRequest = message({
  kind: 'request',
  name: 'LeaveGroupRequest',
  key: 13,
  versions: '0-5',
  flexible: '4+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    memberId: string({ versions: '0-2' }),
    members: structs(
      {
        memberId: string({ versions: '3+' }),
        groupInstanceId: string({ versions: '3+', nullable: '3+', default: null }),
        reason: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
      },
      { versions: '3+' },
    ),
  },
})
export interface LeaveGroupRequest extends Infer<typeof LeaveGroupRequest> {}

/** An error code for the request and, from version 3, one for each member. */
export const LeaveGroupResponse = message({
  kind: 'response',
  name: 'LeaveGroupResponse',
  key: 13,
  versions: '0-5',
  flexible: '4+',
  errors: [
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'INVALID_GROUP_ID',
    'UNKNOWN_MEMBER_ID',
    'GROUP_AUTHORIZATION_FAILED',
    'FENCED_INSTANCE_ID',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
    members: structs(
      {
        memberId: string({ versions: '3+' }),
        groupInstanceId: string({ versions: '3+', nullable: '3+' }),
        errorCode: int16({ versions: '3+' }),
      },
      { versions: '3+' },
    ),
  },
})
export interface LeaveGroupResponse extends Infer<typeof LeaveGroupResponse> {}
