/** The facade: what depends on versions, on the metadata image, and on who leads which partition. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SeededRandom, silentLogger } from '@braidlog/base'
import { ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model'
import {
  JoinGroupResponse,
  LeaveGroupResponse,
  OffsetCommitResponse,
  OffsetFetchResponse,
  type OffsetFetchRequest,
} from '@braidlog/protocol'
import { plainCodecs } from '@braidlog/records'
import { defaultGroupCoordinatorConfig, GroupCoordinator, type RequestOrigin } from '@braidlog/coordinator'
import { MemoryLog } from './memory-log.ts'
import {
  bytesOf,
  commitRequest,
  heartbeatRequest,
  joinRequest,
  leaveRequest,
  subscription,
  syncRequest,
  textOf,
} from './requests.ts'
import { settle, SimTime } from './sim-time.ts'

const PARTITIONS = 4
const ids = new Map([
  ['t', 'AAAAAAAAAAAAAAAAAAAAAg' as Uuid],
  ['u', 'AAAAAAAAAAAAAAAAAAAAAw' as Uuid],
])
const topics = {
  topicId: (name: string) => ids.get(name),
  topicName: (id: Uuid) => [...ids].find(([, one]) => one === id)?.[0],
  partitionCount: (name: string) => (ids.has(name) ? 3 : undefined),
}

async function open() {
  const time = new SimTime()
  const groups = new GroupCoordinator({
    config: { ...defaultGroupCoordinatorConfig, initialRebalanceDelayMs: 0 },
    partitionCount: PARTITIONS,
    topics,
    codecs: plainCodecs,
    clock: time,
    timers: time,
    random: new SeededRandom(1),
    logger: silentLogger,
  })
  const logs = Array.from({ length: PARTITIONS }, () => new MemoryLog())
  await Promise.all(logs.map((log, partition) => groups.lead(partition, 1, log)))
  return { time, groups, logs }
}

const origin = (apiVersion: number): RequestOrigin => ({ apiVersion, clientId: 'c', clientHost: '10.0.0.7' })

/** A group of one stable member. */
async function stable() {
  const opened = await open()
  const { groups, time } = opened
  const joining = groups.joinGroup(joinRequest(), origin(3))
  await settle()
  await time.pass(0)
  const { memberId } = await joining
  await groups.syncGroup(syncRequest({ memberId, generationId: 1, assignments: { [memberId]: 'all' } }), origin(5))
  return { ...opened, memberId }
}

