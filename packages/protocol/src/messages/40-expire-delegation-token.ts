/** ExpireDelegationToken (API key 40). */
import { bytes, int16, int32, int64, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const ExpireDelegationTokenRequest = message({
  kind: 'request',
  name: 'ExpireDelegationTokenRequest',
  key: 40,
  versions: '1-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    hmac: bytes(),
    expiryTimePeriodMs: int64(),
  },
})
export interface ExpireDelegationTokenRequest extends Infer<typeof ExpireDelegationTokenRequest> {}

export const ExpireDelegationTokenResponse = message({
  kind: 'response',
  name: 'ExpireDelegationTokenResponse',
  key: 40,
  versions: '1-2',
  flexible: '2+',
  fields: {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
})
export interface ExpireDelegationTokenResponse extends Infer<typeof ExpireDelegationTokenResponse> {}
