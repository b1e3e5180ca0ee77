/** Small habits of Apache Kafka's answers that tools and clients rely on. */
import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import {
  DeleteRecordsRequest,
  DeleteRecordsResponse,
  DescribeConfigsRequest,
  DescribeConfigsResponse,
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
  ElectLeadersRequest,
  ElectLeadersResponse,
  InitProducerIdRequest,
  InitProducerIdResponse,
  ListOffsetsRequest,
  ListOffsetsResponse,
  MetadataRequest,
  MetadataResponse,
} from '@braidlog/protocol'
import { batchOf, createTopic, produce, startNode } from './node.ts'

it('no configuration names ask for all, and broker.id tells the node id', async () => {
  await using node = await startNode()
  const { results } = await node.client.call(DescribeConfigsRequest, DescribeConfigsResponse, 4, {
    resources: [{ resourceType: 4, resourceName: '1', configurationKeys: [] }],
  })
  const byName = new Map(results[0]!.configs.map((config) => [config.name, config.value]))
  assert.ok(byName.size > 100, `${byName.size} configurations`)
  assert.equal(byName.get('broker.id'), byName.get('node.id'))
})

it('a topic asked for twice is described once', async () => {
  await using node = await startNode()
  await createTopic(node.client, 'a')
  const { topics } = await node.client.call(MetadataRequest, MetadataResponse, 12, {
    topics: [{ name: 'a' }, { name: 'a' }],
  })
  assert.deepEqual(
    topics.map(({ name }) => name),
    ['a'],
  )
})

it('clients do not make the internal topics of coordinators that are not there', async () => {
  await using node = await startNode()
  for (const name of ['__transaction_state', '__share_group_state']) {
    const { topics } = await node.client.call(MetadataRequest, MetadataResponse, 12, {
      topics: [{ name }],
      allowAutoTopicCreation: true,
    })
    assert.equal(topics[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  }
})

it('a cursor outside the topics asked for is refused', async () => {
  await using node = await startNode()
  await createTopic(node.client, 'a')
  const cursors = [
    { topicName: 'b', partitionIndex: 0 },
    { topicName: 'a', partitionIndex: -1 },
  ]
  for (const cursor of cursors) {
    const { topics } = await node.client.call(DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, 0, {
      topics: [{ name: 'a' }],
      cursor,
    })
    assert.equal(topics[0]!.errorCode, ErrorCode.INVALID_REQUEST)
  }
})

it('an unknown type of election is refused partition by partition', async () => {
  await using node = await startNode()
  const response = await node.client.call(ElectLeadersRequest, ElectLeadersResponse, 2, {
    electionType: 7,
    topicPartitions: [{ topic: 'a', partitions: [0, 1] }],
  })
  assert.equal(response.errorCode, ErrorCode.INVALID_REQUEST)
  assert.deepEqual(
    response.replicaElectionResults[0]!.partitionResult.map(({ errorCode }) => errorCode),
    [ErrorCode.INVALID_REQUEST, ErrorCode.INVALID_REQUEST],
  )
})

it('an empty partition tells its leader epoch, and places nobody knows are refused', async () => {
  await using node = await startNode()
  await createTopic(node.client, 'a')
  const ask = async (timestamp: number) => {
    const { topics } = await node.client.call(ListOffsetsRequest, ListOffsetsResponse, 11, {
      replicaId: -1,
      topics: [{ name: 'a', partitions: [{ partitionIndex: 0, timestamp }] }],
    })
    return topics[0]!.partitions[0]!
  }
  const latest = await ask(-1)
  assert.deepEqual([latest.offset, latest.leaderEpoch], [0, 0])
  assert.equal((await ask(-7)).errorCode, ErrorCode.UNSUPPORTED_VERSION)
})

it('a producer id comes with its epoch', async () => {
  await using node = await startNode()
  for (const [producerId, producerEpoch] of [
    [5, -1],
    [-1, 5],
  ]) {
    const body = { transactionalId: null, transactionTimeoutMs: 1000, producerId, producerEpoch }
    const { errorCode } = await node.client.call(InitProducerIdRequest, InitProducerIdResponse, 4, body)
    assert.equal(errorCode, ErrorCode.INVALID_REQUEST)
  }
})

it('records of internal topics are not for clients to delete', async () => {
  await using node = await startNode()
  const { topics } = await node.client.call(DeleteRecordsRequest, DeleteRecordsResponse, 2, {
    topics: [{ name: '__consumer_offsets', partitions: [{ partitionIndex: 0, offset: 0 }] }],
    timeoutMs: 1000,
  })
  assert.equal(topics[0]!.partitions[0]!.errorCode, ErrorCode.INVALID_TOPIC_EXCEPTION)
})

it('a transactional batch is refused, for nobody would end its transaction', async () => {
  await using node = await startNode()
  await createTopic(node.client, 'a')
  const batch = batchOf(['x'], { producerId: 5, producerEpoch: 0, baseSequence: 0, transactional: true })
  const { errorCode } = await produce(node.client, 'a', batch)
  assert.equal(errorCode, ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
})

it('a corrupt batch is refused without saying where the log starts', async () => {
  await using node = await startNode()
  await createTopic(node.client, 'a')
  const batch = batchOf(['x'])
  batch[batch.length - 1]! ^= 1
  const { errorCode, logStartOffset } = await produce(node.client, 'a', batch)
  assert.deepEqual([errorCode, logStartOffset], [ErrorCode.CORRUPT_MESSAGE, -1])
})
