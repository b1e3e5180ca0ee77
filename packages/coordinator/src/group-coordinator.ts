/**
 * The group coordinator as a broker sees it: one method per API, protocol messages in, protocol messages out.
 *
 * A group belongs to partition `javaStringHash(groupId) % partitionCount` of `__consumer_offsets`; whoever leads that
 * partition coordinates the group. Each partition is one {@link GroupShard} on one {@link CoordinatorHost}; this class
 * routes to them, splits requests that name several groups, and joins the answers.
 *
 * Authorization is not done here: a handler removes what the principal may not see before it calls, and fills in
 * `authorizedOperations` afterwards.
 *
 * Ownership: requests are decoded from a socket's buffer; what outlives the call (subscriptions, assignments) is copied
 * here, so the caller may reuse the buffer when the method has returned. Responses hold bytes of the coordinator: they
 * are to be encoded, not changed.
 */
import type { Clock, Logger, Random, Timers } from '@braidlog/base'
import { ErrorCode, internalPartitionFor } from '@braidlog/model'
import type {
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
import type { Codecs } from '@braidlog/records'
import type { GroupCoordinatorConfig } from './config.ts'
import { CoordinatorHost } from './coordinator-host.ts'
import type { CoordinatorLog } from './coordinator-log.ts'
import {
  deleteFailed,
  describeFailed,
  joinFailed,
  leaveFailed,
  offsetFetchFailed,
  syncFailed,
} from './group-failures.ts'
import type { DeletedTopic, GroupRequest, GroupResponse, GroupResponses } from './group-messages.ts'
import { decodeGroupRecord, encodeGroupRecord, type GroupRecord } from './group-record.ts'
import { GroupShard } from './group-shard.ts'
import { memberIdSuffix } from './member-id.ts'
import { offsetCommitFailed, offsetDeleteFailed } from './offset-requests.ts'
import { routeCommit, routeDelete, routeFetch, SEVERAL_GROUPS_VERSION } from './offset-routing.ts'
import type { TopicLookup } from './topic-lookup.ts'

/** Where a request comes from: what the protocol lets depend on version and client. */
export interface RequestOrigin {
  readonly apiVersion: number
  readonly clientId: string
  /** The peer's address; DescribeGroups shows it as `/10.0.0.7`. */
  readonly clientHost: string
}

export interface GroupCoordinatorOptions {
  readonly config: GroupCoordinatorConfig
  /** Partitions of `__consumer_offsets` (`offsets.topic.num.partitions`). */
  readonly partitionCount: number
  readonly topics: TopicLookup
  /** Checksums for what is written; decompression for logs that were written with `offsets.topic.compression.codec`. */
  readonly codecs: Codecs
  readonly clock: Clock
  readonly timers: Timers
  /** Makes member ids. */
  readonly random: Random
  readonly logger: Logger
  /**
   * Runs a turn soon; requests that come until then share its batch. Default: a microtask. A broker passes something
   * that runs after all sockets have been read (`setImmediate`).
   */
  readonly defer?: (turn: () => void) => void
}

type GroupHost = CoordinatorHost<GroupRequest, GroupResponse, GroupRecord>

/** Versions from which a response may carry a null protocol name, and from which a leave names several members. */
const NULLABLE_PROTOCOL_VERSION = 7
const SEVERAL_MEMBERS_VERSION = 3
/** Version from which a sync must name the protocol it was made for. */
const NAMED_PROTOCOL_VERSION = 5

/**
 * Every promise resolves with a response message, never with an exception for what the protocol can say, and is bounded
 * by the group's own timeouts: a join by the rebalance, a write by the high watermark or the loss of leadership.
 */
export class GroupCoordinator {
  readonly #options: GroupCoordinatorOptions
  readonly #hosts = new Map<number, GroupHost>()
  /** Highest leader epoch heard of, per partition: older news is ignored. */
  readonly #epochs = new Map<number, number>()
  #isClosed = false

  constructor(options: GroupCoordinatorOptions) {
    this.#options = options
  }

  // Ownership

  /** The partition of `__consumer_offsets` that owns the group. For FindCoordinator. */
  partitionFor(groupId: string): number {
    return internalPartitionFor(groupId, this.#options.partitionCount)
  }

  /**
   * This node now leads the partition: its shard starts to load. Until it has, requests for its groups are answered
   * with COORDINATOR_LOAD_IN_PROGRESS. An epoch that is not higher than all known ones is ignored.
   * @returns when the load has ended (for start-up and tests; nobody has to wait).
   */
  lead(partition: number, leaderEpoch: number, log: CoordinatorLog): Promise<void> {
    if (this.#isClosed || !this.#isNews(partition, leaderEpoch)) return Promise.resolve()
    this.#hosts.get(partition)?.close()
    const { config, codecs, clock, timers, logger, defer } = this.#options
    const host: GroupHost = new CoordinatorHost({
      name: `__consumer_offsets-${partition}`,
      log,
      machine: () => new GroupShard(config),
      serde: { encode: encodeGroupRecord, decode: decodeGroupRecord },
      codecs,
      clock,
      timers,
      logger,
      defer: defer ?? ((turn) => void Promise.resolve().then(turn)),
      requestsMax: config.shardRequestsMax,
      appendBatchSizeMaxBytes: config.appendBatchSizeMaxBytes,
      loadChunkSizeBytes: config.loadChunkSizeBytes,
    })
    this.#hosts.set(partition, host)
    return host.loaded()
  }

  /**
   * This node no longer leads the partition since `leaderEpoch`: whatever waits is answered with NOT_COORDINATOR, the
   * state is dropped. Leading again needs a higher epoch.
   */
  resign(partition: number, leaderEpoch: number): void {
    const known = this.#epochs.get(partition)
    if (known !== undefined && leaderEpoch < known) return
    this.#epochs.set(partition, leaderEpoch)
    this.#hosts.get(partition)?.close()
    this.#hosts.delete(partition)
  }

  /** A transaction marker has been appended to a partition this node leads. */
  endTransaction(partition: number, producerId: number, committed: boolean): void {
    this.#hosts.get(partition)?.endTransaction(producerId, committed)
  }

  /** The topics are gone: their committed offsets are tombstoned, in shards that still load as soon as they have. */
  topicsDeleted(topics: readonly DeletedTopic[]): void {
    for (const host of this.#hosts.values()) {
      void host.loaded().then(() => {
        host.submit({ api: 'topicsDeleted', topics }, { complete: ignore, fail: ignore })
      })
    }
  }

  /** Answers whatever waits with COORDINATOR_NOT_AVAILABLE and stops all timers. */
  close(): void {
    this.#isClosed = true
    for (const host of this.#hosts.values()) host.close(ErrorCode.COORDINATOR_NOT_AVAILABLE)
    this.#hosts.clear()
  }

  // Membership

  async joinGroup(request: JoinGroupRequest, origin: RequestOrigin): Promise<JoinGroupResponse> {
    const { apiVersion, clientId, clientHost } = origin
    const { groupId, memberId, sessionTimeoutMs } = request
    const { sessionTimeoutMinMs, sessionTimeoutMaxMs } = this.#options.config
    const fail = (error: ErrorCode): JoinGroupResponse => joinFailed(error, memberId)
    const isTimeoutAllowed = sessionTimeoutMs >= sessionTimeoutMinMs && sessionTimeoutMs <= sessionTimeoutMaxMs
    let response: JoinGroupResponse
    if (groupId === '') response = fail(ErrorCode.INVALID_GROUP_ID)
    else if (!isTimeoutAllowed) response = fail(ErrorCode.INVALID_SESSION_TIMEOUT)
    else {
      const join = {
        api: 'joinGroup',
        request: ownJoin(request),
        apiVersion,
        clientId,
        clientHost: `/${clientHost}`,
        memberIdSuffix: memberIdSuffix(this.#options.random),
      } as const
      response = await this.#ask('joinGroup', groupId, join, fail)
    }
    const mustName = apiVersion < NULLABLE_PROTOCOL_VERSION && response.protocolName === null
    return mustName ? { ...response, protocolName: '' } : response
  }

  async syncGroup(request: SyncGroupRequest, origin: RequestOrigin): Promise<SyncGroupResponse> {
    const { groupId, protocolType, protocolName } = request
    const isProtocolNamed = protocolType !== null && protocolName !== null
    if (origin.apiVersion >= NAMED_PROTOCOL_VERSION && !isProtocolNamed) {
      return syncFailed(ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
    }
    if (groupId === '') return syncFailed(ErrorCode.INVALID_GROUP_ID)
    return this.#ask('syncGroup', groupId, { api: 'syncGroup', request: ownSync(request) }, syncFailed)
  }

  async heartbeat(request: HeartbeatRequest, _origin: RequestOrigin): Promise<HeartbeatResponse> {
    const fail = (errorCode: ErrorCode): HeartbeatResponse => ({ throttleTimeMs: 0, errorCode })
    if (request.groupId === '') return fail(ErrorCode.INVALID_GROUP_ID)
    return this.#ask('heartbeat', request.groupId, { api: 'heartbeat', request }, (error) =>
      // While the group loads its sessions have not begun: the member is fine, and need not look for a coordinator.
      fail(error === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ? ErrorCode.NONE : error),
    )
  }

  async leaveGroup(request: LeaveGroupRequest, origin: RequestOrigin): Promise<LeaveGroupResponse> {
    const { groupId, memberId } = request
    if (groupId === '') return leaveFailed(ErrorCode.INVALID_GROUP_ID)
    const isSingle = origin.apiVersion < SEVERAL_MEMBERS_VERSION
    const members = isSingle ? [{ memberId, groupInstanceId: null, reason: null }] : request.members
    const leave = { api: 'leaveGroup', request: { ...request, members } } as const
    const response = await this.#ask('leaveGroup', groupId, leave, leaveFailed)
    if (!isSingle) return response
    const errorCode = response.errorCode === ErrorCode.NONE ? response.members[0]!.errorCode : response.errorCode
    return { ...response, errorCode, members: [] }
  }

  // Offsets

  async offsetCommit(request: OffsetCommitRequest, { apiVersion }: RequestOrigin): Promise<OffsetCommitResponse> {
    const routed = routeCommit(this.#options.topics, request, apiVersion)
    if (routed.request.topics.length === 0) return routed.merge({ throttleTimeMs: 0, topics: [] })
    const commit = { api: 'offsetCommit', request: routed.request, apiVersion } as const
    const fail = (error: ErrorCode): OffsetCommitResponse => offsetCommitFailed(routed.request, error)
    return routed.merge(await this.#ask('offsetCommit', request.groupId, commit, fail))
  }

  async offsetFetch(request: OffsetFetchRequest, { apiVersion }: RequestOrigin): Promise<OffsetFetchResponse> {
    const { requireStable } = request
    const groups = await Promise.all(
      routeFetch(this.#options.topics, request, apiVersion).map(async ({ group, merge }) => {
        const fail = (error: ErrorCode): GroupResponses['offsetFetch'] => offsetFetchFailed(group, error, apiVersion)
        const fetch = { api: 'offsetFetch', group, requireStable } as const
        const response = await this.#ask('offsetFetch', group.groupId, fetch, fail)
        return response.errorCode === ErrorCode.NONE ? merge(response) : response
      }),
    )
    if (apiVersion >= SEVERAL_GROUPS_VERSION)
      return { throttleTimeMs: 0, topics: [], errorCode: ErrorCode.NONE, groups }
    const { topics, errorCode } = groups[0]!
    return { throttleTimeMs: 0, topics, errorCode, groups: [] }
  }

  async offsetDelete(request: OffsetDeleteRequest, _origin: RequestOrigin): Promise<OffsetDeleteResponse> {
    if (request.groupId === '') return offsetDeleteFailed(ErrorCode.INVALID_GROUP_ID)
    const routed = routeDelete(this.#options.topics, request)
    const remove = { api: 'offsetDelete', request: routed.request } as const
    return routed.merge(await this.#ask('offsetDelete', request.groupId, remove, offsetDeleteFailed))
  }

  // Administration

  /** Groups of all partitions this node leads; an error when one of them cannot tell (it loads, say). */
  async listGroups(request: ListGroupsRequest, _origin: RequestOrigin): Promise<ListGroupsResponse> {
    if (this.#isClosed) return { throttleTimeMs: 0, errorCode: ErrorCode.COORDINATOR_NOT_AVAILABLE, groups: [] }
    let errorCode: ErrorCode = ErrorCode.NONE
    const list = { api: 'listGroups', states: request.statesFilter, types: request.typesFilter } as const
    const listed = await Promise.all(
      Array.from(this.#hosts.values(), (host) =>
        ask(host, 'listGroups', list, (error) => {
          if (error !== ErrorCode.NOT_COORDINATOR) errorCode = error
          return []
        }),
      ),
    )
    return { throttleTimeMs: 0, errorCode, groups: errorCode === ErrorCode.NONE ? listed.flat() : [] }
  }

  async describeGroups(request: DescribeGroupsRequest, origin: RequestOrigin): Promise<DescribeGroupsResponse> {
    const { apiVersion } = origin
    const described = await this.#askEach('describeGroups', request.groups, describeFailed, (groupIds) => ({
      api: 'describeGroups',
      groupIds,
      apiVersion,
    }))
    return { throttleTimeMs: 0, groups: described }
  }

  async deleteGroups(request: DeleteGroupsRequest, _origin: RequestOrigin): Promise<DeleteGroupsResponse> {
    const results = await this.#askEach('deleteGroups', request.groupsNames, deleteFailed, (groupIds) => ({
      api: 'deleteGroups',
      groupIds,
    }))
    return { throttleTimeMs: 0, results }
  }

  // Routing

  #ask<A extends keyof GroupResponses>(
    api: A,
    groupId: string,
    request: Extract<GroupRequest, { readonly api: A }>,
    fail: (error: ErrorCode) => GroupResponses[A],
  ): Promise<GroupResponses[A]> {
    if (this.#isClosed) return Promise.resolve(fail(ErrorCode.COORDINATOR_NOT_AVAILABLE))
    const host = this.#hosts.get(this.partitionFor(groupId))
    return host === undefined ? Promise.resolve(fail(ErrorCode.NOT_COORDINATOR)) : ask(host, api, request, fail)
  }

  /** Asks each shard once for its part of the groups. @returns answers in no particular order */
  async #askEach<A extends 'describeGroups' | 'deleteGroups'>(
    api: A,
    groupIds: readonly string[],
    fail: (groupIds: readonly string[], error: ErrorCode) => GroupResponses[A],
    request: (groupIds: readonly string[]) => Extract<GroupRequest, { readonly api: A }>,
  ): Promise<GroupResponses[A]> {
    const byPartition = Map.groupBy(groupIds, (groupId) => this.partitionFor(groupId))
    const answers = await Promise.all(
      Array.from(byPartition.values(), (ids) => this.#ask(api, ids[0]!, request(ids), (error) => fail(ids, error))),
    )
    return answers.flat() as GroupResponses[A]
  }

  #isNews(partition: number, leaderEpoch: number): boolean {
    const known = this.#epochs.get(partition)
    if (known !== undefined && leaderEpoch <= known) return false
    this.#epochs.set(partition, leaderEpoch)
    return true
  }
}

function ask<A extends keyof GroupResponses>(
  host: GroupHost,
  _api: A,
  request: Extract<GroupRequest, { readonly api: A }>,
  fail: (error: ErrorCode) => GroupResponses[A],
): Promise<GroupResponses[A]> {
  return new Promise((resolve) => {
    host.submit(request, {
      complete: (response) => resolve(response as GroupResponses[A]),
      fail: (error) => resolve(fail(error)),
    })
  })
}

const ignore = (): void => {}

/** Copies what the group keeps. A protocol that is named twice counts once; version 0 has no rebalance timeout. */
function ownJoin(request: JoinGroupRequest): JoinGroupRequest {
  const names = new Set<string>()
  const protocols: JoinGroupRequest['protocols'] = []
  for (const { name, metadata } of request.protocols) {
    if (names.has(name)) continue
    names.add(name)
    protocols.push({ name, metadata: metadata.slice() })
  }
  const { rebalanceTimeoutMs, sessionTimeoutMs } = request
  return { ...request, protocols, rebalanceTimeoutMs: rebalanceTimeoutMs < 0 ? sessionTimeoutMs : rebalanceTimeoutMs }
}

function ownSync(request: SyncGroupRequest): SyncGroupRequest {
  const assignments = request.assignments.map(({ memberId, assignment }) => ({
    memberId,
    assignment: assignment.slice(),
  }))
  return { ...request, assignments }
}
