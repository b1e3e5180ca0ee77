/** ListGroups (API key 16), DescribeGroups (15) and DeleteGroups (42) on the groups of one shard. */
import { ErrorCode } from '@braidlog/model'
import type { DeleteGroupsResponse, DescribeGroupsResponse, ListGroupsResponse } from '@braidlog/protocol'
import type { ClassicGroup } from './classic-group.ts'
import type { ForeignGroups } from './foreign-groups.ts'

type Groups = ReadonlyMap<string, ClassicGroup>
type ListedGroup = ListGroupsResponse['groups'][number]
type DescribedGroup = DescribeGroupsResponse['groups'][number]

/** Version from which a group that does not exist is an error, not a Dead group (KIP-1043). */
const GROUP_ID_NOT_FOUND_VERSION = 6
const NOT_ASKED_FOR = -2_147_483_648

export interface ListFilter {
  /** Empty: any. Case does not matter. */
  readonly states: readonly string[]
  readonly types: readonly string[]
}

export function listGroups(groups: Groups, foreign: ForeignGroups, filter: ListFilter): ListedGroup[] {
  const states = new Set(filter.states.map((state) => state.trim().toLowerCase()))
  const types = new Set(filter.types.map((type) => type.trim().toLowerCase()))
  const matches = (group: ListedGroup): boolean =>
    (states.size === 0 || states.has(group.groupState.toLowerCase())) &&
    (types.size === 0 || types.has(group.groupType.toLowerCase()))
  const listed: ListedGroup[] = []
  for (const group of groups.values()) {
    const protocolType = group.protocolType ?? ''
    listed.push({ groupId: group.groupId, protocolType, groupState: group.state(), groupType: 'classic' })
  }
  for (const { groupId, protocol } of foreign) {
    if (groups.has(groupId)) continue
    listed.push({ groupId, protocolType: protocol, groupState: 'Empty', groupType: protocol })
  }
  return listed.filter(matches)
}

export function describeGroups(
  groups: Groups,
  request: { readonly groupIds: readonly string[]; readonly apiVersion: number },
): DescribedGroup[] {
  return request.groupIds.map((groupId) => {
    const group = groups.get(groupId)
    return group === undefined ? deadGroup(groupId, request.apiVersion) : describeGroup(group)
  })
}

function describeGroup(group: ClassicGroup): DescribedGroup {
  const isStable = group.state() === 'Stable'
  return {
    errorCode: ErrorCode.NONE,
    errorMessage: null,
    groupId: group.groupId,
    groupState: group.state(),
    protocolType: group.protocolType ?? '',
    // Until a generation is finished, neither its protocol nor its subscriptions mean anything.
    protocolData: isStable ? (group.protocolName ?? '') : '',
    members: Array.from(group.members(), (member) => ({
      memberId: member.memberId,
      groupInstanceId: member.groupInstanceId,
      clientId: member.clientId,
      clientHost: member.clientHost,
      memberMetadata: isStable ? group.metadataOf(member) : new Uint8Array(0),
      memberAssignment: member.assignment,
    })),
    authorizedOperations: NOT_ASKED_FOR,
  }
}

function deadGroup(groupId: string, apiVersion: number): DescribedGroup {
  const isError = apiVersion >= GROUP_ID_NOT_FOUND_VERSION
  return {
    errorCode: isError ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.NONE,
    errorMessage: isError ? `There is no classic group '${groupId}'.` : null,
    groupId,
    groupState: 'Dead',
    protocolType: '',
    protocolData: '',
    members: [],
    authorizedOperations: NOT_ASKED_FOR,
  }
}

/** Which of the groups may go. */
export function deleteGroups(
  groups: Groups,
  foreign: ForeignGroups,
  groupIds: readonly string[],
): { readonly results: DeleteGroupsResponse['results']; readonly deleted: ReadonlySet<string> } {
  const deleted = new Set<string>()
  const results = [...new Set(groupIds)].map((groupId) => {
    const errorCode = deleteError(groups.get(groupId), foreign.has(groupId) && !deleted.has(groupId))
    if (errorCode === ErrorCode.NONE) deleted.add(groupId)
    return { groupId, errorCode }
  })
  return { results, deleted }
}

function deleteError(group: ClassicGroup | undefined, isForeign: boolean): ErrorCode {
  if (group === undefined) return isForeign ? ErrorCode.NONE : ErrorCode.GROUP_ID_NOT_FOUND
  return group.state() === 'Empty' ? ErrorCode.NONE : ErrorCode.NON_EMPTY_GROUP
}
