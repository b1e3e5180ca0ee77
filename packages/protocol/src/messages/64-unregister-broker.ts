/** UnregisterBroker (API key 64). */
import { int16, int32, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const UnregisterBrokerRequest = message({
  kind: 'request',
  name: 'UnregisterBrokerRequest',
  key: 64,
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    brokerId: int32(),
  },
})
export interface UnregisterBrokerRequest extends Infer<typeof UnregisterBrokerRequest> {}

export const UnregisterBrokerResponse = message({
  kind: 'response',
  name: 'UnregisterBrokerResponse',
  key: 64,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
  },
})
export interface UnregisterBrokerResponse extends Infer<typeof UnregisterBrokerResponse> {}
