/** Leaders, in-sync and eligible replicas: given these brokers and partitions, when this happens, then that. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { LeaderRecoveryState, metadataRecord, NO_LEADER, type PartitionRegistration } from '@braidlog/metadata'
import { ErrorCode, type Uuid } from '@braidlog/model'
import type { AlterPartitionRequest } from '@braidlog/protocol'
import { registeredBroker, Scenario } from './scenario.ts'

const DIRS = [
  'IO_plDfRSbqgxBJYiCvQ4Q',
  'kHxW2V9-RPagW0wmuN2QKA',
  '05iO1jJtSsSNs9I3SjgOiA',
  'Nb0LUcTKQ2exKZI5oRMqdA',
  'jUQXyTBnS3CjPMbRXpG5Pg',
] as Uuid[]
const ELR = { 'eligible.leader.replicas.version': 1 }

/** Brokers 1 to `count` with epochs 11, 12, …, all active, and one partition on `replicas`. */
function cluster(replicas: number[], { count = 4, elr = true, configs = {} } = {}) {
  const scenario = new Scenario({ 'min.insync.replicas': '2', ...configs }, elr ? ELR : {})
  for (let id = 1; id <= count; id++) scenario.apply(registeredBroker(id, 10 + id, DIRS[id]!))
  const assignments = [{ partitionIndex: 0, brokerIds: replicas }]
  const created = scenario.createTopics({ numPartitions: -1, replicationFactor: -1, assignments })
  const { topicId } = created.response.topics[0]!
  for (let id = 1; id <= count; id++) heartbeat(scenario, id)
  return { scenario, topicId, partition: () => scenario.image.partition('orders', 0)! }
}

function heartbeat(scenario: Scenario, brokerId: number, more: { wantShutDown?: boolean; offset?: number } = {}) {
  return scenario.submit('brokerHeartbeat', {
    brokerId,
    brokerEpoch: scenario.image.broker(brokerId)!.epoch,
    currentMetadataOffset: more.offset ?? scenario.nextOffset - 1,
    wantFence: false,
    wantShutDown: more.wantShutDown ?? false,
    offlineLogDirs: [],
    cordonedLogDirs: null,
  })
}

/** Everyone but `silent` keeps sending heartbeats until they are fenced. */
function silence(scenario: Scenario, ...silent: number[]): void {
  const endMs = scenario.nowMs + 20_000
  while (scenario.nowMs < endMs) {
    scenario.passTo(scenario.nowMs + 1000)
    for (const { id, fenced } of Array.from(scenario.image.brokers())) {
      if (!silent.includes(id) && !fenced) heartbeat(scenario, id)
    }
  }
  for (const id of silent) assert.equal(scenario.image.broker(id)!.fenced, true)
}

function comeBack(scenario: Scenario, brokerId: number, previousBrokerEpoch: number, logDir?: Uuid): void {
  const { endpoints, features, logDirs } = scenario.image.broker(brokerId)!
  scenario.submit('brokerRegistration', {
    brokerId,
    clusterId: 'cluster',
    incarnationId: DIRS[(brokerId + 1) % DIRS.length]!,
    listeners: endpoints.map((each) => ({ ...each })),
    features: features.map(({ name, levelMin, levelMax }) => ({
      name,
      minSupportedVersion: levelMin,
      maxSupportedVersion: levelMax,
    })),
    rack: null,
    isMigratingZkBroker: false,
    logDirs: logDir === undefined ? [...logDirs] : [logDir],
    previousBrokerEpoch,
  })
  heartbeat(scenario, brokerId)
}

const sorted = (ids: readonly number[]) => ids.toSorted((a, b) => a - b)

const seen = ({ leader, isr, eligibleLeaderReplicas }: PartitionRegistration) => ({
  leader,
  isr: [...isr],
  elr: sorted(eligibleLeaderReplicas),
})

