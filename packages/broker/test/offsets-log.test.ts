/** The log of a group coordinator: it is told of commits, its own and those that a new leader makes of what it found. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { defaultLogConfig } from '@braidlog/log'
import { ErrorCode } from '@braidlog/model'
import { Harness, NODE_ID, produce, TOPIC_ID } from '../../partition/test/support.ts'
import { OffsetsLog } from '../src/offsets-log.ts'

const FOLLOWER = 2

/** A partition with a follower, whose fetches are the test's. */
async function open() {
  const node = await Harness.open()
  const replicas = [NODE_ID, FOLLOWER]
  const led = { leader: NODE_ID, leaderEpoch: 3, partitionEpoch: 3, replicas, isr: replicas }
  const identity = { topic: '__consumer_offsets', topicId: TOPIC_ID, partition: 0 }
  const replica = await node.partitions.open(identity, { ...defaultLogConfig }, led)
  produce(replica, { records: 2 })
  await node.turn()
  const log = new OffsetsLog(replica, node.partitions.rooms)
  const news: string[] = []
  log.subscribe({
    onHighWatermark: (offset) => news.push(`committed ${offset}`),
    onFailed: (error) => news.push(`failed ${error}`),
  })
  const followerFetches = async () => {
    const position = { fetchOffset: 2, lastFetchedEpoch: 3, currentLeaderEpoch: 3, logStartOffset: 0 }
    const limits = { maxBytes: 100, minOneBatch: true, isRepeated: false }
    replica.fetchAsReplica({ ...position, ...limits, replicaId: FOLLOWER, replicaEpoch: -1 })
    await node.turn()
  }
  return { node, replica, log, news, followerFetches }
}

it('tells when what was there before is committed, once it is asked to', async () => {
  const { log, news, followerFetches, replica } = await open()
  assert.deepEqual([replica.highWatermark, log.endOffset()], [0, 2])
  log.untilCommitted()
  log.untilCommitted()
  assert.deepEqual(news, [])
  await followerFetches()
  assert.deepEqual(news, ['committed 2'])
  log.untilCommitted()
  assert.deepEqual(news, ['committed 2', 'committed 2'], 'at once, when it is')
})

it('waits on when that takes long, and no longer when another leads', async () => {
  const { log, news, node, followerFetches, replica } = await open()
  log.untilCommitted()
  for (let minute = 0; minute < 3; minute++) {
    node.time.advance(60_000)
    await node.turn()
  }
  assert.deepEqual(news, [])
  await followerFetches()
  assert.deepEqual(news, ['committed 2'])

  const other = await open()
  other.log.untilCommitted()
  other.replica.resign(ErrorCode.NOT_LEADER_OR_FOLLOWER)
  await other.node.turn()
  assert.deepEqual(other.news, [])
  assert.equal(replica.highWatermark, 2)
})
