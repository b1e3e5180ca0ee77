/** SaslHandshake (API key 17). */
import { arrayOf, int16, string, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const SaslHandshakeResponse = message({
  kind: 'response',
  name: 'SaslHandshakeResponse',
  key: 17,
  versions: '0-1',
  flexible: 'none',
  fields: {
    errorCode: int16(),
    mechanisms: arrayOf(string()),
  },
})
export interface SaslHandshakeResponse extends Infer<typeof SaslHandshakeResponse> {}