test('a silent broker is fenced after its session, and its partitions go to who is in sync', () => {
  const { scenario, partition } = cluster([1, 2, 3])
  scenario.passTo(scenario.nowMs + 8_900)
  for (const id of [2, 3, 4]) heartbeat(scenario, id)
  assert.deepEqual(seen(partition()), { leader: 1, isr: [1, 2, 3], elr: [] })
  scenario.passTo(scenario.nowMs + 200)
  assert.equal(scenario.image.broker(1)!.fenced, true)
  assert.deepEqual(seen(partition()), { leader: 2, isr: [2, 3], elr: [] })
  assert.deepEqual([partition().leaderEpoch, partition().partitionEpoch], [1, 1])
})

test('time in which the controller stood still is not held against the brokers', () => {
  const { scenario } = cluster([1, 2, 3])
  scenario.nowMs += 60_000
  const { records } = scenario.controller.expire(scenario.context)
  assert.deepEqual(records, [])
})

test('below min.insync.replicas, who leaves becomes eligible, and leads when nobody else can', () => {
  const { scenario, partition } = cluster([1, 2, 3])
  silence(scenario, 1)
  silence(scenario, 2)
  assert.deepEqual(seen(partition()), { leader: 3, isr: [3], elr: [2] })
  silence(scenario, 3)
  assert.deepEqual(seen(partition()), { leader: NO_LEADER, isr: [], elr: [2, 3] })
  assert.deepEqual(partition().lastKnownElr, [3])
  comeBack(scenario, 2, 12)
  assert.deepEqual(seen(partition()), { leader: 2, isr: [2], elr: [3] })
  assert.deepEqual(partition().lastKnownElr, [])
  assert.equal(partition().leaderRecoveryState, LeaderRecoveryState.RECOVERED, 'nothing was lost')
})

test('a replica that comes back without the mark of a clean shutdown is no longer eligible', () => {
  const { scenario, partition } = cluster([1, 2, 3])
  for (const id of [1, 2, 3]) silence(scenario, id)
  comeBack(scenario, 2, -1)
  assert.deepEqual(seen(partition()), { leader: NO_LEADER, isr: [], elr: [3] })
  comeBack(scenario, 3, -1)
  assert.deepEqual(seen(partition()), { leader: 3, isr: [3], elr: [] })
  assert.equal(partition().leaderRecoveryState, LeaderRecoveryState.RECOVERING, 'the last leader, at a price')
})

test('the last leader that comes back with another disk is no leader to fall back on', () => {
  const { scenario, partition } = cluster([1, 2, 3])
  for (const id of [1, 2, 3]) silence(scenario, id)
  assert.deepEqual([partition().leader, partition().lastKnownElr], [NO_LEADER, [3]])
  comeBack(scenario, 3, -1, 'bmV3ZGlza25ld2Rpc2tuZQ' as Uuid)
  assert.deepEqual(seen(partition()), { leader: NO_LEADER, isr: [], elr: [2] })
  assert.deepEqual(partition().lastKnownElr, [])
  comeBack(scenario, 2, -1)
  assert.deepEqual(seen(partition()), { leader: NO_LEADER, isr: [], elr: [] }, 'it has crashed, and was not the last')
})

test('without eligible replicas the last one in sync is waited for', () => {
  const { scenario, partition } = cluster([1, 2, 3], { elr: false })
  for (const id of [1, 2, 3]) silence(scenario, id)
  assert.deepEqual(seen(partition()), { leader: NO_LEADER, isr: [3], elr: [] })
  comeBack(scenario, 2, 12)
  assert.equal(partition().leader, NO_LEADER)
  comeBack(scenario, 3, 13)
  assert.deepEqual(seen(partition()), { leader: 3, isr: [3], elr: [] })
})

test('only where the topic allows it, a replica that is not in sync leads', () => {
  const { scenario, partition } = cluster([1, 2, 3], { elr: false })
  const name = 'unclean.leader.election.enable'
  scenario.apply(metadataRecord('Config', { resourceType: 2, resourceName: 'orders', name, value: 'true' }))
  for (const id of [1, 2]) silence(scenario, id)
  comeBack(scenario, 2, 12)
  assert.deepEqual(seen(partition()), { leader: 3, isr: [3], elr: [] })
  silence(scenario, 3)
  assert.deepEqual(seen(partition()), { leader: 2, isr: [2], elr: [] })
  assert.equal(partition().leaderRecoveryState, LeaderRecoveryState.RECOVERING)
})

