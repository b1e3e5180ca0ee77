/** What the tests of mixed clusters share: one topic of two partitions on two brokers, and how it is looked at. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import kafkajs from 'kafkajs'
import { apiByName } from '@braidlog/protocol'
import { Link } from '../differential/link.ts'
import { kcat } from '../peers/kcat.ts'
import { startKafka } from '../peers/kafka.ts'
import { eventually } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'

export const TOPIC = 'mixed'
/** Short, so that a killed broker is noticed soon. */
export const TIMING = { 'broker.session.timeout.ms': 4_000, 'broker.heartbeat.interval.ms': 500 }

export interface PartitionState {
  readonly leader: number
  readonly isr: readonly number[]
}

export interface MemberOptions {
  readonly nodeId: number
  readonly clusterId: string
  readonly dir: string
  readonly ports: readonly [client: number, spare: number]
  /** Where the controller of the cluster listens, whosever it is. */
  readonly controllerPort: number
  readonly properties?: Readonly<Record<string, string>>
}

/** What makes a node a broker, and nothing else, of a cluster that is there. */
export function memberProperties({
  nodeId,
  ports,
  controllerPort,
  properties,
}: Omit<MemberOptions, 'clusterId' | 'dir'>) {
  return {
    'process.roles': 'broker',
    'node.id': nodeId,
    listeners: `PLAINTEXT://127.0.0.1:${ports[0]}`,
    'controller.quorum.bootstrap.servers': `127.0.0.1:${controllerPort}`,
    ...TIMING,
    ...properties,
  }
}

/** A broker of Apache Kafka that joins a cluster. */
export function startKafkaMember(options: MemberOptions): Promise<PeerServer> {
  const { clusterId, dir, ports } = options
  return startKafka({ clusterId, dir, ports, properties: memberProperties(options) })
}

export class MixedCluster {
  readonly #bootstrap: string
  readonly admin: kafkajs.Admin

  /** @param bootstrap addresses of all brokers, joined by commas */
  constructor(bootstrap: string) {
    this.#bootstrap = bootstrap
    const brokers = bootstrap.split(',')
    this.admin = new kafkajs.Kafka({ brokers, logLevel: kafkajs.logLevel.NOTHING }).admin()
  }

  async knows(nodeId: number): Promise<void> {
    await eventually(
      async () => {
        const { brokers } = await this.admin.describeCluster()
        return brokers.some((broker) => broker.nodeId === nodeId) ? true : undefined
      },
      `broker ${nodeId} is one of the cluster`,
      60_000,
    )
  }

  /** Partition 0 with the first broker as its preferred leader, partition 1 with the second. */
  async createTopic(first: number, second: number): Promise<void> {
    const replicaAssignment = [
      { partition: 0, replicas: [first, second] },
      { partition: 1, replicas: [second, first] },
    ]
    await this.admin.createTopics({ topics: [{ topic: TOPIC, replicaAssignment }] })
  }

  async partitions(): Promise<PartitionState[]> {
    const { topics } = await this.admin.fetchTopicMetadata({ topics: [TOPIC] })
    return topics[0]!.partitions
      .toSorted((a, b) => a.partitionId - b.partitionId)
      .map(({ leader, isr }) => ({ leader, isr: isr.toSorted((a, b) => a - b) }))
  }

  async untilAll(condition: (state: PartitionState) => boolean, what: string): Promise<void> {
    await eventually(async () => ((await this.partitions()).every(condition) ? true : undefined), what, 60_000)
  }

  /** Every partition is led by the first of its replicas. */
  async electPreferred(): Promise<void> {
    using link = new Link(Number(this.#bootstrap.match(/:(\d+)/)![1]))
    const topicPartitions = [{ topic: TOPIC, partitions: [0, 1] }]
    await link.ask(apiByName('ElectLeaders')!, 2, { electionType: 0, topicPartitions, timeoutMs: 30_000 })
    const preferred = async () => {
      const { topics } = await this.admin.fetchTopicMetadata({ topics: [TOPIC] })
      return topics[0]!.partitions.every(({ leader, replicas }) => leader === replicas[0]) ? true : undefined
    }
    await eventually(preferred, 'the preferred replicas lead', 60_000)
  }

  /** Sends `count` numbered records to each partition, acknowledged by all replicas in sync. */
  async send(from: number, count: number): Promise<void> {
    const lines = Array.from({ length: count }, (_, at) => `value-${from + at}`).join('\n')
    for (const partition of ['0', '1']) {
      const args = ['-P', '-b', this.#bootstrap, '-t', TOPIC, '-p', partition]
      await kcat([...args, '-X', 'acks=all', '-X', 'enable.idempotence=true'], { input: lines, timeoutMs: 60_000 })
    }
  }
}

export async function read(bootstrap: string, partition: number): Promise<string[]> {
  const args = ['-C', '-b', bootstrap, '-t', TOPIC, '-p', String(partition), '-o', 'beginning', '-e', '-q']
  const { stdout } = await kcat(args, { timeoutMs: 60_000 })
  return stdout.split('\n').filter((line) => line !== '')
}

export const expected = (count: number): string[] => Array.from({ length: count }, (_, at) => `value-${at}`)

/** Both brokers hold the same bytes, as soon as the follower has come so far. */
export async function assertSameBytes(one: string, other: string): Promise<void> {
  for (const partition of [0, 1]) {
    await eventually(
      () => (logBytes(one, partition).equals(logBytes(other, partition)) ? true : undefined),
      `both copies of partition ${partition} are the same bytes`,
    )
  }
}

function logBytes(dir: string, partition: number): Buffer {
  const directory = join(dir, `${TOPIC}-${partition}`)
  const files = readdirSync(directory).filter((name) => name.endsWith('.log'))
  return Buffer.concat(files.toSorted().map((name) => readFileSync(join(directory, name))))
}
