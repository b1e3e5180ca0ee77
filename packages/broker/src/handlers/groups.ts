/**
 * The APIs of groups and their offsets: OffsetCommit (8), OffsetFetch (9), JoinGroup (11), Heartbeat (12), LeaveGroup
 * (13), SyncGroup (14), DescribeGroups (15), ListGroups (16), DeleteGroups (42) and OffsetDelete (47).
 *
 * The coordinator does the work; what is added here is where a request came from and what the client may do.
 */
import type { RequestOrigin } from '@braidlog/coordinator'
import { AclOperation, ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model'
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
  type Input,
} from '@braidlog/protocol'
import { servePartly, type Access, type Guard } from '../access.ts'
import { groupOperations } from '../authorized-operations.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler, type RequestContext } from '../handler.ts'

const { DELETE, DESCRIBE, READ } = AclOperation
const GROUP_FORBIDDEN = { errorCode: ErrorCode.GROUP_AUTHORIZATION_FAILED }
const TOPIC_FORBIDDEN = { errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }

/** Up to this version of OffsetFetch an error can be told of partitions only. */
const PARTITION_ERRORS_MAX_VERSION = 1
/** Since then OffsetFetch asks about several groups. */
const SEVERAL_GROUPS_MIN_VERSION = 8

export function groupHandlers(broker: BrokerContext): ApiHandler[] {
  const { groups } = broker
  const memberGuard = { guard: guardMember }
  return [
    api(
      OffsetCommitRequest,
      OffsetCommitResponse,
      (request, context) => groups.offsetCommit(request, originOf(context)),
      { guard: guardCommit(broker) },
    ),
    api(OffsetFetchRequest, OffsetFetchResponse, (request, context) => groups.offsetFetch(request, originOf(context)), {
      guard: guardFetch(broker),
    }),
    api(
      JoinGroupRequest,
      JoinGroupResponse,
      (request, context) => groups.joinGroup(request, originOf(context)),
      memberGuard,
    ),
    api(
      HeartbeatRequest,
      HeartbeatResponse,
      (request, context) => groups.heartbeat(request, originOf(context)),
      memberGuard,
    ),
    api(
      LeaveGroupRequest,
      LeaveGroupResponse,
      (request, context) => groups.leaveGroup(request, originOf(context)),
      memberGuard,
    ),
    api(
      SyncGroupRequest,
      SyncGroupResponse,
      (request, context) => groups.syncGroup(request, originOf(context)),
      memberGuard,
    ),
    api(
      DescribeGroupsRequest,
      DescribeGroupsResponse,
      async (request, context) => {
        const response = await groups.describeGroups(request, originOf(context))
        if (request.includeAuthorizedOperations) {
          for (const group of response.groups) {
            group.authorizedOperations = groupOperations(context.access, group.groupId)
          }
        }
        return response
      },
      {
        guard: async (request, access, serve) => ({
          groups: await servePartly(
            request.groups,
            (groupId) => access.mayOnGroup(DESCRIBE, groupId),
            async (allowed) => (await serve({ ...request, groups: allowed })).groups,
            (groupId) => ({ groupId, ...GROUP_FORBIDDEN }),
          ),
        }),
      },
    ),
    api(ListGroupsRequest, ListGroupsResponse, (request, context) => groups.listGroups(request, originOf(context)), {
      // Who may not describe the cluster sees the groups that it may describe.
      guard: async (request, access, serve) => {
        const response = await serve(request)
        if (access.mayOnCluster(DESCRIBE)) return response
        return { ...response, groups: response.groups?.filter(({ groupId }) => access.mayOnGroup(DESCRIBE, groupId!)) }
      },
    }),
    api(
      DeleteGroupsRequest,
      DeleteGroupsResponse,
      (request, context) => groups.deleteGroups(request, originOf(context)),
      {
        guard: async (request, access, serve) => ({
          results: await servePartly(
            request.groupsNames,
            (groupId) => access.mayOnGroup(DELETE, groupId),
            async (groupsNames) => (await serve({ ...request, groupsNames })).results,
            (groupId) => ({ groupId, ...GROUP_FORBIDDEN }),
          ),
        }),
      },
    ),
    api(
      OffsetDeleteRequest,
      OffsetDeleteResponse,
      (request, context) => groups.offsetDelete(request, originOf(context)),
      { guard: guardOffsetDeletion },
    ),
  ]
}

/** What a member of a group asks: by the right to read as that group. */
function guardMember<Request extends { readonly groupId: string }, Response>(
  request: Request,
  access: Access,
  serve: (request: Request) => Promise<Response>,
): Promise<Response | typeof GROUP_FORBIDDEN> | typeof GROUP_FORBIDDEN {
  return access.mayOnGroup(READ, request.groupId) ? serve(request) : GROUP_FORBIDDEN
}

interface NamedTopic {
  readonly name: string
  readonly topicId: Uuid
}

/** @returns `undefined` for an id that is not known: nothing is hidden by it */
function nameOf(broker: BrokerContext, { name, topicId }: NamedTopic): string | undefined {
  return topicId === ZERO_UUID ? name : broker.image.topicById(topicId)?.name
}

