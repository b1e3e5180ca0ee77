/**
 * Clusters of three nodes, controller and broker each: ours and Apache Kafka's, with the same properties, on the same disk.
 *
 * Invariant: both are formatted before their start is timed, keep their ports and directories over a restart of a node, and are asked by
 * bare requests only.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import {
  CreateTopicsRequest,
  CreateTopicsResponse,
  DescribeQuorumRequest,
  DescribeQuorumResponse,
  MetadataRequest,
  MetadataResponse,
} from '@braidlog/protocol'
import { wirePeer } from '../conformance/groups/wire.ts'
import { runTool } from '../conformance/peers/kafka.ts'
import { freePorts, run } from '../conformance/peers/process.ts'
import type { PeerServer } from '../conformance/peers/server.ts'
import { cpuSeconds } from './process-usage.ts'
import { startSubject, type Durability, type Properties, type Subject } from './servers.ts'
import { deleteTopic, leadersOf, type PartitionLeader } from './topics.ts'

export const nodeIds = [1, 2, 3] as const
export const copies = nodeIds.length

const host = '127.0.0.1'
const timeoutMs = 120_000
const pauseMs = 5
const program = join(import.meta.dirname, '..', 'packages', 'cli', 'bin', 'braidlog.js')

export interface ThreeBrokersOptions {
  readonly subject: Subject
  readonly durability: Durability
  /** Holds a directory per node. */
  readonly directory: string
  readonly properties?: Properties
}

export interface PartitionState {
  readonly partition: number
  /** Undefined while there is none. */
  readonly leader: number | undefined
  readonly inSync: readonly number[]
}

/** Of what a new topic is; a partition lives on all nodes unless an assignment says where. */
export interface TopicShape {
  readonly partitions: number
  readonly replicationFactor?: number
  /** Replicas of each partition, the preferred leader first. */
  readonly assignment?: readonly (readonly number[])[]
  readonly configs?: Readonly<Record<string, string>>
}

export class ThreeBrokers {
  readonly subject: Subject
  readonly #options: ThreeBrokersOptions
  readonly #ports: readonly number[]
  readonly #nodes = new Map<number, PeerServer>()

  private constructor(options: ThreeBrokersOptions, ports: readonly number[]) {
    this.#options = options
    this.subject = options.subject
    this.#ports = ports
  }

