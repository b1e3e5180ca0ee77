/** DeleteAcls (API key 31): deletes access control entries. */
import { int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Filters, as in DescribeAcls. Forwarded to the controller. */
export const DeleteAclsRequest = message({
  kind: 'request',
  name: 'DeleteAclsRequest',
  key: 31,
  versions: '1-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    filters: structs({
      resourceTypeFilter: int8(),
      resourceNameFilter: string({ nullable: '0+' }),
      patternTypeFilter: int8({ versions: '1+', default: 3 }),
      principalFilter: string({ nullable: '0+' }),
      hostFilter: string({ nullable: '0+' }),
      operation: int8(),
      permissionType: int8(),
    }),
  },
})
export interface DeleteAclsRequest extends Infer<typeof DeleteAclsRequest> {}

/** For each filter the entries it removed. */
export const DeleteAclsResponse = message({
  kind: 'response',
  name: 'DeleteAclsResponse',
  key: 31,
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
    filterResults: structs({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      matchingAcls: structs({
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
        resourceType: int8(),
        resourceName: string(),
        patternType: int8({ versions: '1+', default: 3 }),
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    }),
  },
})
export interface DeleteAclsResponse extends Infer<typeof DeleteAclsResponse> {}
