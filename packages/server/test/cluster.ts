/** A cluster of nodes in this process, in memory: the first is controller and broker, the others are brokers. */
import { MemoryStorage } from '@braidlog/base'
import { MetadataRequest, MetadataResponse } from '@braidlog/protocol'
import { startServer, type Server } from '@braidlog/server'
import { WireClient } from '../../broker/test/wire.ts'

export const CLUSTER_ID = 'AAAAAAAAAAAAAAAAAAAAAQ'

type TestConfig = Readonly<Record<string, string | number | boolean>>

export interface ClusterNode {
  readonly server: Server
  readonly storage: MemoryStorage
}

export class TestCluster implements AsyncDisposable {
  readonly nodes: ClusterNode[] = []
  readonly #config: TestConfig
  readonly #configOf: (nodeId: number) => TestConfig
  readonly #clients: WireClient[] = []

  private constructor(config: TestConfig, configOf: (nodeId: number) => TestConfig) {
    this.#config = config
    this.#configOf = configOf
  }

  /** @param configOf what differs from node to node */
  static async start(
    brokerCount: number,
    config: TestConfig = {},
    configOf: (nodeId: number) => TestConfig = () => ({}),
  ) {
    const cluster = new TestCluster(config, configOf)
    cluster.nodes.push(await cluster.startNode(1))
    const others = Array.from({ length: brokerCount - 1 }, (_, i) => cluster.startNode(i + 2))
    cluster.nodes.push(...(await Promise.all(others)))
    return cluster
  }

  async startNode(nodeId: number, storage = new MemoryStorage()): Promise<ClusterNode> {
    const isFirst = nodeId === 1
    const server = await startServer({
      storage,
      format: { clusterId: CLUSTER_ID },
      config: {
        'node.id': nodeId,
        'process.roles': isFirst ? 'broker,controller' : 'broker',
        listeners: isFirst ? 'PLAINTEXT://127.0.0.1:0,CONTROLLER://127.0.0.1:0' : 'PLAINTEXT://127.0.0.1:0',
        'log.dirs': `/node-${nodeId}`,
        'group.initial.rebalance.delay.ms': 0,
        'offsets.topic.num.partitions': 2,
        'broker.session.timeout.ms': 2000,
        'broker.heartbeat.interval.ms': 200,
        ...(!isFirst && { 'controller.quorum.bootstrap.servers': this.controllerAddress() }),
        ...this.#config,
        ...this.#configOf(nodeId),
      },
    })
    return { server, storage }
  }

  controllerAddress(): string {
    return `127.0.0.1:${this.nodes[0]!.server.controllerListeners[0]!.port}`
  }

  async connect(port: number): Promise<WireClient> {
    const client = await WireClient.connect(port)
    this.#clients.push(client)
    return client
  }

  /** To node `nodeId`. */
  client(nodeId: number): Promise<WireClient> {
    return this.connect(this.nodes[nodeId - 1]!.server.listeners[0]!.port)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client.close()
    // The controller last: the others ask it whether they may go.
    for (const { server } of this.nodes.toReversed()) await server.close()
  }
}

export async function metadata(client: WireClient, ...names: readonly string[]) {
  return await client.call(MetadataRequest, MetadataResponse, 12, {
    topics: names.map((name) => ({ name })),
    allowAutoTopicCreation: false,
  })
}

/** Asks until the answer is as wanted. Bounded by the test's own timeout. */
export async function eventually<T>(ask: () => Promise<T>, isAsWanted: (answer: T) => boolean): Promise<T> {
  for (;;) {
    const answer = await ask()
    if (isAsWanted(answer)) return answer
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}
