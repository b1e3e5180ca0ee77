/** One partition on several nodes: what a leader waits for, what a follower does, and that nothing acknowledged is lost. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defaultLogConfig, type LogConfig } from '@braidlog/log'
import { ErrorCode } from '@braidlog/model'
import { LATEST_TIMESTAMP, type FetchResult, type Partition, type PartitionAssignment } from '@braidlog/partition'
import { commonEndOffset, afterOutOfRange } from '../src/follower.ts'
import { fetchFrom, Harness, nameOf, NODE_ID, produce, TOPIC_ID } from './support.ts'

const FOLLOWER = 2
const NO_RECORDS = new Uint8Array(0)

function led(by: number, epoch: number, change: Partial<PartitionAssignment> = {}): PartitionAssignment {
  return { leader: by, leaderEpoch: epoch, partitionEpoch: epoch, replicas: [1, 2], isr: [1, 2], ...change }
}

/** A leader (node 1) and a follower (node 2), each on a disk of its own. */
async function pair(
  config: Partial<LogConfig> = {},
  change: Partial<PartitionAssignment> = {},
  options: { readonly tellFollowers?: boolean } = {},
) {
  const leaderNode = await Harness.open(options)
  const followerNode = await Harness.open({ nodeId: FOLLOWER })
  const identity = { topic: 't', topicId: TOPIC_ID, partition: 0 }
  const open = (node: Harness) =>
    node.partitions.open(identity, { ...defaultLogConfig, ...config }, led(NODE_ID, 3, change))
  return { leaderNode, followerNode, leader: await open(leaderNode), follower: await open(followerNode) }
}

/** What the follower asks for, and the leader's answer. */
function fetchOnce(leader: Partition, follower: Partition, replicaEpoch = -1) {
  const position = follower.followerPosition()!
  const result = leader.fetchAsReplica({
    fetchOffset: position.fetchOffset,
    lastFetchedEpoch: position.lastFetchedEpoch,
    currentLeaderEpoch: position.leaderEpoch,
    logStartOffset: position.logStartOffset,
    maxBytes: 1 << 20,
    minOneBatch: true,
    replicaId: FOLLOWER,
    replicaEpoch,
    isRepeated: false,
  })
  return { position, result }
}

function answerOf(result: FetchResult) {
  const records = result.records?.toBytes() ?? NO_RECORDS
  result.records?.release()
  return { ...result, records }
}

/** One round: the leader learns what the follower has, and the follower gets what it lacks, and stores it. */
async function round(leader: Partition, follower: Partition): Promise<FetchResult> {
  const { position, result } = fetchOnce(leader, follower)
  const decision = follower.followed(position, answerOf(result))
  if (decision.action === 'truncate') await follower.truncateFollower(position.leaderEpoch, decision.offset)
  await follower.settleStored()
  return result
}

const ends = ({ log, highWatermark }: Partition) => [log.logEndOffset, highWatermark]

/** A follower's fetch waits on the leader; `news` says what came of it. */
function park(node: Harness, leader: Partition, news: string[]): void {
  const operation = node.partitions.rooms.fetch('fetch', () => news.push(`answered at ${leader.highWatermark}`))
  operation.watch(leader, leader.log.logEndOffset, true)
  assert.equal(node.partitions.rooms.parkFetch(operation, 1, 500), true)
}

describe('a follower that consumers read from', () => {
  it('hears of a commit although nothing was appended', async () => {
    for (const tellFollowers of [true, false]) {
      const three = { replicas: [1, 2, 3], isr: [1, 2, 3] }
      const { leader, leaderNode, follower } = await pair({}, three, { tellFollowers })
      produce(leader)
      await leaderNode.turn()
      await round(leader, follower)
      await round(leader, follower)
      assert.equal(leader.highWatermark, 0, 'the third has not got it')
      const news: string[] = []
      park(leaderNode, leader, news)
      const position = { fetchOffset: 1, lastFetchedEpoch: 3, currentLeaderEpoch: 3, logStartOffset: 0 }
      const other = { ...position, maxBytes: 100, minOneBatch: true, replicaId: 3, replicaEpoch: -1, isRepeated: false }
      leader.fetchAsReplica(other)
      await leaderNode.turn()
      assert.deepEqual(news, tellFollowers ? ['answered at 1'] : [])
    }
  })

  it('gives what it knows to be committed, and says which offsets it does not have', async () => {
    const { leader, leaderNode, follower } = await pair()
    produce(leader)
    await leaderNode.turn()
    await round(leader, follower)
    const read = (fetchOffset: number, currentLeaderEpoch = 3) => {
      const result = fetchFrom(follower, { fetchOffset, currentLeaderEpoch })
      const { errorCode, highWatermark } = result
      return [nameOf(errorCode), highWatermark, answerOf(result).records.length > 0]
    }
    assert.deepEqual(read(0), ['NONE', 0, false], 'stored, and maybe not committed')
    assert.deepEqual(read(1), ['NONE', 0, false], 'between high watermark and end')
    assert.deepEqual(read(2), ['OFFSET_OUT_OF_RANGE', 0, false], 'the leader may have it')
    await round(leader, follower)
    assert.deepEqual(read(0), ['NONE', 1, true])
    assert.deepEqual(read(0, 2), ['FENCED_LEADER_EPOCH', -1, false])
    assert.deepEqual(read(0, 4), ['UNKNOWN_LEADER_EPOCH', -1, false])
  })
})

