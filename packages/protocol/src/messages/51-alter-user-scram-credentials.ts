/** AlterUserScramCredentials (API key 51): creates, changes and deletes SCRAM credentials. */
import { bytes, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Deletions and new credentials; the client salts the password, so the server never sees it (KIP-554). Forwarded to the
 * controller.
 */
export const AlterUserScramCredentialsRequest = message({
  kind: 'request',
  name: 'AlterUserScramCredentialsRequest',
  key: 51,
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    deletions: structs({
      name: string(),
      mechanism: int8(),
    }),
    upsertions: structs({
      name: string(),
      mechanism: int8(),
      iterations: int32(),
      salt: bytes(),
      saltedPassword: bytes(),
    }),
  },
})
export interface AlterUserScramCredentialsRequest extends Infer<typeof AlterUserScramCredentialsRequest> {}

/** A result for each user. */
export const AlterUserScramCredentialsResponse = message({
  kind: 'response',
  name: 'AlterUserScramCredentialsResponse',
  key: 51,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_SASL_MECHANISM',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'RESOURCE_NOT_FOUND',
    'DUPLICATE_RESOURCE',
    'UNACCEPTABLE_CREDENTIAL',
  ],
  fields: {
    throttleTimeMs: int32(),
    results: structs({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
    }),
  },
})
export interface AlterUserScramCredentialsResponse extends Infer<typeof AlterUserScramCredentialsResponse> {}
