/** CreateAcls (API key 30). */
import { int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const CreateAclsResponse = message({
  kind: 'response',
  name: 'CreateAclsResponse',
  key: 30,
  versions: '1-3',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    results: structs({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
    }),
  },
})
export interface CreateAclsResponse extends Infer<typeof CreateAclsResponse> {}
