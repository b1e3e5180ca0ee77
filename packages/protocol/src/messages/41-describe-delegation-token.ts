/** DescribeDelegationToken (API key 41): lists delegation tokens. */
import { bytes, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Whose tokens; null for all that the caller may see (KIP-48). */
export const DescribeDelegationTokenRequest = message({
  kind: 'request',
  name: 'DescribeDelegationTokenRequest',
  key: 41,
  versions: '1-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    owners: structs(
      {
        principalType: string(),
        principalName: string(),
      },
      { nullable: '0+' },
    ),
  },
})
export interface DescribeDelegationTokenRequest extends Infer<typeof DescribeDelegationTokenRequest> {}

/** The tokens with their owners, renewers and times; from version 3 also who asked for them (KIP-373). */
export const DescribeDelegationTokenResponse = message({
  kind: 'response',
  name: 'DescribeDelegationTokenResponse',
  key: 41,
  versions: '1-3',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'DELEGATION_TOKEN_AUTH_DISABLED',
    'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
    'DELEGATION_TOKEN_AUTHORIZATION_FAILED',
  ],
  fields: {
    errorCode: int16(),
    tokens: structs({
      principalType: string(),
      principalName: string(),
      tokenRequesterPrincipalType: string({ versions: '3+' }),
      tokenRequesterPrincipalName: string({ versions: '3+' }),
      issueTimestamp: int64(),
      expiryTimestamp: int64(),
      maxTimestamp: int64(),
      tokenId: string(),
      hmac: bytes(),
      renewers: structs({
        principalType: string(),
        principalName: string(),
      }),
    }),
    throttleTimeMs: int32(),
  },
})
export interface DescribeDelegationTokenResponse extends Infer<typeof DescribeDelegationTokenResponse> {}
