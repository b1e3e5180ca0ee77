/** Heartbeat (API key 12). */
import { int16, int32, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const HeartbeatResponse = message({
  kind: 'response',
  name: 'HeartbeatResponse',
  key: 12,
  versions: '0-4',
  flexible: '4+',
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
  },
})
export interface HeartbeatResponse extends Infer<typeof HeartbeatResponse> {}
