/**
 * Three nodes, each controller and broker, on directories of their own that Braidlog and Apache Kafka are started on in turn.
 *
 * Invariant: ports and directories of a node stay; nothing is converted or copied between the two.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { formatStorage, type MetadataRecord } from '@braidlog/metadata'
import { randomUuid, type Uuid } from '@braidlog/model'
import { apiByName } from '@braidlog/protocol'
import { nodeCodecs, NodeStorage, systemRandom } from '@braidlog/runtime'
import { Link } from '../differential/link.ts'
import { startBraidlog } from '../peers/braidlog.ts'
import { startKafka } from '../peers/kafka.ts'
import { eventually, freePorts } from '../peers/process.ts'
import type { PeerServer } from '../peers/server.ts'

export const NODE_IDS = [1, 2, 3] as const

export type Quorum = 'static' | 'dynamic'

export interface ThreeNodesOptions {
  readonly quorum: Quorum
  /** Where the directories of the nodes lie. */
  readonly work: string
  readonly properties: Readonly<Record<string, string | number | boolean>>
  /** What the cluster begins with, beside its features. */
  readonly records: readonly MetadataRecord[]
}

type Kind = PeerServer['name']

interface Place {
  readonly dir: string
  readonly ports: readonly [client: number, controller: number]
  readonly directoryId: Uuid
}

const REQUEST_PATIENCE_MS = 60_000

export class ThreeNodes {
  readonly clusterId: string
  readonly #options: ThreeNodesOptions
  readonly #places: ReadonlyMap<number, Place>
  readonly #servers = new Map<number, PeerServer>()

  private constructor(options: ThreeNodesOptions, clusterId: string, places: ReadonlyMap<number, Place>) {
    this.#options = options
    this.clusterId = clusterId
    this.#places = places
  }

  /** Formats the directories, as `braidlog storage format` does; in a dynamic quorum the first node is the only voter. */
  static async format(options: ThreeNodesOptions): Promise<ThreeNodes> {
    const ports = await freePorts(2 * NODE_IDS.length)
    const clusterId = randomUuid(systemRandom)
    const places = new Map<number, Place>()
    for (const nodeId of NODE_IDS) {
      const dir = join(options.work, `node-${nodeId}`)
      const [client, controller] = ports.splice(0, 2) as [number, number]
      mkdirSync(dir, { recursive: true })
      const { directoryId } = await formatStorage({
        storage: new NodeStorage(dir),
        codecs: nodeCodecs,
        random: systemRandom,
        nowMs: Date.now(),
        directory: dir,
        clusterId,
        nodeId,
        records: options.records,
        ...(options.quorum === 'dynamic' && nodeId === NODE_IDS[0] && { standalone: [controllerEndpoint(controller)] }),
      })
      places.set(nodeId, { dir, ports: [client, controller], directoryId: directoryId! })
    }
    return new ThreeNodes(options, clusterId, places)
  }

  get bootstrapServers(): string[] {
    return [...this.#places.values()].map(({ ports }) => `127.0.0.1:${ports[0]}`)
  }

  get running(): number[] {
    return [...this.#servers.keys()].toSorted((a, b) => a - b)
  }

  portOf(nodeId: number): number {
    return this.#places.get(nodeId)!.ports[0]
  }

  dirOf(nodeId: number): string {
    return this.#places.get(nodeId)!.dir
  }

  directoryIdOf(nodeId: number): string {
    return this.#places.get(nodeId)!.directoryId
  }

  async start(kind: Kind, nodeIds: readonly number[] = NODE_IDS): Promise<void> {
    await Promise.all(
      nodeIds.map(async (nodeId) => {
        const { dir, ports } = this.#places.get(nodeId)!
        const { quorum } = this.#options
        const options = { dir, ports, properties: this.#propertiesOf(nodeId), startTimeoutMs: 90_000 }
        const server = kind === 'kafka' ? await startKafka({ ...options, quorum }) : await startBraidlog(options)
        this.#servers.set(nodeId, server)
      }),
    )
  }

  async stop(nodeIds: readonly number[] = this.running): Promise<void> {
    await Promise.all(this.#taken(nodeIds).map((server) => server.stop()))
  }

  /** SIGKILL, all at once. */
  async kill(nodeIds: readonly number[] = this.running): Promise<void> {
    await Promise.all(this.#taken(nodeIds).map((server) => server.kill()))
  }

  log(): string {
    return [...this.#servers].map(([nodeId, server]) => `node ${nodeId}, ${server.name}:\n${server.log()}`).join('\n\n')
  }

  /** Asks one broker. @throws when there is no answer */
  async ask<T = Record<string, never>>(nodeId: number, name: string, version: number, body: object): Promise<T> {
    using link = new Link(this.portOf(nodeId))
    const answer = await link.ask(apiByName(name)!, version, body, REQUEST_PATIENCE_MS)
    if (typeof answer === 'string') throw new Error(`node ${nodeId} on ${name} v${version}: ${answer}`)
    return answer.body as T
  }

  /** Makes voters of the two that a dynamic quorum begins without. */
  async addVoters(): Promise<void> {
    for (const voterId of NODE_IDS.slice(1)) await this.addVoter(voterId)
  }

  async addVoter(voterId: number): Promise<void> {
    const { directoryId, ports } = this.#places.get(voterId)!
    const body = {
      clusterId: this.clusterId,
      timeoutMs: 30_000,
      voterId,
      voterDirectoryId: directoryId,
      listeners: [controllerEndpoint(ports[1])],
      ackWhenCommitted: true,
    }
    // One change of the voters at a time, and the newcomer has to have caught up.
    await eventually(async () => {
      const { errorCode } = await this.ask<{ errorCode: number }>(1, 'AddRaftVoter', 1, body)
      return errorCode === 0 ? true : undefined
    }, `node ${voterId} votes`)
  }

  #taken(nodeIds: readonly number[]): PeerServer[] {
    const taken = nodeIds.map((nodeId) => this.#servers.get(nodeId)!)
    for (const nodeId of nodeIds) this.#servers.delete(nodeId)
    return taken
  }

  #propertiesOf(nodeId: number): Record<string, string | number | boolean> {
    const controllers = [...this.#places].map(([id, { ports }]) => [id, `127.0.0.1:${ports[1]}`] as const)
    const [client, controller] = this.#places.get(nodeId)!.ports
    return {
      'node.id': nodeId,
      listeners: `PLAINTEXT://127.0.0.1:${client},CONTROLLER://127.0.0.1:${controller}`,
      'controller.quorum.bootstrap.servers': controllers.map(([, address]) => address).join(','),
      ...(this.#options.quorum === 'static' && {
        'controller.quorum.voters': controllers.map(([id, address]) => `${id}@${address}`).join(','),
      }),
      ...this.#options.properties,
    }
  }
}

function controllerEndpoint(port: number) {
  return { name: 'CONTROLLER', host: '127.0.0.1', port }
}