/** Deletes on the leader, and waits for the others. @returns whether it has to wait */
function deleteRecords(node: Harness, leader: Partition, offset: number, answers: string[], timeoutMs = 1000): boolean {
  const { rooms } = node.partitions
  const { errorCode, requiredOffset } = leader.deleteRecords(offset)
  assert.equal(nameOf(errorCode), 'NONE')
  const operation = rooms.deleteRecords(undefined, () =>
    answers.push(`${nameOf(outcome.errorCode)} ${outcome.lowWatermark}`),
  )
  const outcome = operation.watch(leader, requiredOffset)
  return rooms.parkDeleteRecords(operation, timeoutMs)
}

describe('DeleteRecords on a leader with followers', () => {
  async function committed(change: Partial<PartitionAssignment> = {}) {
    const nodes = await pair({}, change)
    const { leader, leaderNode, follower } = nodes
    produce(leader, { records: 3 })
    await leaderNode.turn()
    for (let i = 0; i < 2; i++) await round(leader, follower)
    assert.deepEqual(ends(leader), [3, 3])
    return { ...nodes, answers: [] as string[] }
  }

  /** No list of those who wait holds any. */
  const assertLeft = ({ leader, leaderNode }: { leader: Partition; leaderNode: Harness }) => {
    assert.equal(leaderNode.partitions.rooms.deleteRecordsCount, 0)
    assert.equal(leader.waiters.deletions, undefined)
  }

  it('is answered once the follower says that it has deleted, too', async () => {
    const nodes = await committed()
    const { leader, leaderNode, follower, answers } = nodes
    assert.equal(deleteRecords(leaderNode, leader, 2, answers), true)
    await round(leader, follower)
    await leaderNode.turn()
    assert.equal(follower.log.logStartOffset, 2, 'it has, and the leader does not know yet')
    assert.deepEqual(answers, [])
    await round(leader, follower)
    await leaderNode.turn()
    assert.deepEqual(answers, ['NONE 2'])
    assertLeft(nodes)
    assert.equal(deleteRecords(leaderNode, leader, 1, answers), false, 'all is below the low watermark')
  })

  it('wakes a follower that waits for records', async () => {
    const { leader, leaderNode, answers } = await committed()
    const news: string[] = []
    park(leaderNode, leader, news)
    deleteRecords(leaderNode, leader, 2, answers)
    await leaderNode.turn()
    assert.deepEqual(news, ['answered at 3'])
  })

  it('answers each one for its own offset', async () => {
    const { leader, leaderNode, follower, answers } = await committed()
    deleteRecords(leaderNode, leader, 1, answers)
    await round(leader, follower)
    deleteRecords(leaderNode, leader, 3, answers)
    await round(leader, follower)
    await leaderNode.turn()
    assert.deepEqual(answers, ['NONE 1'])
    await round(leader, follower)
    await leaderNode.turn()
    assert.deepEqual(answers, ['NONE 1', 'NONE 3'])
  })

  it('times out, once, and the records are deleted all the same', async () => {
    const nodes = await committed()
    const { leader, leaderNode, follower, answers } = nodes
    deleteRecords(leaderNode, leader, 2, answers, 1000)
    leaderNode.time.advance(999)
    await leaderNode.turn()
    assert.deepEqual(answers, [])
    leaderNode.time.advance(50)
    await leaderNode.turn()
    assert.deepEqual(answers, ['REQUEST_TIMED_OUT -1'])
    assertLeft(nodes)
    for (let i = 0; i < 2; i++) await round(leader, follower)
    await leaderNode.turn()
    assert.equal(follower.log.logStartOffset, 2)
    assert.equal(answers.length, 1)
  })

  it('does not wait for a replica that is not alive, nor for one that ceases to be', async () => {
    const nodes = await committed()
    const { leader, leaderNode, answers } = nodes
    deleteRecords(leaderNode, leader, 1, answers)
    leaderNode.fenced.add(FOLLOWER)
    leaderNode.partitions.rooms.livenessChanged()
    await leaderNode.turn()
    assert.deepEqual(answers, ['NONE 1'])
    assertLeft(nodes)
    assert.equal(deleteRecords(leaderNode, leader, 2, answers), false)
  })

  it('waits for a live replica that is not in sync, until it is a replica no more', async () => {
    const nodes = await committed({ replicas: [1, 2, 3], isr: [1, 2] })
    const { leader, leaderNode, follower, answers } = nodes
    deleteRecords(leaderNode, leader, 2, answers)
    for (let i = 0; i < 2; i++) await round(leader, follower)
    await leaderNode.turn()
    assert.deepEqual(answers, [])
    leader.assign(led(NODE_ID, 3, { partitionEpoch: 4 }))
    await leaderNode.turn()
    assert.deepEqual(answers, ['NONE 2'])
    assertLeft(nodes)
  })

  it('is over when another leads, the partition is deleted, the disk fails or the node closes', async () => {
    const ends: [string, (node: Harness, leader: Partition) => unknown][] = [
      ['NOT_LEADER_OR_FOLLOWER', (_, leader) => leader.assign(led(FOLLOWER, 4))],
      ['UNKNOWN_TOPIC_OR_PARTITION', (node) => node.partitions.delete(TOPIC_ID, 0)],
      ['NOT_LEADER_OR_FOLLOWER', (node) => node.partitions.close()],
      [
        'KAFKA_STORAGE_ERROR',
        (node, leader) => {
          node.storage.failNextSync()
          produce(leader)
        },
      ],
    ]
    for (const [code, end] of ends) {
      const nodes = await committed()
      const { leader, leaderNode, answers } = nodes
      deleteRecords(leaderNode, leader, 2, answers)
      const ended = end(leaderNode, leader)
      await leaderNode.turn()
      await ended
      leaderNode.time.advance(5000)
      await leaderNode.turn()
      assert.deepEqual(answers, [`${code} -1`])
      assertLeft(nodes)
    }
  })

  it('is answered for the same leader in a new epoch only when the followers have said so in that epoch', async () => {
    const { leader, leaderNode, follower, answers } = await committed()
    deleteRecords(leaderNode, leader, 2, answers)
    await round(leader, follower)
    leader.assign(led(NODE_ID, 4))
    follower.assign(led(NODE_ID, 4))
    await leaderNode.turn()
    assert.deepEqual(answers, [])
    await round(leader, follower)
    await leaderNode.turn()
    assert.deepEqual(answers, ['NONE 2'])
  })
})