function guardCommit(broker: BrokerContext): Guard<OffsetCommitRequest, Input<OffsetCommitResponse>> {
  return async (request, access, serve) => {
    const refuse = ({ name, topicId, partitions }: OffsetCommitRequest['topics'][number], errorCode: ErrorCode) => ({
      name,
      topicId,
      partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })
    if (!access.mayOnGroup(READ, request.groupId)) {
      return { topics: request.topics.map((topic) => refuse(topic, ErrorCode.GROUP_AUTHORIZATION_FAILED)) }
    }
    const topics = await servePartly(
      request.topics,
      (topic) => {
        const name = nameOf(broker, topic)
        return name === undefined || access.mayOnTopic(READ, name)
      },
      async (allowed) => (await serve({ ...request, topics: allowed })).topics,
      (topic) => refuse(topic, ErrorCode.TOPIC_AUTHORIZATION_FAILED),
    )
    return { topics }
  }
}

/**
 * Groups that may not be described are refused whole. Of topics that may not be, those asked for are refused and those
 * that come along with all others are left out.
 */
function guardFetch(broker: BrokerContext): Guard<OffsetFetchRequest, Input<OffsetFetchResponse>> {
  return async (request, access, serve, apiVersion) => {
    const mayDescribe = (topic: NamedTopic): boolean => {
      const name = nameOf(broker, topic)
      return name === undefined || access.mayOnTopic(DESCRIBE, name)
    }
    const refuse = ({ name, topicId, partitionIndexes }: AskedOffsets, errorCode: ErrorCode) => ({
      name,
      topicId,
      partitions: partitionIndexes.map((partitionIndex) => ({
        partitionIndex,
        committedOffset: -1,
        metadata: '',
        errorCode,
      })),
    })
    const mayShow = (topic: Input<NamedTopic>): boolean =>
      mayDescribe({ name: topic.name ?? '', topicId: topic.topicId ?? ZERO_UUID })

    if (apiVersion < SEVERAL_GROUPS_MIN_VERSION) {
      const topics = request.topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null
      if (!access.mayOnGroup(DESCRIBE, request.groupId)) {
        if (apiVersion > PARTITION_ERRORS_MAX_VERSION) return GROUP_FORBIDDEN
        return { topics: (topics ?? []).map((topic) => refuse(topic, ErrorCode.GROUP_AUTHORIZATION_FAILED)) }
      }
      const refused = (topics ?? []).filter((topic) => !mayDescribe(topic))
      const response = await serve({ ...request, topics: topics?.filter(mayDescribe) ?? null })
      const shown =
        topics === null ? (response.topics ?? []).filter((topic) => mayShow(topic)) : (response.topics ?? [])
      if (response.errorCode !== undefined && response.errorCode !== ErrorCode.NONE) return response
      return {
        ...response,
        topics: [...shown, ...refused.map((topic) => refuse(topic, TOPIC_FORBIDDEN.errorCode))],
      }
    }

    const groups = await servePartly(
      request.groups,
      ({ groupId }) => access.mayOnGroup(DESCRIBE, groupId),
      async (allowed) => {
        const asked = allowed.map((group) => ({ ...group, topics: group.topics?.filter(mayDescribe) ?? null }))
        const response = await serve({ ...request, groups: asked })
        return (response.groups ?? []).map((group, index) => {
          if (group.errorCode !== undefined && group.errorCode !== ErrorCode.NONE) return group
          const { topics } = allowed[index]!
          if (topics === null) return { ...group, topics: (group.topics ?? []).filter((topic) => mayShow(topic)) }
          const refused = topics.filter((topic) => !mayDescribe(topic))
          return {
            ...group,
            topics: [...(group.topics ?? []), ...refused.map((topic) => refuse(topic, TOPIC_FORBIDDEN.errorCode))],
          }
        })
      },
      ({ groupId }) => ({ groupId, ...GROUP_FORBIDDEN }),
    )
    return { groups }
  }
}

type AskedOffsets = NamedTopic & { readonly partitionIndexes: readonly number[] }

const guardOffsetDeletion: Guard<OffsetDeleteRequest, Input<OffsetDeleteResponse>> = async (request, access, serve) => {
  if (!access.mayOnGroup(DELETE, request.groupId)) return GROUP_FORBIDDEN
  const forbidden = request.topics.filter(({ name }) => !access.mayOnTopic(READ, name))
  const topics = request.topics.filter((topic) => !forbidden.includes(topic))
  const response = await serve({ ...request, topics })
  if (response.errorCode !== undefined && response.errorCode !== ErrorCode.NONE) return response
  const refused = forbidden.map(({ name, partitions }) => ({
    name,
    partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, ...TOPIC_FORBIDDEN })),
  }))
  return { ...response, topics: [...(response.topics ?? []), ...refused] }
}

function originOf({ apiVersion, clientId, clientHost }: RequestContext): RequestOrigin {
  return { apiVersion, clientId, clientHost }
}
