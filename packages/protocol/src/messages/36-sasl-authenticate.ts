/** SaslAuthenticate (API key 36): carries the tokens of a SASL exchange. */
import { bytes, int16, int64, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** A token of the chosen mechanism. */
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

/**
 * The server's token. Version 1 adds for how long the authentication is good, so that clients can renew it in time
 * (KIP-368).
 */
export const SaslAuthenticateResponse = message({
  kind: 'response',
  name: 'SaslAuthenticateResponse',
  key: 36,
  versions: '0-2',
  flexible: '2+',
  errors: ['UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE', 'SASL_AUTHENTICATION_FAILED'],
  fields: {
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    authBytes: bytes(),
    sessionLifetimeMs: int64({ versions: '1+', ignorable: true }),
  },
})
export interface SaslAuthenticateResponse extends Infer<typeof SaslAuthenticateResponse> {}
