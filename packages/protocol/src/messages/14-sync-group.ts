/** SyncGroup (API key 14). */
import { bytes, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const SyncGroupResponse = message({
  kind: 'response',
  name: 'SyncGroupResponse',
  key: 14,
  versions: '0-5',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
    protocolType: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    protocolName: string({ versions: '5+', nullable: '5+', default: null, ignorable: true }),
    assignment: bytes(),
  },
})
export interface SyncGroupResponse extends Infer<typeof SyncGroupResponse> {}
