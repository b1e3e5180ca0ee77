/** What a cluster of three does when a node is gone, and how fast it copies what a node lacks. */
import { readdirSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse } from '@braidlog/protocol'
import { ListPartitionReassignmentsRequest, ListPartitionReassignmentsResponse } from '@braidlog/protocol'
import { wirePeer } from '../../conformance/groups/wire.ts'
import { lanesTo, replay } from '../replay/replay.ts'
import { inRounds, inTurns, type Scenario } from '../samples.ts'
import { subjects, type Properties } from '../servers.ts'
import { acknowledges } from '../starts.ts'
import { withDirectory } from '../temporary.ts'
import { nodeIds, soon, ThreeBrokers, type TopicShape } from '../three-brokers.ts'
import type { PartitionLeader } from '../topics.ts'

interface Timing {
  readonly name: string
  readonly properties: Properties
  /** Whether copies are measured too; once is enough. */
  readonly copies: boolean
}

const timings: readonly Timing[] = [
  { name: 'default timeouts', properties: {}, copies: true },
  {
    name: 'tuned timeouts',
    properties: {
      'broker.session.timeout.ms': 1000,
      'broker.heartbeat.interval.ms': 200,
      'controller.quorum.election.timeout.ms': 300,
      'controller.quorum.fetch.timeout.ms': 600,
      'replica.lag.time.max.ms': 3000,
    },
    copies: false,
  },
]

const host = '127.0.0.1'
const copiedPartitions = 4
const batch = { recordCount: 60, recordSizeBytes: 1024 }
/** `MOVE_GIGABYTES=10` for as much as an operator would move; the ordinary run has less time. */
const gigabytes = (quick: boolean): number => Number(process.env['MOVE_GIGABYTES'] ?? (quick ? 0.25 : 1))

/** A topic for each node, led by it. */
const ledBy = (nodeId: number): string => `led-by-${nodeId}`

export const failover: Scenario = {
  name: 'failover',
  title: 'When a node is gone',
  about:
    'Three nodes, controller and broker each, on one machine, page cache. Start: three formatted directories, from the start of the ' +
    'processes until a record is acknowledged by all three copies of a fresh topic. Failover: from the SIGKILL of the node that leads a ' +
    'partition until the next record is acknowledged by the new leader; whoever writes asks for the leader every five milliseconds, so ' +
    "the clients' own timeouts are left out. The active controller is another node, or the same one. Default timeouts: sessions of brokers " +
    'end after 9 s, those of the quorum after 2 s; tuned: 1 s and 0.6 s. Copying: a broker comes back without the partitions it had ' +
    '(directories removed); a partition is moved from one broker to another by reassignment. MB/s run from the first byte at the target ' +
    'to the last, seconds from the start of the process or the request until the cluster says that it is done.',
  durability: 'page-cache',
  minutes: 3,
  goals: [
    { text: 'no longer without a leader', metric: /failover/, bound: { ratio: 1 } },
    {
      text: 'a write gap of at most 1.5 s with tuned timeouts',
      metric: /failover/,
      case: /tuned/,
      bound: { figure: 1500 },
    },
    { text: 'at least as fast a copy', metric: /copy MB\/s/, bound: { ratio: 1 } },
    { text: 'at most half of the CPU for a copy', metric: /CPU s\/GB/, bound: { ratio: 0.5 } },
  ],
  plots: ['failover, ms', 'copy MB/s'],
  async run(options) {
    const { quick, rounds, say, record } = options
    await inRounds({ ...options, rounds: Math.min(rounds, 3) }, async (number) => {
      for (const timing of timings) {
        for (const subject of inTurns(subjects, number)) {
          const note = (name: string, metrics: Readonly<Record<string, number>>): void => {
            const text = Object.entries(metrics).map(([metric, value]) => `${metric} ${value.toFixed(2)}`)
            say(`${number}/${rounds} ${subject}: ${name}: ${text.join(', ')}`)
            record({ case: name, subject }, metrics)
          }
          await withDirectory(async (directory) => {
            const { properties } = timing
            const cluster = await ThreeBrokers.format({ subject, durability: 'page-cache', directory, properties })
            try {
              note('start of the cluster', await timeClusterStart(cluster))
              if (timing.copies) {
                const sizeGigabytes = gigabytes(quick)
                note(`a broker comes back empty, ${sizeGigabytes} GB`, await timeCatchUp(cluster, sizeGigabytes))
                note(`reassignment of ${sizeGigabytes} GB`, await timeMove(cluster, sizeGigabytes))
              }
              for (const [name, metrics] of await timeFailovers(cluster)) note(`${name}, ${timing.name}`, metrics)
            } finally {
              await cluster.close()
            }
          })
        }
      }
    })
  },
}

