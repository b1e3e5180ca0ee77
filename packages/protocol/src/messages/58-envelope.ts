/** Envelope (API key 58): forwards a client's request to the controller. */
import { bytes, int16, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The request as it came, with the client's principal and address (KIP-590). */
export const EnvelopeRequest = message({
  kind: 'request',
  name: 'EnvelopeRequest',
  key: 58,
  versions: '0',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    requestData: bytes(),
    requestPrincipal: bytes({ nullable: '0+' }),
    clientHostAddress: bytes(),
  },
})
export interface EnvelopeRequest extends Infer<typeof EnvelopeRequest> {}

/** The controller's answer as it is to go to the client. */
export const EnvelopeResponse = message({
  kind: 'response',
  name: 'EnvelopeResponse',
  key: 58,
  versions: '0',
  flexible: '0+',
  errors: [
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'PRINCIPAL_DESERIALIZATION_FAILURE',
  ],
  fields: {
    responseData: bytes({ nullable: '0+', default: null }),
    errorCode: int16(),
  },
})
export interface EnvelopeResponse extends Infer<typeof EnvelopeResponse> {}
