/** Admin calls about consumer groups and their offsets. */
import type { Cluster } from '../cluster.ts'
import type { OffsetToCommit } from '../consumer.ts'
import { decodeAssignment, PROTOCOL_TYPE } from '../core/consumer-protocol.ts'
import { commitOffsets, fetchOffsets } from '../offset-commits.ts'
import { KafkaError } from '../errors.ts'
import type { CallOptions, TopicPartition } from '../record.ts'
import {
  addItem,
  adminCall,
  atCoordinator,
  byTopic,
  checkCode,
  emptyOutcome,
  itemsCall,
  operationsOf,
  type Outcome,
} from './calls.ts'
import type { GroupDescription, GroupListing, GroupMember, GroupOffset } from './types.ts'

/** Groups of every broker: each knows those that it coordinates. */
export async function listGroups(
  cluster: Cluster,
  options: CallOptions & { readonly states?: readonly string[]; readonly types?: readonly string[] } = {},
): Promise<GroupListing[]> {
  return await adminCall(cluster, 'listGroups', options, async (call) => {
    await cluster.refresh(call)
    const lists = await Promise.all(
      [...cluster.metadata.brokers.keys()].map(async (node) => {
        const connection = await cluster.connect({ node }, 'main', call)
        const version = connection.versionFor('ListGroups')
        if (options.types !== undefined && version < 5) {
          throw new KafkaError('UNSUPPORTED_API', `${connection.broker} cannot list groups by type`, { fatal: false })
        }
        const body = {
          ...(version >= 4 ? { statesFilter: [...(options.states ?? [])] } : {}),
          ...(version >= 5 ? { typesFilter: [...(options.types ?? [])] } : {}),
        }
        const response = await connection.request('ListGroups', body, {
          signal: call.signal,
          timeoutMs: Math.max(1, call.remainingMs()),
        })
        checkCode(response.errorCode, 'listGroups')
        return response.groups
      }),
    )
    const groups = lists.flat().map(({ groupId, protocolType, groupState, groupType }) => ({
      groupId,
      protocolType,
      state: groupState,
      type: groupType === '' ? 'classic' : groupType.toLowerCase(),
    }))
    return groups.sort((a, b) => (a.groupId < b.groupId ? -1 : 1))
  })
}

export async function describeGroups(
  cluster: Cluster,
  groupIds: readonly string[],
  options: CallOptions & { readonly includeAuthorizedOperations?: boolean } = {},
): Promise<GroupDescription[]> {
  return await itemsCall(cluster, 'describeGroups', options, async (call) => {
    const outcome = emptyOutcome<GroupDescription>()
    for (const groupId of groupIds) {
      await atCoordinator(cluster, groupId, async () => {
        const coordinator = await cluster.coordinator(groupId, call)
        const body = {
          groups: [groupId],
          ...(options.includeAuthorizedOperations === true ? { includeAuthorizedOperations: true } : {}),
        }
        const response = await cluster.request({ node: coordinator }, 'DescribeGroups', body, call)
        const group = response.groups[0]!
        if (!addItem(outcome, groupId, group.errorCode, group.errorMessage)) return
        outcome.results.push({
          groupId,
          state: group.groupState,
          protocolType: group.protocolType,
          protocol: group.protocolData,
          coordinator,
          members: group.members.map((member) => memberOf(member, group.protocolType)),
          authorizedOperations: operationsOf(group.authorizedOperations),
        })
      })
    }
    return outcome
  })
}

export async function deleteGroups(
  cluster: Cluster,
  groupIds: readonly string[],
  options?: CallOptions,
): Promise<void> {
  await itemsCall(cluster, 'deleteGroups', options, async (call) => {
    const outcome = emptyOutcome<void>()
    for (const groupId of groupIds) {
      await atCoordinator(cluster, groupId, async () => {
        const response = await cluster.request({ group: groupId }, 'DeleteGroups', { groupsNames: [groupId] }, call)
        for (const each of response.results) addItem(outcome, each.groupId, each.errorCode)
      })
    }
    return outcome
  })
}

