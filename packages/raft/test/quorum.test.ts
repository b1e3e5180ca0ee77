/** Several nodes: elections, replication, failures, snapshots, voters; in encoded messages of several versions. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ErrorCode } from '@braidlog/model'
import { config, TestCluster, valuesOf, type TestNode } from './cluster.ts'

const others = (cluster: TestCluster, node: TestNode) => cluster.nodes.filter((each) => each !== node)

test('three nodes elect one of them, and what it appends is seen by all', async () => {
  const cluster = await TestCluster.start({ voters: 3 })
  const leader = await cluster.untilLed()
  await cluster.append(leader, 'a')
  await cluster.untilSeen('a')
  for (const node of cluster.nodes) {
    assert.equal(node.raft!.leader?.id, leader.id)
    assert.equal(node.raft!.leader?.address?.host, `n${leader.id}`)
    assert.equal(node.raft!.epoch, leader.raft!.epoch)
    assert.deepEqual(node.seen.leaders.at(-1), { leaderId: leader.id, epoch: leader.raft!.epoch })
  }
  await cluster.close()
})

test('a commit takes no longer than the messages and the disks: nobody waits for a timer', async () => {
  const cluster = await TestCluster.start({ voters: 3 })
  const leader = await cluster.untilLed()
  await cluster.append(leader, 'warm')
  await cluster.time.pass(1000)
  const before = cluster.time.monotonicMs()
  await cluster.append(leader, 'a')
  assert.ok(cluster.time.monotonicMs() - before <= 5, `${cluster.time.monotonicMs() - before} ms`)
  await cluster.untilSeen('a')
  assert.ok(cluster.time.monotonicMs() - before <= 8, 'followers hear of the commit at once')
  await cluster.close()
})

test('when the leader is gone another leads, and nothing that was committed is lost', async () => {
  const cluster = await TestCluster.start({ voters: 3 })
  const first = await cluster.untilLed()
  for (let n = 0; n < 20; n++) await cluster.append(first, `before ${n}`)
  const { epoch } = first.raft!
  cluster.crash(first)
  const second = await cluster.untilLed(epoch)
  await cluster.append(second, 'after')
  const expected = [...Array.from({ length: 20 }, (_, n) => `before ${n}`), 'after']
  assert.deepEqual(valuesOf(second), expected)
  await cluster.open(first)
  await cluster.untilSeen('after')
  assert.deepEqual(valuesOf(first), expected)
  assert.equal(first.raft!.role, 'follower')
  await cluster.close()
})

test('a leader that is cut off commits nothing, tells who waits, and takes over what the others decided', async () => {
  const cluster = await TestCluster.start({ voters: 3 })
  const first = await cluster.untilLed()
  await cluster.append(first, 'before')
  cluster.isolate(first)
  const lost = first.raft!.append([config('lost')])
  const refused = assert.rejects(lost.committed, { code: 'NOT_LEADER', retriable: true })
  const second = await cluster.untilLed(first.raft!.epoch)
  await cluster.append(second, 'kept')
  await cluster.time.until(() => first.raft!.role !== 'leader', 'it notices')
  await refused
  assert.throws(() => first.raft!.append([config('more')]), { code: 'NOT_LEADER' })
  cluster.cut.clear()
  await cluster.untilSeen('kept')
  assert.deepEqual(valuesOf(first), ['before', 'kept'])
  await cluster.close()
})

test('a leader that closes hands over at once', async () => {
  const cluster = await TestCluster.start({ voters: 3 })
  const first = await cluster.untilLed()
  await cluster.append(first, 'before')
  const before = cluster.time.monotonicMs()
  const { epoch } = first.raft!
  let closed = false
  void first.raft!.close().then(() => (closed = true))
  await cluster.time.until(() => closed, 'it closes')
  first.raft = undefined
  await cluster.untilLed(epoch)
  assert.ok(cluster.time.monotonicMs() - before < 100, 'no timeout had to pass')
  await cluster.close()
})

test('observers follow without a vote', async () => {
  const cluster = await TestCluster.start({ voters: 3, observers: 2 })
  const leader = await cluster.untilLed()
  await cluster.append(leader, 'a')
  await cluster.untilSeen('a')
  for (const id of [4, 5]) {
    const { raft } = cluster.node(id)
    assert.equal(raft!.isVoter, false)
    assert.equal(raft!.role, 'follower')
    assert.ok(!cluster.sent.some((each) => each.includes(`Vote ${id}`)), 'nobody asks an observer')
  }
  const { epoch } = leader.raft!
  cluster.crash(leader)
  const next = await cluster.untilLed(epoch)
  await cluster.append(next, 'b')
  await cluster.untilSeen('b', others(cluster, leader))
  await cluster.close()
})

test('a node whose place in the log is gone fetches a snapshot, and what is after it from the log', async () => {
  const node = { retention: { retentionBytes: 0, retentionMs: -1 }, segmentBytes: 1000 }
  const cluster = await TestCluster.start({ voters: 3, node })
  const leader = await cluster.untilLed()
  const [behind] = others(cluster, leader)
  await cluster.append(leader, 'old')
  await cluster.untilSeen('old')
  cluster.crash(behind!)
  for (let n = 0; n < 50; n++) await cluster.append(leader, `gone ${n}`)
  await leader.raft!.createSnapshot([config('first')])
  for (let n = 0; n < 50; n++) await cluster.append(leader, `gone too ${n}`)
  await leader.raft!.createSnapshot([config('all')])
  assert.ok(leader.raft!.startOffset > 50, 'the log was cleaned')
  await cluster.append(leader, 'new')
  await cluster.open(behind!)
  await cluster.untilSeen('new')
  assert.deepEqual(valuesOf(behind!), ['all', 'new'])
  assert.ok(cluster.sent.includes(`${behind!.id} FetchSnapshot ${leader.id}`))
  cluster.crash(behind!)
  await cluster.open(behind!)
  await cluster.append(leader, 'last')
  await cluster.untilSeen('last')
  assert.deepEqual(valuesOf(behind!), ['all', 'new', 'last'], 'what it fetched is on its disk')
  await cluster.close()
})

test('a new node gets the newest snapshot in pieces', async () => {
  const cluster = await TestCluster.start({ voters: 1, observers: 1, dynamic: true })
  const [leader, observer] = cluster.nodes
  await cluster.untilLed()
  cluster.crash(observer!)
  await cluster.append(leader!, 'a')
  const value = 'y'.repeat(30_000)
  await leader!.raft!.createSnapshot(Array.from({ length: 100 }, (_, n) => config(`${n} ${value}`)))
  await cluster.open(observer!)
  await cluster.append(leader!, 'b')
  await cluster.untilSeen('b')
  assert.equal(observer!.seen.snapshots[0]!.records.length, 100)
  const pieces = cluster.sent.filter((each) => each === '2 FetchSnapshot 1')
  assert.ok(pieces.length >= 3, `${pieces.length} pieces`)
  await cluster.close()
})

test('voters are added and removed while the quorum works', async () => {
  const cluster = await TestCluster.start({ voters: 1, observers: 2, dynamic: true })
  const [first, second, third] = cluster.nodes as [TestNode, TestNode, TestNode]
  await cluster.untilLed()
  await cluster.append(first, 'a')
  await cluster.untilSeen('a')
  const change = async (api: 'AddRaftVoter' | 'RemoveRaftVoter', node: TestNode, at: TestNode) => {
    let errorCode: number | undefined
    const key = { clusterId: 'cluster', voterId: node.id, voterDirectoryId: node.directoryId }
    const listeners = [{ name: 'CONTROLLER', host: `n${node.id}`, port: 9093 }]
    const answer =
      api === 'AddRaftVoter'
        ? at.raft!.handleRequest(api, { ...key, listeners, timeoutMs: 5000, ackWhenCommitted: true }, 1)
        : at.raft!.handleRequest(api, key, 0)
    void answer.then((response) => (errorCode = response.errorCode))
    await cluster.time.until(() => errorCode !== undefined, api)
    return errorCode
  }
  assert.equal(await change('AddRaftVoter', second, second), ErrorCode.NOT_LEADER_OR_FOLLOWER)
  assert.equal(await change('AddRaftVoter', second, first), ErrorCode.NONE)
  assert.equal(await change('AddRaftVoter', second, first), ErrorCode.DUPLICATE_VOTER)
  assert.equal(await change('AddRaftVoter', third, first), ErrorCode.NONE)
  assert.deepEqual(
    first.raft!.voters.map((voter) => voter.id),
    [1, 2, 3],
  )
  await cluster.append(first, 'b')
  await cluster.untilSeen('b')
  assert.ok(cluster.nodes.every((node) => node.raft!.isVoter))
  const { epoch } = first.raft!
  assert.equal(await change('RemoveRaftVoter', first, first), ErrorCode.NONE, 'a leader can remove itself')
  const next = await cluster.untilLed(epoch)
  assert.notEqual(next, first)
  await cluster.append(next, 'c')
  await cluster.untilSeen('c')
  assert.equal(first.raft!.isVoter, false)
  assert.equal(await change('RemoveRaftVoter', first, next), ErrorCode.VOTER_NOT_FOUND)
  await cluster.close()
})

test('a static quorum cannot be changed by request', async () => {
  const cluster = await TestCluster.start({ voters: 3 })
  const leader = await cluster.untilLed()
  const [node] = others(cluster, leader)
  const key = { clusterId: null, voterId: node!.id, voterDirectoryId: node!.directoryId }
  const { errorCode } = await leader.raft!.handleRequest('RemoveRaftVoter', key, 0)
  assert.equal(errorCode, ErrorCode.UNSUPPORTED_VERSION)
  await cluster.close()
})

test('a static quorum becomes a dynamic one, with the directories of its voters, and can be changed then', async () => {
  const cluster = await TestCluster.start({ voters: 3, observers: 1 })
  const leader = await cluster.untilLed()
  await cluster.append(leader, 'static')
  assert.match(leader.raft!.upgradeProblem(1)!, /has not told this leader/)
  await cluster.time.until(() => leader.raft!.upgradeProblem(1) === undefined, 'the others have told of themselves')
  const told = cluster.sent.filter((each) => each.includes('UpdateRaftVoter'))
  assert.equal(told.length, 2, 'each once, and no observer')
  leader.raft!.upgradeVersion(1)
  assert.match(leader.raft!.upgradeProblem(1)!, /is at 1/)
  await cluster.append(leader, 'dynamic')
  await cluster.untilSeen('dynamic')
  const keys = cluster.nodes.slice(0, 3).map(({ id, directoryId }) => ({ id, directoryId }))
  for (const { raft, seen } of cluster.nodes) {
    assert.equal(raft!.kraftVersion, 1)
    assert.deepEqual(
      raft!.voters.map(({ directoryId, id }) => ({ id, directoryId })),
      keys,
    )
    const { controls } = seen.batches.find((batch) => batch.controls.some(({ type }) => type === 'kraftVersion'))!
    assert.deepEqual(
      controls.map(({ type }) => type),
      ['kraftVersion', 'kraftVoters'],
    )
  }
  const newcomer = cluster.node(4)
  const key = { clusterId: null, voterId: 4, voterDirectoryId: newcomer.directoryId }
  const listeners = [{ name: 'CONTROLLER', host: 'n4', port: 9093 }]
  let errorCode: number | undefined
  const body = { ...key, listeners, timeoutMs: 5000, ackWhenCommitted: true }
  void leader.raft!.handleRequest('AddRaftVoter', body, 1).then((answer) => (errorCode = answer.errorCode))
  await cluster.time.until(() => errorCode !== undefined, 'it is taken in')
  assert.equal(errorCode, ErrorCode.NONE)
  assert.ok(newcomer.raft!.isVoter)
  // All of it is in the log: who restarts needs no configuration of voters any more.
  await leader.raft!.createSnapshot([config('all')])
  for (const node of cluster.nodes) cluster.crash(node)
  for (const node of cluster.nodes) await cluster.open(node, { staticVoters: [] })
  const next = await cluster.untilLed(leader.seen.leaders.at(-1)!.epoch)
  assert.equal(next.raft!.voters.length, 4)
  await cluster.append(next, 'after')
  await cluster.untilSeen('after')
  await cluster.close()
})

test('kraft.version is raised again after an upgrade that nobody else has got is lost', async () => {
  const cluster = await TestCluster.start({ voters: 3 })
  const first = await cluster.untilLed()
  await cluster.time.until(() => first.raft!.upgradeProblem(1) === undefined, 'the others have told of themselves')
  cluster.isolate(first)
  first.raft!.upgradeVersion(1)
  assert.equal(first.raft!.kraftVersion, 1)
  const second = await cluster.untilLed(first.raft!.epoch)
  cluster.cut.clear()
  await cluster.append(second, 'static')
  await cluster.untilSeen('static')
  assert.equal(first.raft!.kraftVersion, 0, 'cut off with the record')
  await cluster.time.until(() => second.raft!.upgradeProblem(1) === undefined, 'the new leader has been told')
  second.raft!.upgradeVersion(1)
  await cluster.append(second, 'dynamic')
  await cluster.untilSeen('dynamic')
  assert.deepEqual(
    cluster.nodes.map(({ raft }) => raft!.kraftVersion),
    [1, 1, 1],
  )
  await cluster.close()
})

test('a voter whose address has changed tells the leader, and the voter set has it', async () => {
  const cluster = await TestCluster.start({ voters: 1, observers: 1, dynamic: true })
  const [first, second] = cluster.nodes as [TestNode, TestNode]
  await cluster.untilLed()
  const listeners = [{ name: 'CONTROLLER', host: 'n2', port: 9093 }]
  await cluster.append(first, 'a')
  await cluster.untilSeen('a')
  let added = false
  const key = { clusterId: null, voterId: 2, voterDirectoryId: second.directoryId }
  const body = { ...key, listeners, timeoutMs: 5000, ackWhenCommitted: true }
  void first.raft!.handleRequest('AddRaftVoter', body, 1).then(() => (added = true))
  await cluster.time.until(() => added, 'it is a voter')
  cluster.crash(second)
  await cluster.open(second, { endpoints: [{ name: 'CONTROLLER', host: 'n2', port: 9999 }] })
  await cluster.time.until(
    () => first.raft!.voters.find((voter) => voter.id === 2)?.endpoints[0]?.port === 9999,
    'the voter set has the new port',
  )
  await cluster.close()
})

test('quorums of older versions of the messages work, without pre-votes too', async () => {
  const versions = { Vote: 1, Fetch: 17 } as const
  for (const more of [versions, { Vote: 0, BeginQuorumEpoch: 0, EndQuorumEpoch: 0, FetchSnapshot: 0, Fetch: 15 }]) {
    const cluster = await TestCluster.start({ voters: 3, versions: more })
    const leader = await cluster.untilLed()
    await cluster.append(leader, 'a')
    await cluster.untilSeen('a')
    const { epoch } = leader.raft!
    cluster.crash(leader)
    await cluster.untilLed(epoch)
    await cluster.close()
  }
})

test('a request of another cluster, or for another partition, is refused at the top', async () => {
  const cluster = await TestCluster.start({ voters: 3 })
  const leader = await cluster.untilLed()
  const { raft } = leader
  const topics = [
    {
      topicName: '__cluster_metadata',
      partitions: [{ partitionIndex: 0, leaderId: 2, leaderEpoch: 99, voterDirectoryId: leader.directoryId }],
    },
  ]
  const begin = { clusterId: 'other', voterId: -1, leaderEndpoints: [], topics }
  assert.equal((await raft!.handleRequest('BeginQuorumEpoch', begin, 1)).errorCode, ErrorCode.INCONSISTENT_CLUSTER_ID)
  const wrong = { ...begin, clusterId: null, topics: [{ ...topics[0]!, topicName: 'x' }] }
  assert.equal((await raft!.handleRequest('BeginQuorumEpoch', wrong, 1)).errorCode, ErrorCode.INVALID_REQUEST)
  assert.ok(raft!.epoch < 99, 'its epoch was not believed')
  await cluster.close()
})

test('DescribeQuorum shows the voters, the observers and how far each one is', async () => {
  const cluster = await TestCluster.start({ voters: 3, observers: 1 })
  const leader = await cluster.untilLed()
  await cluster.append(leader, 'a')
  await cluster.untilSeen('a')
  await cluster.time.pass(600)
  const request = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] }
  const response = await leader.raft!.handleRequest('DescribeQuorum', request, 2)
  const partition = response.topics![0]!.partitions![0]!
  assert.equal(partition.leaderId, leader.id)
  assert.equal(partition.highWatermark, leader.raft!.highWatermark)
  const ends = [...partition.currentVoters!, ...partition.observers!].map((each) => [each.replicaId, each.logEndOffset])
  assert.deepEqual(
    ends,
    [1, 2, 3, 4].map((id) => [id, leader.raft!.endOffset]),
  )
  for (const each of [...partition.currentVoters!, ...partition.observers!]) {
    const age = cluster.time.nowMs() - each.lastFetchTimestamp!
    assert.ok(age >= 0 && age <= 600, `fetched ${age} ms ago`)
    assert.ok(each.lastCaughtUpTimestamp! >= each.lastFetchTimestamp! - 1)
  }
  const follower = await others(cluster, leader)[0]!.raft!.handleRequest('DescribeQuorum', request, 2)
  assert.equal(follower.topics![0]!.partitions![0]!.errorCode, ErrorCode.NOT_LEADER_OR_FOLLOWER)
  await cluster.close()
})

test('a node whose directory belongs to another cluster than all controllers stops, and says so', async () => {
  const cluster = await TestCluster.start({ voters: 3, observers: 1 })
  await cluster.untilLed()
  const observer = cluster.node(4)
  await observer.raft!.close()
  await cluster.open(observer, { clusterId: 'other' })
  await cluster.time.until(() => observer.seen.failures.length > 0, 'it stops')
  const [failure] = observer.seen.failures
  assert.equal(failure!.code, 'WRONG_CLUSTER')
  assert.match(failure!.message, /directory belongs to cluster other .*n1:9093 is of cluster cluster/)
  await cluster.close()
})

test('one controller of another cluster does not stop a node that the others know', async () => {
  const cluster = await TestCluster.start({ voters: 3 })
  const leader = await cluster.untilLed()
  const [stranger, friend] = others(cluster, leader) as [TestNode, TestNode]
  await stranger.raft!.close()
  await cluster.open(stranger, { clusterId: 'other' })
  await cluster.time.until(() => stranger.seen.failures.length > 0, 'the stranger stops')
  await cluster.append(leader, 'a')
  await cluster.untilSeen('a', [leader, friend])
  assert.deepEqual([leader.seen.failures, friend.seen.failures], [[], []])
  await cluster.close()
})
