/** Topics: given these records, when this request, then these records and this response. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { metadataRecord } from '@braidlog/metadata'
import { ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model'
import { PARTITIONS_A_REQUEST_MAX } from '../src/index.ts'
import { LOG_DIR, registeredBroker, Scenario, topicRequest } from './scenario.ts'

const OTHER_DIR = 'kHxW2V9-RPagW0wmuN2QKA' as Uuid

test('a topic becomes a Topic, its Configs and its Partitions', () => {
  const scenario = new Scenario()
  const { records, response } = scenario.createTopics({
    name: 'orders',
    numPartitions: 2,
    configs: [{ name: 'retention.ms', value: '5000' }],
  })
  const result = response.topics[0]!
  assert.equal(result.errorCode, ErrorCode.NONE)
  assert.equal(result.numPartitions, 2)
  assert.equal(result.replicationFactor, 1)
  const partition = (partitionId: number) =>
    metadataRecord(
      'Partition',
      {
        partitionId,
        topicId: result.topicId,
        replicas: [1],
        isr: [1],
        leader: 1,
        leaderEpoch: 0,
        partitionEpoch: 0,
        directories: [LOG_DIR],
      },
      2,
    )
  assert.deepEqual(records, [
    metadataRecord('Topic', { name: 'orders', topicId: result.topicId }),
    metadataRecord('Config', { resourceType: 2, resourceName: 'orders', name: 'retention.ms', value: '5000' }),
    partition(0),
    partition(1),
  ])
})

test('the answer shows the effective configurations, by name, with their sources', () => {
  const { response } = new Scenario({ 'log.retention.hours': '1' }).createTopics({
    configs: [{ name: 'cleanup.policy', value: 'compact' }],
  })
  const { configs } = response.topics[0]!
  assert.ok(configs!.length >= 33, 'every key that a topic has')
  const shown = (name: string) => {
    const { value, configSource } = configs!.find((config) => config.name === name)!
    return [value, configSource]
  }
  assert.deepEqual(shown('cleanup.policy'), ['compact', 1])
  assert.equal(shown('retention.ms')[0], '3600000')
  assert.deepEqual(shown('segment.bytes'), ['1073741824', 5])
})

test('-1 means the defaults of the node', () => {
  const { response } = new Scenario({ 'num.partitions': '4' }).createTopics({
    numPartitions: -1,
    replicationFactor: -1,
  })
  assert.equal(response.topics[0]!.numPartitions, 4)
  assert.equal(response.topics[0]!.replicationFactor, 1)
})

test('validate only: the same answer, no records', () => {
  const scenario = new Scenario()
  const { records, response } = scenario.decide('createTopics', {
    topics: [topicRequest({}), topicRequest({ name: '..' })],
    timeoutMs: 0,
    validateOnly: true,
  })
  assert.deepEqual(records, [])
  assert.deepEqual(
    response.topics.map((topic) => topic.errorCode),
    [ErrorCode.NONE, ErrorCode.INVALID_TOPIC_EXCEPTION],
  )
})

const refused: readonly (readonly [
  what: string,
  topic: Parameters<typeof topicRequest>[0],
  code: keyof typeof ErrorCode,
])[] = [
  ['an empty name', { name: '' }, 'INVALID_TOPIC_EXCEPTION'],
  ['a dot', { name: '.' }, 'INVALID_TOPIC_EXCEPTION'],
  ['two dots', { name: '..' }, 'INVALID_TOPIC_EXCEPTION'],
  ['a blank', { name: 'a b' }, 'INVALID_TOPIC_EXCEPTION'],
  ['a letter outside ASCII', { name: 'tópico' }, 'INVALID_TOPIC_EXCEPTION'],
  ['250 characters', { name: 'x'.repeat(250) }, 'INVALID_TOPIC_EXCEPTION'],
  ['a name that differs in . and _ only', { name: 'there.is_one' }, 'INVALID_TOPIC_EXCEPTION'],
  ["the metadata log's name", { name: '__cluster_metadata' }, 'INVALID_REQUEST'],
  ['a name that is taken', { name: 'there_is.one' }, 'TOPIC_ALREADY_EXISTS'],
  ['no partitions', { numPartitions: 0 }, 'INVALID_PARTITIONS'],
  ['a negative number of partitions', { numPartitions: -2 }, 'INVALID_PARTITIONS'],
  ['more partitions than a request may create', { numPartitions: 10_001 }, 'POLICY_VIOLATION'],
  ['the largest int of partitions', { numPartitions: 2 ** 31 - 1 }, 'POLICY_VIOLATION'],
  ['no replicas', { replicationFactor: 0 }, 'INVALID_REPLICATION_FACTOR'],
  ['more replicas than brokers', { replicationFactor: 2 }, 'INVALID_REPLICATION_FACTOR'],
  ['an unknown configuration', { configs: [{ name: 'retention', value: '1' }] }, 'INVALID_CONFIG'],
  ['a configuration of the wrong type', { configs: [{ name: 'retention.ms', value: 'x' }] }, 'INVALID_CONFIG'],
  ['a configuration out of range', { configs: [{ name: 'segment.bytes', value: '1' }] }, 'INVALID_CONFIG'],
  ['a configuration without a value', { configs: [{ name: 'retention.ms', value: null }] }, 'INVALID_CONFIG'],
  ['replicas assigned and counted', { assignments: [{ partitionIndex: 0, brokerIds: [1] }] }, 'INVALID_REQUEST'],
]

test('what cannot be a topic is refused with its code and a sentence, and writes nothing', () => {
  const scenario = new Scenario()
  scenario.createTopics({ name: 'there_is.one' })
  for (const [what, topic, code] of refused) {
    const { records, response } = scenario.decide('createTopics', {
      topics: [topicRequest(topic)],
      timeoutMs: 0,
      validateOnly: false,
    })
    assert.deepEqual(records, [], what)
    assert.equal(response.topics[0]!.errorCode, ErrorCode[code], what)
    assert.ok(response.topics[0]!.errorMessage, what)
    assert.equal(response.topics[0]!.topicId, ZERO_UUID, what)
  }
})

test('topics of one request do not collide with each other either, nor come twice', () => {
  const { records, response } = new Scenario().createTopics(
    { name: 'a.b' },
    { name: 'a_b' },
    { name: 'twice' },
    { name: 'twice' },
  )
  assert.deepEqual(
    response.topics.map((topic) => [topic.name, topic.errorCode]),
    [
      ['a.b', ErrorCode.NONE],
      ['a_b', ErrorCode.INVALID_TOPIC_EXCEPTION],
      ['twice', ErrorCode.INVALID_REQUEST],
    ],
  )
  assert.equal(records.length, 2)
})

test('the bound on partitions holds for all topics of a request together', () => {
  const half = PARTITIONS_A_REQUEST_MAX / 2
  const fits = new Scenario().createTopics({ name: 'a', numPartitions: half }, { name: 'b', numPartitions: half })
  assert.equal(fits.records.length, PARTITIONS_A_REQUEST_MAX + 2)
  const tooMany = new Scenario().createTopics(
    { name: 'a', numPartitions: half },
    { name: 'b', numPartitions: half + 1 },
  )
  assert.deepEqual(
    tooMany.response.topics.map((topic) => topic.errorCode),
    [ErrorCode.POLICY_VIOLATION, ErrorCode.POLICY_VIOLATION],
  )
})

const assigned = (...assignments: readonly (readonly [number, readonly number[]])[]) => ({
  numPartitions: -1,
  replicationFactor: -1,
  assignments: assignments.map(([partitionIndex, brokerIds]) => ({ partitionIndex, brokerIds: [...brokerIds] })),
})

test('assigned replicas are taken as given', () => {
  const scenario = new Scenario()
  scenario.apply(registeredBroker(2, 6, OTHER_DIR))
  const { response } = scenario.createTopics(assigned([1, [2, 1]], [0, [1, 2]]))
  assert.equal(response.topics[0]!.errorCode, ErrorCode.NONE)
  assert.deepEqual(scenario.image.partition('orders', 1)!.replicas, [2, 1])
  assert.deepEqual(scenario.image.partition('orders', 1)!.directories, [OTHER_DIR, LOG_DIR])
  assert.equal(scenario.image.partition('orders', 1)!.leader, 2)
})

test('assignments that do not work out are refused', () => {
  const scenario = new Scenario()
  scenario.apply(registeredBroker(2, 6, OTHER_DIR, true))
  for (const topic of [
    assigned([0, [7]]),
    assigned([0, [1, 1]]),
    assigned([0, []]),
    assigned([0, [1]], [2, [1]]),
    assigned([0, [1]], [0, [1]]),
    assigned([0, [1]], [1, [1, 2]]),
    assigned([-1, [1]]),
    assigned([0, [2]]),
  ]) {
    const { response } = scenario.createTopics(topic)
    assert.equal(response.topics[0]!.errorCode, ErrorCode.INVALID_REPLICA_ASSIGNMENT, JSON.stringify(topic))
  }
})

test('replicas are spread over the active brokers, and a fenced one is no leader', () => {
  const scenario = new Scenario()
  scenario.apply(registeredBroker(2, 6, OTHER_DIR, true))
  scenario.createTopics({ numPartitions: 3, replicationFactor: 2 })
  for (let partition = 0; partition < 3; partition++) {
    const { replicas, isr, leader } = scenario.image.partition('orders', partition)!
    assert.deepEqual([replicas, isr, leader], [[1, 2], [1], 1])
  }
})

test('without an active broker no topic can be placed', () => {
  const scenario = new Scenario()
  scenario.apply(metadataRecord('FenceBroker', { id: 1, epoch: 5 }))
  assert.equal(scenario.createTopics({}).response.topics[0]!.errorCode, ErrorCode.INVALID_REPLICATION_FACTOR)
})

test('deciding changes nothing', () => {
  const scenario = new Scenario()
  const before = [...scenario.controller.snapshot()]
  scenario.decide('createTopics', { topics: [topicRequest({})], timeoutMs: 0, validateOnly: false })
  assert.deepEqual([...scenario.controller.snapshot()], before)
})

const named = (name: string | null, topicId = ZERO_UUID) => ({ name, topicId })
const deleteTopics = (...topics: readonly ReturnType<typeof named>[]) => ({
  topics: [...topics],
  topicNames: [],
  timeoutMs: 0,
})

test('a topic is deleted by name or by id', () => {
  const scenario = new Scenario()
  const { response } = scenario.createTopics({ name: 'a' }, { name: 'b' }, { name: 'c' })
  const [a, b, c] = response.topics.map((topic) => topic.topicId)
  const byName = scenario.submit('deleteTopics', deleteTopics(named('a')))
  assert.deepEqual(byName.records, [metadataRecord('RemoveTopic', { topicId: a! })])
  assert.deepEqual(byName.response.responses, [{ name: 'a', topicId: a, errorCode: 0, errorMessage: null }])
  const byId = scenario.submit('deleteTopics', deleteTopics(named(null, b!)))
  assert.deepEqual(byId.response.responses, [{ name: 'b', topicId: b, errorCode: 0, errorMessage: null }])
  const old = scenario.submit('deleteTopics', { topics: [], topicNames: ['c'], timeoutMs: 0 })
  assert.deepEqual(old.records, [metadataRecord('RemoveTopic', { topicId: c! })])
  assert.equal(scenario.image.topicCount, 0)
})

test('deleting what is not there, or not clearly named, is refused item by item', () => {
  const scenario = new Scenario()
  const id = scenario.createTopics({ name: 'a' }).response.topics[0]!.topicId
  const codes = (...topics: readonly ReturnType<typeof named>[]) =>
    scenario.decide('deleteTopics', deleteTopics(...topics)).response.responses.map((each) => each.errorCode)
  assert.deepEqual(codes(named('nobody')), [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION])
  assert.deepEqual(codes(named(null, OTHER_DIR)), [ErrorCode.UNKNOWN_TOPIC_ID])
  assert.deepEqual(codes(named('a', id)), [ErrorCode.INVALID_REQUEST])
  assert.deepEqual(codes(named(null)), [ErrorCode.INVALID_REQUEST])
  assert.deepEqual(codes(named('a'), named(null, id)), [ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_REQUEST])
})

test('delete.topic.enable=false keeps topics', () => {
  const scenario = new Scenario({ 'delete.topic.enable': 'false' })
  scenario.createTopics({ name: 'a' })
  const { records, response } = scenario.decide('deleteTopics', deleteTopics(named('a')))
  assert.deepEqual(records, [])
  assert.equal(response.responses[0]!.errorCode, ErrorCode.TOPIC_DELETION_DISABLED)
})

test('a deleted name can be taken again, also by a name that collided with it', () => {
  const scenario = new Scenario()
  scenario.createTopics({ name: 'a.b' })
  scenario.submit('deleteTopics', deleteTopics(named('a.b')))
  assert.equal(scenario.createTopics({ name: 'a_b' }).response.topics[0]!.errorCode, ErrorCode.NONE)
})

const createPartitions = (count: number, assignments: number[][] | null = null, name = 'orders') => ({
  topics: [{ name, count, assignments: assignments && assignments.map((brokerIds) => ({ brokerIds })) }],
  timeoutMs: 0,
  validateOnly: false,
})

test('partitions are added behind those there are', () => {
  const scenario = new Scenario()
  scenario.createTopics({ numPartitions: 2 })
  const { records, response } = scenario.submit('createPartitions', createPartitions(4))
  assert.equal(response.results[0]!.errorCode, ErrorCode.NONE)
  assert.deepEqual(
    records.map((record) => record.type === 'Partition' && record.value.partitionId),
    [2, 3],
  )
  scenario.submit('createPartitions', createPartitions(5, [[1]]))
  assert.equal(scenario.image.topic('orders')!.partitions.size, 5)
})

test('partitions that cannot be added are refused', () => {
  const scenario = new Scenario()
  scenario.createTopics({ numPartitions: 2 })
  const cases: readonly (readonly [ReturnType<typeof createPartitions>, keyof typeof ErrorCode])[] = [
    [createPartitions(2), 'INVALID_PARTITIONS'],
    [createPartitions(1), 'INVALID_PARTITIONS'],
    [createPartitions(-1), 'INVALID_PARTITIONS'],
    [createPartitions(PARTITIONS_A_REQUEST_MAX + 3), 'POLICY_VIOLATION'],
    [createPartitions(2 ** 31 - 1), 'POLICY_VIOLATION'],
    [createPartitions(3, null, 'nobody'), 'UNKNOWN_TOPIC_OR_PARTITION'],
    [createPartitions(3, [[1], [1]]), 'INVALID_REPLICA_ASSIGNMENT'],
    [createPartitions(3, [[9]]), 'INVALID_REPLICA_ASSIGNMENT'],
    [createPartitions(3, [[]]), 'INVALID_REPLICA_ASSIGNMENT'],
  ]
  for (const [request, code] of cases) {
    const { records, response } = scenario.decide('createPartitions', request)
    assert.deepEqual(records, [])
    assert.equal(response.results[0]!.errorCode, ErrorCode[code], JSON.stringify(request))
  }
})