export async function listGroupOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[] | undefined,
  options: CallOptions & { readonly requireStable?: boolean } = {},
): Promise<GroupOffset[]> {
  return await adminCall(cluster, 'listGroupOffsets', options, async (call) => {
    const offsets = await fetchOffsets(cluster, groupId, partitions ?? null, options.requireStable === true, call)
    return offsets.sort((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
  })
}

export async function alterGroupOffsets(
  cluster: Cluster,
  groupId: string,
  offsets: readonly OffsetToCommit[],
  options?: CallOptions,
): Promise<void> {
  const commits = offsets.map(({ topic, partition, offset, leaderEpoch, metadata }) => ({
    topic,
    partition,
    offset: Number(offset),
    leaderEpoch: leaderEpoch ?? -1,
    metadata: metadata ?? null,
  }))
  // A commit from outside of the group: the coordinator takes it only while the group has no members.
  const committer = { groupId, generationId: -1, memberId: '', groupInstanceId: null }
  let failed: KafkaError | undefined
  await adminCall(cluster, 'alterGroupOffsets', options, async (call) => {
    try {
      await commitOffsets(cluster, committer, commits, call)
    } catch (error) {
      if (!KafkaError.is(error) || error.details.length === 0) throw error
      failed = error
    }
  })
  if (failed === undefined) return
  if (failed.code !== 'UNKNOWN_MEMBER_ID') throw failed
  throw new KafkaError('NON_EMPTY_GROUP', `group ${groupId} has members; stop them before its offsets are changed`, {
    details: failed.details,
    cause: failed,
  })
}

export async function deleteGroupOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[],
  options?: CallOptions,
): Promise<void> {
  await itemsCall(cluster, 'deleteGroupOffsets', options, async (call) => {
    const outcome = emptyOutcome<void>()
    await atCoordinator(cluster, groupId, async () => {
      const topics = byTopic(partitions, ({ partition }) => ({ partitionIndex: partition }))
      const response = await cluster.request({ group: groupId }, 'OffsetDelete', { groupId, topics }, call)
      checkCode(response.errorCode, `group ${groupId}`)
      for (const { name: topic, partitions: answers } of response.topics) {
        for (const { partitionIndex: partition, errorCode } of answers) {
          addItem(outcome, `${topic}-${partition}`, errorCode, null, { topic, partition })
        }
      }
    })
    return outcome
  })
}

export async function removeGroupMembers(
  cluster: Cluster,
  groupId: string,
  members: readonly ({ readonly memberId: string } | { readonly groupInstanceId: string })[],
  options: CallOptions & { readonly reason?: string } = {},
): Promise<void> {
  await itemsCall(cluster, 'removeGroupMembers', options, async (call) => {
    const outcome: Outcome<void> = emptyOutcome()
    await atCoordinator(cluster, groupId, async () => {
      const body = {
        groupId,
        members: members.map((member) => ({
          memberId: 'memberId' in member ? member.memberId : '',
          groupInstanceId: 'groupInstanceId' in member ? member.groupInstanceId : null,
          reason: options.reason ?? 'removed by an administrator',
        })),
      }
      const response = await cluster.request({ group: groupId }, 'LeaveGroup', body, call)
      checkCode(response.errorCode, `group ${groupId}`)
      for (const each of response.members) {
        addItem(outcome, each.groupInstanceId ?? each.memberId, each.errorCode)
      }
    })
    return outcome
  })
}

interface WireMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly memberMetadata: Uint8Array
  readonly memberAssignment: Uint8Array
}

function memberOf(wire: WireMember, protocolType: string): GroupMember {
  let assignment: readonly TopicPartition[] = []
  try {
    if (protocolType === PROTOCOL_TYPE) assignment = decodeAssignment(wire.memberAssignment)
  } catch {
    // Another program's idea of an assignment: the raw bytes are there.
  }
  return {
    memberId: wire.memberId,
    groupInstanceId: wire.groupInstanceId,
    clientId: wire.clientId,
    clientHost: wire.clientHost,
    assignment,
    rawMetadata: wire.memberMetadata,
    rawAssignment: wire.memberAssignment,
  }
}
