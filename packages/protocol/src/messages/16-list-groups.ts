/** ListGroups (API key 16): lists the groups that a broker coordinates. */
import { arrayOf, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Which ones: by state (version 4, KIP-518) and by type (version 5, KIP-848); all when the filters are empty. */
export const ListGroupsRequest = message({
  kind: 'request',
  name: 'ListGroupsRequest',
  key: 16,
  versions: '0-5',
  flexible: '3+',
  listeners: ['broker'],
  fields: {
    statesFilter: arrayOf(string(), { versions: '4+' }),
    typesFilter: arrayOf(string(), { versions: '5+' }),
  },
})
export interface ListGroupsRequest extends Infer<typeof ListGroupsRequest> {}

/** Ids and protocol types, with states from version 4 and group types from version 5. */
export const ListGroupsResponse = message({
  kind: 'response',
  name: 'ListGroupsResponse',
  key: 16,
  versions: '0-5',
  flexible: '3+',
  errors: ['COORDINATOR_LOAD_IN_PROGRESS', 'COORDINATOR_NOT_AVAILABLE', 'CLUSTER_AUTHORIZATION_FAILED'],
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    errorCode: int16(),
    groups: structs({
      groupId: string(),
      protocolType: string(),
      groupState: string({ versions: '4+', ignorable: true }),
      groupType: string({ versions: '5+', ignorable: true }),
    }),
  },
})
export interface ListGroupsResponse extends Infer<typeof ListGroupsResponse> {}
