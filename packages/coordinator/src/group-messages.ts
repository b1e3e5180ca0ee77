/**
 * What goes in and out of a {@link GroupShard}: one tagged request per API, and answers by ticket.
 *
 * A request names one group, or several of the same shard. What the protocol lets depend on the client (its id, its
 * address, the version it speaks) is part of the request, and so is every random thing: a machine draws nothing.
 */
import type {
  DeleteGroupsResponse,
  DescribeGroupsResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  ListGroupsResponse,
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  OffsetFetchResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from '@braidlog/protocol'
import type { Uuid } from '@braidlog/model'
import type { GroupRecord } from './group-record.ts'
import type { MachineDecision } from './replicated-machine.ts'

export interface JoinRequest {
  readonly api: 'joinGroup'
  readonly request: JoinGroupRequest
  readonly apiVersion: number
  readonly clientId: string
  /** With the leading slash. */
  readonly clientHost: string
  /** Makes the member id unique, should one be given out. */
  readonly memberIdSuffix: string
}

/** One group of an OffsetFetch. `topics` null: all that are committed. */
export interface OffsetFetchGroup {
  readonly groupId: string
  readonly topics:
    | readonly { readonly name: string; readonly topicId: Uuid; readonly partitionIndexes: readonly number[] }[]
    | null
}

export type GroupRequest =
  | JoinRequest
  | { readonly api: 'syncGroup'; readonly request: SyncGroupRequest }
  | { readonly api: 'heartbeat'; readonly request: HeartbeatRequest }
  | { readonly api: 'leaveGroup'; readonly request: LeaveGroupRequest }
  | { readonly api: 'offsetCommit'; readonly request: OffsetCommitRequest; readonly apiVersion: number }
  | { readonly api: 'offsetFetch'; readonly group: OffsetFetchGroup; readonly requireStable: boolean }
  | { readonly api: 'offsetDelete'; readonly request: OffsetDeleteRequest }
  | { readonly api: 'listGroups'; readonly states: readonly string[]; readonly types: readonly string[] }
  | { readonly api: 'describeGroups'; readonly groupIds: readonly string[]; readonly apiVersion: number }
  | { readonly api: 'deleteGroups'; readonly groupIds: readonly string[] }
  | { readonly api: 'topicsDeleted'; readonly topics: readonly DeletedTopic[] }

export interface DeletedTopic {
  readonly name: string
  readonly topicId: Uuid
}

/** What each API answers. */
export interface GroupResponses {
  readonly joinGroup: JoinGroupResponse
  readonly syncGroup: SyncGroupResponse
  readonly heartbeat: HeartbeatResponse
  readonly leaveGroup: LeaveGroupResponse
  readonly offsetCommit: OffsetCommitResponse
  readonly offsetFetch: OffsetFetchResponse['groups'][number]
  readonly offsetDelete: OffsetDeleteResponse
  readonly listGroups: ListGroupsResponse['groups']
  readonly describeGroups: DescribeGroupsResponse['groups']
  readonly deleteGroups: DeleteGroupsResponse['results']
  readonly topicsDeleted: null
}

export type GroupApi = keyof GroupResponses
export type GroupResponse = GroupResponses[GroupApi]

/** What a step comes to. The records must be durable before any of its answers is sent. */
export type GroupDecision = MachineDecision<GroupResponse, GroupRecord>
export type Answer = GroupDecision['answers'][number]
