/** UnregisterBroker (API key 64): removes a broker from the cluster. */
import { int16, int32, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** A broker that will not come back (KIP-631). Forwarded to the controller. */
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

/** One result. */
export const UnregisterBrokerResponse = message({
  kind: 'response',
  name: 'UnregisterBrokerResponse',
  key: 64,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'REQUEST_TIMED_OUT',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'NOT_CONTROLLER',
    'BROKER_ID_NOT_REGISTERED',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
  },
})
export interface UnregisterBrokerResponse extends Infer<typeof UnregisterBrokerResponse> {}
