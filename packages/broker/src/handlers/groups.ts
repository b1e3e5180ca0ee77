/**
 * The APIs of groups and their offsets: OffsetCommit (8), OffsetFetch (9), JoinGroup (11), Heartbeat (12), LeaveGroup
 * (13), SyncGroup (14), DescribeGroups (15), ListGroups (16), DeleteGroups (42) and OffsetDelete (47).
 *
 * The coordinator does the work; what is added here is where a request came from and what the client may do.
 */
import type { RequestOrigin } from '@braidlog/coordinator'
import {
  DeleteGroupsRequest,
  DeleteGroupsResponse,
  DescribeGroupsRequest,
  DescribeGroupsResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  ListGroupsRequest,
  ListGroupsResponse,
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  OffsetFetchRequest,
  OffsetFetchResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from '@braidlog/protocol'
import { GROUP_OPERATIONS } from '../authorized-operations.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler, type RequestContext } from '../handler.ts'

export function groupHandlers({ groups }: BrokerContext): ApiHandler[] {
  return [
    api(OffsetCommitRequest, OffsetCommitResponse, (request, context) =>
      groups.offsetCommit(request, originOf(context)),
    ),
    api(OffsetFetchRequest, OffsetFetchResponse, (request, context) => groups.offsetFetch(request, originOf(context))),
    api(JoinGroupRequest, JoinGroupResponse, (request, context) => groups.joinGroup(request, originOf(context))),
    api(HeartbeatRequest, HeartbeatResponse, (request, context) => groups.heartbeat(request, originOf(context))),
    api(LeaveGroupRequest, LeaveGroupResponse, (request, context) => groups.leaveGroup(request, originOf(context))),
    api(SyncGroupRequest, SyncGroupResponse, (request, context) => groups.syncGroup(request, originOf(context))),
    api(DescribeGroupsRequest, DescribeGroupsResponse, async (request, context) => {
      const response = await groups.describeGroups(request, originOf(context))
      if (request.includeAuthorizedOperations) {
        for (const group of response.groups) group.authorizedOperations = GROUP_OPERATIONS
      }
      return response
    }),
    api(ListGroupsRequest, ListGroupsResponse, (request, context) => groups.listGroups(request, originOf(context))),
    api(DeleteGroupsRequest, DeleteGroupsResponse, (request, context) =>
      groups.deleteGroups(request, originOf(context)),
    ),
    api(OffsetDeleteRequest, OffsetDeleteResponse, (request, context) =>
      groups.offsetDelete(request, originOf(context)),
    ),
  ]
}

function originOf({ apiVersion, clientId, clientHost }: RequestContext): RequestOrigin {
  return { apiVersion, clientId, clientHost }
}