describe('a leader with a follower', () => {
  it('commits what both have stored, and tells the follower with the next answer', async () => {
    const { leader, leaderNode, follower } = await pair()
    produce(leader, { records: 3 })
    await leaderNode.turn()
    assert.deepEqual(ends(leader), [3, 0], 'stored here only')
    await round(leader, follower)
    assert.deepEqual(
      [ends(leader), ends(follower)],
      [
        [3, 0],
        [3, 0],
      ],
    )
    await round(leader, follower)
    assert.deepEqual(
      [ends(leader), ends(follower)],
      [
        [3, 3],
        [3, 3],
      ],
    )
  })

  it('copies batches byte for byte', async () => {
    const { leader, leaderNode, follower } = await pair()
    for (const records of [1, 3, 2]) produce(leader, { records })
    await leaderNode.turn()
    await round(leader, follower)
    await round(leader, follower)
    const bytes = (partition: Partition) => answerOf(fetchFrom(partition)).records
    assert.deepEqual(bytes(follower), bytes(leader))
    assert.deepEqual(follower.log.epochs.entries(), leader.log.epochs.entries())
  })

  it('gives a follower what is not committed, and a consumer nothing of it', async () => {
    const { leader, leaderNode, follower } = await pair()
    produce(leader)
    await leaderNode.turn()
    assert.equal(fetchFrom(leader).records, undefined)
    assert.equal(fetchOnce(leader, follower).result.records?.nextOffset, 1)
  })

  it('answers acks=1 once the record is stored here, acks=all once it is committed', async () => {
    const { leader, leaderNode, follower } = await pair()
    const answered: string[] = []
    for (const acks of [1, -1] as const) {
      const { requiredOffset } = produce(leader, {}, { acks, origin: 'client' })
      const operation = leaderNode.partitions.rooms.produce(acks, () => answered.push(`acks=${acks}`))
      operation.watch(leader, requiredOffset, 0, acks)
      assert.equal(leaderNode.partitions.rooms.parkProduce(operation, 10_000), true)
    }
    await leaderNode.turn()
    assert.deepEqual(answered, ['acks=1'])
    await round(leader, follower)
    await round(leader, follower)
    await leaderNode.turn()
    assert.deepEqual(answered, ['acks=1', 'acks=-1'])
  })

  it('wakes a waiting follower when something is appended, and a consumer when it is committed', async () => {
    const { leader, leaderNode, follower } = await pair()
    const woken: string[] = []
    const { rooms } = leaderNode.partitions
    for (const who of ['follower', 'consumer']) {
      const operation = rooms.fetch(who, () => woken.push(who))
      operation.watch(leader, 0, who === 'follower')
      assert.equal(rooms.parkFetch(operation, 1, 10_000), true)
    }
    produce(leader)
    await leaderNode.turn()
    assert.deepEqual(woken, ['follower'])
    await round(leader, follower)
    await round(leader, follower)
    await leaderNode.turn()
    assert.deepEqual(woken, ['follower', 'consumer'])
  })

  it('takes no acks=all below min.insync.replicas, and commits nothing then', async () => {
    const { leader, leaderNode } = await pair({ minInsyncReplicas: 2 }, { isr: [1] })
    const refused = produce(leader)
    assert.equal(nameOf(refused.errorCode), 'NOT_ENOUGH_REPLICAS')
    assert.match(refused.errorMessage!, /In sync are the replicas 1; min.insync.replicas is 2/)
    assert.equal(produce(leader, {}, { acks: 1, origin: 'client' }).errorCode, ErrorCode.NONE)
    await leaderNode.turn()
    assert.deepEqual(ends(leader), [1, 0])
  })

  it('proposes a follower that has caught up, and commits with it once the controller agrees', async () => {
    const { leader, leaderNode, follower } = await pair({}, { isr: [1] })
    produce(leader)
    await leaderNode.turn()
    assert.deepEqual(ends(leader), [1, 1])
    await round(leader, follower)
    await round(leader, follower)
    const { proposal } = leaderNode.proposals.at(-1)!
    assert.deepEqual(
      proposal.isr.map((each) => each.brokerId),
      [1, 2],
    )
    leader.isrAnswered(proposal, { leaderEpoch: 3, partitionEpoch: 4, isr: [1, 2] })
    produce(leader)
    await leaderNode.turn()
    assert.deepEqual(ends(leader), [2, 1])
  })

  it('turns away replicas that it does not know, and old epochs', async () => {
    const { leader, follower } = await pair()
    const ask = (change: object) =>
      nameOf(
        leader.fetchAsReplica({
          ...follower.followerPosition()!,
          currentLeaderEpoch: 3,
          maxBytes: 1,
          minOneBatch: true,
          replicaId: FOLLOWER,
          replicaEpoch: -1,
          isRepeated: false,
          ...change,
        }).errorCode,
      )
    assert.equal(ask({ replicaId: 9 }), 'UNKNOWN_LEADER_EPOCH')
    assert.equal(ask({ currentLeaderEpoch: 2 }), 'FENCED_LEADER_EPOCH')
    assert.equal(ask({ currentLeaderEpoch: 4 }), 'UNKNOWN_LEADER_EPOCH')
    follower.assign(led(9, 3))
    assert.equal(
      nameOf(
        follower.fetchAsReplica({
          fetchOffset: 0,
          lastFetchedEpoch: -1,
          currentLeaderEpoch: 3,
          logStartOffset: 0,
          maxBytes: 1,
          minOneBatch: true,
          replicaId: 9,
          replicaEpoch: -1,
          isRepeated: false,
        }).errorCode,
      ),
      'NOT_LEADER_OR_FOLLOWER',
    )
  })

  it('a new one does not tell the latest offset before it has committed up to where its epoch began (KIP-207)', async () => {
    const { leader, leaderNode, follower, followerNode } = await pair()
    produce(leader, { records: 2 })
    await leaderNode.turn()
    await round(leader, follower)
    follower.assign(led(FOLLOWER, 4))
    leader.assign(led(FOLLOWER, 4))
    const latest = async () => nameOf((await follower.listOffset(LATEST_TIMESTAMP, 'read-uncommitted', 4)).errorCode)
    assert.equal(await latest(), 'OFFSET_NOT_AVAILABLE')
    const position = leader.followerPosition()!
    follower.fetchAsReplica({
      ...position,
      currentLeaderEpoch: 4,
      maxBytes: 1,
      minOneBatch: true,
      replicaId: NODE_ID,
      replicaEpoch: -1,
      isRepeated: false,
    })
    await followerNode.turn()
    assert.equal(await latest(), 'NONE')
  })
})