test('a partition with one replica keeps it as its leader, in a new epoch when it comes back', () => {
  const { scenario, partition } = cluster([2])
  silence(scenario, 2)
  assert.deepEqual([partition().leader, partition().isr, partition().leaderEpoch], [2, [2], 0])
  comeBack(scenario, 2, -1)
  assert.deepEqual([partition().leader, partition().isr, partition().leaderEpoch], [2, [2], 1])
})

test('a broker that wants to leave hands its leaderships over, and goes when the others know', () => {
  const { scenario, partition } = cluster([1, 2, 3])
  const first = heartbeat(scenario, 1, { wantShutDown: true })
  assert.deepEqual([first.response.shouldShutDown, first.response.isFenced], [false, false])
  assert.equal(scenario.image.broker(1)!.inControlledShutdown, true)
  assert.deepEqual(seen(partition()), { leader: 2, isr: [2, 3], elr: [] })
  const known = scenario.nextOffset - 1
  assert.equal(heartbeat(scenario, 1, { wantShutDown: true }).response.shouldShutDown, false)
  for (const id of [2, 3]) heartbeat(scenario, id, { offset: known })
  assert.equal(heartbeat(scenario, 1, { wantShutDown: true }).response.shouldShutDown, false, '4 has not heard of it')
  heartbeat(scenario, 4, { offset: known })
  const last = heartbeat(scenario, 1, { wantShutDown: true })
  assert.deepEqual([last.response.shouldShutDown, scenario.image.broker(1)!.fenced], [true, true])
})

test('a broker that leads nothing that others could lead goes at once', () => {
  const { scenario } = cluster([1])
  assert.equal(heartbeat(scenario, 1, { wantShutDown: true }).response.shouldShutDown, true)
  assert.equal(heartbeat(scenario, 2, { wantShutDown: true }).response.shouldShutDown, true)
})

test('a stopped broker takes replicas for later, a leaving one none', () => {
  const { scenario } = cluster([1, 2, 3])
  const create = (name: string) =>
    scenario.createTopics({ name, numPartitions: 8, replicationFactor: 4 }).response.topics[0]!.errorCode
  heartbeat(scenario, 1, { wantShutDown: true })
  assert.equal(create('leaving'), ErrorCode.INVALID_REPLICATION_FACTOR)
  for (let i = 0; i < 2; i++) for (const id of [2, 3, 4]) heartbeat(scenario, id)
  heartbeat(scenario, 1, { wantShutDown: true })
  assert.equal(scenario.image.broker(1)!.fenced, true)
  assert.equal(create('stopped'), ErrorCode.NONE)
  for (const { leader, isr, replicas } of scenario.image.topic('stopped')!.partitions.values()) {
    assert.ok(leader !== 1 && !isr.includes(1) && replicas.includes(1))
  }
})

test('replicas are striped over racks, and every broker leads its share', () => {
  const scenario = new Scenario()
  scenario.apply(metadataRecord('UnregisterBroker', { brokerId: 1, brokerEpoch: 5 }))
  for (let id = 1; id <= 4; id++) {
    const record = registeredBroker(id, 10 + id, DIRS[id]!)
    assert.ok(record.type === 'RegisterBroker')
    scenario.apply({ ...record, value: { ...record.value, rack: id <= 2 ? 'a' : 'b' } })
  }
  scenario.createTopics({ numPartitions: 8, replicationFactor: 2 })
  const leads = new Map<number, number>()
  const pairs = new Set<string>()
  for (const { leader, replicas } of scenario.image.topic('orders')!.partitions.values()) {
    leads.set(leader, (leads.get(leader) ?? 0) + 1)
    assert.equal(replicas.filter((id) => id <= 2).length, 1, 'one on each rack')
    pairs.add(sorted(replicas).join())
  }
  assert.deepEqual([...leads.values()], [2, 2, 2, 2])
  assert.ok(pairs.size > 2, 'brokers do not come in fixed pairs')
})

