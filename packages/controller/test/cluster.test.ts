/** Brokers, producer ids, features, elections, reassignments. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { controllerRecord, DIRECTORY_LOST, metadataRecord } from '@braidlog/metadata'
import { ErrorCode, SUPPORTED_FEATURES, ZERO_UUID, type Uuid } from '@braidlog/model'
import type { BrokerHeartbeatRequest, BrokerRegistrationRequest } from '@braidlog/protocol'
import { BrokerSessions } from '../src/broker-sessions.ts'
import { BROKER_EPOCH, LOG_DIR, NODE_ID, registeredBroker, Scenario } from './scenario.ts'

const OTHER_DIR = 'kHxW2V9-RPagW0wmuN2QKA' as Uuid
const INCARNATION = '05iO1jJtSsSNs9I3SjgOiA' as Uuid

function registration(more: Partial<BrokerRegistrationRequest> = {}): BrokerRegistrationRequest {
  return {
    brokerId: NODE_ID,
    clusterId: 'cluster',
    incarnationId: INCARNATION,
    listeners: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
    features: SUPPORTED_FEATURES.map((each) => ({
      name: each.name,
      minSupportedVersion: each.levelMin,
      maxSupportedVersion: each.levelMax,
    })),
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [LOG_DIR],
    previousBrokerEpoch: -1,
    ...more,
  }
}

function heartbeat(brokerEpoch: number, more: Partial<BrokerHeartbeatRequest> = {}): BrokerHeartbeatRequest {
  return {
    brokerId: NODE_ID,
    brokerEpoch,
    currentMetadataOffset: brokerEpoch,
    wantFence: false,
    wantShutDown: false,
    offlineLogDirs: [],
    cordonedLogDirs: null,
    ...more,
  }
}

test('a broker registers fenced, with the offset of its record as epoch', () => {
  const scenario = new Scenario()
  scenario.nextOffset = 42
  const { records, response } = scenario.submit('brokerRegistration', registration())
  assert.deepEqual(response, { throttleTimeMs: 0, errorCode: 0, brokerEpoch: 42 })
  assert.equal(records.length, 1)
  const broker = scenario.image.broker(NODE_ID)!
  assert.deepEqual([broker.epoch, broker.fenced, broker.incarnationId], [42, true, INCARNATION])
  const again = scenario.submit('brokerRegistration', registration())
  assert.deepEqual([again.records.length, again.response.brokerEpoch], [0, 42], 'asked twice, registered once')
})

test('registrations that do not fit the cluster are refused', () => {
  const old = SUPPORTED_FEATURES.map((each) => ({
    name: each.name,
    minSupportedVersion: each.levelMin,
    maxSupportedVersion: each.name === 'metadata.version' ? 29 : each.levelMax,
  }))
  const cases: readonly (readonly [Partial<BrokerRegistrationRequest>, keyof typeof ErrorCode])[] = [
    [{ clusterId: 'another' }, 'INCONSISTENT_CLUSTER_ID'],
    [{ logDirs: [] }, 'INVALID_REGISTRATION'],
    [{ logDirs: [LOG_DIR, LOG_DIR] }, 'INVALID_REGISTRATION'],
    [{ logDirs: [ZERO_UUID] }, 'INVALID_REGISTRATION'],
    [{ brokerId: 2 }, 'INVALID_REGISTRATION'],
    [{ features: [] }, 'UNSUPPORTED_VERSION'],
    [{ features: old }, 'UNSUPPORTED_VERSION'],
  ]
  for (const [more, code] of cases) {
    const { records, response } = new Scenario().decide('brokerRegistration', registration(more))
    assert.equal(response.errorCode, ErrorCode[code], JSON.stringify(more).slice(0, 80))
    assert.deepEqual(records, [])
  }
})

test('a heartbeat unfences a broker that has caught up, and its partitions enter a new leader epoch', () => {
  const scenario = new Scenario()
  scenario.createTopics({ numPartitions: 2 })
  const { brokerEpoch } = scenario.submit('brokerRegistration', registration()).response
  const early = scenario.decide('brokerHeartbeat', heartbeat(brokerEpoch, { currentMetadataOffset: brokerEpoch - 1 }))
  assert.deepEqual([early.records.length, early.response.isCaughtUp, early.response.isFenced], [0, false, true])

  const { records, response } = scenario.submit('brokerHeartbeat', heartbeat(brokerEpoch))
  assert.deepEqual([response.isCaughtUp, response.isFenced, response.shouldShutDown], [true, false, false])
  assert.deepEqual(records[0], metadataRecord('BrokerRegistrationChange', { brokerId: 1, brokerEpoch, fenced: -1 }))
  assert.equal(scenario.image.broker(NODE_ID)!.fenced, false)
  for (const partition of [0, 1]) {
    assert.deepEqual(
      [
        scenario.image.partition('orders', partition)!.leader,
        scenario.image.partition('orders', partition)!.leaderEpoch,
      ],
      [1, 1],
    )
  }
  assert.deepEqual(scenario.decide('brokerHeartbeat', heartbeat(brokerEpoch)).records, [], 'once is enough')
})

test('unfencing gives a leader to partitions that lost theirs', () => {
  const scenario = new Scenario()
  const topicId = scenario.createTopics({}).response.topics[0]!.topicId
  scenario.apply(metadataRecord('PartitionChange', { topicId, partitionId: 0, leader: -1 }, 2))
  const { brokerEpoch } = scenario.submit('brokerRegistration', registration()).response
  scenario.submit('brokerHeartbeat', heartbeat(brokerEpoch))
  assert.equal(scenario.image.partition('orders', 0)!.leader, 1)
})

test('a broker on another disk does not lead what only the old one had, until somebody says so', () => {
  const scenario = new Scenario()
  scenario.createTopics({})
  const logDirs = [OTHER_DIR]
  const { errorCode, brokerEpoch } = scenario.submit('brokerRegistration', registration({ logDirs })).response
  assert.equal(errorCode, ErrorCode.NONE)
  scenario.submit('brokerHeartbeat', heartbeat(brokerEpoch))
  const { leader, leaderEpoch, isr } = scenario.image.partition('orders', 0)!
  assert.deepEqual([leader, leaderEpoch, isr, scenario.image.broker(1)!.fenced], [-1, 1, [1], false])

  const unclean = elect(1, [{ topic: 'orders', partitions: [0] }])
  scenario.submit('electLeaders', unclean)
  const { leader: chosen, leaderRecoveryState } = scenario.image.partition('orders', 0)!
  assert.deepEqual([chosen, leaderRecoveryState], [1, 1])
})

test('a replica whose directory is lost is not elected, and one that is back is', () => {
  const scenario = new Scenario()
  scenario.apply(registeredBroker(2, 6, OTHER_DIR))
  const assignments = [{ partitionIndex: 0, brokerIds: [1, 2] }]
  const topicId = scenario.createTopics({ numPartitions: -1, replicationFactor: -1, assignments }).response.topics[0]!
    .topicId
  const assign = (id: Uuid) =>
    scenario.submit('assignReplicasToDirs', {
      brokerId: 1,
      brokerEpoch: BROKER_EPOCH,
      directories: [{ id, topics: [{ topicId, partitions: [{ partitionIndex: 0 }] }] }],
    })
  const seen = () => {
    const { leader, isr } = scenario.image.partition('orders', 0)!
    return [leader, isr]
  }
  assert.deepEqual(seen(), [1, [1, 2]])
  assign(DIRECTORY_LOST)
  assert.deepEqual(seen(), [2, [2]])
  // Its leader takes it in, which does not look at directories; then nobody else is left.
  scenario.apply(metadataRecord('PartitionChange', { topicId, partitionId: 0, isr: [2, 1] }, 2))
  scenario.submit('brokerHeartbeat', { ...heartbeat(6), brokerId: 2, wantShutDown: true })
  assert.deepEqual(seen(), [-1, [1]])
  assign(LOG_DIR)
  assert.deepEqual(seen(), [1, [1]])
})

test('a broker that shuts down is fenced and may go at once', () => {
  const scenario = new Scenario()
  const { records, response } = scenario.submit('brokerHeartbeat', heartbeat(BROKER_EPOCH, { wantShutDown: true }))
  assert.equal(response.shouldShutDown, true)
  assert.equal(records.length, 1)
  assert.equal(scenario.image.broker(NODE_ID)!.fenced, true)
})

test('a session has ended when its deadline says so, whatever fractions of a millisecond are about', () => {
  for (let tenths = 0; tenths < 2_000; tenths++) {
    const sessions = new BrokerSessions(3_217)
    const heardMs = 12_000 + tenths * 0.7
    sessions.heard(1, heardMs, 0)
    // Checks in between, at quarters of a session, are passed by.
    let steps = 0
    let nowMs = heardMs
    while (steps < 10) {
      nowMs = Math.max(nowMs, sessions.nextDeadlineMs())
      if (sessions.expired(nowMs).length > 0) break
      steps++
    }
    assert.ok(steps < 10, `heard at ${heardMs}`)
  }
})

test('heartbeats of nobody, or of an earlier life, are refused', () => {
  const scenario = new Scenario()
  assert.equal(
    scenario.decide('brokerHeartbeat', heartbeat(5, { brokerId: 9 })).response.errorCode,
    ErrorCode.BROKER_ID_NOT_REGISTERED,
  )
  assert.equal(scenario.decide('brokerHeartbeat', heartbeat(4)).response.errorCode, ErrorCode.STALE_BROKER_EPOCH)
})

test('a dead broker is unregistered and its partitions go to who is left', () => {
  const scenario = new Scenario()
  scenario.apply(registeredBroker(2, 6, OTHER_DIR))
  const assignments = [
    { partitionIndex: 0, brokerIds: [2, 1] },
    { partitionIndex: 1, brokerIds: [2, 1] },
  ]
  const topicId = scenario.createTopics({ numPartitions: -1, replicationFactor: -1, assignments }).response.topics[0]!
    .topicId
  scenario.apply(metadataRecord('PartitionChange', { topicId, partitionId: 1, isr: [2] }, 2))
  scenario.apply(metadataRecord('BrokerRegistrationChange', { brokerId: 2, brokerEpoch: 6, fenced: 1 }))
  scenario.submit('unregisterBroker', { brokerId: 2 })
  assert.equal(scenario.image.broker(2), undefined)
  const [first, last] = [scenario.image.partition('orders', 0)!, scenario.image.partition('orders', 1)!]
  assert.deepEqual([first.leader, first.isr], [1, [1]])
  assert.deepEqual([last.leader, last.isr], [-1, [2]], 'the last replica in sync stays noted')
})

test('neither this node nor a stranger can be unregistered', () => {
  const scenario = new Scenario()
  for (const [brokerId, code] of [
    [NODE_ID, ErrorCode.INVALID_REQUEST],
    [9, ErrorCode.BROKER_ID_NOT_REGISTERED],
  ] as const) {
    const { records, response } = scenario.decide('unregisterBroker', { brokerId })
    assert.deepEqual([records.length, response.errorCode], [0, code])
  }
})

test('producer ids come in blocks of a thousand, each once', () => {
  const scenario = new Scenario()
  const blocks = [0, 1, 2].map(() => {
    const request = { brokerId: NODE_ID, brokerEpoch: BROKER_EPOCH }
    const { producerIdStart, producerIdLen, errorCode } = scenario.submit('allocateProducerIds', request).response
    return [errorCode, producerIdStart, producerIdLen]
  })
  assert.deepEqual(blocks, [
    [0, 0, 1000],
    [0, 1000, 1000],
    [0, 2000, 1000],
  ])
  assert.equal(scenario.image.nextProducerId, 3000)
  const stale = scenario.decide('allocateProducerIds', { brokerId: NODE_ID, brokerEpoch: 4 })
  assert.deepEqual([stale.records.length, stale.response.errorCode], [0, ErrorCode.STALE_BROKER_EPOCH])
})

function update(feature: string, maxVersionLevel: number, upgradeType = 1) {
  return {
    timeoutMs: 0,
    validateOnly: false,
    featureUpdates: [{ feature, maxVersionLevel, upgradeType, allowDowngrade: false }],
  }
}
const [UPGRADE, SAFE, UNSAFE] = [1, 2, 3]

test('features are raised and lowered within what all nodes support', () => {
  const scenario = new Scenario({}, { 'group.version': 1 })
  const { records } = scenario.submit('updateFeatures', update('transaction.version', 2))
  assert.deepEqual(records, [metadataRecord('FeatureLevel', { name: 'transaction.version', featureLevel: 2 })])
  scenario.submit('updateFeatures', update('group.version', 0, SAFE))
  assert.equal(scenario.image.features.has('group.version'), false)
  assert.deepEqual(scenario.decide('updateFeatures', update('metadata.version', 30)).records, [])
})

test('metadata.version goes up freely and down only where the log stays readable', () => {
  const scenario = new Scenario({}, { 'metadata.version': 28 })
  scenario.submit('updateFeatures', update('metadata.version', 29))
  assert.equal(scenario.image.metadataVersion, 29)
  scenario.submit('updateFeatures', update('metadata.version', 26, SAFE))
  assert.equal(scenario.image.metadataVersion, 26)
})

test('feature updates that cannot be are refused, whole', () => {
  const cases = [
    update('metadata.version', 29, UPGRADE),
    update('metadata.version', 29, SAFE),
    update('metadata.version', 29, UNSAFE),
    update('metadata.version', 31, UPGRADE),
    update('group.version', 5, UPGRADE),
    update('group.version', 0, UPGRADE),
    update('nope', 1, UPGRADE),
    update('kraft.version', 2, UPGRADE),
  ]
  for (const request of cases) {
    const { records, response } = new Scenario({}, { 'group.version': 1 }).decide('updateFeatures', request)
    const what = JSON.stringify(request.featureUpdates)
    assert.equal(response.errorCode, ErrorCode.INVALID_UPDATE_VERSION, what)
    assert.ok(response.errorMessage, what)
    assert.deepEqual(records, [], what)
  }
})

test('kraft.version is raised by the quorum, not by a record of the image', () => {
  const scenario = new Scenario()
  scenario.quorum = { kraftVersion: 0, voterIds: [NODE_ID], upgradeProblem: () => undefined }
  const request = update('kraft.version', 1)
  const { kraftVersion, records, response } = scenario.decide('updateFeatures', request)
  assert.deepEqual([response.errorCode, kraftVersion], [ErrorCode.NONE, 1])
  assert.deepEqual(records, [metadataRecord('NoOp', {})])
  const dry = scenario.decide('updateFeatures', { ...request, validateOnly: true })
  assert.deepEqual([dry.response.errorCode, dry.kraftVersion, dry.records], [ErrorCode.NONE, undefined, []])
  scenario.quorum = { ...scenario.quorum, kraftVersion: 1 }
  const again = scenario.decide('updateFeatures', request)
  assert.deepEqual([again.response.errorCode, again.kraftVersion, again.records], [ErrorCode.NONE, undefined, []])
})

test('kraft.version stays when a voter is too old, a controller is, or it is to be lowered', () => {
  const scenario = new Scenario()
  const problem = 'voter 2 supports kraft.version 0 to 0'
  const refusal = (level: number): string => {
    const { kraftVersion, records, response } = scenario.decide('updateFeatures', update('kraft.version', level, SAFE))
    assert.deepEqual([kraftVersion, records, response.errorCode], [undefined, [], ErrorCode.INVALID_UPDATE_VERSION])
    return response.errorMessage!
  }
  scenario.quorum = { kraftVersion: 0, voterIds: [1, 2], upgradeProblem: () => problem }
  assert.equal(refusal(1), `nothing was changed: ${problem}`)
  scenario.quorum = { kraftVersion: 1, voterIds: [1, 2], upgradeProblem: () => 'it is never lowered' }
  assert.equal(refusal(0), 'nothing was changed: it is never lowered')
  const old = { id: 2, incarnationId: LOG_DIR, zkMigrationReady: false, endpoints: [], features: [] }
  scenario.quorum = { kraftVersion: 0, voterIds: [1, 2], upgradeProblem: () => undefined }
  scenario.apply(controllerRecord(old))
  assert.equal(refusal(1), 'nothing was changed: controller 2 does not support kraft.version 1')
  scenario.quorum = { kraftVersion: 0, voterIds: [1, 3], upgradeProblem: () => undefined }
  assert.equal(scenario.decide('updateFeatures', update('kraft.version', 1)).kraftVersion, 1, '2 votes no more')
})

test('switching eligible leader replicas on gives the cluster one min.insync.replicas', () => {
  const scenario = new Scenario({ 'min.insync.replicas': '1' })
  scenario.apply(
    metadataRecord('Config', { resourceType: 4, resourceName: '1', name: 'min.insync.replicas', value: '2' }),
  )
  scenario.submit('updateFeatures', update('eligible.leader.replicas.version', 1))
  assert.deepEqual([...scenario.image.configs(4, '')], [['min.insync.replicas', '1']])
  assert.equal(scenario.image.configs(4, '1').size, 0)
})

const elect = (electionType: number, topicPartitions: { topic: string; partitions: number[] }[] | null) => ({
  electionType,
  topicPartitions,
  timeoutMs: 0,
})

test('preferred election: not needed, done, or not possible', () => {
  const scenario = new Scenario()
  scenario.apply(registeredBroker(2, 6, OTHER_DIR))
  const brokerIds = [1, 2]
  const assignments = [0, 1, 2].map((partitionIndex) => ({ partitionIndex, brokerIds }))
  const topicId = scenario.createTopics({ numPartitions: -1, replicationFactor: -1, assignments }).response.topics[0]!
    .topicId
  scenario.apply(metadataRecord('PartitionChange', { topicId, partitionId: 1, leader: 2 }, 2))
  scenario.apply(metadataRecord('PartitionChange', { topicId, partitionId: 2, leader: 2, isr: [2] }, 2))
  const { records, response } = scenario.decide(
    'electLeaders',
    elect(0, [
      { topic: 'orders', partitions: [0, 1, 2] },
      { topic: 'nobody', partitions: [0] },
    ]),
  )
  assert.deepEqual(
    response.replicaElectionResults.map(({ partitionResult }) => partitionResult.map((each) => each.errorCode)),
    [
      [ErrorCode.ELECTION_NOT_NEEDED, ErrorCode.NONE, ErrorCode.PREFERRED_LEADER_NOT_AVAILABLE],
      [ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    ],
  )
  assert.deepEqual(records, [metadataRecord('PartitionChange', { topicId, partitionId: 1, leader: 1 }, 2)])
  const all = scenario.decide('electLeaders', elect(0, null)).response.replicaElectionResults
  assert.deepEqual(
    all[0]!.partitionResult.map((each) => each.partitionId),
    [1, 2],
    'asked for all, those that need none are left out',
  )
})

test('an unclean election makes a live replica the leader of a partition without one, marked as recovering', () => {
  const scenario = new Scenario()
  scenario.apply(registeredBroker(2, 6, OTHER_DIR))
  const assignments = [{ partitionIndex: 0, brokerIds: [1, 2] }]
  const topicId = scenario.createTopics({ numPartitions: -1, replicationFactor: -1, assignments }).response.topics[0]!
    .topicId
  const unclean = elect(1, [{ topic: 'orders', partitions: [0] }])
  const codeOf = () =>
    scenario.submit('electLeaders', unclean).response.replicaElectionResults[0]!.partitionResult[0]!.errorCode
  assert.equal(codeOf(), ErrorCode.ELECTION_NOT_NEEDED)
  scenario.apply(metadataRecord('FenceBroker', { id: 2, epoch: 6 }))
  scenario.apply(metadataRecord('PartitionChange', { topicId, partitionId: 0, leader: -1, isr: [2] }, 2))
  assert.equal(codeOf(), ErrorCode.NONE)
  const { leader, isr, leaderRecoveryState } = scenario.image.partition('orders', 0)!
  assert.deepEqual([leader, isr, leaderRecoveryState], [1, [1], 1])
})

test('reassignments: none run, none can be cancelled, and there is nowhere to go', () => {
  const scenario = new Scenario()
  scenario.createTopics({})
  const listed = scenario.decide('listPartitionReassignments', { timeoutMs: 0, topics: null })
  assert.deepEqual(listed.response.topics, [])
  const codeOf = (replicas: number[] | null, partitionIndex = 0) =>
    scenario.decide('alterPartitionReassignments', {
      timeoutMs: 0,
      allowReplicationFactorChange: true,
      topics: [{ name: 'orders', partitions: [{ partitionIndex, replicas }] }],
    }).response.responses[0]!.partitions[0]!.errorCode
  assert.equal(codeOf(null), ErrorCode.NO_REASSIGNMENT_IN_PROGRESS)
  assert.equal(codeOf([1]), ErrorCode.NONE)
  assert.equal(codeOf([2]), ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  assert.equal(codeOf([1], 9), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
})

test('a reassignment that the directory brought along is listed', () => {
  const scenario = new Scenario()
  const topicId = scenario.createTopics({}).response.topics[0]!.topicId
  const directories = [LOG_DIR, OTHER_DIR]
  scenario.apply(
    metadataRecord(
      'PartitionChange',
      { topicId, partitionId: 0, replicas: [1, 2], directories, addingReplicas: [2] },
      2,
    ),
  )
  const topics = [{ name: 'orders', partitionIndexes: [0, 7] }]
  const { response } = scenario.decide('listPartitionReassignments', { timeoutMs: 0, topics })
  assert.deepEqual(response.topics, [
    {
      name: 'orders',
      partitions: [{ partitionIndex: 0, replicas: [1, 2], addingReplicas: [2], removingReplicas: [] }],
    },
  ])
})
