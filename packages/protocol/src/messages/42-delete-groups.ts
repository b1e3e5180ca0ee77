/** DeleteGroups (API key 42). */
import { arrayOf, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const DeleteGroupsRequest = message({
  kind: 'request',
  name: 'DeleteGroupsRequest',
  key: 42,
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker'],
  fields: {
    groupsNames: arrayOf(string()),
  },
})
export interface DeleteGroupsRequest extends Infer<typeof DeleteGroupsRequest> {}

export const DeleteGroupsResponse = message({
  kind: 'response',
  name: 'DeleteGroupsResponse',
  key: 42,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    results: structs({
      groupId: string(),
      errorCode: int16(),
    }),
  },
})
export interface DeleteGroupsResponse extends Infer<typeof DeleteGroupsResponse> {}
