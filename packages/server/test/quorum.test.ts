/** Several controllers: one is active, another takes over, brokers and clients go on. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo } from 'node:net'
import { describe, it } from 'node:test'
import { MemoryStorage } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import {
  AddRaftVoterRequest,
  AddRaftVoterResponse,
  DescribeClusterRequest,
  DescribeClusterResponse,
  DescribeQuorumRequest,
  DescribeQuorumResponse,
  RemoveRaftVoterRequest,
  RemoveRaftVoterResponse,
} from '@braidlog/protocol'
import { startServer, type Server } from '@braidlog/server'
import { WireClient } from '../../broker/test/wire.ts'
import { CLUSTER_ID, eventually, metadata, TestCluster } from './cluster.ts'
import { createTopic } from './node.ts'

const TIMEOUT = { timeout: 60_000 }
const TIMING = {
  'controller.quorum.election.timeout.ms': 150,
  'controller.quorum.election.backoff.max.ms': 100,
  'controller.quorum.fetch.timeout.ms': 500,
  'broker.heartbeat.interval.ms': 200,
}

/** Voters have to know each other's ports before any of them listens. */
async function freePorts(count: number): Promise<number[]> {
  const probes = await Promise.all(
    Array.from({ length: count }, async () => {
      const probe = createServer()
      await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve))
      return probe
    }),
  )
  const ports = probes.map((probe) => (probe.address() as AddressInfo).port)
  await Promise.all(probes.map((probe) => new Promise((resolve) => probe.close(resolve))))
  return ports
}

class Quorum implements AsyncDisposable {
  readonly controllers = new Map<number, Server>()
  readonly storages = new Map<number, MemoryStorage>()
  readonly #ports: readonly number[]
  broker: Server | undefined
  client: WireClient | undefined

  private constructor(ports: readonly number[]) {
    this.#ports = ports
  }

  static async start(): Promise<Quorum> {
    const quorum = new Quorum(await freePorts(3))
    await Promise.all([1, 2, 3].map((nodeId) => quorum.startController(nodeId)))
    quorum.broker = await quorum.#start(4, { 'process.roles': 'broker', listeners: 'PLAINTEXT://127.0.0.1:0' })
    quorum.client = await WireClient.connect(quorum.broker.listeners[0]!.port)
    return quorum
  }

  async startController(nodeId: number): Promise<void> {
    const listeners = `CONTROLLER://127.0.0.1:${this.#ports[nodeId - 1]}`
    this.controllers.set(nodeId, await this.#start(nodeId, { 'process.roles': 'controller', listeners }))
  }

  async #start(nodeId: number, config: Readonly<Record<string, string>>): Promise<Server> {
    const storage = this.storages.get(nodeId) ?? new MemoryStorage()
    this.storages.set(nodeId, storage)
    return await startServer({
      storage,
      format: { clusterId: CLUSTER_ID },
      config: {
        'node.id': nodeId,
        'log.dirs': `/node-${nodeId}`,
        'controller.quorum.voters': this.#ports.map((port, i) => `${i + 1}@127.0.0.1:${port}`).join(','),
        ...TIMING,
        ...config,
      },
    })
  }

  async describe() {
    const { topics } = await this.client!.call(DescribeQuorumRequest, DescribeQuorumResponse, 2, {
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    })
    return topics[0]!.partitions[0]!
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client?.close()
    await this.broker?.close()
    for (const controller of this.controllers.values()) await controller.close()
  }
}

describe('a quorum of three controllers', () => {
  it('lets go of its connections when the disk is too full to close the log in order', TIMEOUT, async () => {
    await using quorum = await Quorum.start()
    const { leaderId } = await quorum.describe()
    const nodeId = leaderId === 1 ? 2 : 1
    const controller = quorum.controllers.get(nodeId)!
    const { host, port } = controller.controllerListeners[0]!
    const socket = connect({ host, port })
    await once(socket, 'connect')
    const closed = once(socket, 'close')
    quorum.storages.get(nodeId)!.setCapacityBytes(0)
    await controller.close()
    await closed
  })

  it('has one that decides, and all three registered', TIMEOUT, async () => {
    await using quorum = await Quorum.start()
    assert.equal((await createTopic(quorum.client!, 'orders')).errorCode, ErrorCode.NONE)
    const { leaderId, currentVoters, observers } = await quorum.describe()
    assert.ok([1, 2, 3].includes(leaderId))
    assert.deepEqual(
      currentVoters.map((voter) => voter.replicaId).toSorted((a, b) => a - b),
      [1, 2, 3],
    )
    assert.deepEqual(
      observers.map((observer) => observer.replicaId),
      [4],
    )
    const standby = [1, 2, 3].find((nodeId) => nodeId !== leaderId)!
    const client = await WireClient.connect(quorum.controllers.get(standby)!.controllerListeners[0]!.port)
    const { brokers, controllerId } = await eventually(
      () => client.call(DescribeClusterRequest, DescribeClusterResponse, 2, { endpointType: 2 }),
      (answer) => answer.brokers.length === 3,
    )
    client.close()
    assert.deepEqual([brokers.map((each) => each.brokerId), controllerId], [[1, 2, 3], leaderId])
  })

  it('goes on when the active one is killed, with all that was acknowledged', TIMEOUT, async () => {
    await using quorum = await Quorum.start()
    const created: string[] = []
    for (let round = 0; round < 3; round++) {
      const name = `topic-${round}`
      assert.equal((await createTopic(quorum.client!, name)).errorCode, ErrorCode.NONE)
      created.push(name)
      const { leaderId, leaderEpoch } = await quorum.describe()
      await quorum.controllers.get(leaderId)!.kill()
      // The request waits at the broker until somebody is active again. A first attempt may have been acted on unanswered.
      const during = `during-${round}`
      const { errorCode } = await createTopic(quorum.client!, during)
      assert.ok(errorCode === ErrorCode.NONE || errorCode === ErrorCode.TOPIC_ALREADY_EXISTS, `error ${errorCode}`)
      created.push(during)
      const next = await quorum.describe()
      assert.notEqual(next.leaderId, leaderId)
      assert.ok(next.leaderEpoch > leaderEpoch)
      await quorum.startController(leaderId)
    }
    const { topics, brokers } = await eventually(
      () => metadata(quorum.client!, ...created),
      (answer) => answer.topics.every(({ errorCode }) => errorCode === ErrorCode.NONE),
    )
    assert.equal(topics.length, created.length)
    assert.deepEqual(
      brokers.map((broker) => broker.nodeId),
      [4],
    )
  })
})

