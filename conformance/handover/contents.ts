/** What the cluster of the hand-over holds: what it is formatted with, and what is written to it while one of the two runs. */
import assert from 'node:assert/strict'
import { metadataRecord, type MetadataRecord } from '@braidlog/metadata'
import { kcat } from '../peers/kcat.ts'
import { eventually } from '../peers/process.ts'
import { coordinatorOf, topicsOf, type ConfigResource } from './picture.ts'
import type { ThreeNodes } from './three-nodes.ts'

export const LOAD_TOPIC = 'load'
export const PLAIN = 'plain'
export const COMPACTED = 'compacted'
export const SQUEEZED = 'squeezed'
export const MOVING = 'moving'
export const TOPICS = [PLAIN, COMPACTED, SQUEEZED, MOVING]
export const PLAIN_PARTITIONS = 3
export const GROUPS = ['readers', 'other-readers', 'a group that has read']

const TOPIC = 2
const BROKER = 4
const CLIENT_METRICS = 16
const GROUP = 32
const SET = 0
const CODECS = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const ROWS = 200

export const CONFIGS: readonly ConfigResource[] = [
  ...TOPICS.map((resourceName) => ({ resourceType: TOPIC, resourceName })),
  { resourceType: BROKER, resourceName: '' },
  { resourceType: BROKER, resourceName: '2' },
  { resourceType: CLIENT_METRICS, resourceName: 'subscription' },
  { resourceType: GROUP, resourceName: 'readers' },
]

/** Users, quotas and a token, which a new cluster may begin with. */
export function principals(): MetadataRecord[] {
  const bytes = (seed: number) => Uint8Array.from({ length: 32 }, (_, at) => (at * 7 + seed) & 255)
  const user = (name: string, mechanism: number, iterations: number) =>
    metadataRecord('UserScramCredential', {
      name,
      mechanism,
      iterations,
      salt: bytes(1),
      storedKey: bytes(2),
      serverKey: bytes(3),
    })
  const quota = (entity: Record<string, string | null>, key: string, value: number) =>
    metadataRecord('ClientQuota', {
      entity: Object.entries(entity).map(([entityType, entityName]) => ({ entityType, entityName })),
      key,
      value,
      remove: false,
    })
  return [
    user('alice', 1, 4096),
    user('alice', 2, 8192),
    user('bob', 1, 5000),
    quota({ user: 'alice' }, 'producer_byte_rate', 1_048_576.5),
    quota({ user: 'bob', 'client-id': null }, 'consumer_byte_rate', 2_000_000),
    quota({ user: null }, 'request_percentage', 150.25),
    quota({ 'client-id': 'probe' }, 'controller_mutation_rate', 12),
    metadataRecord('DelegationToken', {
      owner: 'User:alice',
      requester: 'User:alice',
      renewers: ['User:bob'],
      issueTimestamp: 1_790_000_000_000,
      maxTimestamp: 4_000_000_000_000,
      expirationTimestamp: 4_000_000_000_000,
      tokenId: 'dG9rZW4tb2YtYWxpY2U',
    }),
  ]
}

export async function createTopics(nodes: ThreeNodes): Promise<void> {
  const topic = (name: string, numPartitions: number, configs: Record<string, string>) => ({
    name,
    numPartitions,
    replicationFactor: 3,
    configs: Object.entries(configs).map(([key, value]) => ({ name: key, value })),
  })
  // The smallest segment that Apache Kafka allows, so that there are several.
  const segments = { 'segment.bytes': '1048576' }
  const topics = [
    topic(PLAIN, PLAIN_PARTITIONS, { ...segments, 'retention.ms': '432000000' }),
    topic(COMPACTED, 1, { ...segments, 'cleanup.policy': 'compact', 'min.cleanable.dirty.ratio': '0.1' }),
    topic(SQUEEZED, 1, { 'compression.type': 'zstd' }),
    topic(LOAD_TOPIC, 2, {}),
    {
      ...topic(MOVING, 1, { 'min.insync.replicas': '1' }),
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [{ partitionIndex: 0, brokerIds: [1, 2] }],
    },
  ]
  interface Answer {
    readonly topics: readonly { readonly name: string; readonly errorCode: number; readonly errorMessage: string }[]
  }
  const answer = await nodes.ask<Answer>(1, 'CreateTopics', 7, { topics, timeoutMs: 30_000 })
  for (const { errorCode, errorMessage, name } of answer.topics) assert.equal(errorCode, 0, `${name}: ${errorMessage}`)
}

