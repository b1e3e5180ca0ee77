/**
 * Everything that a cluster's clients and administrators can see of it and that has to survive a change of the server:
 * topics with their ids and placement, records, offsets, epochs, configurations, groups, entries of the authorizer.
 *
 * Who leads and in which epoch is left out: that changes with every restart. Which offsets belonged to an earlier epoch does
 * not.
 */
import { createHash } from 'node:crypto'
import { kcat } from '../peers/kcat.ts'
import { eventually } from '../peers/process.ts'
import type { ThreeNodes } from './three-nodes.ts'

export interface Wanted {
  readonly topics: readonly string[]
  /** Topics whose records may be compacted: the last value of each key is looked at. */
  readonly compacted: readonly string[]
  readonly groups: readonly string[]
  readonly configs: readonly ConfigResource[]
}

export interface ConfigResource {
  readonly resourceType: number
  readonly resourceName: string
}

interface PartitionMetadata {
  readonly errorCode: number
  readonly partitionIndex: number
  readonly leaderId: number
  readonly leaderEpoch: number
  readonly replicaNodes: readonly number[]
  readonly isrNodes: readonly number[]
}

interface TopicMetadata {
  readonly name: string
  readonly topicId: string
  readonly isInternal: boolean
  readonly partitions: readonly PartitionMetadata[]
}

const READ_TIMEOUT_MS = 60_000
const IN_SYNC_TIMEOUT_MS = 60_000
/** Sources of configuration that are kept in the metadata: topic, broker, all brokers, client metrics, group. */
export const STORED_SOURCES: readonly number[] = [1, 2, 3, 7, 8]
/** A filter that every entry of the authorizer passes. */
export const ANY_ACL = {
  resourceTypeFilter: 1,
  resourceNameFilter: null,
  patternTypeFilter: 1,
  principalFilter: null,
  hostFilter: null,
  operation: 1,
  permissionType: 1,
} as const

