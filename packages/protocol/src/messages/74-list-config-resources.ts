/** ListConfigResources (API key 74): lists resources that have a configuration. */
import { arrayOf, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Version 0 lists client metrics only (KIP-1000); version 1 takes the types of interest, none for all (KIP-1142). */
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

/** Names and, from version 1, types of the resources. */
export const ListConfigResourcesResponse = message({
  kind: 'response',
  name: 'ListConfigResourcesResponse',
  key: 74,
  versions: '0-1',
  flexible: '0+',
  errors: ['UNKNOWN_SERVER_ERROR', 'CLUSTER_AUTHORIZATION_FAILED', 'UNSUPPORTED_VERSION'],
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
