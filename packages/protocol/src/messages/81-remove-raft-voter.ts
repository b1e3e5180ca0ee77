/** RemoveRaftVoter (API key 81). */
import { int16, int32, string, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const RemoveRaftVoterResponse = message({
  kind: 'response',
  name: 'RemoveRaftVoterResponse',
  key: 81,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', ignorable: true }),
  },
})
export interface RemoveRaftVoterResponse extends Infer<typeof RemoveRaftVoterResponse> {}