describe('a follower', () => {
  it('refuses what only a leader may do, and tells its waiters when it loses leadership', async () => {
    const { leader, leaderNode, follower } = await pair()
    assert.equal(nameOf(produce(follower).errorCode), 'NOT_LEADER_OR_FOLLOWER')
    const { requiredOffset } = produce(leader)
    const operation = leaderNode.partitions.rooms.produce('', () => {})
    operation.watch(leader, requiredOffset, 0)
    leaderNode.partitions.rooms.parkProduce(operation, 10_000)
    leader.assign(led(FOLLOWER, 4))
    await leaderNode.turn()
    assert.equal(nameOf(operation.errorCodeOf(0)), 'NOT_LEADER_OR_FOLLOWER')
  })

  it('serves consumers what it knows to be committed (KIP-392)', async () => {
    const { leader, leaderNode, follower } = await pair()
    produce(leader, { records: 2 })
    await leaderNode.turn()
    await round(leader, follower)
    assert.equal(fetchFrom(follower).records, undefined)
    await round(leader, follower)
    assert.equal(answerOf(fetchFrom(follower)).highWatermark, 2)
  })

  it('cuts off what a new leader does not have, by epoch and not by high watermark', async () => {
    const { leader, leaderNode, follower, followerNode } = await pair()
    produce(leader, { records: 2 })
    await leaderNode.turn()
    await round(leader, follower)
    produce(leader, { records: 5 })
    await leaderNode.turn()
    assert.deepEqual(ends(leader), [7, 0])
    follower.assign(led(FOLLOWER, 4))
    leader.assign(led(FOLLOWER, 4))
    produce(follower, { records: 3 })
    await followerNode.turn()
    const roundBack = async () => {
      const position = leader.followerPosition()!
      const result = follower.fetchAsReplica({
        ...position,
        currentLeaderEpoch: position.leaderEpoch,
        maxBytes: 1 << 20,
        minOneBatch: true,
        replicaId: NODE_ID,
        replicaEpoch: -1,
        isRepeated: false,
      })
      const decision = leader.followed(position, answerOf(result))
      if (decision.action === 'truncate') await leader.truncateFollower(position.leaderEpoch, decision.offset)
      await leader.settleStored()
      return decision
    }
    assert.deepEqual(await roundBack(), { action: 'truncate', offset: 2 })
    assert.deepEqual(await roundBack(), { action: 'append' })
    assert.deepEqual(ends(leader), [5, 2])
    await roundBack()
    assert.deepEqual(
      [ends(leader), ends(follower)],
      [
        [5, 5],
        [5, 5],
      ],
    )
  })

  it('cuts nothing off any more once it leads itself, though the disk was slow', async () => {
    for (const cut of ['truncateFollower', 'restartFollower'] as const) {
      const { leader, leaderNode } = await pair()
      produce(leader, { records: 2 })
      await leaderNode.turn()
      leader.assign(led(FOLLOWER, 4))
      leaderNode.storage.holdSyncs()
      const syncing = leader.log.flush()
      const cutting = leader[cut](4, 1)
      leader.assign(led(NODE_ID, 5))
      produce(leader, { records: 3 })
      leaderNode.storage.releaseSyncs()
      await Promise.all([syncing, cutting, leaderNode.turn()])
      assert.deepEqual([cut, leader.log.logStartOffset, leader.log.logEndOffset], [cut, 0, 5])
      await leader.log.flush()
      assert.equal(leader.log.durableOffset, 5)
    }
  })

  it('asks with the epoch of its last record, not with one in which nothing was written', async () => {
    // Apache Kafka notes an epoch when a leader is elected, not when it appends.
    const { leader, leaderNode, follower } = await pair({}, { leaderEpoch: 6 })
    produce(leader, { records: 2 })
    await leaderNode.turn()
    await round(leader, follower)
    follower.log.epochs.assign(8, 2)
    assert.equal(follower.followerPosition()?.lastFetchedEpoch, 6)
  })

  it('is told where the logs part when it knows an epoch in which its new leader has nothing', async () => {
    const { leader, leaderNode, follower } = await pair({}, { leaderEpoch: 6 })
    produce(leader, { records: 2 })
    await leaderNode.turn()
    await round(leader, follower)
    follower.assign(led(NODE_ID, 9))
    leader.assign(led(NODE_ID, 9))
    const asks = (lastFetchedEpoch: number) => {
      const { errorCode, divergingEpoch } = leader.fetchAsReplica({
        ...follower.followerPosition()!,
        currentLeaderEpoch: 9,
        lastFetchedEpoch,
        maxBytes: 1 << 20,
        minOneBatch: true,
        replicaId: FOLLOWER,
        replicaEpoch: -1,
        isRepeated: false,
      })
      return [nameOf(errorCode), divergingEpoch]
    }
    assert.deepEqual(asks(8), ['NONE', { leaderEpoch: 6, endOffset: 2 }])
    assert.deepEqual(asks(9), ['NONE', undefined])
    assert.deepEqual(asks(10), ['OFFSET_OUT_OF_RANGE', undefined], 'an epoch that is not yet')
  })

  it('keeps its high watermark over a restart, and learns the rest', async () => {
    const { leader, leaderNode, follower, followerNode } = await pair()
    produce(leader, { records: 2 })
    await leaderNode.turn()
    await round(leader, follower)
    await round(leader, follower)
    produce(leader, { records: 2 })
    await leaderNode.turn()
    await round(leader, follower)
    await followerNode.partitions.close()
    const again = await Harness.open({ storage: followerNode.storage, nodeId: FOLLOWER })
    const reopened = await again.partitions.open(
      { topic: 't', topicId: TOPIC_ID, partition: 0 },
      { ...defaultLogConfig },
      led(NODE_ID, 3),
    )
    assert.deepEqual(ends(reopened), [4, 2])
  })

  it('takes a batch that is cut off or damaged up to there, and nothing of an epoch that it does not know', async () => {
    const { leader, leaderNode, follower } = await pair()
    for (let i = 0; i < 2; i++) produce(leader)
    await leaderNode.turn()
    const { position, result } = fetchOnce(leader, follower)
    const answer = answerOf(result)
    const first = answer.records.length / 2
    assert.deepEqual(follower.followed(position, { ...answer, records: answer.records.slice(0, first + 30) }), {
      action: 'append',
    })
    assert.equal(follower.log.logEndOffset, 1)
    const rest = answer.records.slice(first)
    rest[rest.length - 1]! ^= 1
    assert.deepEqual(follower.followed(follower.followerPosition()!, { ...answer, records: rest }), { action: 'retry' })
    const newer = answer.records.slice(first)
    newer[15] = 9 // partition leader epoch, outside the checksum
    assert.deepEqual(follower.followed(follower.followerPosition()!, { ...answer, records: newer }), {
      action: 'retry',
    })
    assert.equal(follower.log.logEndOffset, 1)
  })

  it('takes over what its leader calls committed once it has written it, though the leader says so only once', async () => {
    const { leader, leaderNode } = await pair()
    const followerNode = await Harness.open({ nodeId: FOLLOWER, limits: { queuedWriteSizeBytesMin: 1 } })
    const identity = { topic: 't', topicId: TOPIC_ID, partition: 0 }
    const follower = await followerNode.partitions.open(identity, defaultLogConfig, led(NODE_ID, 3))
    produce(leader)
    await leaderNode.turn()
    const { position, result } = fetchOnce(leader, follower)
    followerNode.storage.holdWrites()
    follower.followed(position, { ...answerOf(result), highWatermark: 1 })
    await followerNode.turn()
    assert.deepEqual(ends(follower), [1, 0], 'what is on its way is not shown')
    followerNode.storage.releaseWrites()
    await follower.settleStored()
    assert.deepEqual(ends(follower), [1, 1])
  })

  it('has stored what it was sent only when that is on disk, whatever sync was under way before', async () => {
    const { leader, leaderNode, follower, followerNode } = await pair()
    const receive = () => {
      const { position, result } = fetchOnce(leader, follower)
      return follower.followed(position, answerOf(result))
    }
    produce(leader)
    await leaderNode.turn()
    receive()
    followerNode.storage.holdSyncs()
    const earlier = follower.log.flush()
    let isStored = false
    const settled = follower.settleStored().then(() => (isStored = true))
    await followerNode.turn()
    assert.equal(isStored, false)
    followerNode.storage.releaseSyncs()
    await Promise.all([earlier, settled])
    assert.equal(follower.log.durableOffset, 1)
  })

  it('ignores an answer to a position that it has left', async () => {
    const { leader, leaderNode, follower } = await pair()
    produce(leader)
    await leaderNode.turn()
    const { position, result } = fetchOnce(leader, follower)
    const answer = answerOf(result)
    follower.followed(position, answer)
    assert.deepEqual(follower.followed(position, answer), { action: 'retry' })
    follower.assign(led(NODE_ID, 5))
    assert.deepEqual(follower.followed(position, answer), { action: 'ask-again' })
    assert.equal(follower.log.logEndOffset, 1)
  })

  it('waits for metadata only where they are still to come', async () => {
    const { follower } = await pair()
    const answer = { highWatermark: 0, logStartOffset: 0, divergingEpoch: undefined, records: NO_RECORDS }
    const decided = (errorCode: ErrorCode) =>
      follower.followed(follower.followerPosition()!, { ...answer, errorCode }).action
    assert.equal(decided(ErrorCode.FENCED_LEADER_EPOCH), 'await-metadata')
    // The leader lags behind, not this replica.
    assert.equal(decided(ErrorCode.UNKNOWN_LEADER_EPOCH), 'retry')
    assert.equal(decided(ErrorCode.UNKNOWN_TOPIC_ID), 'retry')
    assert.equal(decided(ErrorCode.INCONSISTENT_TOPIC_ID), 'retry')
    follower.assign(led(FOLLOWER, 5))
    assert.equal(follower.followerPosition(), undefined)
  })
})

