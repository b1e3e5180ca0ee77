/** IncrementalAlterConfigs (API key 44). */
import { bool, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const IncrementalAlterConfigsRequest = message({
  kind: 'request',
  name: 'IncrementalAlterConfigsRequest',
  key: 44,
  versions: '0-1',
  flexible: '1+',
  listeners: ['broker', 'controller'],
  fields: {
    resources: structs({
      resourceType: int8(),
      resourceName: string(),
      configs: structs({
        name: string(),
        configOperation: int8(),
        value: string({ nullable: '0+' }),
      }),
    }),
    validateOnly: bool(),
  },
})
export interface IncrementalAlterConfigsRequest extends Infer<typeof IncrementalAlterConfigsRequest> {}

export const IncrementalAlterConfigsResponse = message({
  kind: 'response',
  name: 'IncrementalAlterConfigsResponse',
  key: 44,
  versions: '0-1',
  flexible: '1+',
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
export interface IncrementalAlterConfigsResponse extends Infer<typeof IncrementalAlterConfigsResponse> {}
