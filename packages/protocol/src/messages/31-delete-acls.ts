/** DeleteAcls (API key 31). */
import { int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const DeleteAclsResponse = message({
  kind: 'response',
  name: 'DeleteAclsResponse',
  key: 31,
  versions: '1-3',
  flexible: '2+',
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
