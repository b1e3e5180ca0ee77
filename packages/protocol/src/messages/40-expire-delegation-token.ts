/** ExpireDelegationToken (API key 40): brings forward the end of a delegation token. */
import { bytes, int16, int32, int64, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The token by its HMAC, and when it shall expire; a negative period ends it now (KIP-48). */
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

/** When it expires now. */
export const ExpireDelegationTokenResponse = message({
  kind: 'response',
  name: 'ExpireDelegationTokenResponse',
  key: 40,
  versions: '1-2',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'NOT_CONTROLLER',
    'DELEGATION_TOKEN_AUTH_DISABLED',
    'DELEGATION_TOKEN_NOT_FOUND',
    'DELEGATION_TOKEN_OWNER_MISMATCH',
    'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
    'DELEGATION_TOKEN_AUTHORIZATION_FAILED',
    'DELEGATION_TOKEN_EXPIRED',
  ],
  fields: {
    errorCode: int16(),
    expiryTimestampMs: int64(),
    throttleTimeMs: int32(),
  },
})
export interface ExpireDelegationTokenResponse extends Infer<typeof ExpireDelegationTokenResponse> {}