test('a second process with a broker id waits until the first is silent, unless it has its directory', () => {
  const { scenario } = cluster([1])
  const { endpoints, features } = scenario.image.broker(2)!
  const request = (logDir: Uuid) => ({
    brokerId: 2,
    clusterId: 'cluster',
    incarnationId: DIRS[0]!,
    listeners: endpoints.map((each) => ({ ...each })),
    features: features.map((each) => ({
      name: each.name,
      minSupportedVersion: each.levelMin,
      maxSupportedVersion: each.levelMax,
    })),
    rack: null,
    isMigratingZkBroker: false,
    logDirs: [logDir],
    previousBrokerEpoch: -1,
  })
  const other = scenario.decide('brokerRegistration', request('YnJhaWRsb2ctb3RoZXItMQ' as Uuid))
  assert.equal(other.response.errorCode, ErrorCode.DUPLICATE_BROKER_REGISTRATION)
  assert.equal(scenario.decide('brokerRegistration', request(DIRS[2]!)).response.errorCode, ErrorCode.NONE)
  silence(scenario, 2)
  assert.equal(
    scenario.decide('brokerRegistration', request('YnJhaWRsb2ctb3RoZXItMQ' as Uuid)).response.errorCode,
    ErrorCode.NONE,
  )
})

type Proposal = Partial<AlterPartitionRequest['topics'][number]['partitions'][number]> & { brokerId?: number }

function propose(at: ReturnType<typeof cluster>, isr: (number | [number, number])[], more: Proposal = {}) {
  const { scenario, topicId, partition } = at
  const { brokerId = partition().leader, ...fields } = more
  const decision = scenario.submit('alterPartition', {
    brokerId,
    brokerEpoch: scenario.image.broker(brokerId)!.epoch,
    topics: [
      {
        topicId: topicId!,
        partitions: [
          {
            partitionIndex: 0,
            leaderEpoch: partition().leaderEpoch,
            newIsr: [],
            newIsrWithEpochs: isr.map((each) =>
              typeof each === 'number'
                ? { brokerId: each, brokerEpoch: scenario.image.broker(each)?.epoch ?? -1 }
                : { brokerId: each[0], brokerEpoch: each[1] },
            ),
            leaderRecoveryState: partition().leaderRecoveryState,
            partitionEpoch: partition().partitionEpoch,
            ...fields,
          },
        ],
      },
    ],
  })
  return decision.response.topics[0]!.partitions[0]!
}

test('a leader shrinks and expands the in-sync replicas, each time one partition epoch further', () => {
  const at = cluster([1, 2, 3])
  const shrunk = propose(at, [1, 3])
  assert.deepEqual(
    [shrunk.errorCode, shrunk.isr, shrunk.leaderEpoch, shrunk.partitionEpoch],
    [ErrorCode.NONE, [1, 3], 0, 1],
  )
  assert.deepEqual(propose(at, [1, 3, 2]).isr, [1, 3, 2])
  const same = propose(at, [1, 3, 2])
  assert.deepEqual([same.errorCode, same.partitionEpoch], [ErrorCode.NONE, 2], 'nothing to change, nothing changed')
})

test('before 3.6 a shrink raises the leader epoch, an expansion never does', () => {
  const at = cluster([1, 2, 3], { elr: false })
  at.scenario.apply(metadataRecord('FeatureLevel', { name: 'metadata.version', featureLevel: 11 }))
  assert.equal(propose(at, [1, 3]).leaderEpoch, 1)
  assert.equal(propose(at, [1, 3, 2]).leaderEpoch, 1)
})