/** Metadata of topics as one of the nodes knows it. */
export async function topicsOf(nodes: ThreeNodes, names: readonly string[] | null): Promise<TopicMetadata[]> {
  const body = { topics: names?.map((name) => ({ name })) ?? null, allowAutoTopicCreation: false }
  const { topics } = await nodes.ask<{ topics: TopicMetadata[] }>(nodes.running[0]!, 'Metadata', 12, body)
  return topics
    .map((topic) => ({
      ...topic,
      partitions: topic.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex),
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** Waits until every partition has a leader, and every one of its replicas that runs is in sync. */
export async function untilInSync(nodes: ThreeNodes, names: readonly string[] | null = null): Promise<void> {
  const { running } = nodes
  let topics: TopicMetadata[] = []
  const isWell = ({ errorCode, isrNodes, leaderId, replicaNodes }: PartitionMetadata) =>
    errorCode === 0 && leaderId >= 0 && isrNodes.length === replicaNodes.filter((id) => running.includes(id)).length
  try {
    await eventually(
      async () => {
        topics = await topicsOf(nodes, names)
        const isDone = topics.every(({ partitions }) => partitions.length > 0 && partitions.every(isWell))
        return isDone ? true : undefined
      },
      `every replica of ${running.join(', ')} is in sync`,
      IN_SYNC_TIMEOUT_MS,
    )
  } catch (error) {
    const left = topics.flatMap(({ name, partitions }) =>
      partitions.filter((each) => !isWell(each)).map((each) => `${name} ${JSON.stringify(each)}`),
    )
    throw new Error(left.join('\n'), { cause: error })
  }
}

export async function pictureOf(nodes: ThreeNodes, wanted: Wanted) {
  const topics = await topicsOf(nodes, wanted.topics)
  return {
    topics: topics.map(({ isInternal, name, partitions, topicId }) => ({
      name,
      topicId,
      isInternal,
      replicas: partitions.map(({ replicaNodes }) => replicaNodes),
    })),
    reassignments: await reassignmentsOf(nodes),
    configs: await configsOf(nodes, wanted.configs),
    acls: await aclsOf(nodes),
    groups: await groupsOf(nodes, wanted.groups),
    partitions: Object.fromEntries(
      await Promise.all(
        topics.flatMap(({ name, partitions }) =>
          partitions.map(async (partition) => [
            `${name}-${partition.partitionIndex}`,
            await partitionOf(nodes, name, partition, wanted.compacted.includes(name)),
          ]),
        ),
      ),
    ) as Record<string, object>,
  }
}

export type Picture = Awaited<ReturnType<typeof pictureOf>>

/** Reassignments that go on. */
export async function reassignmentsOf(nodes: ThreeNodes) {
  interface Answer {
    readonly topics: readonly { readonly name: string; readonly partitions: readonly object[] }[]
  }
  const body = { topics: null, timeoutMs: 10_000 }
  const { topics } = await nodes.ask<Answer>(nodes.running[0]!, 'ListPartitionReassignments', 0, body)
  return topics.map(({ name, partitions }) => ({ name, partitions }))
}

async function configsOf(nodes: ThreeNodes, resources: readonly ConfigResource[]) {
  interface Answer {
    readonly results: readonly (ConfigResource & {
      readonly errorCode: number
      readonly configs: readonly { readonly name: string; readonly value: string; readonly configSource: number }[]
    })[]
  }
  const described: Record<string, Record<string, string>> = {}
  for (const resource of resources) {
    // A broker is described by itself.
    const isOneBroker = resource.resourceType === 4 && resource.resourceName !== ''
    const nodeId = isOneBroker ? Number(resource.resourceName) : nodes.running[0]!
    const { results } = await nodes.ask<Answer>(nodeId, 'DescribeConfigs', 4, { resources: [resource] })
    const { configs, errorCode } = results[0]!
    described[`${resource.resourceType} ${resource.resourceName}`] =
      errorCode === 0
        ? Object.fromEntries(
            configs
              .filter(({ configSource }) => STORED_SOURCES.includes(configSource))
              .map(({ name, value }) => [name, value] as const)
              .toSorted(([a], [b]) => (a < b ? -1 : 1)),
          )
        : { error: String(errorCode) }
  }
  return described
}

async function aclsOf(nodes: ThreeNodes) {
  interface Answer {
    readonly errorCode: number
    readonly resources: readonly {
      readonly resourceType: number
      readonly resourceName: string
      readonly patternType: number
      readonly acls: readonly object[]
    }[]
  }
  const { errorCode, resources } = await nodes.ask<Answer>(nodes.running[0]!, 'DescribeAcls', 3, ANY_ACL)
  if (errorCode !== 0) return [`error ${errorCode}`]
  return resources
    .flatMap(({ acls, ...resource }) => acls.map((acl) => JSON.stringify({ ...resource, ...acl })))
    .toSorted()
}

async function groupsOf(nodes: ThreeNodes, groups: readonly string[]) {
  const seen: Record<string, object> = {}
  for (const groupId of groups) {
    const coordinator = await coordinatorOf(nodes, groupId)
    seen[groupId] = await eventually(async () => {
      const fetch = { groups: [{ groupId, topics: null }], requireStable: true }
      const fetched = await nodes.ask<{ groups: GroupOffsets[] }>(coordinator, 'OffsetFetch', 9, fetch)
      const describe = { groups: [groupId] }
      const described = await nodes.ask<{ groups: GroupState[] }>(coordinator, 'DescribeGroups', 5, describe)
      const [offsets] = fetched.groups
      const [group] = described.groups
      // While it loads, there is an error.
      if (offsets!.errorCode !== 0 || group!.errorCode !== 0) return undefined
      const { groupState, members, protocolType } = group!
      const topics = offsets!.topics.map((topic) => ({
        name: topic.name,
        partitions: topic.partitions.toSorted((a, b) => a.partitionIndex - b.partitionIndex),
      }))
      return { groupState, protocolType, members: members.length, offsets: topics }
    }, `group ${groupId}`)
  }
  return seen
}

interface GroupOffsets {
  readonly errorCode: number
  readonly topics: readonly { readonly name: string; readonly partitions: readonly { partitionIndex: number }[] }[]
}

interface GroupState {
  readonly errorCode: number
  readonly groupState: string
  readonly protocolType: string
  readonly members: readonly object[]
}

export function coordinatorOf(nodes: ThreeNodes, groupId: string): Promise<number> {
  interface Answer {
    readonly coordinators: readonly { readonly nodeId: number; readonly errorCode: number }[]
  }
  return eventually(async () => {
    const body = { keyType: 0, coordinatorKeys: [groupId] }
    const { coordinators } = await nodes.ask<Answer>(nodes.running[0]!, 'FindCoordinator', 4, body)
    return coordinators[0]!.errorCode === 0 ? coordinators[0]!.nodeId : undefined
  }, `the coordinator of ${groupId}`)
}

/** Offsets, the ends of all epochs so far, and what the records are. */
async function partitionOf(nodes: ThreeNodes, name: string, partition: PartitionMetadata, compacted: boolean) {
  const { leaderEpoch, leaderId, partitionIndex } = partition
  const list = async (timestamp: number) => {
    interface Answer {
      readonly topics: readonly { readonly partitions: readonly { errorCode: number; offset: number }[] }[]
    }
    const body = { topics: [{ name, partitions: [{ partitionIndex, timestamp, currentLeaderEpoch: -1 }] }] }
    return eventually(async () => {
      const { topics } = await nodes.ask<Answer>(leaderId, 'ListOffsets', 7, body)
      // A new leader does not know yet how far it may tell.
      return topics[0]!.partitions[0]!.errorCode === 0 ? topics[0]!.partitions[0]!.offset : undefined
    }, `offsets of ${name}-${partitionIndex}`)
  }
  return {
    earliest: await list(-2),
    latest: await list(-1),
    epochs: await epochsOf(nodes, name, partitionIndex, { leaderId, leaderEpoch }),
    records: await recordsOf(nodes, name, partitionIndex, compacted),
  }
}

/** Where each epoch ended in which something was written, up to `leaderEpoch`. An empty one may be forgotten. */
export async function epochsOf(
  nodes: ThreeNodes,
  topic: string,
  partition: number,
  { leaderId, leaderEpoch }: { readonly leaderId: number; readonly leaderEpoch: number },
): Promise<string[]> {
  interface Answer {
    readonly topics: readonly {
      readonly partitions: readonly { readonly errorCode: number; leaderEpoch: number; endOffset: number }[]
    }[]
  }
  const ends = new Map<number, number>([[0, -1]])
  for (let epoch = 0; epoch <= leaderEpoch; epoch++) {
    const body = { replicaId: -1, topics: [{ topic, partitions: [{ partition, leaderEpoch: epoch }] }] }
    const { topics } = await nodes.ask<Answer>(leaderId, 'OffsetForLeaderEpoch', 4, body)
    const answer = topics[0]!.partitions[0]!
    if (answer.errorCode !== 0) throw new Error(`epoch ${epoch} of ${topic}-${partition}: error ${answer.errorCode}`)
    if (answer.leaderEpoch >= 0 && !ends.has(answer.endOffset)) ends.set(answer.endOffset, answer.leaderEpoch)
  }
  return [...ends].map(([endOffset, epoch]) => `${epoch}: ${endOffset}`)
}

/** How many records there are, and a checksum over what kcat prints of them. */
async function recordsOf(nodes: ThreeNodes, topic: string, partition: number, compacted: boolean) {
  const brokers = nodes.running.map((id) => `127.0.0.1:${nodes.portOf(id)}`).join(',')
  const args = ['-C', '-b', brokers, '-t', topic, '-p', String(partition), '-o', 'beginning', '-e', '-q', '-J', '-u']
  const { stdout } = await kcat(args, { timeoutMs: READ_TIMEOUT_MS })
  const all = stdout.split('\n').filter((line) => line !== '')
  // `broker` is who was asked.
  const lines = all.map((line) => line.replace(/"broker":\d+,?/, ''))
  if (!compacted) return { count: lines.length, sha1: sha1(lines.join('\n')) }
  const last = new Map(lines.map((line) => [line.match(/"key":("[^"]*")/)?.[1], line]))
  return { keys: last.size, sha1: sha1([...last.values()].toSorted().join('\n')) }
}

function sha1(text: string): string {
  return createHash('sha1').update(text).digest('hex')
}
