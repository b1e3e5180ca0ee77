/** CreateDelegationToken (API key 38). */
import { bytes, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const CreateDelegationTokenResponse = message({
  kind: 'response',
  name: 'CreateDelegationTokenResponse',
  key: 38,
  versions: '1-3',
  flexible: '2+',
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
