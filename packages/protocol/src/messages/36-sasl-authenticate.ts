/** SaslAuthenticate (API key 36). */
import { bytes, int16, int64, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const SaslAuthenticateRequest = message({
  kind: 'request',
  name: 'SaslAuthenticateRequest',
  key: 36,
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    authBytes: bytes(),
  },
})
export interface SaslAuthenticateRequest extends Infer<typeof SaslAuthenticateRequest> {}

export const SaslAuthenticateResponse = message({
  kind: 'response',
  name: 'SaslAuthenticateResponse',
  key: 36,
  versions: '0-2',
  flexible: '2+',
  fields: {
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    authBytes: bytes(),
    sessionLifetimeMs: int64({ versions: '1+', ignorable: true }),
  },
})
export interface SaslAuthenticateResponse extends Infer<typeof SaslAuthenticateResponse> {}
