/**
 * OffsetCommit (API key 8), OffsetFetch (9) and OffsetDelete (47) on one group.
 *
 * Commits come from three kinds of senders: a member (checked against the generation), a consumer that assigns itself
 * partitions and uses the group for storage only, and an administrator; the last two only while the group has no
 * members.
 */
import { ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model'
import type {
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  OffsetFetchResponse,
} from '@braidlog/protocol'
import type { ClassicGroup } from './classic-group.ts'
import type { OffsetFetchGroup } from './group-messages.ts'
import { validateMember } from './membership.ts'
import type { CommittedOffset, Offsets } from './offsets.ts'
import { restartSession } from './rebalance.ts'
import type { Step } from './step.ts'

/** Version from which a commit to a group that does not exist is told so. */
const GROUP_ID_NOT_FOUND_VERSION = 9
const NO_RETENTION_TIME = -1

/** @param group undefined: it does not exist; a commit without a generation then makes an offset-only group */
export function offsetCommit(
  step: Step,
  group: ClassicGroup | undefined,
  request: OffsetCommitRequest,
  apiVersion: number,
): OffsetCommitResponse {
  const error = validateCommit(group, request, apiVersion)
  if (error !== ErrorCode.NONE) return offsetCommitFailed(request, error)
  if (group !== undefined) keepSession(step, group, request.memberId)
  const { wallMs } = step.now
  const expireTimestamp = request.retentionTimeMs === NO_RETENTION_TIME ? -1 : wallMs + request.retentionTimeMs
  const topics = request.topics.map((topic) => ({
    name: topic.name,
    topicId: topic.topicId,
    partitions: topic.partitions.map((partition) => {
      const { partitionIndex, committedMetadata } = partition
      const metadata = committedMetadata ?? ''
      if (metadata.length > step.config.offsetMetadataSizeMaxBytes) {
        return { partitionIndex, errorCode: ErrorCode.OFFSET_METADATA_TOO_LARGE }
      }
      step.records.push({
        kind: 'offset',
        groupId: request.groupId,
        topic: topic.name,
        partition: partitionIndex,
        value: {
          offset: partition.committedOffset,
          leaderEpoch: partition.committedLeaderEpoch,
          metadata,
          commitTimestamp: wallMs,
          expireTimestamp,
          topicId: topic.topicId,
        },
      })
      return { partitionIndex, errorCode: ErrorCode.NONE }
    }),
  }))
  return { throttleTimeMs: 0, topics }
}

function validateCommit(group: ClassicGroup | undefined, request: OffsetCommitRequest, apiVersion: number): ErrorCode {
  const { generationIdOrMemberEpoch: generation, memberId, groupInstanceId } = request
  if (group === undefined) {
    if (generation < 0) return ErrorCode.NONE
    return apiVersion >= GROUP_ID_NOT_FOUND_VERSION ? ErrorCode.GROUP_ID_NOT_FOUND : ErrorCode.ILLEGAL_GENERATION
  }
  if (generation < 0 && group.state() === 'Empty') return ErrorCode.NONE
  if (generation < 0 && memberId === '' && groupInstanceId === null) return ErrorCode.UNKNOWN_MEMBER_ID
  const error = validateMember(group, memberId, groupInstanceId)
  if (error !== ErrorCode.NONE) return error
  if (generation !== group.generation) return ErrorCode.ILLEGAL_GENERATION
  // The member has its generation but not yet its assignment, so these offsets are of partitions it has lost.
  return group.state() === 'CompletingRebalance' ? ErrorCode.REBALANCE_IN_PROGRESS : ErrorCode.NONE
}

/** A commit proves that the member lives, like a heartbeat. */
function keepSession(step: Step, group: ClassicGroup, memberId: string): void {
  const member = group.member(memberId)
  if (member !== undefined) restartSession(step, member)
}

export function offsetCommitFailed(request: OffsetCommitRequest, errorCode: ErrorCode): OffsetCommitResponse {
  return {
    throttleTimeMs: 0,
    topics: request.topics.map((topic) => ({
      name: topic.name,
      topicId: topic.topicId,
      partitions: topic.partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode })),
    })),
  }
}

