/** How each API says that its request failed as a whole, version by version. */
import { ErrorCode } from '@braidlog/model'
import type {
  DeleteGroupsResponse,
  DescribeGroupsResponse,
  JoinGroupResponse,
  LeaveGroupResponse,
  SyncGroupResponse,
} from '@braidlog/protocol'
import type { GroupResponses, OffsetFetchGroup } from './group-messages.ts'

/** Version from which OffsetFetch has a place for an error of the whole group. */
const GROUP_ERROR_VERSION = 2

export function joinFailed(errorCode: ErrorCode, memberId: string): JoinGroupResponse {
  return {
    throttleTimeMs: 0,
    errorCode,
    generationId: -1,
    protocolType: null,
    protocolName: null,
    leader: '',
    skipAssignment: false,
    memberId,
    members: [],
  }
}

export function syncFailed(errorCode: ErrorCode): SyncGroupResponse {
  return { throttleTimeMs: 0, errorCode, protocolType: null, protocolName: null, assignment: new Uint8Array(0) }
}

export function leaveFailed(errorCode: ErrorCode): LeaveGroupResponse {
  return { throttleTimeMs: 0, errorCode, members: [] }
}

export function offsetFetchFailed(
  group: OffsetFetchGroup,
  errorCode: ErrorCode,
  apiVersion: number,
): GroupResponses['offsetFetch'] {
  if (apiVersion >= GROUP_ERROR_VERSION) return { groupId: group.groupId, topics: [], errorCode }
  const topics = (group.topics ?? []).map(({ name, topicId, partitionIndexes }) => ({
    name,
    topicId,
    partitions: partitionIndexes.map((partitionIndex) => fetchFailed(partitionIndex, errorCode)),
  }))
  return { groupId: group.groupId, topics, errorCode: ErrorCode.NONE }
}

export function fetchFailed(
  partitionIndex: number,
  errorCode: ErrorCode,
): GroupResponses['offsetFetch']['topics'][number]['partitions'][number] {
  return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode }
}

export function describeFailed(groupIds: readonly string[], errorCode: ErrorCode): DescribeGroupsResponse['groups'] {
  return groupIds.map((groupId) => ({
    errorCode,
    errorMessage: null,
    groupId,
    groupState: '',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: -2_147_483_648,
  }))
}

export function deleteFailed(groupIds: readonly string[], errorCode: ErrorCode): DeleteGroupsResponse['results'] {
  return groupIds.map((groupId) => ({ groupId, errorCode }))
}
