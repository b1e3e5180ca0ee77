/**
 * One run of a whole cluster under one seed: controllers and brokers, clients that send and read, faults, then healing.
 *
 *     start → create the topic → safety: load and faults → heal → liveness: all in sync, all read → stop → compare disks
 *
 * Checked: what clients saw (`history`); that a healed cluster comes back within {@link LIVENESS_MS}; that in the end all
 * replicas hold the same bytes.
 */
import { below, type MemoryStorage, type SeededRandom } from '@braidlog/base'
import type { Kafka } from '@braidlog/client'
import { checkHistory } from '../history/index.ts'
import { SimulatedNetwork } from '../world/network.ts'
import { World } from '../world/world.ts'
import { Audit } from './audit.ts'
import { DiskDamage } from './disk-damage.ts'
import { drawFaults, profileOf, type Fault } from './faults.ts'
import { SimulatedGroup } from './group.ts'
import { Ledger } from './ledger.ts'
import { Mover } from './mover.ts'
import { Nemesis, type NemesisOptions } from './nemesis.ts'
import { ShortTopics } from './short-topics.ts'
import { TEMPOS, type Tempo, type TempoName } from './tempo.ts'
import { CLIENT_PORT, CONTROLLER_PORT, SimulatedNode } from './node.ts'
import { simulatedClient, Workload } from './workload.ts'

export interface RunOptions {
  readonly seed: number
  readonly faultCount?: number
  /** Default: dense. */
  readonly tempo?: TempoName
  /** Of the phase with faults. Default: that of the tempo. */
  readonly safetyMs?: number
  readonly onTrace?: (line: string) => void
  /** Instead of those that the seed draws. */
  readonly faults?: readonly Fault[]
}

export interface RunResult {
  readonly seed: number
  /** What was violated; empty when all is well. */
  readonly failures: readonly string[]
  readonly faults: readonly Fault[]
  readonly faultCount: number
  readonly faultsByKind: Readonly<Record<string, number>>
  readonly virtualMs: number
  readonly eventCount: number
  readonly acknowledgedCount: number
  readonly operationCount: number
  /** Equal for two runs of one seed. */
  readonly traceHash: string
}

const CLUSTER_ID = 'c2ltdWxhdGVkLWNsdXN0ZQ'
const TOPIC = 'simulated'
/** Of the nodes; those above are brokers only. */
const CONTROLLER_COUNT = 3
const REPLICATION_FACTOR = 3
const MIN_INSYNC_REPLICAS = 2
const START_MS = 60_000
const FAILURES_MAX = 20
/** Of those that are drawn a few find nobody in the role that they look for. */
export const FAULT_COUNT = 46
export const LIVENESS_MS = 120_000