test('proposals from an older picture, of a stranger, or about strangers are refused', () => {
  const cases: readonly (readonly [(number | [number, number])[], Proposal, keyof typeof ErrorCode])[] = [
    [[1, 2], { partitionEpoch: 9 }, 'NOT_CONTROLLER'],
    [[1, 2], { leaderEpoch: 9 }, 'NOT_CONTROLLER'],
    [[1, 2], { leaderEpoch: -1 }, 'FENCED_LEADER_EPOCH'],
    [[1, 2], { partitionEpoch: -1 }, 'INVALID_UPDATE_VERSION'],
    [[1, 2], { brokerId: 2 }, 'INVALID_REQUEST'],
    [[1, 2], { partitionIndex: 7 }, 'UNKNOWN_TOPIC_OR_PARTITION'],
    [[1, 4], {}, 'INVALID_REQUEST'],
    [[1, 1], {}, 'INVALID_REQUEST'],
    [[2, 3], {}, 'INVALID_REQUEST'],
    [[1, 2], { leaderRecoveryState: LeaderRecoveryState.RECOVERING }, 'INVALID_REQUEST'],
    [[1, [2, 3]], {}, 'INELIGIBLE_REPLICA'],
  ]
  for (const [isr, more, code] of cases) {
    const at = cluster([1, 2, 3])
    const before = at.partition()
    assert.equal(propose(at, isr, more).errorCode, ErrorCode[code], JSON.stringify([isr, more]))
    assert.equal(at.partition(), before)
  }
  const fenced = cluster([1, 2, 3])
  silence(fenced.scenario, 3)
  assert.equal(propose(fenced, [1, 2, 3]).errorCode, ErrorCode.INELIGIBLE_REPLICA)
  const leaving = cluster([1, 2, 3])
  heartbeat(leaving.scenario, 1, { wantShutDown: true })
  assert.equal(propose(leaving, [2, 3, 1]).errorCode, ErrorCode.INELIGIBLE_REPLICA)
})

test('a leader with another epoch than the registered one is told so', () => {
  const { scenario, topicId } = cluster([1, 2, 3])
  const { response } = scenario.decide('alterPartition', {
    brokerId: 1,
    brokerEpoch: 3,
    topics: [{ topicId: topicId!, partitions: [] }],
  })
  assert.equal(response.errorCode, ErrorCode.STALE_BROKER_EPOCH)
})

test('a recovering leader says when it has recovered, and only then others are in sync', () => {
  const at = cluster([1, 2, 3])
  at.scenario.apply(
    metadataRecord('PartitionChange', { topicId: at.topicId!, partitionId: 0, isr: [1], leaderRecoveryState: 1 }, 2),
  )
  assert.equal(propose(at, [1, 2]).errorCode, ErrorCode.INVALID_REQUEST)
  assert.equal(propose(at, [1], { leaderRecoveryState: 0 }).errorCode, ErrorCode.NONE)
  assert.equal(at.partition().leaderRecoveryState, LeaderRecoveryState.RECOVERED)
  assert.equal(propose(at, [1, 2]).errorCode, ErrorCode.NONE)
})

function reassign(at: ReturnType<typeof cluster>, replicas: number[] | null, allowReplicationFactorChange = true) {
  const { response } = at.scenario.submit('alterPartitionReassignments', {
    timeoutMs: 1000,
    allowReplicationFactorChange,
    topics: [{ name: 'orders', partitions: [{ partitionIndex: 0, replicas }] }],
  })
  return response.responses[0]!.partitions[0]!.errorCode
}

test('a reassignment adds first, and takes away when all that is added is in sync', () => {
  const at = cluster([1, 2, 3])
  assert.equal(reassign(at, [4, 2, 3]), ErrorCode.NONE)
  assert.deepEqual(
    [at.partition().replicas, at.partition().addingReplicas, at.partition().removingReplicas],
    [[4, 2, 3, 1], [4], [1]],
  )
  assert.equal(at.partition().leader, 1)
  const done = propose(at, [1, 2, 3, 4])
  assert.equal(done.errorCode, ErrorCode.NEW_LEADER_ELECTED, 'the leader itself was taken away')
  const { replicas, addingReplicas, removingReplicas, leader, isr, directories } = at.partition()
  assert.deepEqual([replicas, addingReplicas, removingReplicas], [[4, 2, 3], [], []])
  assert.deepEqual([leader, sorted(isr)], [4, [2, 3, 4]])
  assert.deepEqual(directories, [DIRS[4], DIRS[2], DIRS[3]])
})