async function timeClusterStart(cluster: ThreeBrokers): Promise<Record<string, number>> {
  const startedMs = performance.now()
  await cluster.start()
  await soon(() => cluster.createTopic('start', { partitions: 1 }).then(() => true), 'a topic of three copies')
  await acknowledgedBy(cluster, 'start', nodeIds)
  return { 'start, ms': performance.now() - startedMs, 'CPU of the start, s': cluster.cpuSeconds() }
}

/** Resolves once a record of the topic is acknowledged by a leader among `nodes`. */
async function acknowledgedBy(cluster: ThreeBrokers, topic: string, nodes: readonly number[]): Promise<void> {
  await soon(async () => {
    const leader = (await cluster.partitions(topic))[0]?.leader
    if (leader === undefined || !nodes.includes(leader)) return undefined
    return (await acknowledges(cluster.portOf(leader), topic)) || undefined
  }, `a record in ${topic}`)
}

/** Kills the leader of a topic, first one whose controller stands by, then one that is the active controller too. */
async function timeFailovers(cluster: ThreeBrokers): Promise<[string, Record<string, number>][]> {
  const topics = nodeIds.map(ledBy)
  for (const nodeId of nodeIds) {
    const others = nodeIds.filter((other) => other !== nodeId)
    await cluster.createTopic(ledBy(nodeId), { partitions: 1, assignment: [[nodeId, ...others]] })
    await acknowledgedBy(cluster, ledBy(nodeId), nodeIds)
  }
  const timeKill = async (victim: number): Promise<Record<string, number>> => {
    await cluster.inSync(topics)
    const others = nodeIds.filter((other) => other !== victim)
    const startedMs = performance.now()
    await cluster.kill(victim)
    await acknowledgedBy(cluster, ledBy(victim), others)
    return { 'failover, ms': performance.now() - startedMs }
  }
  const controller = await cluster.activeController()
  const standby = nodeIds.find((nodeId) => nodeId !== controller)!
  const first = await timeKill(standby)
  await cluster.startNode(standby)
  // The first victim leads nothing now. The controller may have moved meanwhile: whoever is active leads a topic of its own.
  await cluster.inSync(topics)
  const active = await cluster.activeController()
  if (active === standby) throw new Error(`node ${standby} became controller although the active one was up`)
  return [
    ['leader killed', first],
    ['leader and active controller killed', await timeKill(active)],
  ]
}

/** @returns how many bytes of logs a topic has at a node */
function sizeAt(cluster: ThreeBrokers, nodeId: number, topic: string): number {
  let sizeBytes = 0
  for (const directory of directoriesOf(cluster, nodeId, topic)) {
    for (const file of list(directory)) {
      if (!file.endsWith('.log')) continue
      sizeBytes += statSync(join(directory, file), { throwIfNoEntry: false })?.size ?? 0
    }
  }
  return sizeBytes
}

function list(directory: string): string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

function directoriesOf(cluster: ThreeBrokers, nodeId: number, topic: string): string[] {
  const root = cluster.directoryOf(nodeId)
  return Array.from({ length: copiedPartitions }, (_, partition) => join(root, `${topic}-${partition}`))
}

async function fill(leaders: readonly PartitionLeader[], topic: string, sizeGigabytes: number): Promise<void> {
  const requests = Math.ceil((sizeGigabytes * 1e9) / (batch.recordCount * batch.recordSizeBytes))
  const requestsMax = Math.ceil(requests / copiedPartitions)
  const lanes = lanesTo(leaders, topic, { kind: 'produce', acks: -1, batch, width: 5, requestsMax } as const)
  await replay([], { lanes, warmUpMs: 0, measureMs: 'end' })
}

type Copying = {
  readonly 'copy MB/s': number
  readonly 'copied in, s': number
}

