/**
 * The group coordinator as a broker sees it: one method per API, protocol messages in, protocol messages out.
 *
 * A group belongs to partition `javaStringHash(groupId) % partitionCount` of `__consumer_offsets`; whoever leads that
 * partition coordinates the group. Each partition is one {@link GroupShard} on one {@link CoordinatorHost}; this class
 * routes to them, splits requests that name several groups, and joins the answers.
 *
 * Authorization is not done here: a handler removes what the principal may not see before it calls, and fills in
 * `authorizedOperations` afterwards.
 */
import type { Clock, Logger, Random, Timers } from '@braidlog/base'
import type { Uuid } from '@braidlog/model'
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
import type { GroupCoordinatorConfig } from './config.ts'
import type { CoordinatorLog } from './coordinator-log.ts'

/** Where a request comes from: what the protocol lets depend on version and client. */
export interface RequestOrigin {
  readonly apiVersion: number
  readonly clientId: string
  /** The peer's address; shown by DescribeGroups as `/10.0.0.7`. */
  readonly clientHost: string
}

/** What a coordinator asks of the metadata image. */
export interface TopicLookup {
  topicId(name: string): Uuid | undefined
  topicName(id: Uuid): string | undefined
  /** @returns how many partitions the topic has; `undefined` when there is no such topic. */
  partitionCount(name: string): number | undefined
}

export interface GroupCoordinatorOptions {
  readonly config: GroupCoordinatorConfig
  /** Partitions of `__consumer_offsets` (`offsets.topic.num.partitions`). */
  readonly partitionCount: number
  readonly topics: TopicLookup
  readonly clock: Clock
  readonly timers: Timers
  /** Makes member ids. */
  readonly random: Random
  readonly logger: Logger
}

/**
 * Every promise resolves with a response message, never with an exception for what the protocol can say, and is bounded
 * by the group's own timeouts: a join by the rebalance, a write by the high watermark or the loss of leadership.
 */
export class GroupCoordinator {
  constructor(_options: GroupCoordinatorOptions) {
    throw new Error('being written')
  }

  /** The partition of `__consumer_offsets` that owns the group. For FindCoordinator. */
  partitionFor(_groupId: string): number {
    throw new Error('being written')
  }

  /**
   * This node now leads the partition: its shard starts to load. Until it has, requests for its groups are answered
   * with COORDINATOR_LOAD_IN_PROGRESS. A lower or equal epoch than the one known is ignored.
   * @returns when the load has ended (for start-up and tests; nobody has to wait).
   */
  lead(_partition: number, _leaderEpoch: number, _log: CoordinatorLog): Promise<void> {
    throw new Error('being written')
  }

  /** This node no longer leads the partition: whatever waits is answered with NOT_COORDINATOR, the state is dropped. */
  resign(_partition: number, _leaderEpoch: number): void {
    throw new Error('being written')
  }

  joinGroup(_request: JoinGroupRequest, _origin: RequestOrigin): Promise<JoinGroupResponse> {
    throw new Error('being written')
  }

  syncGroup(_request: SyncGroupRequest, _origin: RequestOrigin): Promise<SyncGroupResponse> {
    throw new Error('being written')
  }

  heartbeat(_request: HeartbeatRequest, _origin: RequestOrigin): Promise<HeartbeatResponse> {
    throw new Error('being written')
  }

  leaveGroup(_request: LeaveGroupRequest, _origin: RequestOrigin): Promise<LeaveGroupResponse> {
    throw new Error('being written')
  }

  offsetCommit(_request: OffsetCommitRequest, _origin: RequestOrigin): Promise<OffsetCommitResponse> {
    throw new Error('being written')
  }

  offsetFetch(_request: OffsetFetchRequest, _origin: RequestOrigin): Promise<OffsetFetchResponse> {
    throw new Error('being written')
  }

  offsetDelete(_request: OffsetDeleteRequest, _origin: RequestOrigin): Promise<OffsetDeleteResponse> {
    throw new Error('being written')
  }

  listGroups(_request: ListGroupsRequest, _origin: RequestOrigin): Promise<ListGroupsResponse> {
    throw new Error('being written')
  }

  describeGroups(_request: DescribeGroupsRequest, _origin: RequestOrigin): Promise<DescribeGroupsResponse> {
    throw new Error('being written')
  }

  deleteGroups(_request: DeleteGroupsRequest, _origin: RequestOrigin): Promise<DeleteGroupsResponse> {
    throw new Error('being written')
  }

  /** The topics are gone: their committed offsets are tombstoned. */
  topicsDeleted(_names: readonly string[]): void {
    throw new Error('being written')
  }

  /** Answers whatever waits with COORDINATOR_NOT_AVAILABLE and stops all timers. */
  close(): void {
    throw new Error('being written')
  }
}
