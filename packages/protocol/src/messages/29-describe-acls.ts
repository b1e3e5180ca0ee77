/** DescribeAcls (API key 29): lists access control entries. */
import { int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * A filter: resource, pattern type, principal, host, operation, permission; null and ANY match everything. Version 3
 * knows users as a resource (KIP-373).
 */
export const DescribeAclsRequest = message({
  kind: 'request',
  name: 'DescribeAclsRequest',
  key: 29,
  versions: '1-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    resourceTypeFilter: int8(),
    resourceNameFilter: string({ nullable: '0+' }),
    patternTypeFilter: int8({ versions: '1+', default: 3 }),
    principalFilter: string({ nullable: '0+' }),
    hostFilter: string({ nullable: '0+' }),
    operation: int8(),
    permissionType: int8(),
  },
})
export interface DescribeAclsRequest extends Infer<typeof DescribeAclsRequest> {}

/** The matching entries, grouped by resource. */
export const DescribeAclsResponse = message({
  kind: 'response',
  name: 'DescribeAclsResponse',
  key: 29,
  versions: '1-3',
  flexible: '2+',
  errors: ['CLUSTER_AUTHORIZATION_FAILED', 'UNSUPPORTED_VERSION', 'INVALID_REQUEST', 'SECURITY_DISABLED'],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    resources: structs({
      resourceType: int8(),
      resourceName: string(),
      patternType: int8({ versions: '1+', default: 3 }),
      acls: structs({
        principal: string(),
        host: string(),
        operation: int8(),
        permissionType: int8(),
      }),
    }),
  },
})
export interface DescribeAclsResponse extends Infer<typeof DescribeAclsResponse> {}
