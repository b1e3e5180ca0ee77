/** LeaveGroup (API key 13). */
import { int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const LeaveGroupResponse = message({
  kind: 'response',
  name: 'LeaveGroupResponse',
  key: 13,
  versions: '0-5',
  flexible: '4+',
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
