/** Several nodes: brokers that follow controllers elsewhere, forwarding, stopping and coming back. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  ApiVersionsRequest,
  ApiVersionsResponse,
  CreateTopicsRequest,
  CreateTopicsResponse,
  DescribeClusterRequest,
  DescribeClusterResponse,
  DescribeQuorumRequest,
  DescribeQuorumResponse,
  InitProducerIdRequest,
  InitProducerIdResponse,
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
} from '@braidlog/protocol'
import { eventually, metadata, TestCluster } from './cluster.ts'
import { createTopic } from './node.ts'

const TIMEOUT = { timeout: 60_000 }

describe('a cluster', () => {
  it('spreads a topic over its brokers, and every broker knows all of them', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3)
    const third = await cluster.client(3)
    assert.equal((await createTopic(third, 'orders', { partitions: 6 })).errorCode, ErrorCode.NONE)
    for (const nodeId of [1, 2, 3]) {
      const client = await cluster.client(nodeId)
      const { brokers, topics } = await eventually(
        () => metadata(client, 'orders'),
        (answer) => answer.topics[0]!.errorCode === ErrorCode.NONE && answer.brokers.length === 3,
      )
      assert.deepEqual(
        brokers.map((broker) => broker.nodeId),
        [1, 2, 3],
      )
      const leaders = topics[0]!.partitions.map((partition) => partition.leaderId)
      assert.deepEqual(
        leaders.toSorted((a, b) => a - b),
        [1, 1, 2, 2, 3, 3],
      )
    }
  })

  it('answers what only the controllers can decide on every broker', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(2)
    const second = await cluster.client(2)
    const again = () =>
      second.call(CreateTopicsRequest, CreateTopicsResponse, 7, {
        topics: [{ name: 'a', numPartitions: 1, replicationFactor: 1 }],
        timeoutMs: 5000,
      })
    assert.equal((await again()).topics[0]!.errorCode, ErrorCode.NONE)
    const refused = (await again()).topics[0]!
    assert.deepEqual(
      [refused.errorCode, refused.errorMessage],
      [ErrorCode.TOPIC_ALREADY_EXISTS, 'topic a exists already'],
    )
    const quorum = await second.call(DescribeQuorumRequest, DescribeQuorumResponse, 2, {
      topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
    })
    const [partition] = quorum.topics[0]!.partitions
    assert.deepEqual([partition!.leaderId, partition!.currentVoters.length], [1, 1])
    assert.deepEqual(
      partition!.observers.map((observer) => observer.replicaId),
      [2],
    )
    const moved = await second.call(AlterPartitionReassignmentsRequest, AlterPartitionReassignmentsResponse, 0, {
      topics: [{ name: 'a', partitions: [{ partitionIndex: 7, replicas: [1] }] }],
    })
    assert.equal(moved.responses[0]!.partitions[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('hands out producer ids that no other broker hands out', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(3)
    const ids: number[] = []
    for (const nodeId of [1, 2, 3]) {
      const client = await cluster.client(nodeId)
      for (let i = 0; i < 3; i++) {
        const answer = await client.call(InitProducerIdRequest, InitProducerIdResponse, 4, {
          transactionalId: null,
          transactionTimeoutMs: 1000,
        })
        assert.equal(answer.errorCode, ErrorCode.NONE)
        ids.push(answer.producerId)
      }
    }
    assert.equal(new Set(ids).size, 9)
  })

  it('fences a broker that is killed, and lets it in again', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(2)
    const first = await cluster.client(1)
    const created = await createTopic(first, 'orders', { partitions: 2 })
    assert.equal(created.errorCode, ErrorCode.NONE)
    const { server, storage } = cluster.nodes[1]!
    await server.kill()
    const { topics } = await eventually(
      () => metadata(first, 'orders'),
      ({ brokers }) => brokers.length === 1,
    )
    const states = topics[0]!.partitions.map(({ errorCode, leaderId }) => [errorCode, leaderId])
    assert.deepEqual(
      states.toSorted(([a], [b]) => a! - b!),
      [
        [ErrorCode.NONE, 1],
        [ErrorCode.LEADER_NOT_AVAILABLE, -1],
      ],
    )
    cluster.nodes[1] = await cluster.startNode(2, storage)
    await eventually(
      () => metadata(first),
      ({ brokers }) => brokers.length === 2,
    )
  })

  it('takes a broker that was killed back at once', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(2, { 'broker.session.timeout.ms': 50_000 })
    const { server, storage } = cluster.nodes[1]!
    await server.kill()
    cluster.nodes[1] = await cluster.startNode(2, storage)
    const client = await cluster.client(2)
    assert.equal((await metadata(client)).brokers.length, 2)
  })

  it('forgets a broker only when it has been stopped', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(2)
    const first = await cluster.client(1)
    const unregister = () => first.call(UnregisterBrokerRequest, UnregisterBrokerResponse, 0, { brokerId: 2 })
    assert.equal((await unregister()).errorCode, ErrorCode.INVALID_REQUEST)
    await cluster.nodes[1]!.server.close()
    assert.equal((await unregister()).errorCode, ErrorCode.NONE)
    const { brokers } = await first.call(DescribeClusterRequest, DescribeClusterResponse, 2, {
      includeFencedBrokers: true,
    })
    assert.deepEqual(
      brokers.map((broker) => broker.brokerId),
      [1],
    )
  })

  it('shows its controllers to who asks on their listener', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(1, {})
    const port = Number(cluster.controllerAddress().split(':')[1])
    const client = await cluster.connect(port)
    const { apiKeys } = await client.call(ApiVersionsRequest, ApiVersionsResponse, 3, {
      clientSoftwareName: 'test',
      clientSoftwareVersion: '1',
    })
    const keys = apiKeys.map(({ apiKey }) => apiKey)
    for (const key of [1, 18, 19, 52, 55, 56, 58, 60, 62, 63, 67, 70]) assert.ok(keys.includes(key), `API ${key}`)
    assert.equal(new Set(keys).size, keys.length)
    for (const key of [0, 3, 10]) assert.ok(!keys.includes(key), `API ${key} is for clients`)
    const answer = await client.call(DescribeClusterRequest, DescribeClusterResponse, 2, { endpointType: 2 })
    assert.deepEqual(
      answer.brokers.map(({ brokerId, port: at }) => [brokerId, at]),
      [[1, port]],
    )
    assert.equal(answer.controllerId, 1)
    const mismatch = await client.call(DescribeClusterRequest, DescribeClusterResponse, 2, { endpointType: 1 })
    assert.equal(mismatch.errorCode, ErrorCode.MISMATCHED_ENDPOINT_TYPE)
  })

  it('does not take a broker of another cluster, which says so and stops', TIMEOUT, async () => {
    await using cluster = await TestCluster.start(1)
    const { startServer } = await import('@braidlog/server')
    const { MemoryStorage } = await import('@braidlog/base')
    await assert.rejects(
      startServer({
        storage: new MemoryStorage(),
        format: { clusterId: 'BBBBBBBBBBBBBBBBBBBBBQ' },
        config: {
          'node.id': 9,
          'process.roles': 'broker',
          listeners: 'PLAINTEXT://127.0.0.1:0',
          'log.dirs': '/nine',
          'controller.quorum.bootstrap.servers': cluster.controllerAddress(),
        },
      }),
      {
        code: 'WRONG_CLUSTER',
        message: /belongs to cluster BBBBB.*127\.0\.0\.1:\d+ is of cluster AAAAA.*; use the directory/,
      },
    )
  })
})
