/** Topics, configurations and what else administrators ask, over the wire. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode, ZERO_UUID } from '@braidlog/model'
import {
  AlterConfigsRequest,
  AlterConfigsResponse,
  APIS,
  ApiVersionsRequest,
  ApiVersionsResponse,
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  DescribeClusterRequest,
  DescribeClusterResponse,
  DescribeConfigsRequest,
  DescribeConfigsResponse,
  DescribeLogDirsRequest,
  DescribeLogDirsResponse,
  DescribeProducersRequest,
  DescribeProducersResponse,
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
  ElectLeadersRequest,
  ElectLeadersResponse,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
  ListConfigResourcesRequest,
  ListConfigResourcesResponse,
  MetadataRequest,
  MetadataResponse,
  OffsetForLeaderEpochRequest,
  OffsetForLeaderEpochResponse,
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
} from '@braidlog/protocol'
import { batchOf, createTopic, fetch, produce, startNode } from './node.ts'

describe('ApiVersions', () => {
  it('advertises what is served, Produce from version 0, and nothing of transactions', async () => {
    await using node = await startNode()
    for (let version = 0; version <= 4; version++) {
      const response = await node.client.call(ApiVersionsRequest, ApiVersionsResponse, version, {
        clientSoftwareName: 'test',
        clientSoftwareVersion: '1.0',
      })
      assert.equal(response.errorCode, ErrorCode.NONE)
      const keys = new Map(response.apiKeys.map((api) => [api.apiKey, api]))
      assert.deepEqual(keys.get(0), { apiKey: 0, minVersion: 0, maxVersion: 13 })
      assert.deepEqual(keys.get(1), { apiKey: 1, minVersion: 4, maxVersion: 18 })
      for (const key of [24, 25, 26, 27, 28, 52, 58, 68, 76]) assert.equal(keys.has(key), false, `key ${key}`)
      for (const api of APIS) {
        const served = keys.get(api.key)
        if (served !== undefined && api.key !== 0) {
          assert.deepEqual([served.minVersion, served.maxVersion], [api.versionMin, api.versionMaxStable], api.name)
        }
      }
      if (version >= 3) {
        const levels = new Map(response.finalizedFeatures.map((feature) => [feature.name, feature.maxVersionLevel]))
        assert(levels.get('metadata.version')! >= 25)
        assert.equal(
          response.supportedFeatures.some((feature) => feature.minVersion === 0),
          version >= 4,
        )
      }
    }
  })
})

describe('topics', () => {
  it('are created, described in every version, grown and deleted', async () => {
    await using node = await startNode()
    const { client } = node
    const created = await createTopic(client, 'a', { partitions: 2, configs: { 'retention.ms': '1000' } })
    assert.deepEqual([created.errorCode, created.numPartitions, created.replicationFactor], [ErrorCode.NONE, 2, 1])
    assert.notEqual(created.topicId, ZERO_UUID)
    assert.equal((await createTopic(client, 'a')).errorCode, ErrorCode.TOPIC_ALREADY_EXISTS)
    for (let version = 0; version <= 13; version++) {
      const response = await client.call(MetadataRequest, MetadataResponse, version, { topics: [{ name: 'a' }] })
      const topic = response.topics[0]!
      assert.equal(topic.errorCode, ErrorCode.NONE)
      assert.deepEqual(
        topic.partitions.map((partition) => [partition.partitionIndex, partition.leaderId, partition.isrNodes]),
        [
          [0, 1, [1]],
          [1, 1, [1]],
        ],
      )
      assert.equal(response.brokers[0]!.port, node.server.listeners[0]!.port)
    }
    const byId = await client.call(MetadataRequest, MetadataResponse, 12, {
      topics: [{ name: null, topicId: created.topicId }],
    })
    assert.equal(byId.topics[0]!.name, 'a')
    const grown = await client.call(CreatePartitionsRequest, CreatePartitionsResponse, 3, {
      topics: [{ name: 'a', count: 3, assignments: null }],
      timeoutMs: 1000,
    })
    assert.equal(grown.results[0]!.errorCode, ErrorCode.NONE)
    assert.equal((await produce(client, 'a', batchOf(['x']), { partition: 2 })).errorCode, ErrorCode.NONE)
    const deleted = await client.call(DeleteTopicsRequest, DeleteTopicsResponse, 5, {
      topicNames: ['a'],
      timeoutMs: 1000,
    })
    assert.equal(deleted.responses[0]!.errorCode, ErrorCode.NONE)
    assert.equal((await produce(client, 'a', batchOf(['x']))).errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const again = await createTopic(client, 'a')
    assert.notEqual(again.topicId, created.topicId)
    assert.equal((await fetch(client, 'a')).highWatermark, 0)
  })

  it('are deleted by id, and unknown ones are named', async () => {
    await using node = await startNode()
    const { topicId } = await createTopic(node.client, 'a')
    const response = await node.client.call(DeleteTopicsRequest, DeleteTopicsResponse, 6, {
      topics: [{ name: null, topicId }, { name: 'b' }],
      timeoutMs: 1000,
    })
    const codes = new Map(response.responses.map((each) => [each.name, each.errorCode]))
    assert.equal(codes.get('a'), ErrorCode.NONE)
    assert.equal(codes.get('b'), ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
  })

  it('come into being when a client asks for them, with the configured number of partitions', async () => {
    await using node = await startNode({ 'num.partitions': 4 })
    const ask = (name: string, allowAutoTopicCreation: boolean) =>
      node.client.call(MetadataRequest, MetadataResponse, 9, { topics: [{ name }], allowAutoTopicCreation })
    assert.equal((await ask('a', false)).topics[0]!.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const created = await ask('a', true)
    assert.deepEqual([created.topics[0]!.errorCode, created.topics[0]!.partitions.length], [ErrorCode.NONE, 4])
    assert.equal((await produce(node.client, 'a', batchOf(['x']), { partition: 3 })).errorCode, ErrorCode.NONE)
  })

  it('are paged by DescribeTopicPartitions', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a', { partitions: 3 })
    await createTopic(client, 'b', { partitions: 2 })
    const seen: string[] = []
    let cursor: { topicName: string; partitionIndex: number } | null = null
    do {
      const page: DescribeTopicPartitionsResponse = await client.call(
        DescribeTopicPartitionsRequest,
        DescribeTopicPartitionsResponse,
        0,
        { topics: [{ name: 'a' }, { name: 'b' }, { name: 'missing' }], responsePartitionLimit: 2, cursor },
      )
      for (const topic of page.topics) {
        if (topic.errorCode !== ErrorCode.NONE) seen.push(`${topic.name}!${topic.errorCode}`)
        for (const partition of topic.partitions) seen.push(`${topic.name}-${partition.partitionIndex}`)
      }
      cursor = page.nextCursor
    } while (cursor !== null)
    assert.deepEqual(seen, ['a-0', 'a-1', 'a-2', 'b-0', 'b-1', 'missing!3'])
  })
})

describe('configurations', () => {
  const describeTopic = async (client: Awaited<ReturnType<typeof startNode>>['client'], keys: string[] | null) => {
    const response = await client.call(DescribeConfigsRequest, DescribeConfigsResponse, 4, {
      resources: [{ resourceType: 2, resourceName: 'a', configurationKeys: keys }],
      includeSynonyms: true,
      includeDocumentation: true,
    })
    return response.results[0]!
  }

  it('of topics show value, source and synonyms, and change incrementally or as a whole', async () => {
    await using node = await startNode({ 'log.retention.ms': 7_200_000 })
    const { client } = node
    await createTopic(client, 'a', { configs: { 'cleanup.policy': 'compact' } })
    const all = await describeTopic(client, null)
    assert(all.configs.length > 25)
    const retention = (await describeTopic(client, ['retention.ms'])).configs[0]!
    assert.deepEqual([retention.value, retention.configSource], ['7200000', 4])
    assert.deepEqual(
      retention.synonyms.map((synonym) => [synonym.name, synonym.value, synonym.source]),
      [
        ['log.retention.ms', '7200000', 4],
        ['log.retention.hours', '168', 5],
      ],
    )
    assert(retention.documentation!.length > 10)
    const changed = await client.call(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, 1, {
      resources: [
        {
          resourceType: 2,
          resourceName: 'a',
          configs: [
            { name: 'retention.ms', configOperation: 0, value: '5000' },
            { name: 'cleanup.policy', configOperation: 1, value: null },
          ],
        },
      ],
    })
    assert.equal(changed.responses[0]!.errorCode, ErrorCode.NONE)
    const after = await describeTopic(client, ['retention.ms', 'cleanup.policy'])
    assert.deepEqual(
      Object.fromEntries(after.configs.map((config) => [config.name, [config.value, config.configSource]])),
      { 'retention.ms': ['5000', 1], 'cleanup.policy': ['delete', 5] },
    )
    const wrong = await client.call(AlterConfigsRequest, AlterConfigsResponse, 2, {
      resources: [{ resourceType: 2, resourceName: 'a', configs: [{ name: 'retention.ms', value: 'soon' }] }],
    })
    assert.equal(wrong.responses[0]!.errorCode, ErrorCode.INVALID_CONFIG)
  })

  it('take effect on partitions that are open', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a')
    await client.call(IncrementalAlterConfigsRequest, IncrementalAlterConfigsResponse, 1, {
      resources: [
        {
          resourceType: 2,
          resourceName: 'a',
          configs: [{ name: 'max.message.bytes', configOperation: 0, value: '100' }],
        },
      ],
    })
    const answer = await produce(client, 'a', batchOf(['x'.repeat(500)]))
    assert.equal(answer.errorCode, ErrorCode.MESSAGE_TOO_LARGE)
  })

  it('of the broker can be read; unknown topics and other brokers are refused', async () => {
    await using node = await startNode({ 'num.partitions': 3 })
    const { client } = node
    const response = await client.call(DescribeConfigsRequest, DescribeConfigsResponse, 1, {
      resources: [
        { resourceType: 4, resourceName: '1', configurationKeys: ['num.partitions', 'log.retention.ms'] },
        { resourceType: 4, resourceName: '9', configurationKeys: null },
        { resourceType: 2, resourceName: 'none', configurationKeys: null },
      ],
    })
    assert.deepEqual(
      response.results.map((result) => result.errorCode),
      [ErrorCode.NONE, ErrorCode.INVALID_REQUEST, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION],
    )
    const configs = new Map(response.results[0]!.configs.map((config) => [config.name, config]))
    assert.deepEqual([configs.get('num.partitions')!.value, configs.get('num.partitions')!.configSource], ['3', 4])
  })

  it('have resources that can be listed', async () => {
    await using node = await startNode()
    await createTopic(node.client, 'a')
    const { configResources } = await node.client.call(ListConfigResourcesRequest, ListConfigResourcesResponse, 1, {
      resourceTypes: [2, 4],
    })
    assert.deepEqual(
      configResources.map((resource) => `${resource.resourceType}:${resource.resourceName}`),
      ['2:a', '4:1'],
    )
  })
})

describe('the state of a node', () => {
  it('is described: cluster, log directories, producers, leader epochs', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a')
    await produce(client, 'a', batchOf(['x'], { producerId: 5, producerEpoch: 0, baseSequence: 0 }))
    const cluster = await client.call(DescribeClusterRequest, DescribeClusterResponse, 2, {})
    assert.deepEqual([cluster.clusterId, cluster.controllerId, cluster.brokers.length], [node.server.clusterId, 1, 1])
    const dirs = await client.call(DescribeLogDirsRequest, DescribeLogDirsResponse, 4, { topics: null })
    const partition = dirs.results[0]!.topics.find((topic) => topic.name === 'a')!.partitions[0]!
    assert(partition.partitionSize > 60)
    const producers = await client.call(DescribeProducersRequest, DescribeProducersResponse, 0, {
      topics: [{ name: 'a', partitionIndexes: [0, 1] }],
    })
    const [known, missing] = producers.topics[0]!.partitions
    assert.deepEqual(
      known!.activeProducers.map((producer) => [producer.producerId, producer.lastSequence]),
      [[5, 0]],
    )
    assert.equal(missing!.errorCode, ErrorCode.UNKNOWN_TOPIC_OR_PARTITION)
    const epochs = await client.call(OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse, 4, {
      topics: [{ topic: 'a', partitions: [{ partition: 0, leaderEpoch: 0 }] }],
    })
    assert.equal(epochs.topics[0]!.partitions[0]!.endOffset, 1)
  })

  it('cannot be changed in ways that make no sense on one node', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a')
    const elected = await client.call(ElectLeadersRequest, ElectLeadersResponse, 2, {
      electionType: 0,
      topicPartitions: [{ topic: 'a', partitions: [0] }],
    })
    assert.equal(
      elected.replicaElectionResults[0]?.partitionResult[0]?.errorCode ?? ErrorCode.ELECTION_NOT_NEEDED,
      ErrorCode.ELECTION_NOT_NEEDED,
    )
    const unregistered = await client.call(UnregisterBrokerRequest, UnregisterBrokerResponse, 0, { brokerId: 77 })
    assert.equal(unregistered.errorCode, ErrorCode.BROKER_ID_NOT_REGISTERED)
  })
})
