/** CreateAcls (API key 30): creates access control entries. */
import { int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The entries. Version 3 knows users as a resource (KIP-373). Forwarded to the controller. */
export const CreateAclsRequest = message({
  kind: 'request',
  name: 'CreateAclsRequest',
  key: 30,
  versions: '1-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    creations: structs({
      resourceType: int8(),
      resourceName: string(),
      resourcePatternType: int8({ versions: '1+', default: 3 }),
      principal: string(),
      host: string(),
      operation: int8(),
      permissionType: int8(),
    }),
  },
})
export interface CreateAclsRequest extends Infer<typeof CreateAclsRequest> {}

/** A result for each entry, in the order of the request. */
export const CreateAclsResponse = message({
  kind: 'response',
  name: 'CreateAclsResponse',
  key: 30,
  versions: '1-3',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'CLUSTER_AUTHORIZATION_FAILED',
    'UNSUPPORTED_VERSION',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'SECURITY_DISABLED',
  ],
  fields: {
    throttleTimeMs: int32(),
    results: structs({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
    }),
  },
})
export interface CreateAclsResponse extends Infer<typeof CreateAclsResponse> {}