/** Watches a node until it has `sizeBytes` of a topic, and the cluster agrees. */
async function timeCopy(
  cluster: ThreeBrokers,
  { nodeId, topic, sizeBytes }: { readonly nodeId: number; readonly topic: string; readonly sizeBytes: number },
  begin: () => Promise<unknown>,
  isDone: () => Promise<boolean>,
): Promise<Copying> {
  const startedMs = performance.now()
  let firstMs: number | undefined
  const copied = soon(async () => {
    const size = sizeAt(cluster, nodeId, topic)
    if (size > 0) firstMs ??= performance.now()
    return size >= sizeBytes ? performance.now() : undefined
  }, `the copy of ${topic} at node ${nodeId}`)
  const [lastMs] = await Promise.all([copied, begin()])
  await soon(async () => (await isDone()) || undefined, `${topic} to be whole`)
  return {
    'copy MB/s': sizeBytes / 1e6 / ((lastMs - firstMs!) / 1000),
    'copied in, s': (performance.now() - startedMs) / 1000,
  }
}

async function timeCatchUp(cluster: ThreeBrokers, sizeGigabytes: number): Promise<Copying> {
  const topic = 'copied'
  const [first, second, wiped] = nodeIds
  // Led by the two that stay: what comes back is a follower only.
  const assignment = Array.from({ length: copiedPartitions }, (_, at) =>
    at % 2 === 0 ? [first, second, wiped] : [second, first, wiped],
  )
  const shape: TopicShape = { partitions: copiedPartitions, assignment }
  return cluster.withTopic(topic, shape, async (leaders) => {
    await fill(leaders, topic, sizeGigabytes)
    await cluster.inSync([topic])
    const sizeBytes = sizeAt(cluster, first, topic)
    await cluster.stop(wiped)
    for (const directory of directoriesOf(cluster, wiped, topic)) rmSync(directory, { recursive: true, force: true })
    return timeCopy(
      cluster,
      { nodeId: wiped, topic, sizeBytes },
      () => cluster.startNode(wiped),
      async () => (await cluster.partitions(topic)).every(({ inSync }) => inSync.includes(wiped)),
    )
  })
}

async function timeMove(cluster: ThreeBrokers, sizeGigabytes: number): Promise<Record<string, number>> {
  const topic = 'moved'
  const [from, , to] = nodeIds
  const shape: TopicShape = {
    partitions: copiedPartitions,
    assignment: Array.from({ length: copiedPartitions }, () => [from]),
    configs: { 'min.insync.replicas': '1' },
  }
  return cluster.withTopic(topic, shape, async (leaders) => {
    await fill(leaders, topic, sizeGigabytes)
    const sizeBytes = sizeAt(cluster, from, topic)
    const before = cluster.cpuSeconds()
    const copying = await timeCopy(
      cluster,
      { nodeId: to, topic, sizeBytes },
      () => reassign(cluster, topic, to),
      () => isSettled(cluster),
    )
    return { ...copying, 'brokers CPU s/GB copied': (cluster.cpuSeconds() - before) / (sizeBytes / 1e9) }
  })
}

async function reassign(cluster: ThreeBrokers, topic: string, to: number): Promise<void> {
  const partitions = Array.from({ length: copiedPartitions }, (_, partitionIndex) => ({
    partitionIndex,
    replicas: [to],
  }))
  const messages = { request: AlterPartitionReassignmentsRequest, response: AlterPartitionReassignmentsResponse }
  const body = { timeoutMs: 30_000, topics: [{ name: topic, partitions }] }
  const response = await wirePeer(host, cluster.server.port).ask(messages, 0, body)
  const refused = [response, ...response.responses.flatMap((each) => each.partitions)].find(
    ({ errorCode }) => errorCode !== 0,
  )
  if (refused !== undefined) throw new Error(`not moved: error code ${refused.errorCode} ${refused.errorMessage ?? ''}`)
}

async function isSettled(cluster: ThreeBrokers): Promise<boolean> {
  const messages = { request: ListPartitionReassignmentsRequest, response: ListPartitionReassignmentsResponse }
  const response = await wirePeer(host, cluster.server.port).ask(messages, 0, { timeoutMs: 30_000, topics: null })
  return response.errorCode === 0 && response.topics.length === 0
}
