/** DescribeGroups (API key 15): describes classic groups. */
import { arrayOf, bool, bytes, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The groups; from version 3 with the caller's authorized operations on request. */
export const DescribeGroupsRequest = message({
  kind: 'request',
  name: 'DescribeGroupsRequest',
  key: 15,
  versions: '0-6',
  flexible: '5+',
  listeners: ['broker'],
  fields: {
    groups: arrayOf(string()),
    includeAuthorizedOperations: bool({ versions: '3+' }),
  },
})
export interface DescribeGroupsRequest extends Infer<typeof DescribeGroupsRequest> {}

/**
 * State, protocol and members of each group. Version 4 adds static instance ids, version 6 says GROUP_ID_NOT_FOUND
 * instead of describing a dead group (KIP-1043).
 */
export const DescribeGroupsResponse = message({
  kind: 'response',
  name: 'DescribeGroupsResponse',
  key: 15,
  versions: '0-6',
  flexible: '5+',
  errors: [
    'COORDINATOR_LOAD_IN_PROGRESS',
    'COORDINATOR_NOT_AVAILABLE',
    'NOT_COORDINATOR',
    'INVALID_GROUP_ID',
    'GROUP_AUTHORIZATION_FAILED',
    'GROUP_ID_NOT_FOUND',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    groups: structs({
      errorCode: int16(),
      errorMessage: string({ versions: '6+', nullable: '6+', default: null }),
      groupId: string(),
      groupState: string(),
      protocolType: string(),
      protocolData: string(),
      members: structs({
        memberId: string(),
        groupInstanceId: string({ versions: '4+', nullable: '4+', default: null, ignorable: true }),
        clientId: string(),
        clientHost: string(),
        memberMetadata: bytes(),
        memberAssignment: bytes(),
      }),
      authorizedOperations: int32({ versions: '3+', default: -2_147_483_648 }),
    }),
  },
})
export interface DescribeGroupsResponse extends Infer<typeof DescribeGroupsResponse> {}
