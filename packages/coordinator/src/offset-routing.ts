/**
 * What OffsetCommit, OffsetFetch and OffsetDelete ask of the metadata image before and after the group is asked: topic
 * names for ids (v10 of the first two), and whether a partition exists. Partitions that fail here keep their place in
 * the answer.
 */
import { ErrorCode, ZERO_UUID } from '@braidlog/model'
import type {
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  OffsetFetchRequest,
} from '@braidlog/protocol'
import { fetchFailed } from './group-failures.ts'
import type { GroupResponses, OffsetFetchGroup } from './group-messages.ts'
import type { TopicLookup } from './topic-lookup.ts'

/** Version from which OffsetCommit and OffsetFetch name topics by id. */
const TOPIC_ID_VERSION = 10
/** Version from which OffsetFetch asks for several groups. */
export const SEVERAL_GROUPS_VERSION = 8

type CommitTopic = OffsetCommitRequest['topics'][number]
type FetchedGroup = GroupResponses['offsetFetch']

export interface RoutedCommit {
  /** With what exists only; names and ids both filled in. */
  readonly request: OffsetCommitRequest
  readonly merge: (response: OffsetCommitResponse) => OffsetCommitResponse
}

export function routeCommit(topics: TopicLookup, request: OffsetCommitRequest, apiVersion: number): RoutedCommit {
  const routed = request.topics.map((topic) => routeCommitTopic(topics, topic, apiVersion))
  const accepted = routed
    .map(({ name, topicId, partitions, errors }) => ({
      name,
      topicId,
      partitions: partitions.filter((_, i) => errors[i] === ErrorCode.NONE),
    }))
    .filter(({ partitions }) => partitions.length > 0)
  return {
    request: { ...request, topics: accepted },
    merge(response) {
      const answered = response.topics.values()
      const merged = routed.map(({ topic, partitions, errors }) => {
        const isAsked = errors.includes(ErrorCode.NONE)
        const results = (isAsked ? (answered.next().value?.partitions ?? []) : []).values()
        return {
          name: topic.name,
          topicId: topic.topicId,
          partitions: partitions.map(({ partitionIndex }, i) => ({
            partitionIndex,
            errorCode: errors[i] === ErrorCode.NONE ? (results.next().value?.errorCode ?? ErrorCode.NONE) : errors[i]!,
          })),
        }
      })
      return { throttleTimeMs: response.throttleTimeMs, topics: merged }
    },
  }
}

function routeCommitTopic(topics: TopicLookup, topic: CommitTopic, apiVersion: number) {
  const usesIds = apiVersion >= TOPIC_ID_VERSION
  const name = usesIds ? topics.topicName(topic.topicId) : topic.name
  const topicId = usesIds ? topic.topicId : topics.topicId(topic.name)
  const count = name === undefined ? undefined : topics.partitionCount(name)
  const unknown = usesIds && name === undefined ? ErrorCode.UNKNOWN_TOPIC_ID : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
  const { partitions } = topic
  const errors = partitions.map(({ partitionIndex }) => (exists(partitionIndex, count) ? ErrorCode.NONE : unknown))
  return { topic, name: name ?? '', topicId: topicId ?? ZERO_UUID, partitions, errors }
}

function exists(partitionIndex: number, count: number | undefined): boolean {
  return count !== undefined && partitionIndex >= 0 && partitionIndex < count
}

export interface RoutedFetch {
  readonly group: OffsetFetchGroup
  readonly merge: (response: FetchedGroup) => FetchedGroup
}

/** The groups that any version of OffsetFetch asks for. */
export function routeFetch(topics: TopicLookup, request: OffsetFetchRequest, apiVersion: number): RoutedFetch[] {
  const groups = apiVersion >= SEVERAL_GROUPS_VERSION ? request.groups : [withIds(request)]
  return groups.map((group) => {
    if (group.topics === null) return routeFetchAll(topics, group.groupId, apiVersion)
    if (apiVersion < TOPIC_ID_VERSION) return { group: { ...group, topics: group.topics }, merge: unchanged }
    const named = group.topics.map((topic) => ({ ...topic, name: topics.topicName(topic.topicId) ?? '' }))
    const unknown = named.filter(({ name }) => name === '')
    return {
      group: { groupId: group.groupId, topics: named.filter(({ name }) => name !== '') },
      merge: (response) => ({ ...response, topics: [...response.topics, ...unknown.map(unknownTopic)] }),
    }
  })
}

function withIds({ groupId, topics }: OffsetFetchRequest): OffsetFetchGroup {
  return { groupId, topics: topics?.map((topic) => ({ ...topic, topicId: ZERO_UUID })) ?? null }
}

const unchanged = (response: FetchedGroup): FetchedGroup => response

/** Offsets of a topic that has no id (any more) cannot be told to a client that knows ids only. */
function routeFetchAll(topics: TopicLookup, groupId: string, apiVersion: number): RoutedFetch {
  if (apiVersion < TOPIC_ID_VERSION) return { group: { groupId, topics: null }, merge: unchanged }
  const merge = (response: FetchedGroup): FetchedGroup => {
    const named = response.topics.map((topic) => ({ ...topic, topicId: topics.topicId(topic.name) ?? ZERO_UUID }))
    return { ...response, topics: named.filter(({ topicId }) => topicId !== ZERO_UUID) }
  }
  return { group: { groupId, topics: null }, merge }
}

function unknownTopic(topic: NonNullable<OffsetFetchGroup['topics']>[number]): FetchedGroup['topics'][number] {
  const partitions = topic.partitionIndexes.map((index) => fetchFailed(index, ErrorCode.UNKNOWN_TOPIC_ID))
  return { name: topic.name, topicId: topic.topicId, partitions }
}

export interface RoutedDelete {
  readonly request: OffsetDeleteRequest
  readonly merge: (response: OffsetDeleteResponse) => OffsetDeleteResponse
}

export function routeDelete(topics: TopicLookup, request: OffsetDeleteRequest): RoutedDelete {
  const isKnown = (name: string, partitionIndex: number): boolean => exists(partitionIndex, topics.partitionCount(name))
  const accepted = request.topics
    .map(({ name, partitions }) => ({
      name,
      partitions: partitions.filter(({ partitionIndex }) => isKnown(name, partitionIndex)),
    }))
    .filter(({ partitions }) => partitions.length > 0)
  return {
    request: { ...request, topics: accepted },
    merge(response) {
      if (response.errorCode !== ErrorCode.NONE) return response
      const answered = response.topics.values()
      const merged = request.topics.map(({ name, partitions }) => {
        const isAsked = partitions.some(({ partitionIndex }) => isKnown(name, partitionIndex))
        const results = (isAsked ? (answered.next().value?.partitions ?? []) : []).values()
        return {
          name,
          partitions: partitions.map(({ partitionIndex }) => {
            const result = isKnown(name, partitionIndex) ? results.next().value : undefined
            return { partitionIndex, errorCode: result?.errorCode ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
          }),
        }
      })
      return { ...response, topics: merged }
    },
  }
}