export async function runCluster(options: RunOptions): Promise<RunResult> {
  const { seed, faultCount = FAULT_COUNT } = options
  const world = new World(seed, options.onTrace)
  const tempo: Tempo = TEMPOS[options.tempo ?? 'dense'](world.randomFor('tempo'))
  const safetyMs = options.safetyMs ?? tempo.safetyMs
  const random = world.randomFor('shape')
  const network = new SimulatedNetwork(world, {
    latencyMsMin: 0.1,
    latencyMsMax: 1 + below(random, 20),
    stallsPerThousand: below(random, 5),
    stallMs: 500,
    splitsPerThousand: below(random, 50),
  })
  const partitionCount = 1 + below(random, 3)
  const profile = profileOf(seed)
  const nodes = nodesOf(world, network, random, tempo, profile.readsCold)
  const failures: string[] = []
  const fail = (message: string): void => {
    if (failures.length >= FAILURES_MAX) return
    failures.push(message)
    world.trace(`FAILURE ${message}`)
  }
  /** The first thing that is wrong ends the run: what would come after it says less. */
  const until = async (done: () => boolean, withinMs: number, otherwise: () => string): Promise<void> => {
    if (!(await world.run(() => failures.length > 0 || done(), world.nowMs + withinMs))) fail(otherwise())
    if (failures.length > 0) throw new RunEnded()
  }
  /** For what is costly to ask: looks now and then. */
  const untilSeen = async (done: () => boolean, withinMs: number, otherwise: () => string): Promise<void> => {
    const deadlineMs = world.nowMs + withinMs
    for (let isDone = done(); !isDone; isDone = done()) {
      if (world.nowMs >= deadlineMs) fail(otherwise())
      await world.run(() => failures.length > 0, world.nowMs + tempo.auditMs)
      if (failures.length > 0) throw new RunEnded()
    }
  }
  const bootstrap = nodes.map((node) => `${node.host}:${CLIENT_PORT}`)
  const { retryBackoffMs } = tempo
  const clientOn = (name: string, host: string) =>
    simulatedClient(world, network, { name, host, bootstrap, retryBackoffMs })
  const observer = new Observer(world, clientOn('observer', '127.0.2.1').kafka)
  const audit = new Audit({
    world,
    nodes,
    topic: TOPIC,
    copiesMin: (partition) => MIN_INSYNC_REPLICAS - (damage.hasTaken(partition) ? 1 : 0),
    sampleMs: tempo.auditMs,
    onViolation: fail,
    onMoment: (moment) => nemesis.happened(moment),
  })
  const damage = new DiskDamage({
    topic: TOPIC,
    inSync: (partition) => audit.inSync(partition),
    onDamage: (what) => world.trace(`damaged: ${what}`),
  })
  const nodesInRole: NemesisOptions['nodesOf'] = (role, partition) => audit.nodesOf(role, partition)
  const nemesis = new Nemesis({
    world,
    network,
    nodes,
    partitionCount,
    damage,
    nodesOf: nodesInRole,
    durationFactor: tempo.faultFactor,
    onFault: () => workload.wake(),
  })
  const workload = new Workload({
    world,
    network,
    bootstrap,
    topic: TOPIC,
    partitionCount,
    clientCount: 2 + below(random, 3),
    pauseMs: (20 + below(random, 200)) / profile.haste,
    recordsPerSendMax: 1 + below(random, 4),
    deliveryTimeoutMs: 5_000 + below(random, 20_000),
    tempo,
    onCommitted: (partition, offset, isAcknowledged) => audit.committed(partition, offset, isAcknowledged),
  })
  const group = new SimulatedGroup({
    world,
    workload,
    topic: TOPIC,
    memberCount: profile.memberCountMin + below(random, 3),
    tempo,
    clientOf: (member, incarnation) => clientOn(`member-${member}.${incarnation}`, `127.0.3.${member + 1}`),
  })
  const ledger = new Ledger({
    world,
    kafka: clientOn('ledger', '127.0.2.2').kafka,
    topic: TOPIC,
    nodes,
    pauseMs: (200 + below(random, 800)) * tempo.pauseFactor,
    onViolation: fail,
  })
  const shape = world.randomFor('operators')
  const mover = new Mover({
    world,
    kafka: clientOn('mover', '127.0.2.3').kafka,
    topic: TOPIC,
    partitionCount,
    nodeIds: nodes.map(({ nodeId }) => nodeId),
    replicationFactor: REPLICATION_FACTOR,
    pauseMs: (2_000 + below(shape, 6_000)) * tempo.faultFactor,
  })
  const shortTopics = new ShortTopics({
    world,
    kafka: clientOn('short-topics', '127.0.2.4').kafka,
    nodes,
    replicationFactor: REPLICATION_FACTOR,
    pauseMs: (500 + below(shape, 2_000)) * tempo.pauseFactor,
    onViolation: fail,
  })
  // Not everything goes on in every run.
  const operators = [...(below(shape, 5) < 2 ? [mover] : []), ...(below(shape, 5) < 2 ? [shortTopics] : [])]
  const faults = options.faults ?? drawFaults(world.randomFor('faults'), profile, faultCount, safetyMs)
  for (const node of nodes) {
    node.onEnding = () => audit.look()
    node.start()
  }
  audit.start()

  const live = async (): Promise<void> => {
    const isCreated = endOf(observer.createTopic(TOPIC, partitionCount, REPLICATION_FACTOR))
    await until(isCreated, START_MS, () => 'the cluster did not take up work')
    nemesis.schedule(faults)
    for (const each of [workload, group, ledger, ...operators]) each.start()
    await world.run(() => failures.length > 0, world.nowMs + safetyMs)
    nemesis.heal()
    workload.stopSending()
    for (const each of [ledger, ...operators]) each.stop()
    const areDone = () => workload.isIdle && ledger.isDone && operators.every((each) => each.isDone)
    await until(areDone, LIVENESS_MS, () => 'operations did not end after everything had healed')
    const areSound = endOf(madeSound(world, damage))
    const damaged = () => [...damage.nodes()].map(({ nodeId }) => nodeId).join(', ')
    await until(areSound, LIVENESS_MS, () => `what was damaged was not made again: nodes ${damaged()}`)
    const isInSync = endOf(observer.untilInSync(TOPIC, partitionCount, REPLICATION_FACTOR))
    await until(isInSync, LIVENESS_MS, () => `not all replicas came back in sync: ${observer.lastSeen}`)
    const hasRead = endOf(workload.readAll(LIVENESS_MS))
    await until(hasRead, 2 * LIVENESS_MS, () => 'not everything could be read after everything had healed')
    const polled = workload.polledOffsets()
    const missing = () => group.missing(polled).join('; ')
    const hasSeenAll = () => group.isIdle || missing() === ''
    await untilSeen(hasSeenAll, LIVENESS_MS, () => `the group did not see everything: ${missing()}`)
    group.stop()
    const isQuiet = () => audit.unrest() === undefined
    await untilSeen(isQuiet, LIVENESS_MS, () => `no quiet after everything had healed: ${audit.unrest()}`)
    const hasLooked = endOf(untilTrue(world, () => shortTopics.checkInTheEnd()))
    await until(hasLooked, LIVENESS_MS, () => 'not every topic could be read after everything had healed')
    audit.compare()
    audit.checkEpochs()
    audit.stop()
    const hasStopped = endOf(Promise.all(nodes.map((node) => node.stop())))
    await until(hasStopped, START_MS, () => 'the nodes did not stop')
    for (let partition = 0; partition < partitionCount; partition++) {
      for (const each of differences(audit.replicasOf(partition), partition)) fail(each)
    }
  }
  await live().catch((error: unknown) => {
    if (!(error instanceof RunEnded)) throw error
  })
  audit.stop()
  // A run that ended early has not read everything: what is unseen then says nothing.
  const report = checkHistory(workload.events)
  if (failures.length === 0) {
    for (const { name, key, detail } of report.anomalies) fail(`${name}: partition ${key}: ${detail}`)
  }
  for (const node of nodes) node.crash('kill')
  return {
    seed,
    failures,
    faults,
    faultCount: nemesis.count,
    faultsByKind: Object.fromEntries(nemesis.countByKind),
    virtualMs: world.nowMs,
    eventCount: world.eventCount,
    acknowledgedCount: report.acknowledgedCount,
    operationCount: report.operationCount,
    traceHash: world.traceHash,
  }
}

