/** Replicas: what a node opens, deletes and reconfigures as the metadata moves. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '@braidlog/base'
import { defaultLogConfig } from '@braidlog/log'
import { LeaderRecoveryState, type ImageView, type MetadataDelta, type PartitionRegistration } from '@braidlog/metadata'
import { ErrorCode, type Uuid } from '@braidlog/model'
import type { Partition, PartitionAssignment, PartitionSet } from '@braidlog/partition'
import { Replicas } from '../src/replicas.ts'

const NODE = 1
const idOf = (name: string): Uuid => name.padEnd(22, 'A') as Uuid

function registration(leader: number, leaderEpoch = 0): PartitionRegistration {
  return {
    replicas: [leader],
    directories: [],
    isr: [leader],
    removingReplicas: [],
    addingReplicas: [],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    leader,
    leaderRecoveryState: LeaderRecoveryState.RECOVERED,
    leaderEpoch,
    partitionEpoch: 0,
  }
}

/** A set of partitions that notes what is done to it, and opens only when told to. */
function fixture(options: { opensByItself?: boolean } = {}) {
  const { opensByItself = true } = options
  const journal: string[] = []
  const topics = new Set<Uuid>()
  const opened = new Set<Uuid>()
  const gates: (() => void)[] = []
  const failures: Error[] = []
  const partitions = {
    async open(identity: { topic: string; partition: number }, _config: unknown, assignment: PartitionAssignment) {
      const { leaderEpoch } = assignment
      journal.push(`open ${identity.topic}-${identity.partition} epoch ${leaderEpoch}`)
      if (!opensByItself) await new Promise<void>((resolve) => gates.push(resolve))
      return { log: identity, leaderEpoch } as unknown as Partition
    },
    get: (id: Uuid) =>
      opened.has(id) ? ({ log: { topic: id.replace(/A+$/, '') } } as unknown as Partition) : undefined,
    delete: (id: Uuid, partition: number) => journal.push(`delete ${id.replace(/A+$/, '')}-${partition}`),
    all: () => [{ log: { topic: 'a' } }, { log: { topic: 'b' } }],
    reconfigure: (replica: Partition) => journal.push(`reconfigure ${replica.log.topic}`),
    rooms: { livenessChanged: () => journal.push('liveness changed') },
  } as unknown as PartitionSet
  const image = { topicById: (id: Uuid) => (topics.has(id) ? {} : undefined) } as unknown as ImageView
  const replicas = new Replicas({
    nodeId: NODE,
    partitions,
    image,
    logger: silentLogger,
    listener: {
      onLead: (topic, partition) => journal.push(`lead ${topic}-${partition}`),
      onResign: (topic, partition) => journal.push(`resign ${topic}-${partition}`),
      onFollow: (replica, leaderId) => journal.push(`follow ${leaderId} with ${replica.log.topic}`),
      onUnfollow: () => {},
    },
    logConfigOf: () => defaultLogConfig,
    onFailure: (error) => failures.push(error),
  })
  const tell = (delta: Partial<MetadataDelta>): void =>
    replicas.onImage(image, {
      fromSnapshot: false,
      topics: [],
      partitions: [],
      configs: [],
      brokers: [],
      controllers: [],
      features: [],
      others: new Set(),
      ...delta,
    })
  const change = (
    topic: string,
    before: PartitionRegistration | undefined,
    after: PartitionRegistration | undefined,
  ) => {
    if (after === undefined) topics.delete(idOf(topic))
    else topics.add(idOf(topic))
    return { topic, topicId: idOf(topic), partition: 0, before, after }
  }
  return { journal, replicas, tell, change, gates, failures, partitions }
}

