/**
 * Three brokers and three controllers, in three processes or in six, each process on a host of its own, that can be killed,
 * paused, stopped, wiped and started again: ours, or Apache Kafka's under the same properties.
 */
import assert from 'node:assert/strict'
import { closeSync, mkdtempSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync, writeSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { randomUuid } from '@braidlog/model'
import { systemRandom } from '@braidlog/runtime'
import { answersApiVersions, javaCommand, runTool } from '../peers/kafka.ts'
import { eventually, run, start, type RunningChild } from '../peers/process.ts'
import type { FaultNetwork } from './network.ts'

export const CLIENT_PORT = 9092
export const CONTROLLER_PORT = 9093

const CLI = join(import.meta.dirname, '..', '..', 'packages', 'cli', 'bin', 'braidlog.js')
const FILLER_CHUNK_SIZE_BYTES = 1 << 20
const START_TIMEOUT_MS = 120_000
const END_TIMEOUT_MS = 60_000
const STOP_TIMEOUT_MS = 60_000
/** Of what one node has said, the end that is kept. */
const LOG_LENGTH_MAX = 4 << 20

export type Against = 'braidlog' | 'kafka'

/** Which nodes there are, and what each is. */
export const TOPOLOGIES = {
  /** Each node is broker and controller. */
  combined: { brokerIds: [1, 2, 3], controllerIds: [1, 2, 3] },
  /** Controllers of their own. */
  separate: { brokerIds: [1, 2, 3], controllerIds: [4, 5, 6] },
} as const

export type Topology = keyof typeof TOPOLOGIES

export function nodeIdsOf(topology: Topology): number[] {
  const { brokerIds, controllerIds } = TOPOLOGIES[topology]
  return [...new Set([...brokerIds, ...controllerIds])]
}

export interface ClusterOptions {
  readonly against: Against
  readonly topology: Topology
  /** With a host for each node. */
  readonly network: FaultNetwork
  /** Of every node, beyond addresses and directories. */
  readonly properties: Readonly<Record<string, number | string>>
  /** Nodes whose directory is a file system of its own, of that size: one that can be full. */
  readonly smallDisks?: ReadonlyMap<number, number>
}

/** What differs between the two kinds of nodes. */
interface NodeKind {
  readonly properties: Readonly<Record<string, string>>
  /** Makes an empty directory one that a node starts on. */
  format(propertiesFile: string, clusterId: string): Promise<void>
  command(propertiesFile: string, clusterId: string): Promise<readonly [program: string, args: readonly string[]]>
}

const KINDS: Readonly<Record<Against, NodeKind>> = {
  braidlog: {
    properties: { 'braidlog.allow.open.listeners': 'true' },
    format: async () => {}, // A node formats its own directory.
    command: async (file, clusterId) => [
      process.execPath,
      [CLI, 'start', file, '--cluster-id', clusterId, '--log-level', 'info'],
    ],
  },
  kafka: {
    properties: {},
    format: async (file, clusterId) => {
      await runTool('kafka.tools.StorageTool', ['format', '-t', clusterId, '-c', file, '--ignore-formatted'])
    },
    command: async (file) => await javaCommand('kafka.Kafka', [file], {}, 'warn'),
  },
}

export class FaultCluster {
  readonly nodeIds: readonly number[]
  readonly brokerIds: readonly number[]
  readonly bootstrapServers: readonly string[]
  readonly #work: string
  readonly #clusterId = randomUuid(systemRandom)
  readonly #kind: NodeKind
  readonly #network: FaultNetwork
  readonly #topology: Topology
  readonly #children = new Map<number, RunningChild>()
  readonly #smallDisks: ReadonlyMap<number, number>
  readonly #mounts: string[] = []
  /** Everything that each node said in its earlier lives, as far as it is kept. */
  readonly #said = new Map<number, string>()

  private constructor(options: ClusterOptions, work: string) {
    this.#work = work
    this.#kind = KINDS[options.against]
    this.#network = options.network
    this.#smallDisks = options.smallDisks ?? new Map<number, number>()
    this.#topology = options.topology
    this.nodeIds = nodeIdsOf(options.topology)
    this.brokerIds = TOPOLOGIES[options.topology].brokerIds
    this.bootstrapServers = this.brokerIds.map((id) => `${options.network.hostOf(id)}:${CLIENT_PORT}`)
  }

  /** Resolves when all nodes serve. */
  static async start(options: ClusterOptions): Promise<FaultCluster> {
    const work = mkdtempSync(join(tmpdir(), 'braidlog-faults-'))
    const cluster = new FaultCluster(options, work)
    try {
      for (const id of cluster.nodeIds) await cluster.#prepare(id, options)
      await Promise.all(cluster.nodeIds.map((id) => cluster.start(id)))
    } catch (error) {
      await cluster.close()
      throw error
    }
    return cluster
  }

  directoryOf(nodeId: number): string {
    return join(this.#work, `node-${nodeId}`)
  }

  /** Resolves when the node has ended by itself. */
  async ended(nodeId: number): Promise<void> {
    const child = this.#children.get(nodeId)
    if (child !== undefined && !(await child.exited(END_TIMEOUT_MS)))
      throw new Error(`node ${nodeId} goes on, where it should have ended`)
  }

  /** Resolves when the node serves. */
  async start(nodeId: number): Promise<void> {
    const file = this.#propertiesFile(nodeId)
    await this.#kind.format(file, this.#clusterId)
    const [program, args] = await this.#kind.command(file, this.#clusterId)
    const child = start(...this.#network.on(nodeId, program, args))
    this.#children.set(nodeId, child)
    const host = this.#network.hostOf(nodeId)
    const port = this.brokerIds.includes(nodeId) ? CLIENT_PORT : CONTROLLER_PORT
    await eventually(
      async () => {
        if (child.exitCode() !== -1) throw new Error(`node ${nodeId} ended with ${child.exitCode()}\n${child.tail()}`)
        return (await answersApiVersions(port, host)) ? true : undefined
      },
      `node ${nodeId} serves`,
      START_TIMEOUT_MS,
    )
  }

  async kill(nodeId: number): Promise<void> {
    await this.#take(nodeId)?.kill()
  }

  /** Clean shutdown. */
  async stop(nodeId: number): Promise<void> {
    await this.#take(nodeId)?.stop(STOP_TIMEOUT_MS)
  }

  /** Stops the process where it is, for a while. */
  pause(nodeId: number): void {
    this.#signal(nodeId, 'SIGSTOP')
  }

  resume(nodeId: number): void {
    this.#signal(nodeId, 'SIGCONT')
  }

  /** Makes all nodes run, whatever was done to them. */
  async revive(): Promise<void> {
    for (const id of this.nodeIds) {
      if (this.#smallDisks.has(id)) rmSync(this.#filler(id), { force: true })
      this.resume(id)
      if ((this.#children.get(id)?.exitCode() ?? 0) !== -1) await this.start(id)
    }
  }

  /** Empties the disk of a node that does not run. */
  wipe(nodeId: number): void {
    const directory = this.directoryOf(nodeId)
    // The directory itself may be where a file system is mounted.
    for (const name of readdirSync(directory)) rmSync(join(directory, name), { recursive: true })
  }

  /** Leaves no space on the file system of a node that has a small one. */
  fillDisk(nodeId: number): void {
    const filler = openSync(this.#filler(nodeId), 'w')
    try {
      for (let sizeBytes = FILLER_CHUNK_SIZE_BYTES; sizeBytes > 0; sizeBytes >>= 1) fillWith(filler, sizeBytes)
    } finally {
      closeSync(filler)
    }
  }

  freeDisk(nodeId: number): void {
    rmSync(this.#filler(nodeId))
  }

  /** Writes what every node has said into a directory of its own, which stays. @returns the directory */
  keepLogs(): string {
    const directory = mkdtempSync(join(tmpdir(), 'braidlog-faults-logs-'))
    for (const id of this.nodeIds) {
      const child = this.#children.get(id)
      const now = child === undefined ? '' : outputOf(child)
      writeFileSync(join(directory, `node-${id}.log`), `${this.#said.get(id) ?? ''}${now}`)
    }
    return directory
  }

  async close(): Promise<void> {
    await Promise.all(this.nodeIds.map((id) => this.kill(id)))
    for (const mount of this.#mounts.splice(0)) await run('umount', [mount])
    rmSync(this.#work, { recursive: true, force: true })
  }

  #filler(nodeId: number): string {
    assert(this.#smallDisks.has(nodeId), 'only a small disk is filled')
    return join(this.directoryOf(nodeId), 'filler')
  }

  #propertiesFile(nodeId: number): string {
    return join(this.#work, `node-${nodeId}.properties`)
  }

  async #prepare(nodeId: number, options: ClusterOptions): Promise<void> {
    const directory = this.directoryOf(nodeId)
    mkdirSync(directory)
    const sizeBytes = this.#smallDisks.get(nodeId)
    if (sizeBytes !== undefined) {
      await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeBytes}`, 'braidlog-faults', directory])
      this.#mounts.push(directory)
    }
    const host = this.#network.hostOf(nodeId)
    const { brokerIds, controllerIds } = TOPOLOGIES[this.#topology]
    const roles = [
      { role: 'broker', ids: brokerIds, listener: `PLAINTEXT://${host}:${CLIENT_PORT}` },
      { role: 'controller', ids: controllerIds, listener: `CONTROLLER://${host}:${CONTROLLER_PORT}` },
    ].filter(({ ids }) => (ids as readonly number[]).includes(nodeId))
    const properties = {
      'process.roles': roles.map(({ role }) => role).join(','),
      'node.id': nodeId,
      listeners: roles.map(({ listener }) => listener).join(','),
      'controller.listener.names': 'CONTROLLER',
      ...(brokerIds.some((id) => id === nodeId) && { 'inter.broker.listener.name': 'PLAINTEXT' }),
      'controller.quorum.voters': controllerIds
        .map((id) => `${id}@${this.#network.hostOf(id)}:${CONTROLLER_PORT}`)
        .join(','),
      'log.dirs': join(directory, 'data'),
      'min.insync.replicas': 2,
      'default.replication.factor': 3,
      'offsets.topic.replication.factor': 3,
      'offsets.topic.num.partitions': 3,
      'group.initial.rebalance.delay.ms': 0,
      ...this.#kind.properties,
      ...options.properties,
    }
    const lines = Object.entries(properties).map(([key, value]) => `${key}=${value}\n`)
    writeFileSync(this.#propertiesFile(nodeId), lines.join(''))
  }

  #take(nodeId: number): RunningChild | undefined {
    const child = this.#children.get(nodeId)
    this.#children.delete(nodeId)
    if (child === undefined) return undefined
    const said = `${this.#said.get(nodeId) ?? ''}${outputOf(child)}--- asked to end\n`
    this.#said.set(nodeId, said.slice(-LOG_LENGTH_MAX))
    return child
  }

  #signal(nodeId: number, signal: NodeJS.Signals): void {
    const child = this.#children.get(nodeId)
    if (child?.exitCode() === -1) process.kill(child.pid, signal)
  }
}

const outputOf = (child: RunningChild): string => `${child.stdout()}${child.stderr()}`

/** Appends chunks of a size until one has no room. */
function fillWith(file: number, sizeBytes: number): void {
  const chunk = Buffer.alloc(sizeBytes)
  try {
    while (writeSync(file, chunk) === sizeBytes);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
  }
}