type FetchedGroup = OffsetFetchResponse['groups'][number]
type FetchedPartition = FetchedGroup['topics'][number]['partitions'][number]

/** An unknown group is no error here: it has committed nothing. */
export function offsetFetch(offsets: Offsets, group: OffsetFetchGroup, requireStable: boolean): FetchedGroup {
  const committed = offsets.of(group.groupId)
  const isUnstable = (topic: string, partition: number): boolean =>
    requireStable && offsets.isUnstable(group.groupId, topic, partition)
  const topics: FetchedGroup['topics'] = []
  if (group.topics === null) {
    for (const [name, partitions] of committed ?? []) {
      const fetched = Array.from(partitions, ([partitionIndex, offset]) =>
        fetchedPartition(partitionIndex, offset, isUnstable(name, partitionIndex)),
      )
      topics.push({ name, topicId: ZERO_UUID, partitions: fetched })
    }
  } else {
    for (const { name, topicId, partitionIndexes } of group.topics) {
      const partitions = committed?.get(name)
      const fetched = partitionIndexes.map((partitionIndex) => {
        const offset = partitions?.get(partitionIndex)
        const isOfTopic = offset !== undefined && !areDifferent(offset.topicId, topicId)
        return fetchedPartition(partitionIndex, isOfTopic ? offset : undefined, isUnstable(name, partitionIndex))
      })
      topics.push({ name, topicId, partitions: fetched })
    }
  }
  return { groupId: group.groupId, topics, errorCode: ErrorCode.NONE }
}

/** An offset of an earlier topic of the same name is not this topic's (KIP-516). Old records do not say. */
function areDifferent(a: Uuid, b: Uuid): boolean {
  return a !== ZERO_UUID && b !== ZERO_UUID && a !== b
}

function fetchedPartition(
  partitionIndex: number,
  offset: CommittedOffset | undefined,
  isUnstable: boolean,
): FetchedPartition {
  if (isUnstable) {
    const errorCode = ErrorCode.UNSTABLE_OFFSET_COMMIT
    return { partitionIndex, committedOffset: -1, committedLeaderEpoch: -1, metadata: '', errorCode }
  }
  return {
    partitionIndex,
    committedOffset: offset?.offset ?? -1,
    committedLeaderEpoch: offset?.leaderEpoch ?? -1,
    metadata: offset?.metadata ?? '',
    errorCode: ErrorCode.NONE,
  }
}

/** Only offsets that nobody uses may go: of a group without members, or of topics that its members do not consume. */
export function offsetDelete(
  step: Step,
  offsets: Offsets,
  group: ClassicGroup | undefined,
  request: OffsetDeleteRequest,
): OffsetDeleteResponse {
  if (group === undefined) return offsetDeleteFailed(ErrorCode.GROUP_ID_NOT_FOUND)
  if (group.state() !== 'Empty' && !group.usesConsumerProtocol()) return offsetDeleteFailed(ErrorCode.NON_EMPTY_GROUP)
  const { groupId } = request
  const topics = request.topics.map(({ name, partitions }) => {
    const isSubscribed = group.isSubscribedTo(name)
    return {
      name,
      partitions: partitions.map(({ partitionIndex }) => {
        if (isSubscribed) return { partitionIndex, errorCode: ErrorCode.GROUP_SUBSCRIBED_TO_TOPIC }
        const key = { groupId, topic: name, partition: partitionIndex }
        if (offsets.get(key) !== undefined || offsets.isUnstable(groupId, name, partitionIndex)) {
          step.records.push({ kind: 'offset', ...key, value: null })
        }
        return { partitionIndex, errorCode: ErrorCode.NONE }
      }),
    }
  })
  return { errorCode: ErrorCode.NONE, throttleTimeMs: 0, topics }
}

export function offsetDeleteFailed(errorCode: ErrorCode): OffsetDeleteResponse {
  return { errorCode, throttleTimeMs: 0, topics: [] }
}