/** Configurations of every type of resource, and entries of the authorizer. */
export async function administer(nodes: ThreeNodes, round: number): Promise<void> {
  interface Altered {
    readonly responses: readonly { readonly errorCode: number; readonly errorMessage: string | null }[]
  }
  const set = (resourceType: number, resourceName: string, name: string, value: string) => ({
    resourceType,
    resourceName,
    configs: [{ name, configOperation: SET, value }],
  })
  const resources = [
    set(TOPIC, SQUEEZED, 'max.message.bytes', String(500_000 + round)),
    set(BROKER, '', 'log.retention.ms', String(700_000_000 + round)),
    set(BROKER, '2', 'log.cleaner.backoff.ms', String(14_000 + round)),
    set(CLIENT_METRICS, 'subscription', 'interval.ms', String(60_000 + round)),
    set(GROUP, 'readers', 'consumer.session.timeout.ms', String(50_000 + round)),
  ]
  for (const resource of resources) {
    // What concerns one broker is asked of that broker.
    const isOneBroker = resource.resourceType === BROKER && resource.resourceName !== ''
    const nodeId = isOneBroker ? Number(resource.resourceName) : nodes.running[0]!
    const body = { resources: [resource], validateOnly: false }
    const { responses } = await nodes.ask<Altered>(nodeId, 'IncrementalAlterConfigs', 1, body)
    const [altered] = responses
    assert.equal(altered!.errorCode, 0, `${JSON.stringify(resource)}: ${altered!.errorMessage}`)
  }
  const entry = (principal: string, permissionType: number, operation: number) => ({
    resourceType: 2,
    resourceName: `prefix-${round}`,
    resourcePatternType: 4,
    principal,
    host: '*',
    operation,
    permissionType,
  })
  const creations = [entry('User:alice', 3, 3), entry('User:bob', 2, 4)]
  const created = await nodes.ask<{ results: { errorCode: number }[] }>(nodes.running[0]!, 'CreateAcls', 3, {
    creations,
  })
  assert.deepEqual(
    created.results.map(({ errorCode }) => errorCode),
    [0, 0],
  )
}

/** Records with every codec, with and without idempotence, enough for segments to roll, and offsets of groups. */
export async function write(nodes: ThreeNodes, round: number): Promise<void> {
  const brokers = nodes.running.map((id) => `127.0.0.1:${nodes.portOf(id)}`).join(',')
  const to = async (topic: string, partition: number, flags: readonly string[], rows: readonly string[]) => {
    const args = ['-P', '-b', brokers, '-t', topic, '-p', String(partition), '-K:', '-X', 'acks=all']
    await kcat([...args, ...flags], { input: rows.join('\n'), timeoutMs: 60_000 })
  }
  const rows = (codec: string) =>
    Array.from({ length: ROWS }, (_, row) => `key-${row}:round ${round} ${codec} row ${row} ${'·'.repeat(row % 50)}`)
  for (const [index, codec] of CODECS.entries()) {
    const idempotent = index % 2 === 0 ? ['-X', 'enable.idempotence=true'] : []
    const flags = ['-z', codec, '-H', `round=${round}`, '-H', 'empty=', ...idempotent]
    await to(PLAIN, index % PLAIN_PARTITIONS, flags, rows(codec))
    await to(SQUEEZED, 0, flags, rows(codec))
    await to(COMPACTED, 0, flags, rows(codec))
  }
  const large = Array.from({ length: 1100 }, (_, row) => `large-${row}:${String(row % 10).repeat(1000)}`)
  await to(PLAIN, 0, ['-X', 'batch.size=65536'], large)
  await to(MOVING, 0, [], rows('none'))
  await commit(nodes, round)
}

async function commit(nodes: ThreeNodes, round: number): Promise<void> {
  for (const [index, groupId] of GROUPS.slice(0, 2).entries()) {
    const coordinator = await coordinatorOf(nodes, groupId)
    const partitions = Array.from({ length: PLAIN_PARTITIONS }, (_, partitionIndex) => ({
      partitionIndex,
      committedOffset: round * 10 + partitionIndex + index,
      committedLeaderEpoch: index === 0 ? -1 : 0,
      committedMetadata: `round ${round}`,
    }))
    await eventually(async () => {
      const body = { groupId, generationIdOrMemberEpoch: -1, memberId: '', topics: [{ name: PLAIN, partitions }] }
      interface Answer {
        readonly topics: readonly { readonly partitions: readonly { readonly errorCode: number }[] }[]
      }
      const { topics } = await nodes.ask<Answer>(coordinator, 'OffsetCommit', 8, body)
      return topics[0]!.partitions.every(({ errorCode }) => errorCode === 0) ? true : undefined
    }, `${groupId} commits`)
  }
  // A group with members, which has joined, read, committed and left.
  const brokers = nodes.running.map((id) => `127.0.0.1:${nodes.portOf(id)}`).join(',')
  const flags = ['-X', 'auto.offset.reset=earliest', '-X', 'partition.assignment.strategy=range', '-e', '-q']
  await kcat(['-G', GROUPS[2]!, '-b', brokers, ...flags, SQUEEZED], { timeoutMs: 60_000 })
}

/** Asks for the partition of `moving` to lie on other brokers. */
export async function reassign(nodes: ThreeNodes, replicas: readonly number[]): Promise<void> {
  interface Answer {
    readonly errorCode: number
    readonly responses: readonly { readonly partitions: readonly { readonly errorCode: number }[] }[]
  }
  const topics = [{ name: MOVING, partitions: [{ partitionIndex: 0, replicas }] }]
  const body = { topics, timeoutMs: 30_000 }
  const answer = await nodes.ask<Answer>(nodes.running[0]!, 'AlterPartitionReassignments', 0, body)
  assert.equal(answer.errorCode, 0)
  assert.equal(answer.responses[0]!.partitions[0]!.errorCode, 0)
}

export async function untilMoved(nodes: ThreeNodes, replicas: readonly number[]): Promise<void> {
  await eventually(
    async () => {
      const [topic] = await topicsOf(nodes, [MOVING])
      const { isrNodes, replicaNodes } = topic!.partitions[0]!
      const same = replicaNodes.length === replicas.length && replicas.every((id) => isrNodes.includes(id))
      return same ? true : undefined
    },
    `${MOVING} lies on ${replicas.join(' and ')}`,
  )
}
