/** DescribeUserScramCredentials (API key 50): lists SCRAM credentials. */
import { int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Users, or null for all (KIP-554). */
export const DescribeUserScramCredentialsRequest = message({
  kind: 'request',
  name: 'DescribeUserScramCredentialsRequest',
  key: 50,
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    users: structs(
      {
        name: string(),
      },
      { nullable: '0+' },
    ),
  },
})
export interface DescribeUserScramCredentialsRequest extends Infer<typeof DescribeUserScramCredentialsRequest> {}

/** Per user its mechanisms and iteration counts; never salts or keys. */
export const DescribeUserScramCredentialsResponse = message({
  kind: 'response',
  name: 'DescribeUserScramCredentialsResponse',
  key: 50,
  versions: '0',
  flexible: '0+',
  errors: ['UNKNOWN_SERVER_ERROR', 'CLUSTER_AUTHORIZATION_FAILED', 'RESOURCE_NOT_FOUND', 'DUPLICATE_RESOURCE'],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    results: structs({
      user: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      credentialInfos: structs({
        mechanism: int8(),
        iterations: int32(),
      }),
    }),
  },
})
export interface DescribeUserScramCredentialsResponse extends Infer<typeof DescribeUserScramCredentialsResponse> {}
