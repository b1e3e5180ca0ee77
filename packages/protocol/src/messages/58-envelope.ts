/** Envelope (API key 58). */
import { bytes, int16, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const EnvelopeResponse = message({
  kind: 'response',
  name: 'EnvelopeResponse',
  key: 58,
  versions: '0',
  flexible: '0+',
  fields: {
    responseData: bytes({ nullable: '0+', default: null }),
    errorCode: int16(),
  },
})
export interface EnvelopeResponse extends Infer<typeof EnvelopeResponse> {}
