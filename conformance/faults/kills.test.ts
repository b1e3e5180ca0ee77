/**
 * Three nodes as processes, and a load with acks=all while they are killed: the leader of a partition, the active
 * controller, any node; paused beyond their session; restarted one after the other. Nothing acknowledged may be lost, doubled
 * or reordered, and no partition may stand still for long.
 *
 * `FAULTS_KILLS=200 npm run conformance -- faults` for more kills than the few of an ordinary run.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import { Kafka } from '@braidlog/client'
import { checkHistory } from '@braidlog/simulator/history'
import { eventually } from '../peers/process.ts'
import { Load } from './load.ts'
import { LocalCluster } from './local-cluster.ts'

const KILLS = Number(process.env['FAULTS_KILLS'] ?? 8)
const TOPIC = 'faults'
const PARTITIONS = 6
/** Tuned for quick failover; the defaults are those of Apache Kafka. */
const TUNED = {
  'broker.session.timeout.ms': 1_000,
  'broker.heartbeat.interval.ms': 200,
  'controller.quorum.election.timeout.ms': 300,
  'controller.quorum.fetch.timeout.ms': 600,
  'replica.lag.time.max.ms': 3_000,
  'replica.fetch.backoff.ms': 100,
  'min.insync.replicas': 2,
  'default.replication.factor': 3,
  'offsets.topic.num.partitions': 1,
}

let cluster: LocalCluster
let kafka: Kafka
let load: Load

before(async () => {
  cluster = await LocalCluster.start(3, TUNED)
  kafka = new Kafka({ bootstrapServers: [...cluster.bootstrapServers], requestTimeoutMs: 5_000 })
  await kafka.admin().createTopics([{ name: TOPIC, partitions: PARTITIONS, replicationFactor: 3 }])
  await inSync()
  load = new Load({
    bootstrapServers: cluster.bootstrapServers,
    topic: TOPIC,
    partitionCount: PARTITIONS,
    clientCount: 3,
  })
  load.start()
})
after(async () => {
  await kafka?.close()
  await cluster?.close()
})

async function partitions() {
  const [description] = await kafka.admin().describeTopics([TOPIC])
  return description!.partitions
}

async function inSync(): Promise<void> {
  await eventually(
    async () => {
      try {
        const all = await partitions()
        return all.length === PARTITIONS && all.every(({ isr }) => isr.length === 3) ? true : undefined
      } catch {
        return undefined
      }
    },
    'all replicas are in sync',
    60_000,
  )
}

async function leaderOf(partition: number): Promise<number> {
  return (await partitions()).find((each) => each.partition === partition)!.leader ?? cluster.nodeIds[0]!
}

/** The load goes on: every partition acknowledges something from now on. */
async function goesOn(): Promise<void> {
  const before = load.acknowledgedMs.map((times) => times.length)
  const isMoving = () => load.acknowledgedMs.every((times, at) => times.length > before[at]!)
  await eventually(() => (isMoving() ? true : undefined), 'every partition acknowledges again', 60_000)
}

test(
  `${KILLS} leaders are killed, one after the other, and come back`,
  { timeout: 60_000 + KILLS * 20_000 },
  async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      const victim = await leaderOf(kill % PARTITIONS)
      await cluster.kill(victim)
      await goesOn()
      await cluster.start(victim)
      await inSync()
    }
  },
)

test('a leader that stands still for longer than its session is replaced, and follows when it goes on', async () => {
  for (let partition = 0; partition < 2; partition++) {
    const victim = await leaderOf(partition)
    cluster.pause(victim)
    await delay(3_000)
    await goesOn()
    cluster.resume(victim)
    await inSync()
  }
})

test('nodes are stopped and started one after the other, as for an upgrade', async () => {
  for (const nodeId of cluster.nodeIds) {
    await cluster.stop(nodeId)
    await goesOn()
    await cluster.start(nodeId)
    await inSync()
  }
})

test('nothing was lost, doubled or reordered', async (context) => {
  await load.finish()
  const report = checkHistory(load.events)
  const gaps = load.acknowledgedMs.flatMap((times) => times.slice(1).map((time, at) => time - times[at]!))
  gaps.sort((a, b) => b - a)
  context.diagnostic(
    `${report.acknowledgedCount} records acknowledged, ${report.unknownCount} with unknown outcome; longest gaps between ` +
      `acknowledgements of a partition: ${gaps
        .slice(0, 5)
        .map((gap) => `${(gap / 1000).toFixed(2)} s`)
        .join(', ')}`,
  )
  assert.deepEqual(report.anomalies, [])
  assert.ok(report.acknowledgedCount > 0)
})
