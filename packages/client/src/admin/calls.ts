/** What the admin calls share: bounds, retries of what may pass, outcomes per item, requests by leader. */
import { ErrorCode } from '@braidlog/model/nouns'
import type { Call } from '../calls.ts'
import type { Cluster } from '../cluster.ts'
import { brokerError, errorNameOf, isRetriable, itemsError, type ErrorDetail, type KafkaError } from '../errors.ts'
import type { CallOptions, TopicPartition } from '../record.ts'

/** Outcome of a call on several items: what succeeded, and what is to be said about each. */
export interface Outcome<T> {
  readonly results: T[]
  readonly details: ErrorDetail[]
}

export function emptyOutcome<T>(): Outcome<T> {
  return { results: [], details: [] }
}

/** Runs a call; failures of the whole that may pass are tried again, those of single items are the caller's. */
export async function adminCall<T>(
  cluster: Cluster,
  name: string,
  options: CallOptions | undefined,
  attempt: (call: Call) => Promise<T>,
): Promise<T> {
  return await cluster.call(name, options, async (call) => {
    return await cluster.retrying(call, async () => await attempt(call))
  })
}

/** Like `adminCall`, and throws when any item failed. */
export async function itemsCall<T>(
  cluster: Cluster,
  name: string,
  options: CallOptions | undefined,
  attempt: (call: Call) => Promise<Outcome<T>>,
): Promise<T[]> {
  const { results, details } = await adminCall(cluster, name, options, attempt)
  if (details.some((detail) => detail.error !== null)) throw itemsError(name, details)
  return results
}

/** Adds an item's outcome. @returns whether it succeeded @throws KafkaError when the whole call should be tried again */
export function addItem(
  outcome: Outcome<unknown>,
  item: string,
  code: number,
  message?: string | null,
  at?: TopicPartition,
): boolean {
  if (isTransient(code)) throw brokerError(code, item, message)
  const error = code === ErrorCode.NONE ? null : brokerError(code, item, message)
  outcome.details.push({ item, topic: at?.topic, partition: at?.partition, error })
  return error === null
}

/** The request went to the wrong broker, or too early: the answer says nothing about the item. */
function isTransient(code: number): boolean {
  return (
    code === ErrorCode.NOT_CONTROLLER ||
    code === ErrorCode.NOT_COORDINATOR ||
    code === ErrorCode.COORDINATOR_NOT_AVAILABLE ||
    code === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS ||
    code === ErrorCode.NOT_LEADER_OR_FOLLOWER ||
    code === ErrorCode.LEADER_NOT_AVAILABLE ||
    code === ErrorCode.FENCED_LEADER_EPOCH ||
    code === ErrorCode.UNKNOWN_LEADER_EPOCH ||
    code === ErrorCode.OFFSET_NOT_AVAILABLE
  )
}

/** @throws KafkaError when the code at the top of an answer says so */
export function checkCode(code: number, what: string, message?: string | null): void {
  if (code !== ErrorCode.NONE) throw brokerError(code, what, message)
}

/**
 * Sorts partitions by the broker that leads them. What does not exist goes to `outcome`.
 * @throws KafkaError retriable, when a partition has no leader at the moment
 */
export async function byLeader<P extends TopicPartition>(
  cluster: Cluster,
  partitions: readonly P[],
  outcome: Outcome<unknown>,
  call: Call,
): Promise<Map<number, P[]>> {
  const topics = [...new Set(partitions.map((each) => each.topic))]
  await cluster.refresh(call, { topics })
  const leaders = new Map<number, P[]>()
  for (const each of partitions) {
    const { topic, partition } = each
    const metadata = cluster.metadata.partition(topic, partition)
    if (metadata === undefined) {
      const known = cluster.metadata.topic(topic) !== undefined
      const code = known
        ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
        : (cluster.metadata.errorOf(topic) ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
      addItem(
        outcome,
        `${topic}-${partition}`,
        code,
        known ? 'there is no such partition' : 'there is no such topic',
        each,
      )
      continue
    }
    if (metadata.leader < 0) throw brokerError(ErrorCode.LEADER_NOT_AVAILABLE, `${topic}-${partition}`)
    const list = leaders.get(metadata.leader)
    if (list === undefined) leaders.set(metadata.leader, [each])
    else list.push(each)
  }
  return leaders
}

/** Partitions as requests have them: grouped by topic. */
export function byTopic<P extends TopicPartition, R>(
  partitions: readonly P[],
  make: (partition: P) => R,
): { name: string; partitions: R[] }[] {
  const topics = new Map<string, R[]>()
  for (const each of partitions) {
    const list = topics.get(each.topic)
    if (list === undefined) topics.set(each.topic, [make(each)])
    else list.push(make(each))
  }
  return [...topics].map(([name, list]) => ({ name, partitions: list }))
}

/** Makes the coordinator be looked up again when an attempt failed in a way that says it moved. */
export async function atCoordinator<T>(cluster: Cluster, groupId: string, attempt: () => Promise<T>): Promise<T> {
  try {
    return await attempt()
  } catch (error) {
    if ((error as KafkaError).retriable) cluster.forgetCoordinator(groupId)
    throw error
  }
}

export function isRetriableCode(code: number): boolean {
  return isRetriable(errorNameOf(code))
}

/** By their number in the protocol. */
export const OPERATIONS: readonly string[] = [
  'unknown',
  'any',
  'all',
  'read',
  'write',
  'create',
  'delete',
  'alter',
  'describe',
  'clusterAction',
  'describeConfigs',
  'alterConfigs',
  'idempotentWrite',
  'createTokens',
  'describeTokens',
  'twoPhaseCommit',
]

/** The operations in a bit field; `null` when the broker was not asked. */
export function operationsOf(bits: number): string[] | null {
  if (bits === -(2 ** 31)) return null
  return OPERATIONS.filter((_, bit) => (bits & (1 << bit)) !== 0)
}
