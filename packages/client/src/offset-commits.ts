/** Committing and fetching the offsets of a group, as its member or from outside. */
import { ErrorCode } from '@braidlog/model/nouns'
import type { Call } from './calls.ts'
import type { Cluster } from './cluster.ts'
import { brokerError, isRetriable, errorNameOf, itemsError, type ErrorDetail, type KafkaError } from './errors.ts'
import type { CommittedOffset } from './consumer.ts'
import type { TopicPartition } from './record.ts'

export interface Commit extends TopicPartition {
  readonly offset: number
  readonly leaderEpoch: number
  readonly metadata: string | null
}

/** Who commits; a simple commit from outside of the group has no member. */
export interface Committer {
  readonly groupId: string
  readonly generationId: number
  readonly memberId: string
  readonly groupInstanceId: string | null
}

/** The last versions that name topics; the next ones want their ids. */
const COMMIT_VERSION_BY_NAME_MAX = 9
const FETCH_VERSION_BY_NAME_MAX = 9

/**
 * One attempt to commit. Errors of the coordinator make the whole attempt fail; others are per partition.
 * @throws KafkaError with `details` per partition
 */
export async function commitOffsets(
  cluster: Cluster,
  committer: Committer,
  commits: readonly Commit[],
  call: Call,
): Promise<void> {
  const topics = new Map<string, Commit[]>()
  for (const commit of commits) {
    const list = topics.get(commit.topic)
    if (list === undefined) topics.set(commit.topic, [commit])
    else list.push(commit)
  }
  const body = {
    groupId: committer.groupId,
    generationIdOrMemberEpoch: committer.generationId,
    memberId: committer.memberId,
    ...(committer.groupInstanceId === null ? {} : { groupInstanceId: committer.groupInstanceId }),
    topics: [...topics].map(([name, list]) => ({
      name,
      partitions: list.map(({ partition, offset, leaderEpoch, metadata }) => ({
        partitionIndex: partition,
        committedOffset: offset,
        committedLeaderEpoch: leaderEpoch,
        committedMetadata: metadata,
      })),
    })),
  }
  const response = await coordinated(cluster, committer.groupId, async () => {
    return await cluster.request({ group: committer.groupId }, 'OffsetCommit', body, call, {
      bounds: { versionMax: COMMIT_VERSION_BY_NAME_MAX },
    })
  })
  const details: ErrorDetail[] = []
  let isFailed = false
  for (const { name, partitions } of response.topics) {
    for (const { partitionIndex, errorCode } of partitions) {
      const item = `${name}-${partitionIndex}`
      if (isCoordinatorError(errorCode)) throw moved(cluster, committer.groupId, errorCode)
      const error = errorCode === ErrorCode.NONE ? null : brokerError(errorCode, `commit of ${item}`)
      isFailed ||= error !== null
      details.push({ item, topic: name, partition: partitionIndex, error })
    }
  }
  if (isFailed) throw itemsError(`commit to group ${committer.groupId}`, details)
}

/**
 * One attempt to read committed offsets; partitions without one are left out.
 * @param partitions `null`: all that the group has
 */
export async function fetchOffsets(
  cluster: Cluster,
  groupId: string,
  partitions: readonly TopicPartition[] | null,
  requireStable: boolean,
  call: Call,
): Promise<CommittedOffset[]> {
  const names = partitions === null ? null : [...new Set(partitions.map((each) => each.topic))]
  const topics =
    names?.map((name) => ({
      name,
      partitionIndexes: partitions!.filter((each) => each.topic === name).map((each) => each.partition),
    })) ?? null
  const response = await coordinated(cluster, groupId, async () => {
    const connection = await cluster.connect({ group: groupId }, 'main', call)
    const version = connection.versionFor('OffsetFetch', FETCH_VERSION_BY_NAME_MAX)
    const stable = version >= 7 ? { requireStable } : {}
    const body = version >= 8 ? { groups: [{ groupId, topics }], ...stable } : { groupId, topics, ...stable }
    const timeoutMs = Math.max(1, Math.min(cluster.options.requestTimeoutMs, call.remainingMs()))
    return await connection.request('OffsetFetch', body, { signal: call.signal, version, timeoutMs })
  })
  const group = response.groups[0] ?? response
  if (isCoordinatorError(group.errorCode)) throw moved(cluster, groupId, group.errorCode)
  if (group.errorCode !== ErrorCode.NONE) throw brokerError(group.errorCode, `offsets of group ${groupId}`)
  const offsets: CommittedOffset[] = []
  for (const { name, partitions: answers } of group.topics) {
    for (const each of answers) {
      if (each.errorCode !== ErrorCode.NONE)
        throw brokerError(each.errorCode, `offset of ${name}-${each.partitionIndex}`)
      if (each.committedOffset < 0) continue
      offsets.push({
        topic: name,
        partition: each.partitionIndex,
        offset: BigInt(each.committedOffset),
        leaderEpoch: each.committedLeaderEpoch < 0 ? null : each.committedLeaderEpoch,
        metadata: each.metadata === '' ? null : each.metadata,
      })
    }
  }
  return offsets
}

/** A failed attempt may mean that the coordinator is another broker now. */
export async function coordinated<T>(cluster: Cluster, groupId: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    cluster.forgetCoordinator(groupId)
    throw error
  }
}

export function isCoordinatorError(code: number): boolean {
  return (
    code === ErrorCode.NOT_COORDINATOR ||
    code === ErrorCode.COORDINATOR_NOT_AVAILABLE ||
    code === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS
  )
}

/** The retriable error of a coordinator that is not (yet) the one to ask. */
export function moved(cluster: Cluster, groupId: string, code: number): KafkaError {
  if (code !== ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) cluster.forgetCoordinator(groupId)
  return brokerError(code, `group ${groupId}`, null, { retriable: isRetriable(errorNameOf(code)) })
}
