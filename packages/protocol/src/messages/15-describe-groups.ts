/** DescribeGroups (API key 15). */
import { arrayOf, bool, bytes, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const DescribeGroupsResponse = message({
  kind: 'response',
  name: 'DescribeGroupsResponse',
  key: 15,
  versions: '0-6',
  flexible: '5+',
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