describe('where two logs part', () => {
  const log = (logEndOffset: number, ...epochs: [epoch: number, start: number][]) => ({
    logEndOffset,
    endOffsetForEpoch(epoch: number) {
      const at = epochs.findLastIndex(([each]) => each <= epoch)
      if (at < 0 || epoch > epochs.at(-1)![0]) return { leaderEpoch: -1, endOffset: -1 }
      return { leaderEpoch: epochs[at]![0], endOffset: epochs[at + 1]?.[1] ?? logEndOffset }
    },
  })
  const cases: readonly (readonly [
    string,
    { leaderEpoch: number; endOffset: number },
    ReturnType<typeof log>,
    number,
  ])[] = [
    [
      'at the end of an epoch that the leader has less of',
      { leaderEpoch: 2, endOffset: 7 },
      log(10, [1, 0], [2, 5]),
      7,
    ],
    [
      'at the end of an epoch that the follower has less of',
      { leaderEpoch: 2, endOffset: 9 },
      log(12, [2, 0], [4, 8]),
      8,
    ],
    [
      'not above an epoch that the follower does not have',
      { leaderEpoch: 3, endOffset: 9 },
      log(12, [2, 0], [4, 8]),
      8,
    ],
    [
      'at the high watermark, when the leader knows no epoch at all',
      { leaderEpoch: -1, endOffset: -1 },
      log(12, [2, 0]),
      4,
    ],
    [
      'at the end of the leader, when the follower knows no epoch',
      { leaderEpoch: 5, endOffset: 6 },
      log(12, [2, 0]),
      6,
    ],
  ]
  for (const [name, leader, follower, offset] of cases) {
    it(name, () => assert.equal(commonEndOffset(leader, follower, 4), offset))
  }

  it('is beyond the leader altogether after an unclean election, or before all that it has kept', () => {
    assert.deepEqual(afterOutOfRange({ startOffset: 0, endOffset: 5 }, 9), { action: 'truncate', offset: 5 })
    assert.deepEqual(afterOutOfRange({ startOffset: 20, endOffset: 25 }, 9), { action: 'restart', offset: 20 })
    assert.equal(afterOutOfRange({ startOffset: 0, endOffset: 25 }, 9), undefined)
  })
})