  /** Formats three directories; nothing runs yet. */
  static async format(options: ThreeBrokersOptions): Promise<ThreeBrokers> {
    const cluster = new ThreeBrokers(options, await freePorts(3 * nodeIds.length))
    const clusterId = Buffer.from(crypto.getRandomValues(new Uint8Array(16)).with(0, 1)).toString('base64url')
    await Promise.all(nodeIds.map((nodeId) => cluster.#format(nodeId, clusterId)))
    return cluster
  }

  /** Starts all of them at once; resolves when all answer. */
  async start(): Promise<void> {
    await Promise.all(nodeIds.map((nodeId) => this.startNode(nodeId)))
  }

  async startNode(nodeId: number): Promise<void> {
    const { subject, durability } = this.#options
    const server = await startSubject(subject, durability, {
      dir: this.directoryOf(nodeId),
      ports: this.#portsOf(nodeId),
      properties: this.#propertiesOf(nodeId),
    })
    this.#nodes.set(nodeId, server)
  }

  directoryOf(nodeId: number): string {
    return join(this.#options.directory, `node-${nodeId}`)
  }

  get pids(): number[] {
    return [...this.#nodes.values()].map(({ pid }) => pid)
  }

  cpuSeconds(): number {
    return this.pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  }

  /** For load programs: they are told of all nodes. */
  get server(): PeerServer {
    const [first] = this.#nodes.values()
    return { ...first!, bootstrap: nodeIds.map((nodeId) => `${host}:${this.portOf(nodeId)}`).join(',') }
  }

  portOf(nodeId: number): number {
    return this.#portsOf(nodeId)[0]
  }

  async kill(nodeId: number): Promise<void> {
    const node = this.#nodes.get(nodeId)
    this.#nodes.delete(nodeId)
    await node?.kill()
  }

  async stop(nodeId: number): Promise<void> {
    const node = this.#nodes.get(nodeId)
    this.#nodes.delete(nodeId)
    await node?.stop()
  }

  /** All at once and at once: what was measured is over. */
  async close(): Promise<void> {
    await Promise.all(nodeIds.map((nodeId) => this.kill(nodeId)))
  }

  /** The node whose controller is active. */
  async activeController(): Promise<number> {
    const topics = [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }]
    const messages = { request: DescribeQuorumRequest, response: DescribeQuorumResponse }
    const answer = await this.#any((port) => wirePeer(host, port).ask(messages, 0, { topics }))
    return answer.topics[0]!.partitions[0]!.leaderId
  }

  async createTopic(topic: string, shape: TopicShape): Promise<PartitionLeader[]> {
    const { partitions, assignment, configs = {} } = shape
    const messages = { request: CreateTopicsRequest, response: CreateTopicsResponse }
    const response = await this.#any((port) =>
      wirePeer(host, port).ask(messages, 5, {
        topics: [
          {
            name: topic,
            numPartitions: assignment === undefined ? partitions : -1,
            replicationFactor: assignment === undefined ? (shape.replicationFactor ?? copies) : -1,
            assignments: (assignment ?? []).map((brokerIds, partitionIndex) => ({
              partitionIndex,
              brokerIds: [...brokerIds],
            })),
            configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
          },
        ],
        timeoutMs,
      }),
    )
    const { errorCode = 0, errorMessage } = response.topics[0] ?? {}
    if (errorCode !== 0) throw new Error(`topic ${topic} not created: error code ${errorCode} ${errorMessage ?? ''}`)
    return leadersOf(this.server, topic, partitions)
  }

  /** A fresh topic for the length of `use`. */
  async withTopic<T>(
    topic: string,
    shape: TopicShape,
    use: (leaders: readonly PartitionLeader[]) => Promise<T>,
  ): Promise<T> {
    const leaders = await this.createTopic(topic, shape)
    try {
      return await use(leaders)
    } finally {
      await deleteTopic(this.server, topic)
    }
  }

  async partitions(topic: string): Promise<PartitionState[]> {
    const messages = { request: MetadataRequest, response: MetadataResponse }
    const body = { topics: [{ name: topic }], allowAutoTopicCreation: false }
    const response = await this.#any((port) => wirePeer(host, port).ask(messages, 7, body))
    return (response.topics[0]?.partitions ?? []).map(({ partitionIndex, leaderId, isrNodes }) => ({
      partition: partitionIndex,
      leader: leaderId < 0 ? undefined : leaderId,
      inSync: isrNodes,
    }))
  }

  /** Resolves when every replica of the topics is in sync. */
  async inSync(topics: readonly string[], replicas: number = copies): Promise<void> {
    for (const topic of topics) {
      await soon(async () => {
        const states = await this.partitions(topic)
        return states.length > 0 && states.every(({ inSync }) => inSync.length === replicas) ? true : undefined
      }, `${topic} is in sync`)
    }
  }

  /** What ours counts, of all nodes, by name and labels as in the text. */
  async metrics(): Promise<ReadonlyMap<string, number>[]> {
    return Promise.all(
      nodeIds.map(async (nodeId) => {
        const response = await fetch(`http://${host}:${this.#metricsPortOf(nodeId)}/metrics`)
        const text = await response.text()
        return new Map([...text.matchAll(/^([^# ]\S*) (\S+)$/gm)].map((match) => [match[1]!, Number(match[2])]))
      }),
    )
  }

  /** Asks the nodes that run, one after the other, until one answers. */
  async #any<T>(ask: (port: number) => Promise<T>): Promise<T> {
    let failure: unknown = new Error('no node runs')
    for (const nodeId of this.#nodes.keys()) {
      try {
        return await ask(this.portOf(nodeId))
      } catch (error) {
        failure = error
      }
    }
    throw failure
  }

  #portsOf(nodeId: number): readonly [number, number] {
    return [this.#ports[nodeId - 1]!, this.#ports[nodeIds.length + nodeId - 1]!]
  }

  #propertiesOf(nodeId: number): Properties {
    const voters = nodeIds.map((id) => `${id}@${host}:${this.#portsOf(id)[1]}`)
    return {
      'node.id': nodeId,
      'inter.broker.listener.name': 'PLAINTEXT',
      'controller.quorum.voters': voters.join(','),
      'controller.quorum.bootstrap.servers': '',
      'min.insync.replicas': 2,
      'offsets.topic.replication.factor': copies,
      'offsets.topic.num.partitions': 3,
      ...(this.subject === 'braidlog' && { 'braidlog.metrics.listener': `${host}:${this.#metricsPortOf(nodeId)}` }),
      ...this.#options.properties,
    }
  }

  #metricsPortOf(nodeId: number): number {
    return this.#ports[2 * nodeIds.length + nodeId - 1]!
  }

  async #format(nodeId: number, clusterId: string): Promise<void> {
    const { subject, directory } = this.#options
    const [port, controllerPort] = this.#portsOf(nodeId)
    mkdirSync(this.directoryOf(nodeId), { recursive: true })
    const properties: Properties = {
      'process.roles': 'broker,controller',
      listeners: `PLAINTEXT://${host}:${port},CONTROLLER://${host}:${controllerPort}`,
      'controller.listener.names': 'CONTROLLER',
      'log.dirs': this.directoryOf(nodeId),
      ...this.#propertiesOf(nodeId),
    }
    const file = join(directory, `format-${nodeId}.properties`)
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(file, lines.join(''))
    if (subject === 'kafka') await runTool('kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', file])
    else await run(process.execPath, [program, 'storage', 'format', file, '--cluster-id', clusterId])
  }
}

/** Asks every five milliseconds; a question that fails is asked again. */
export async function soon<T>(ask: () => Promise<T | undefined>, what: string): Promise<T> {
  const deadlineMs = performance.now() + timeoutMs
  for (;;) {
    const answer = await ask().catch(() => undefined)
    if (answer !== undefined) return answer
    if (performance.now() > deadlineMs) throw new Error(`${what}: not within ${timeoutMs / 1000} s`)
    await delay(pauseMs)
  }
}