/** Something has failed, and was noted. */
class RunEnded extends Error {
  override readonly name = 'RunEnded'
}

async function untilTrue(world: World, work: () => Promise<boolean>): Promise<void> {
  while (!(await work())) await world.delay(500)
}

/** What nobody reads is not found to be damaged: everything is looked at. */
async function madeSound(world: World, damage: DiskDamage): Promise<void> {
  for (let nodes = damage.nodes(); nodes.size > 0; nodes = damage.nodes()) {
    for (const { parts } of nodes) void parts?.partitions?.verify()
    await world.delay(2_000)
  }
}

/** @returns whether it has ended well by now; what fails never does */
function endOf(work: Promise<unknown>): () => boolean {
  let hasEnded = false
  void work.then((result) => (hasEnded = result !== false)).catch(() => {})
  return () => hasEnded
}

function nodesOf(
  world: World,
  network: SimulatedNetwork,
  random: SeededRandom,
  tempo: Tempo,
  readsCold: boolean,
): SimulatedNode[] {
  // Three nodes mostly, since the fewer there are the more a fault does; some have brokers beside them that vote for nothing.
  const drawn = below(world.randomFor('size'), 10)
  const nodeCount = drawn < 6 ? 3 : drawn < 8 ? 4 : 5
  const ids = Array.from({ length: nodeCount }, (_, at) => at + 1)
  const hostOf = (id: number) => `127.0.0.${id}`
  const voters = ids
    .slice(0, CONTROLLER_COUNT)
    .map((id) => `${id}@${hostOf(id)}:${CONTROLLER_PORT}`)
    .join(',')
  const shared = {
    'controller.listener.names': 'CONTROLLER',
    'inter.broker.listener.name': 'PLAINTEXT',
    'controller.quorum.voters': voters,
    // A client that still asks for a topic must not bring it back.
    'auto.create.topics.enable': false,
    'offsets.topic.replication.factor': 3,
    'offsets.topic.num.partitions': 1,
    'min.insync.replicas': MIN_INSYNC_REPLICAS,
    'default.replication.factor': 3,
    'log.initial.task.delay.ms': 500,
    'offsets.retention.check.interval.ms': 5_000,
    'metadata.log.max.record.bytes.between.snapshots': 2_000 + below(random, 20_000),
    ...tempo.properties,
  }
  return ids.map((nodeId) => {
    const host = hostOf(nodeId)
    return new SimulatedNode({
      world,
      network,
      nodeId,
      host,
      clusterId: CLUSTER_ID,
      properties: {
        ...shared,
        'process.roles': nodeId <= CONTROLLER_COUNT ? 'broker,controller' : 'broker',
        listeners: [
          `PLAINTEXT://${host}:${CLIENT_PORT}`,
          ...(nodeId <= CONTROLLER_COUNT ? [`CONTROLLER://${host}:${CONTROLLER_PORT}`] : []),
        ].join(),
      },
      disk: { syncMsMin: 0.2, syncMsMax: 1 + below(random, 10), stallsPerThousand: below(random, 5), stallMs: 500 },
      readsCold,
    })
  })
}

