/** SaslHandshake (API key 17): chooses a SASL mechanism. */
import { arrayOf, int16, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * The mechanism. After version 0 the tokens follow as bare frames, after version 1 in SaslAuthenticate requests. The
 * version must not grow: old clients negotiate it wrongly (KAFKA-9577).
 */
export const SaslHandshakeRequest = message({
  kind: 'request',
  name: 'SaslHandshakeRequest',
  key: 17,
  versions: '0-1',
  flexible: 'none',
  listeners: ['broker', 'controller'],
  fields: {
    mechanism: string(),
  },
})
export interface SaslHandshakeRequest extends Infer<typeof SaslHandshakeRequest> {}

/** The mechanisms that the server offers, also when it refuses. */
export const SaslHandshakeResponse = message({
  kind: 'response',
  name: 'SaslHandshakeResponse',
  key: 17,
  versions: '0-1',
  flexible: 'none',
  errors: ['UNSUPPORTED_SASL_MECHANISM', 'ILLEGAL_SASL_STATE'],
  fields: {
    errorCode: int16(),
    mechanisms: arrayOf(string()),
  },
})
export interface SaslHandshakeResponse extends Infer<typeof SaslHandshakeResponse> {}
