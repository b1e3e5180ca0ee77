/** AlterConfigs (API key 33). */
import { bool, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const AlterConfigsRequest = message({
  kind: 'request',
  name: 'AlterConfigsRequest',
  key: 33,
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    resources: structs({
      resourceType: int8(),
      resourceName: string(),
      configs: structs({
        name: string(),
        value: string({ nullable: '0+' }),
      }),
    }),
    validateOnly: bool(),
  },
})
export interface AlterConfigsRequest extends Infer<typeof AlterConfigsRequest> {}

export const AlterConfigsResponse = message({
  kind: 'response',
  name: 'AlterConfigsResponse',
  key: 33,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    responses: structs({
      errorCode: int16(),
      errorMessage: string({ nullable: '0+' }),
      resourceType: int8(),
      resourceName: string(),
    }),
  },
})
export interface AlterConfigsResponse extends Infer<typeof AlterConfigsResponse> {}
