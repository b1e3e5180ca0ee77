/** CreateDelegationToken (API key 38): creates a delegation token. */
import { bytes, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Who may renew it and for how long it may live (KIP-48). Version 3 lets a superuser ask for somebody else's token
 * (KIP-373).
 */
export const CreateDelegationTokenRequest = message({
  kind: 'request',
  name: 'CreateDelegationTokenRequest',
  key: 38,
  versions: '1-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    ownerPrincipalType: string({ versions: '3+', nullable: '3+' }),
    ownerPrincipalName: string({ versions: '3+', nullable: '3+' }),
    renewers: structs({
      principalType: string(),
      principalName: string(),
    }),
    maxLifetimeMs: int64(),
  },
})
export interface CreateDelegationTokenRequest extends Infer<typeof CreateDelegationTokenRequest> {}

/** The token and its HMAC, which is its password. */
export const CreateDelegationTokenResponse = message({
  kind: 'response',
  name: 'CreateDelegationTokenResponse',
  key: 38,
  versions: '1-3',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'NOT_CONTROLLER',
    'DELEGATION_TOKEN_AUTH_DISABLED',
    'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
    'DELEGATION_TOKEN_AUTHORIZATION_FAILED',
    'INVALID_PRINCIPAL_TYPE',
  ],
  fields: {
    errorCode: int16(),
    principalType: string(),
    principalName: string(),
    tokenRequesterPrincipalType: string({ versions: '3+' }),
    tokenRequesterPrincipalName: string({ versions: '3+' }),
    issueTimestampMs: int64(),
    expiryTimestampMs: int64(),
    maxTimestampMs: int64(),
    tokenId: string(),
    hmac: bytes(),
    throttleTimeMs: int32(),
  },
})
export interface CreateDelegationTokenResponse extends Infer<typeof CreateDelegationTokenResponse> {}