test('a reassignment that only reorders or removes is done at once, in a new leader epoch when it removes', () => {
  const at = cluster([1, 2, 3])
  assert.equal(reassign(at, [2, 1, 3]), ErrorCode.NONE)
  assert.deepEqual([at.partition().replicas, at.partition().leader, at.partition().leaderEpoch], [[2, 1, 3], 1, 0])
  assert.equal(reassign(at, [2, 1]), ErrorCode.NONE)
  assert.deepEqual([at.partition().replicas, at.partition().isr, at.partition().leaderEpoch], [[2, 1], [1, 2], 1])
})

test('a cancelled reassignment leaves what was there before', () => {
  const at = cluster([1, 2, 3])
  assert.equal(reassign(at, null), ErrorCode.NO_REASSIGNMENT_IN_PROGRESS)
  reassign(at, [4, 2, 3])
  assert.equal(reassign(at, null), ErrorCode.NONE)
  const { replicas, addingReplicas, removingReplicas, isr } = at.partition()
  assert.deepEqual([sorted(replicas), addingReplicas, removingReplicas, isr], [[1, 2, 3], [], [], [1, 2, 3]])
})

test('a new target in the middle of a move still waits for what was being added', () => {
  const at = cluster([1, 2])
  reassign(at, [3, 2])
  reassign(at, [3, 4])
  assert.deepEqual(
    [at.partition().addingReplicas, sorted(at.partition().removingReplicas)],
    [
      [3, 4],
      [1, 2],
    ],
  )
})

test('a new target lets go of what an earlier one was adding, and calling it off leads back to the beginning', () => {
  const at = cluster([1, 2])
  reassign(at, [3, 2])
  assert.equal(reassign(at, [4, 2]), ErrorCode.NONE)
  assert.deepEqual(
    [at.partition().replicas, at.partition().addingReplicas, at.partition().removingReplicas],
    [[4, 2, 1], [4], [1]],
  )
  assert.equal(reassign(at, null), ErrorCode.NONE)
  const { replicas, addingReplicas, removingReplicas, isr } = at.partition()
  assert.deepEqual([sorted(replicas), addingReplicas, removingReplicas, isr], [[1, 2], [], [], [1, 2]])
})

test('a new target keeps what an earlier one was adding when that alone has everything', () => {
  const at = cluster([1, 2])
  reassign(at, [3, 4])
  const only = { topicId: at.topicId!, partitionId: 0, isr: [3], leader: 3 }
  at.scenario.apply(metadataRecord('PartitionChange', only, 2))
  assert.equal(reassign(at, [4, 2]), ErrorCode.NONE)
  assert.deepEqual([at.partition().isr, at.partition().leader], [[3], 3])
  const { replicas, addingReplicas, removingReplicas } = at.partition()
  assert.deepEqual([sorted(replicas), addingReplicas, sorted(removingReplicas)], [[1, 2, 3, 4], [4], [1, 3]])
})

test('assignments that make no sense are refused', () => {
  const at = cluster([1, 2, 3])
  assert.equal(reassign(at, []), ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  assert.equal(reassign(at, [1, 1, 2]), ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  assert.equal(reassign(at, [1, 2, 9]), ErrorCode.INVALID_REPLICA_ASSIGNMENT)
  assert.equal(reassign(at, [1, 2], false), ErrorCode.INVALID_REPLICATION_FACTOR)
})

test('every five minutes partitions go back to their preferred leaders', () => {
  const { scenario, partition } = cluster([1, 2, 3])
  scenario.controller.activate(scenario.context)
  silence(scenario, 1)
  comeBack(scenario, 1, 11)
  assert.equal(partition().leader, 2)
  const at = { scenario, partition, topicId: scenario.image.topic('orders')!.id }
  propose(at, [2, 3, 1])
  const endMs = scenario.nowMs + 300_000
  while (scenario.nowMs < endMs) {
    scenario.passTo(scenario.nowMs + 1000)
    for (const { id } of Array.from(scenario.image.brokers())) heartbeat(scenario, id)
  }
  assert.equal(partition().leader, 1)
})