describe('replicas', () => {
  it('open what this node leads, and leave alone what others lead', async () => {
    const { journal, replicas, tell, change } = fixture()
    tell({
      partitions: [change('mine', undefined, registration(NODE, 3)), change('other', undefined, registration(2))],
    })
    await replicas.settled()
    assert.deepEqual(journal, ['open mine-0 epoch 3', 'lead mine-0'])
  })

  it('lead again in a new leader epoch, and not for other changes', async () => {
    const { journal, replicas, tell, change } = fixture()
    tell({ partitions: [change('a', registration(NODE, 3), { ...registration(NODE, 3), partitionEpoch: 9 })] })
    tell({ partitions: [change('a', registration(NODE, 3), registration(NODE, 4))] })
    await replicas.settled()
    assert.deepEqual(journal, ['open a-0 epoch 3', 'open a-0 epoch 4', 'lead a-0'])
  })

  it('follow who leads a partition of which this node has a copy, and resign when that was this node', async () => {
    const { journal, replicas, tell, change } = fixture()
    const shared = (leader: number, leaderEpoch: number) => ({
      ...registration(leader, leaderEpoch),
      replicas: [NODE, 2],
    })
    tell({ partitions: [change('a', undefined, shared(NODE, 3))] })
    tell({ partitions: [change('a', shared(NODE, 3), shared(2, 4))] })
    tell({ partitions: [change('a', shared(2, 4), shared(-1, 5))] })
    tell({ partitions: [change('a', shared(-1, 5), { ...shared(2, 6), replicas: [2] })] })
    await replicas.settled()
    assert.deepEqual(journal, [
      'open a-0 epoch 3',
      'lead a-0',
      'resign a-0',
      'open a-0 epoch 4',
      'follow 2 with a',
      'open a-0 epoch 5',
      'follow -1 with a',
      'resign a-0',
      'delete a-0',
    ])
  })

  it('do deletions after the openings that came before, in the order of the metadata', async () => {
    const { journal, replicas, tell, change, gates } = fixture({ opensByItself: false })
    tell({ partitions: [change('a', undefined, registration(NODE))] })
    await new Promise((resolve) => setImmediate(resolve))
    tell({ partitions: [change('a', registration(NODE), undefined)] })
    gates.shift()!()
    await replicas.settled()
    assert.deepEqual(journal, ['open a-0 epoch 0', 'lead a-0', 'resign a-0', 'delete a-0'])
  })

  it('do not open what was deleted while it waited in the queue', async () => {
    const { journal, replicas, tell, change } = fixture()
    tell({ partitions: [change('a', undefined, registration(NODE))] })
    tell({ partitions: [change('a', registration(NODE), undefined)] })
    await replicas.settled()
    assert.deepEqual(journal, ['resign a-0', 'delete a-0'])
  })

  it('pass on new configuration: of one topic, or of all when the broker changed', () => {
    const { journal, tell } = fixture()
    const config = { name: 'retention.ms', before: undefined, after: '1' }
    tell({ configs: [{ resourceType: 2, resourceName: 'b', ...config }] })
    assert.deepEqual(journal.splice(0), ['reconfigure b'])
    tell({ configs: [{ resourceType: 4, resourceName: '', ...config }] })
    assert.deepEqual(journal, ['reconfigure a', 'reconfigure b'])
  })

  it('tell those who wait for other replicas when brokers have changed', () => {
    const { journal, tell } = fixture()
    tell({})
    assert.deepEqual(journal, [])
    tell({ brokers: [{ id: 2, before: undefined, after: undefined }] })
    assert.deepEqual(journal, ['liveness changed'])
  })

  it('report a partition that cannot be opened', async () => {
    const { replicas, tell, change, failures, partitions } = fixture()
    partitions.open = () => Promise.reject(new Error('the disk is broken'))
    tell({ partitions: [change('a', undefined, registration(NODE))] })
    await replicas.settled()
    assert.match(failures[0]!.message, /disk is broken/)
  })

  it('say why a partition is not here', () => {
    const { replicas } = fixture()
    const topic = { name: 'a', id: idOf('a'), partitions: new Map([[0, registration(2)]]) }
    assert.equal(replicas.errorByName(undefined, 0), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(replicas.errorByName(topic, 7), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    assert.equal(replicas.errorByName(topic, 0), ErrorCode.NOT_LEADER_OR_FOLLOWER)
    assert.equal(replicas.errorById(undefined, 0), ErrorCode.UNKNOWN_TOPIC_ID)
  })
})
