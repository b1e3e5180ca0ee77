/** AlterUserScramCredentials (API key 51). */
import { bytes, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const AlterUserScramCredentialsResponse = message({
  kind: 'response',
  name: 'AlterUserScramCredentialsResponse',
  key: 51,
  versions: '0',
  flexible: '0+',
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
