/**
 * One metadata quorum of Apache Kafka's controller and our replica: first as an observer, then as a voter that its commits wait for and, with
 * `QUORUM_ELECTIONS=1`, as the leader that it follows.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import kafkajs from 'kafkajs'
import type { DescribeQuorumRequest } from '@braidlog/protocol'
import { startKafka } from '../peers/kafka.ts'
import { eventually, freePorts } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'
import { Replica } from './replica.ts'

const clusterId = 'bGVhZGVyLWFuZC1mb2xsb3c'
const KAFKA = 1
/** A leader resigns when nobody has fetched for one and a half times `controller.quorum.fetch.timeout.ms`. */
const LEADER_SLEEP_MS = 4000
const WITH_ELECTIONS = process.env['QUORUM_ELECTIONS'] === '1'

let kafka: PeerServer
let controllerPort: number
before(async () => {
  const [port, controller] = (await freePorts(2)) as [number, number]
  controllerPort = controller
  kafka = await startKafka({ clusterId, ports: [port, controller] })
})
after(() => kafka?.stop())

async function createTopic(topic: string): Promise<void> {
  const admin = new kafkajs.Kafka({ brokers: [kafka.bootstrap], logLevel: kafkajs.logLevel.NOTHING }).admin()
  await admin.connect()
  try {
    await admin.createTopics({ topics: [{ topic, numPartitions: 2 }] })
  } finally {
    await admin.disconnect()
  }
}

const until = (condition: () => boolean, what: string) =>
  eventually(() => Promise.resolve(condition() ? true : undefined), what, 30_000)

test('our replica observes the quorum of Apache Kafka, and votes in it', async (context) => {
  await using replica = await Replica.start({ nodeId: 100, clusterId, bootstrapPort: controllerPort })
  const { raft } = replica

  await until(() => raft.leader?.id === KAFKA && raft.highWatermark > 0, 'it follows')
  assert.equal(raft.isVoter, false)
  assert.equal(raft.kraftVersion, 1)
  assert.deepEqual(
    raft.voters.map((voter) => voter.id),
    [KAFKA],
  )
  await createTopic('observed')
  await until(() => replica.topics.includes('observed'), 'it has seen the topic')

  const address = { id: KAFKA, host: '127.0.0.1', port: controllerPort }
  const listeners = [{ name: 'CONTROLLER', host: '127.0.0.1', port: replica.port }]
  const voter = { clusterId, voterId: 100, voterDirectoryId: replica.directoryId as never }
  const add = { ...voter, listeners, timeoutMs: 10_000, ackWhenCommitted: true }
  const added = await replica.peers.request(address, 'AddRaftVoter', add, { timeoutMs: 15_000 })
  assert.equal(added.errorCode, 0, String(added.errorMessage))
  await until(() => raft.isVoter, 'it votes')

  await createTopic('together')
  await until(() => replica.topics.includes('together'), 'a commit of both')
  const describe = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] }
  const described = await replica.peers.request(address, 'DescribeQuorum', describe, { timeoutMs: 5000 })
  const partition = described.topics[0]!.partitions[0]!
  assert.deepEqual(
    partition.currentVoters.map((each) => each.replicaId),
    [KAFKA, 100],
  )

  if (WITH_ELECTIONS) await takeTurns(replica, describe)
  else context.diagnostic('without elections between the two: set QUORUM_ELECTIONS=1, and have a quiet machine')

  const removed = await replica.peers.request(address, 'RemoveRaftVoter', voter, { timeoutMs: 15_000 })
  assert.equal(removed.errorCode, 0, String(removed.errorMessage))
  await until(() => !raft.isVoter, 'it is an observer again')
})

/** Both have a chance in every election, and the timeouts of both decide: not for a busy machine. */
async function takeTurns(replica: Replica, describe: DescribeQuorumRequest): Promise<void> {
  const { raft } = replica
  // A leader that sleeps past its timeouts is not one any more; sooner or later ours wins the election that follows.
  for (let tries = 0; tries < 10 && raft.role !== 'leader'; tries++) {
    process.kill(kafka.pid, 'SIGSTOP')
    await sleep(LEADER_SLEEP_MS)
    process.kill(kafka.pid, 'SIGCONT')
    await until(() => raft.leader !== undefined && raft.role !== 'prospective', 'one of them leads')
  }
  assert.equal(raft.role, 'leader', 'in none of ten elections ours has won')
  // It is told so when its epoch's first batch is committed, and for that Apache Kafka must have it on its disk.
  await until(() => replica.leaders.at(-1)?.leaderId === replica.nodeId, 'Apache Kafka has followed and synced')
  const led = await raft.handleRequest('DescribeQuorum', describe, 2)
  const seen = led.topics![0]!.partitions![0]!.currentVoters!.find((each) => each.replicaId === KAFKA)!
  assert.equal(seen.logEndOffset, raft.endOffset)

  raft.resign()
  await until(() => raft.leader?.id === KAFKA, 'Apache Kafka leads again')
  await createTopic('after')
  await until(() => replica.topics.includes('after'), 'it has seen what came after')
}
