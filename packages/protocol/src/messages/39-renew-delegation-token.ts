/** RenewDelegationToken (API key 39): renews a delegation token. */
import { bytes, int16, int32, int64, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The token by its HMAC, and by how long (KIP-48). */
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

/** When it expires now. */
export const RenewDelegationTokenResponse = message({
  kind: 'response',
  name: 'RenewDelegationTokenResponse',
  key: 39,
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
export interface RenewDelegationTokenResponse extends Infer<typeof RenewDelegationTokenResponse> {}