/** Somebody who looks on from outside, and is never disturbed. */
class Observer {
  readonly #world: World
  readonly #kafka: Kafka
  lastSeen = ''

  constructor(world: World, kafka: Kafka) {
    this.#world = world
    this.#kafka = kafka
  }

  async createTopic(topic: string, partitionCount: number, replicationFactor: number): Promise<void> {
    for (;;) {
      try {
        await this.#kafka.admin().createTopics([{ name: topic, partitions: partitionCount, replicationFactor }])
        return
      } catch (error) {
        if (error instanceof Error && /exists/i.test(error.message)) return
        await this.#world.delay(500)
      }
    }
  }

  /** Resolves when every partition has a leader and all its replicas in sync. */
  async untilInSync(topic: string, partitionCount: number, replicationFactor: number): Promise<void> {
    for (;;) {
      try {
        const [description] = await this.#kafka.admin().describeTopics([topic])
        const partitions = description?.partitions ?? []
        this.lastSeen = JSON.stringify(partitions)
        const isInSync = partitions.every(({ leader, isr, replicas }) => {
          return (leader ?? -1) >= 0 && isr.length === replicationFactor && replicas.length === replicationFactor
        })
        if (isInSync && partitions.length === partitionCount) return
      } catch (error) {
        this.lastSeen = error instanceof Error ? error.message : String(error)
      }
      await this.#world.delay(500)
    }
  }
}

/** @returns what is not the same on the disks of those who have the partition */
function differences(nodes: readonly SimulatedNode[], partition: number): string[] {
  const logs = nodes.map((node) => logBytes(node.disk.memory, `data/${TOPIC}-${partition}`))
  const first = logs[0]!
  return nodes.flatMap(({ nodeId }, at) => {
    const bytes = logs[at]!
    if (bytes.length === first.length && bytes.every((byte, position) => byte === first[position])) return []
    const { nodeId: other } = nodes[0]!
    return [`partition ${partition}: node ${nodeId} holds ${bytes.length} bytes, node ${other} ${first.length}`]
  })
}

function logBytes(storage: MemoryStorage, directory: string): Uint8Array {
  const files = storage.list(directory).filter(({ name }) => name.endsWith('.log'))
  const contents = files.map(({ name }) => storage.readFile(`${directory}/${name}`))
  const all = new Uint8Array(contents.reduce((sum, each) => sum + each.length, 0))
  let at = 0
  for (const content of contents) {
    all.set(content, at)
    at += content.length
  }
  return all
}
