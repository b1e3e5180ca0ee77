/** Three controllers over real sockets: one is killed, another leads, nothing that was acknowledged is lost. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import * as net from 'node:net'
import test from 'node:test'
import { MemoryStorage } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import {
  DescribeConfigsRequest,
  DescribeConfigsResponse,
  DescribeQuorumRequest,
  DescribeQuorumResponse,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from '@braidlog/protocol'
import { startServer, type Server } from '@braidlog/server'
import { WireClient } from '../../broker/test/wire.ts'

const QUORUM = { topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }] }
const GROUP = 32

/** Ports that were free a moment ago: the voters of a quorum must know each other's before any of them is bound. */
async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as net.AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}

class Controllers implements AsyncDisposable {
  readonly servers = new Map<number, Server>()
  readonly #ports: readonly number[]
  readonly #storages = new Map<number, MemoryStorage>()

  private constructor(ports: readonly number[]) {
    this.#ports = ports
  }

  static async start(): Promise<Controllers> {
    const controllers = new Controllers(await freePorts(3))
    await Promise.all([1, 2, 3].map((id) => controllers.start(id)))
    return controllers
  }

  async start(id: number): Promise<void> {
    const storage = this.#storages.get(id) ?? new MemoryStorage()
    this.#storages.set(id, storage)
    const server = await startServer({
      storage,
      format: { clusterId: 'quorum-of-three' },
      config: {
        'node.id': id,
        'process.roles': 'controller',
        'log.dirs': '/data',
        listeners: `CONTROLLER://127.0.0.1:${this.#ports[id - 1]!}`,
        'controller.quorum.voters': this.#ports.map((port, i) => `${i + 1}@127.0.0.1:${port}`).join(','),
        'controller.quorum.election.timeout.ms': 200,
        'controller.quorum.fetch.timeout.ms': 500,
      },
    })
    this.servers.set(id, server)
  }

  /** Asks each of them until one says that it leads. */
  async leader(): Promise<{ id: number; epoch: number; highWatermark: number }> {
    for (;;) {
      for (const id of this.servers.keys()) {
        const response = await this.#call(id, (client) =>
          client.call(DescribeQuorumRequest, DescribeQuorumResponse, 2, QUORUM),
        )
        const partition = response?.topics[0]?.partitions[0]
        if (partition?.errorCode === ErrorCode.NONE)
          return { id, epoch: partition.leaderEpoch, highWatermark: partition.highWatermark }
      }
    }
  }

  /** @returns whether it was acknowledged */
  async set(value: string): Promise<boolean> {
    const { id } = await this.leader()
    const configs = [{ name: 'consumer.session.timeout.ms', configOperation: 0, value }]
    const response = await this.#call(id, (client) =>
      client.call(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, 1, {
        resources: [{ resourceType: GROUP, resourceName: 'g', configs }],
      }),
    )
    return response?.responses[0]?.errorCode === ErrorCode.NONE
  }

  async get(id: number): Promise<string | null | undefined> {
    const response = await this.#call(id, (client) =>
      client.call(DescribeConfigsRequest, DescribeConfigsResponse, 4, {
        resources: [{ resourceType: GROUP, resourceName: 'g', configurationKeys: ['consumer.session.timeout.ms'] }],
      }),
    )
    return response?.results[0]?.configs[0]?.value
  }

  /** @returns `undefined` when the connection broke */
  async #call<T>(id: number, ask: (client: WireClient) => Promise<T>): Promise<T | undefined> {
    let client: WireClient | undefined
    try {
      client = await WireClient.connect(this.servers.get(id)!.controllerListeners[0]!.port)
      return await ask(client)
    } catch {
      return undefined
    } finally {
      client?.close()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.servers.values()].map((server) => server.close()))
  }
}

test('a killed leader is replaced; what was acknowledged is there, before and after it comes back', async () => {
  await using controllers = await Controllers.start()
  for (let round = 0; round < 3; round++) {
    const first = await controllers.leader()
    const value = String(45_000 + round)
    assert.ok(await controllers.set(value))
    await controllers.servers.get(first.id)!.kill()
    controllers.servers.delete(first.id)
    const second = await controllers.leader()
    assert.notEqual(second.id, first.id)
    assert.ok(second.epoch > first.epoch)
    assert.ok(second.highWatermark >= first.highWatermark)
    assert.equal(await controllers.get(second.id), value)
    await controllers.start(first.id)
  }
})
