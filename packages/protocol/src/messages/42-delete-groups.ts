/** DeleteGroups (API key 42): deletes empty groups. */
import { arrayOf, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The groups. */
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

/** A result for each of them. */
export const DeleteGroupsResponse = message({
  kind: 'response',
  name: 'DeleteGroupsResponse',
  key: 42,
  versions: '0-2',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'INVALID_GROUP_ID',
    'GROUP_AUTHORIZATION_FAILED',
    'NON_EMPTY_GROUP',
    'GROUP_ID_NOT_FOUND',
  ],
  fields: {
    throttleTimeMs: int32(),
    results: structs({
      groupId: string(),
      errorCode: int16(),
    }),
  },
})
export interface DeleteGroupsResponse extends Infer<typeof DeleteGroupsResponse> {}