test('member ids are the client id and a uuid, hosts begin with a slash', async () => {
  const { groups, memberId } = await stable()
  assert.match(memberId, /^c-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  const { groups: described } = await groups.describeGroups(
    { groups: ['g'], includeAuthorizedOperations: false },
    origin(5),
  )
  const member = described[0]!.members[0]!
  assert.deepEqual([member.clientId, member.clientHost, textOf(member.memberAssignment)], ['c', '/10.0.0.7', 'all'])
})

test('what a client sent may be overwritten when the call has returned', async () => {
  const { groups, time } = await open()
  const metadata = subscription(['t'])
  const joining = groups.joinGroup(joinRequest({ protocols: [{ name: 'range', metadata }] }), origin(3))
  metadata.fill(0xff)
  await settle()
  await time.pass(0)
  const { memberId, members } = await joining
  assert.deepEqual(members[0]!.metadata, subscription(['t']))
  const assignment = bytesOf('all')
  const request = { ...syncRequest({ memberId, generationId: 1 }), assignments: [{ memberId, assignment }] }
  const syncing = groups.syncGroup(request, origin(5))
  assignment.fill(0)
  assert.equal(textOf((await syncing).assignment), 'all')
})

test('session timeouts outside the bounds are refused', async () => {
  const { groups } = await open()
  for (const sessionTimeoutMs of [5_999, 1_800_001]) {
    const { errorCode } = await groups.joinGroup(joinRequest({ sessionTimeoutMs }), origin(9))
    assert.equal(errorCode, ErrorCode.INVALID_SESSION_TIMEOUT)
  }
})

test('a group needs a name, except to commit and fetch', async () => {
  const { groups } = await open()
  const member = { groupId: '', memberId: 'm', generationId: 1 }
  const answers = [
    await groups.joinGroup(joinRequest({ groupId: '' }), origin(9)),
    await groups.syncGroup(syncRequest(member), origin(5)),
    await groups.heartbeat(heartbeatRequest(member), origin(4)),
    await groups.leaveGroup(leaveRequest([{ memberId: 'm' }], ''), origin(5)),
    await groups.offsetDelete({ groupId: '', topics: [] }, origin(0)),
  ]
  for (const { errorCode } of answers) assert.equal(errorCode, ErrorCode.INVALID_GROUP_ID)
  const committed = await groups.offsetCommit(commitRequest({ groupId: '', offsets: { 0: 1 } }), origin(9))
  assert.equal(committed.topics[0]!.partitions[0]!.errorCode, ErrorCode.NONE)
})

test('every version of JoinGroup can carry a refusal', async () => {
  const { groups } = await open()
  for (let version = JoinGroupResponse.versionMin; version <= JoinGroupResponse.versionMax; version++) {
    const response = await groups.joinGroup(joinRequest({ sessionTimeoutMs: 1 }), origin(version))
    JoinGroupResponse.encode(response, version)
  }
})

test('version 0 of JoinGroup rebalances within the session timeout', async () => {
  const { groups, time, memberId } = await stable()
  const joining = groups.joinGroup(
    joinRequest({ memberId: '', sessionTimeoutMs: 7_000, rebalanceTimeoutMs: -1 }),
    origin(0),
  )
  await settle()
  await time.pass(60_000)
  const response = await joining
  assert.equal(response.errorCode, ErrorCode.NONE)
  assert.notEqual(response.memberId, memberId)
})

test('since version 5 a sync must name its protocol', async () => {
  const { groups, memberId } = await stable()
  const request = syncRequest({ memberId, generationId: 1, protocolName: null })
  assert.equal((await groups.syncGroup(request, origin(4))).errorCode, ErrorCode.NONE)
  assert.equal((await groups.syncGroup(request, origin(5))).errorCode, ErrorCode.INCONSISTENT_GROUP_PROTOCOL)
})

test('up to version 2 one member leaves, and the answer is its error', async () => {
  const { groups, memberId } = await stable()
  const leave = async (id: string, version: number) => {
    const response = await groups.leaveGroup({ groupId: 'g', memberId: id, members: [] }, origin(version))
    LeaveGroupResponse.encode(response, version)
    return response.errorCode
  }
  assert.equal(await leave('nobody', 0), ErrorCode.UNKNOWN_MEMBER_ID)
  assert.equal(await leave(memberId, 2), ErrorCode.NONE)
})

test('commits of topics and partitions that do not exist keep their place in the answer', async () => {
  const { groups } = await open()
  const request = commitRequest({ offsets: { 0: 1, 3: 1, 2: 1 } })
  const unknown = { ...request.topics[0]!, name: 'nowhere' }
  const { topics: answered } = await groups.offsetCommit(
    { ...request, topics: [unknown, ...request.topics] },
    origin(9),
  )
  const codes = answered.flatMap((topic) =>
    topic.partitions.map((one) => `${topic.name}-${one.partitionIndex} ${one.errorCode}`),
  )
  assert.deepEqual(codes, ['nowhere-0 3', 'nowhere-2 3', 'nowhere-3 3', 't-0 0', 't-2 0', 't-3 3'])
})

test('since version 10 topics are named by id, and offsets belong to the topic of that id', async () => {
  const { groups } = await open()
  const t = ids.get('t')!
  const strange = 'AAAAAAAAAAAAAAAAAAAAZg' as Uuid
  const request = commitRequest({ topic: '', topicId: t, offsets: { 0: 5 } })
  const unknown = { ...request.topics[0]!, topicId: strange }
  const committed = await groups.offsetCommit({ ...request, topics: [...request.topics, unknown] }, origin(10))
  OffsetCommitResponse.encode(committed, 10)
  assert.deepEqual(
    committed.topics.map(({ topicId, partitions }) => [topicId, partitions[0]!.errorCode]),
    [
      [t, ErrorCode.NONE],
      [strange, ErrorCode.UNKNOWN_TOPIC_ID],
    ],
  )
  const fetch = async (topicId: Uuid) => {
    const group = {
      groupId: 'g',
      memberId: null,
      memberEpoch: -1,
      topics: [{ name: '', topicId, partitionIndexes: [0] }],
    }
    const response = await groups.offsetFetch(fetchRequest({ groups: [group] }), origin(10))
    OffsetFetchResponse.encode(response, 10)
    return response.groups[0]!.topics[0]!.partitions[0]!
  }
  assert.equal((await fetch(t)).committedOffset, 5)
  assert.equal((await fetch(strange)).errorCode, ErrorCode.UNKNOWN_TOPIC_ID)
  const all = await groups.offsetFetch(fetchRequest({ groups: [everything('g')] }), origin(10))
  assert.deepEqual(
    all.groups[0]!.topics.map(({ topicId }) => topicId),
    [t],
  )
  // The topic is made anew: the offset was of the old one.
  ids.set('t', 'AAAAAAAAAAAAAAAAAAAABA' as Uuid)
  assert.equal((await fetch(ids.get('t')!)).committedOffset, -1)
  ids.set('t', t)
})

const everything = (groupId: string) => ({ groupId, memberId: null, memberEpoch: -1, topics: null })

function fetchRequest(fields: Partial<OffsetFetchRequest>): OffsetFetchRequest {
  return { groupId: '', topics: [], groups: [], requireStable: false, ...fields }
}

test('offsets are fetched of one group, of several, and of all topics', async () => {
  const { groups } = await open()
  await groups.offsetCommit(commitRequest({ groupId: 'g', offsets: { 0: 5 } }), origin(9))
  await groups.offsetCommit(commitRequest({ groupId: 'h', topic: 'u', offsets: { 1: 6 }, metadata: 'note' }), origin(9))
  const one = await groups.offsetFetch(
    fetchRequest({ groupId: 'g', topics: [{ name: 't', partitionIndexes: [0, 1] }] }),
    origin(1),
  )
  OffsetFetchResponse.encode(one, 1)
  assert.deepEqual(
    one.topics[0]!.partitions.map(({ committedOffset }) => committedOffset),
    [5, -1],
  )
  const all = await groups.offsetFetch(fetchRequest({ groupId: 'h', topics: null }), origin(7))
  OffsetFetchResponse.encode(all, 7)
  assert.equal(all.topics[0]!.partitions[0]!.metadata, 'note')
  const several = await groups.offsetFetch(fetchRequest({ groups: ['h', 'none', 'g'].map(everything) }), origin(8))
  OffsetFetchResponse.encode(several, 8)
  assert.deepEqual(
    several.groups.map(({ groupId, topics: found }) => `${groupId} ${found.map(({ name }) => name).join()}`),
    ['h u', 'none ', 'g t'],
  )
})

test('metadata beside an offset has a limit', async () => {
  const { groups } = await open()
  const request = commitRequest({ offsets: { 0: 5 }, metadata: 'x'.repeat(4097) })
  const { topics: answered } = await groups.offsetCommit(request, origin(9))
  assert.equal(answered[0]!.partitions[0]!.errorCode, ErrorCode.OFFSET_METADATA_TOO_LARGE)
})

test('groups are listed and described across partitions, filtered without regard to case', async () => {
  const { groups, logs } = await stable()
  await groups.offsetCommit(commitRequest({ groupId: 'h', offsets: { 0: 5 } }), origin(9))
  assert.ok(logs.filter((log) => log.endOffset() > 0).length > 1, 'the groups lie in different partitions')
  const list = async (statesFilter: string[], typesFilter: string[]) => {
    const listed = await groups.listGroups({ statesFilter, typesFilter }, origin(5))
    return listed.groups.map(({ groupId, groupState }) => `${groupId} ${groupState}`).toSorted()
  }
  assert.deepEqual(await list([], []), ['g Stable', 'h Empty'])
  assert.deepEqual(await list(['stable'], ['CLASSIC']), ['g Stable'])
  assert.deepEqual(await list([], ['consumer']), [])
  const request = { groups: ['g', 'h', 'none'], includeAuthorizedOperations: false }
  const { groups: described } = await groups.describeGroups(request, origin(6))
  assert.deepEqual(
    described.map(({ groupId, groupState, errorCode }) => `${groupId} ${groupState} ${errorCode}`).toSorted(),
    ['g Stable 0', 'h Empty 0', 'none Dead 69'],
  )
  const old = await groups.describeGroups({ ...request, groups: ['none'] }, origin(5))
  assert.equal(old.groups[0]!.errorCode, ErrorCode.NONE)
  const { results } = await groups.deleteGroups({ groupsNames: ['g', 'h'] }, origin(2))
  const byGroup = Object.fromEntries(results.map(({ groupId, errorCode }) => [groupId, errorCode]))
  assert.deepEqual(byGroup, { g: ErrorCode.NON_EMPTY_GROUP, h: ErrorCode.NONE })
})

test('offsets of topics that do not exist cannot be deleted', async () => {
  const { groups } = await open()
  await groups.offsetCommit(commitRequest({ offsets: { 0: 5 } }), origin(9))
  const partitions = [{ partitionIndex: 0 }, { partitionIndex: 9 }]
  const request = {
    groupId: 'g',
    topics: [
      { name: 'nowhere', partitions },
      { name: 't', partitions },
    ],
  }
  const { topics: answered } = await groups.offsetDelete(request, origin(0))
  const codes = answered.flatMap((topic) =>
    topic.partitions.map((one) => `${topic.name}-${one.partitionIndex} ${one.errorCode}`),
  )
  assert.deepEqual(codes, ['nowhere-0 3', 'nowhere-9 3', 't-0 0', 't-9 3'])
})

test('deleted topics take their offsets along', async () => {
  const { groups } = await open()
  await groups.offsetCommit(commitRequest({ offsets: { 0: 5 } }), origin(9))
  groups.topicsDeleted([{ name: 't', topicId: ids.get('t')! }])
  await settle()
  const { groups: found } = await groups.offsetFetch(fetchRequest({ groups: [everything('g')] }), origin(9))
  assert.deepEqual(found[0]!.topics, [])
})

test('who does not lead the partition says so, by epoch', async () => {
  const { groups, logs } = await open()
  const partition = groups.partitionFor('g')
  const commit = async () => {
    const { topics: answered } = await groups.offsetCommit(commitRequest({ offsets: { 0: 5 } }), origin(9))
    return answered[0]!.partitions[0]!.errorCode
  }
  groups.resign(partition, 0)
  assert.equal(await commit(), ErrorCode.NONE, 'old news')
  groups.resign(partition, 2)
  assert.equal(await commit(), ErrorCode.NOT_COORDINATOR)
  await groups.lead(partition, 2, logs[partition]!)
  assert.equal(await commit(), ErrorCode.NOT_COORDINATOR, 'old news')
  const leading = groups.lead(partition, 3, logs[partition]!)
  assert.equal(await commit(), ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  await leading
  assert.equal(await commit(), ErrorCode.NONE)
})

test('while a partition loads its members are not alarmed, and lists are refused', async () => {
  const { groups, logs, memberId } = await stable()
  const partition = groups.partitionFor('g')
  const leading = groups.lead(partition, 2, logs[partition]!)
  const request = heartbeatRequest({ memberId, generationId: 1 })
  const [beat, listed] = await Promise.all([
    groups.heartbeat(request, origin(4)),
    groups.listGroups({ statesFilter: [], typesFilter: [] }, origin(5)),
  ])
  assert.equal(beat.errorCode, ErrorCode.NONE)
  assert.equal(listed.errorCode, ErrorCode.COORDINATOR_LOAD_IN_PROGRESS)
  await leading
  assert.equal((await groups.heartbeat(request, origin(4))).errorCode, ErrorCode.NONE, 'the member is still known')
})

test('closing answers whoever waits', async () => {
  const { groups, memberId, time } = await stable()
  const joining = groups.joinGroup(joinRequest({ memberId }), origin(9))
  const waiting = groups.joinGroup(joinRequest(), origin(3))
  await settle()
  groups.close()
  assert.equal((await waiting).errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  await joining
  const { errorCode } = await groups.heartbeat(heartbeatRequest({ memberId, generationId: 1 }), origin(4))
  assert.equal(errorCode, ErrorCode.COORDINATOR_NOT_AVAILABLE)
  assert.equal(time.timerCount(), 0)
})

test('a group whose record no batch can hold does not become stable', async () => {
  const { groups, time } = await open()
  const joining = groups.joinGroup(joinRequest({ groupId: 'big' }), origin(3))
  await settle()
  await time.pass(0)
  const { memberId } = await joining
  const member = { groupId: 'big', memberId, generationId: 1 }
  const assignments = { [memberId]: 'x'.repeat(1_000_001) }
  const { errorCode } = await groups.syncGroup(syncRequest({ ...member, assignments }), origin(5))
  assert.equal(errorCode, ErrorCode.UNKNOWN_SERVER_ERROR)
  assert.equal((await groups.heartbeat(heartbeatRequest(member), origin(4))).errorCode, ErrorCode.REBALANCE_IN_PROGRESS)
})

test('topic ids of older commits come from the metadata image', async () => {
  const { groups } = await open()
  await groups.offsetCommit(commitRequest({ topicId: ZERO_UUID, offsets: { 0: 5 } }), origin(2))
  const group = { ...everything('g'), topics: [{ name: '', topicId: ids.get('t')!, partitionIndexes: [0] }] }
  const { groups: found } = await groups.offsetFetch(fetchRequest({ groups: [group] }), origin(10))
  assert.equal(found[0]!.topics[0]!.partitions[0]!.committedOffset, 5)
})
