/** RenewDelegationToken (API key 39). */
import { bytes, int16, int32, int64, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const RenewDelegationTokenRequest = message({
  kind: 'request',
  name: 'RenewDelegationTokenRequest',
  key: 39,
  versions: '1-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    hmac: bytes(),
    renewPeriodMs: int64(),
  },
})
export interface RenewDelegationTokenRequest extends Infer<typeof RenewDelegationTokenRequest> {}

export const RenewDelegationTokenResponse = message({
  kind: 'response',
  name: 'RenewDelegationTokenResponse',
  key: 39,
  versions: '1-2',
  flexible: '2+',
  fields: {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
})
export interface RenewDelegationTokenResponse extends Infer<typeof RenewDelegationTokenResponse> {}
