/**
 * One metadata quorum of Apache Kafka's controller and our replicas: as observers, as voters that its commits wait for, and
 * as the leader that it follows and elects.
 *
 * Who wins is never left to chance. While Apache Kafka stands still, ours are the majority; what they have committed
 * meanwhile it lacks, so that it cannot win the election that follows but has to vote for the one of ours that is left (Raft,
 * 5.4.1). It leads again when it is the only voter.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import kafkajs from 'kafkajs'
import { metadataRecord } from '@braidlog/metadata'
import { startKafka } from '../peers/kafka.ts'
import { eventually, freePorts } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'
import { Replica } from './replica.ts'

const clusterId = 'bGVhZGVyLWFuZC1mb2xsb3c'
const KAFKA = 1
const TIMEOUT_MS = 60_000
const DESCRIBE = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] }

let kafka: PeerServer
let controllerPort: number
before(async () => {
  const [port, controller] = (await freePorts(2)) as [number, number]
  controllerPort = controller
  kafka = await startKafka({ clusterId, ports: [port, controller] })
})
after(async () => {
  // Whoever stands still does not end.
  if (kafka !== undefined) process.kill(kafka.pid, 'SIGCONT')
  await kafka?.stop()
})

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
  eventually(() => Promise.resolve(condition() ? true : undefined), what, TIMEOUT_MS)

const leads = ({ leaders, nodeId, raft }: Replica) => raft.role === 'leader' && leaders.at(-1)?.leaderId === nodeId

/** Records that say nothing. @returns when they are committed */
async function append({ raft }: Replica, count: number): Promise<void> {
  for (let left = count; left > 0; left--) await raft.append([metadataRecord('NoOp', {})]).committed
}

test('our replicas observe the quorum of Apache Kafka, vote in it, lead it, and hand it back', async (context) => {
  const start = (nodeId: number) => Replica.start({ nodeId, clusterId, bootstrapPort: controllerPort })
  await using first = await start(100)
  await using second = await start(101)
  const both = [first, second]
  const address = { id: KAFKA, host: '127.0.0.1', port: controllerPort }

  await context.test('they follow it, and see what it commits', async () => {
    for (const { raft } of both) {
      await until(() => raft.leader?.id === KAFKA && raft.highWatermark > 0, 'it follows')
      assert.equal(raft.isVoter, false)
      assert.equal(raft.kraftVersion, 1)
      assert.deepEqual(
        raft.voters.map((voter) => voter.id),
        [KAFKA],
      )
    }
    await createTopic('observed')
    for (const { topics } of both) await until(() => topics().includes('observed'), 'it has seen the topic')
  })

  await context.test('it takes them in as voters', async () => {
    for (const { directoryId, nodeId, port, raft } of both) {
      const listeners = [{ name: 'CONTROLLER', host: '127.0.0.1', port }]
      const voter = { clusterId, voterId: nodeId, voterDirectoryId: directoryId as never }
      const add = { ...voter, listeners, timeoutMs: 30_000, ackWhenCommitted: true }
      const added = await first.peers.request(address, 'AddRaftVoter', add, { timeoutMs: 35_000 })
      assert.equal(added.errorCode, 0, String(added.errorMessage))
      await until(() => raft.isVoter, 'it votes')
    }
    await createTopic('together')
    for (const { topics } of both) await until(() => topics().includes('together'), 'a commit of a majority')
    const described = await first.peers.request(address, 'DescribeQuorum', DESCRIBE, { timeoutMs: 5000 })
    assert.deepEqual(
      new Set(described.topics[0]!.partitions[0]!.currentVoters.map((each) => each.replicaId)),
      new Set([KAFKA, 100, 101]),
    )
  })

  let leader!: Replica
  let other!: Replica
  await context.test('it stands still, and one of them leads', async () => {
    process.kill(kafka.pid, 'SIGSTOP')
    await until(() => both.some(leads), 'one of them leads')
    leader = both.find(leads)!
    other = both.find((each) => each !== leader)!
    await append(leader, 5)
    await until(() => other.raft.endOffset === leader.raft.endOffset, 'the other has it all')
  })

  await context.test(
    'that one crashes, and Apache Kafka, which lacks what they committed, elects the other',
    async () => {
      await leader.crash()
      process.kill(kafka.pid, 'SIGCONT')
      await until(() => leads(other), 'the other leads')
      // Two of three are left: what is committed is on the disk of Apache Kafka.
      await append(other, 5)
      const { topics } = await other.raft.handleRequest('DescribeQuorum', DESCRIBE, 2)
      const partition = topics![0]!.partitions![0]!
      assert.equal(partition.leaderId, other.nodeId)
      const seen = partition.currentVoters!.find((each) => each.replicaId === KAFKA)!
      assert.equal(seen.logEndOffset, other.raft.endOffset)
    },
  )

  await context.test('it leads again when ours have left the quorum, the leader last', async () => {
    for (const { directoryId, nodeId } of [leader, other]) {
      const voter = { clusterId, voterId: nodeId, voterDirectoryId: directoryId as never }
      const { errorCode, errorMessage } = await other.raft.handleRequest('RemoveRaftVoter', voter, 0)
      assert.equal(errorCode, 0, String(errorMessage))
    }
    await until(() => other.raft.leader?.id === KAFKA, 'Apache Kafka leads')
    assert.equal(other.raft.isVoter, false)
    await createTopic('after')
    await until(() => other.topics().includes('after'), 'it has seen what came after')
  })
})