describe('a dynamic quorum', () => {
  it('takes a controller that follows as a voter, and lets one go', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(1)
    const client = await cluster.client(1)
    const storage = new MemoryStorage()
    const second = await startServer({
      storage,
      format: { clusterId: CLUSTER_ID },
      config: {
        'node.id': 2,
        'process.roles': 'controller',
        listeners: 'CONTROLLER://127.0.0.1:0',
        'log.dirs': '/two',
        'controller.quorum.bootstrap.servers': cluster.controllerAddress(),
        ...TIMING,
      },
    })
    const describe = async () => {
      const { topics } = await client.call(DescribeQuorumRequest, DescribeQuorumResponse, 2, {
        topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
      })
      return topics[0]!.partitions[0]!
    }
    const ids = (replicas: readonly { readonly replicaId: number }[]) => replicas.map((each) => each.replicaId)
    const { observers } = await eventually(describe, (quorum) => ids(quorum.observers).includes(2))
    const { replicaDirectoryId: voterDirectoryId } = observers.find((each) => each.replicaId === 2)!
    const { port } = second.controllerListeners[0]!
    const added = await client.call(AddRaftVoterRequest, AddRaftVoterResponse, 1, {
      clusterId: CLUSTER_ID,
      timeoutMs: 10_000,
      voterId: 2,
      voterDirectoryId,
      listeners: [{ name: 'CONTROLLER', host: '127.0.0.1', port }],
    })
    assert.deepEqual([added.errorCode, added.errorMessage], [ErrorCode.NONE, null])
    assert.deepEqual(ids((await describe()).currentVoters), [1, 2])
    const removed = await client.call(RemoveRaftVoterRequest, RemoveRaftVoterResponse, 0, {
      clusterId: CLUSTER_ID,
      voterId: 2,
      voterDirectoryId,
    })
    assert.equal(removed.errorCode, ErrorCode.NONE)
    assert.deepEqual(ids((await describe()).currentVoters), [1])
    await second.close()
  })

  it(
    'takes a controller in that asks for it itself, also when it comes back with another directory',
    TIMEOUT,
    async () => {
      await using cluster = await TestCluster.start(1)
      const client = await cluster.client(1)
      const voters = async () => {
        const { topics } = await client.call(DescribeQuorumRequest, DescribeQuorumResponse, 2, {
          topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
        })
        return topics[0]!.partitions[0]!.currentVoters
      }
      const start = (nodeId: number) =>
        startServer({
          storage: new MemoryStorage(),
          format: { clusterId: CLUSTER_ID },
          config: {
            'node.id': nodeId,
            'process.roles': 'controller',
            listeners: 'CONTROLLER://127.0.0.1:0',
            'log.dirs': `/node-${nodeId}`,
            'controller.quorum.bootstrap.servers': cluster.controllerAddress(),
            'controller.quorum.auto.join.enable': true,
            ...TIMING,
          },
        })
      const directoryOf = (all: Awaited<ReturnType<typeof voters>>, nodeId: number) =>
        all.find(({ replicaId }) => replicaId === nodeId)?.replicaDirectoryId
      const [second, third] = await Promise.all([start(2), start(3)])
      const joined = await eventually(voters, (all) => all.length === 3)
      assert.deepEqual(
        joined.map(({ replicaId }) => replicaId).toSorted((a, b) => a - b),
        [1, 2, 3],
      )
      await third.close()
      // Its disk is lost: it comes back with nothing, and takes the place of what it was.
      const back = await start(3)
      const replaced = await eventually(
        voters,
        (all) => all.length === 3 && directoryOf(all, 3) !== directoryOf(joined, 3),
      )
      assert.deepEqual(
        replaced.map(({ replicaId }) => replicaId).toSorted((a, b) => a - b),
        [1, 2, 3],
      )
      assert.equal(directoryOf(replaced, 2), directoryOf(joined, 2))
      await back.close()
      await second.close()
    },
  )
})
