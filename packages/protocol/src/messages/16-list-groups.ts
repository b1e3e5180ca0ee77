/** ListGroups (API key 16). */
import { arrayOf, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const ListGroupsResponse = message({
  kind: 'response',
  name: 'ListGroupsResponse',
  key: 16,
  versions: '0-5',
  flexible: '3+',
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
