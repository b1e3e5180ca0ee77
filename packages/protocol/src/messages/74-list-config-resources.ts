/** ListConfigResources (API key 74). */
import { arrayOf, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const ListConfigResourcesRequest = message({
  kind: 'request',
  name: 'ListConfigResourcesRequest',
  key: 74,
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    resourceTypes: arrayOf(int8(), { versions: '1+' }),
  },
})
export interface ListConfigResourcesRequest extends Infer<typeof ListConfigResourcesRequest> {}

export const ListConfigResourcesResponse = message({
  kind: 'response',
  name: 'ListConfigResourcesResponse',
  key: 74,
  versions: '0-1',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    configResources: structs({
      resourceName: string(),
      resourceType: int8({ versions: '1+', default: 16, ignorable: true }),
    }),
  },
})
export interface ListConfigResourcesResponse extends Infer<typeof ListConfigResourcesResponse> {}
