/**
 * Access control over the wire: entries themselves, and what each family of requests answers to those who may not.
 * The nodes are open to everyone where no entry says otherwise, and every client is User:ANONYMOUS.
 */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  AclOperation,
  AclPatternType,
  AclPermission,
  AclResourceType,
  CLUSTER_RESOURCE_NAME,
  ConfigResourceType,
  ErrorCode,
  ZERO_UUID,
  type Uuid,
} from '@braidlog/model'
import * as protocol from '@braidlog/protocol'
import { startServer, ServerError } from '@braidlog/server'
import { MemoryStorage } from '@braidlog/base'
import type { WireClient } from '../../broker/test/wire.ts'
import { batchOf, createTopic, fetch, produce, startNode, type TestNode } from './node.ts'

const { ALL, READ, WRITE, CREATE, DELETE, ALTER, DESCRIBE, DESCRIBE_CONFIGS, ALTER_CONFIGS } = AclOperation
const { TOPIC, GROUP, CLUSTER } = AclResourceType
const { LITERAL, PREFIXED, ANY, MATCH } = AclPatternType
const { TOPIC_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED } = ErrorCode

const STANDARD_AUTHORIZER = 'org.apache.kafka.metadata.authorizer.StandardAuthorizer'

function startGuarded(): Promise<TestNode> {
  return startNode({ 'authorizer.class.name': STANDARD_AUTHORIZER, 'allow.everyone.if.no.acl.found': true })
}

const everyone = { principal: 'User:*', host: '*', permissionType: AclPermission.DENY as AclPermission }

interface Entry {
  readonly operation: AclOperation
  readonly resourceType: AclResourceType
  readonly resourceName: string
  readonly resourcePatternType?: AclPatternType
  readonly permissionType?: AclPermission
  readonly principal?: string
  readonly host?: string
}

async function createAcls(client: WireClient, ...entries: readonly Entry[]) {
  const creations = entries.map((entry) => ({ resourcePatternType: LITERAL, ...everyone, ...entry }))
  const response = await client.call(protocol.CreateAclsRequest, protocol.CreateAclsResponse, 3, { creations })
  return response.results
}

async function deny(client: WireClient, resourceType: AclResourceType, name: string, ...operations: AclOperation[]) {
  const entries = operations.map((operation) => ({ operation, resourceType, resourceName: name }))
  const results = await createAcls(client, ...entries)
  for (const { errorCode } of results) assert.equal(errorCode, ErrorCode.NONE)
}

const anything = {
  resourceTypeFilter: AclResourceType.ANY,
  resourceNameFilter: null,
  patternTypeFilter: ANY,
  principalFilter: null,
  hostFilter: null,
  operation: AclOperation.ANY,
  permissionType: AclPermission.ANY,
} satisfies Partial<protocol.DescribeAclsRequest>

async function describeAcls(client: WireClient, filter: Partial<protocol.DescribeAclsRequest> = {}) {
  return await client.call(protocol.DescribeAclsRequest, protocol.DescribeAclsResponse, 3, { ...anything, ...filter })
}

async function namesOf(client: WireClient, filter: Partial<protocol.DescribeAclsRequest>): Promise<string[]> {
  const { resources } = await describeAcls(client, filter)
  return resources.map(({ resourceName, patternType }) => `${resourceName}${patternType === PREFIXED ? '...' : ''}`)
}

async function deleteAcls(client: WireClient, filter: Partial<protocol.DescribeAclsRequest>) {
  const filters = [{ ...anything, ...filter }]
  const response = await client.call(protocol.DeleteAclsRequest, protocol.DeleteAclsResponse, 3, { filters })
  return response.filterResults[0]!
}

async function metadata(client: WireClient, topics: readonly string[] | null, more = {}) {
  const response = await client.call(protocol.MetadataRequest, protocol.MetadataResponse, 12, {
    topics: topics && topics.map((name) => ({ name })),
    allowAutoTopicCreation: true,
    ...more,
  })
  return response.topics.map((topic) => ({ ...topic, partitions: topic.partitions.length }))
}

describe('access control entries', () => {
  it('are refused where no authorizer is configured', async () => {
    await using node = await startNode()
    const entry = { operation: READ, resourceType: TOPIC, resourceName: 't' }
    assert.equal((await createAcls(node.client, entry))[0]!.errorCode, ErrorCode.SECURITY_DISABLED)
    assert.equal((await describeAcls(node.client)).errorCode, ErrorCode.SECURITY_DISABLED)
    assert.equal((await deleteAcls(node.client, {})).errorCode, ErrorCode.SECURITY_DISABLED)
  })

  it('can be created, described and deleted in every version, and survive a restart', async () => {
    const storage = new MemoryStorage()
    const config = { 'authorizer.class.name': STANDARD_AUTHORIZER, 'allow.everyone.if.no.acl.found': true }
    {
      await using node = await startNode(config, { storage })
      for (let version = 1; version <= 3; version++) {
        const { client } = node
        const created = await client.call(protocol.CreateAclsRequest, protocol.CreateAclsResponse, version, {
          creations: [
            {
              ...everyone,
              resourceType: TOPIC,
              resourceName: `v${version}`,
              resourcePatternType: LITERAL,
              operation: READ,
            },
          ],
        })
        assert.deepEqual(created.results, [{ errorCode: ErrorCode.NONE, errorMessage: null }])
        const filter = { ...anything, resourceTypeFilter: TOPIC, resourceNameFilter: `v${version}` }
        const described = await client.call(
          protocol.DescribeAclsRequest,
          protocol.DescribeAclsResponse,
          version,
          filter,
        )
        assert.equal(described.resources.length, 1)
        if (version === 3) continue
        const deleted = await client.call(protocol.DeleteAclsRequest, protocol.DeleteAclsResponse, version, {
          filters: [filter],
        })
        assert.equal(deleted.filterResults[0]!.matchingAcls.length, 1)
      }
    }
    await using node = await startNode(config, { storage })
    assert.deepEqual((await describeAcls(node.client)).resources, [
      {
        resourceType: TOPIC,
        resourceName: 'v3',
        patternType: LITERAL,
        acls: [{ principal: 'User:*', host: '*', operation: READ, permissionType: AclPermission.DENY }],
      },
    ])
    await createTopic(node.client, 'v3')
    assert.equal((await fetch(node.client, 'v3')).errorCode, TOPIC_AUTHORIZATION_FAILED)
  })

  it('are kept once, however often they are created', async () => {
    await using node = await startGuarded()
    const entry = { operation: READ, resourceType: TOPIC, resourceName: 't' }
    const results = await createAcls(node.client, entry, entry)
    assert.deepEqual(
      results.map((result) => result.errorCode),
      [ErrorCode.NONE, ErrorCode.NONE],
    )
    await createAcls(node.client, entry)
    assert.equal((await describeAcls(node.client)).resources[0]!.acls.length, 1)
  })

  it('with what makes no sense are refused one by one', async () => {
    await using node = await startGuarded()
    const good = { operation: READ, resourceType: TOPIC, resourceName: 't' }
    const bad = [
      { ...good, resourceName: '' },
      { ...good, resourceType: AclResourceType.ANY },
      { ...good, resourceType: 0 as AclResourceType },
      { ...good, resourceType: CLUSTER },
      { ...good, operation: AclOperation.ANY },
      { ...good, operation: 99 as AclOperation },
      { ...good, permissionType: AclPermission.ANY },
      { ...good, resourcePatternType: MATCH },
      { ...good, resourcePatternType: ANY },
      { ...good, principal: 'alice' },
    ]
    const results = await createAcls(node.client, ...bad, good)
    for (const [index, { errorCode }] of results.entries()) {
      assert.equal(
        errorCode,
        index < bad.length ? ErrorCode.INVALID_REQUEST : ErrorCode.NONE,
        JSON.stringify(bad[index]),
      )
    }
    assert.deepEqual(await namesOf(node.client, {}), ['t'])
    for (const filter of [
      { patternTypeFilter: 0 },
      { operation: 0 },
      { resourceTypeFilter: 0 },
      { permissionType: 9 },
    ]) {
      assert.equal((await describeAcls(node.client, filter)).errorCode, ErrorCode.INVALID_REQUEST)
      assert.equal((await deleteAcls(node.client, filter)).errorCode, ErrorCode.INVALID_REQUEST)
    }
  })

  it('are found by pattern, principal, host and operation', async () => {
    await using node = await startGuarded()
    const { client } = node
    const entry = { operation: READ, resourceType: TOPIC }
    await createAcls(
      client,
      { ...entry, resourceName: 'payments' },
      { ...entry, resourceName: 'pay', resourcePatternType: PREFIXED },
      { ...entry, resourceName: '*' },
      { ...entry, resourceName: 'pay', principal: 'User:alice', host: '10.0.0.1', operation: WRITE },
    )
    const named = { resourceTypeFilter: TOPIC, resourceNameFilter: 'payments' }
    assert.deepEqual(await namesOf(client, { ...named, patternTypeFilter: MATCH }), ['payments', 'pay...', '*'])
    assert.deepEqual(await namesOf(client, { ...named, patternTypeFilter: ANY }), ['payments'])
    assert.deepEqual(await namesOf(client, { resourceNameFilter: 'pay', patternTypeFilter: LITERAL }), ['pay'])
    assert.deepEqual(await namesOf(client, { resourceNameFilter: 'pay', patternTypeFilter: PREFIXED }), ['pay...'])
    assert.deepEqual(await namesOf(client, { resourceNameFilter: 'pay', patternTypeFilter: ANY }), ['pay...', 'pay'])
    assert.deepEqual(await namesOf(client, { principalFilter: 'User:alice' }), ['pay'])
    assert.deepEqual(await namesOf(client, { hostFilter: '10.0.0.1' }), ['pay'])
    assert.deepEqual(await namesOf(client, { operation: WRITE }), ['pay'])
    assert.deepEqual(await namesOf(client, { permissionType: AclPermission.ALLOW }), [])
    assert.deepEqual(await namesOf(client, { resourceTypeFilter: GROUP }), [])
    const deleted = await deleteAcls(client, { ...named, patternTypeFilter: MATCH })
    assert.equal(deleted.matchingAcls.length, 3)
    assert.deepEqual(await namesOf(client, {}), ['pay'])
  })
})

describe('without the right', () => {
  it('topics are neither written nor read, and come back when the entries go', async () => {
    await using node = await startGuarded()
    const { client } = node
    for (const name of ['open', 'closed']) await createTopic(client, name)
    await produce(client, 'closed', batchOf(['before']))
    await deny(client, TOPIC, 'closed', READ, WRITE)
    assert.equal((await produce(client, 'open', batchOf(['a']))).errorCode, ErrorCode.NONE)
    assert.equal((await produce(client, 'closed', batchOf(['a']))).errorCode, TOPIC_AUTHORIZATION_FAILED)
    assert.equal((await fetch(client, 'open')).errorCode, ErrorCode.NONE)
    assert.equal((await fetch(client, 'closed', { maxWaitMs: 10_000 })).errorCode, TOPIC_AUTHORIZATION_FAILED)

    const [topic] = await metadata(client, ['closed'])
    assert.equal(topic!.errorCode, TOPIC_AUTHORIZATION_FAILED, 'no entry allows DESCRIBE, and there are entries')
    await deleteAcls(client, { resourceNameFilter: 'closed' })
    assert.deepEqual((await fetch(client, 'closed')).values, [{ offset: 0, value: 'before' }])
  })

  it('topic ids that are known are refused and others stay unknown', async () => {
    await using node = await startGuarded()
    const { client } = node
    const { topicId } = await createTopic(client, 'closed')
    await deny(client, TOPIC, 'closed', ALL)
    const fetchById = async (id: Uuid) => {
      const response = await client.call(protocol.FetchRequest, protocol.FetchResponse, 13, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1000,
        topics: [{ topicId: id, partitions: [{ partition: 0, partitionMaxBytes: 1000 }] }],
      })
      return response.responses[0]!.partitions[0]!.errorCode
    }
    const produceById = async (id: Uuid) => {
      const response = await client.call(protocol.ProduceRequest, protocol.ProduceResponse, 13, {
        acks: -1,
        timeoutMs: 1000,
        topicData: [{ topicId: id, partitionData: [{ index: 0, records: batchOf(['a']) }] }],
      })
      return response.responses[0]!.partitionResponses[0]!.errorCode
    }
    const unknown = 'AAAAAAAAAAAAAAAAAAAAAg' as Uuid
    assert.equal(await fetchById(topicId), TOPIC_AUTHORIZATION_FAILED)
    assert.equal(await fetchById(unknown), ErrorCode.UNKNOWN_TOPIC_ID)
    assert.equal(await produceById(topicId), TOPIC_AUTHORIZATION_FAILED)
    assert.equal(await produceById(unknown), ErrorCode.UNKNOWN_TOPIC_ID)
    const [byId] = await metadata(client, null, { topics: [{ name: null, topicId }] })
    assert.deepEqual([byId!.errorCode, byId!.name], [TOPIC_AUTHORIZATION_FAILED, null])
    const deleted = await client.call(protocol.DeleteTopicsRequest, protocol.DeleteTopicsResponse, 6, {
      topics: [{ name: null, topicId }],
      timeoutMs: 1000,
    })
    assert.deepEqual(
      deleted.responses.map(({ name, errorCode }) => [name, errorCode]),
      [[null, TOPIC_AUTHORIZATION_FAILED]],
    )
  })

  it('the existence of topics is not told', async () => {
    await using node = await startGuarded()
    const { client } = node
    for (const name of ['open', 'closed']) await createTopic(client, name)
    await deny(client, TOPIC, 'closed', DESCRIBE)
    await deny(client, TOPIC, 'missing', DESCRIBE)
    const codes = (topics: readonly { name: string | null; errorCode: number; topicId: Uuid }[]) =>
      topics.map(({ name, errorCode, topicId }) => [name, errorCode, topicId === ZERO_UUID])
    assert.deepEqual(codes(await metadata(client, ['closed', 'missing'])), [
      ['closed', TOPIC_AUTHORIZATION_FAILED, true],
      ['missing', TOPIC_AUTHORIZATION_FAILED, true],
    ])
    assert.deepEqual(codes(await metadata(client, null)), [['open', ErrorCode.NONE, false]])
    const describeTopics = async (names: readonly string[]) => {
      const response = await client.call(
        protocol.DescribeTopicPartitionsRequest,
        protocol.DescribeTopicPartitionsResponse,
        0,
        { topics: names.map((name) => ({ name })), responsePartitionLimit: 100, cursor: null },
      )
      return codes(response.topics)
    }
    assert.deepEqual(await describeTopics([]), [['open', ErrorCode.NONE, false]])
    assert.deepEqual(await describeTopics(['closed', 'missing', 'open']), [
      ['closed', TOPIC_AUTHORIZATION_FAILED, true],
      ['missing', TOPIC_AUTHORIZATION_FAILED, true],
      ['open', ErrorCode.NONE, false],
    ])
    const offsets = await client.call(protocol.ListOffsetsRequest, protocol.ListOffsetsResponse, 7, {
      replicaId: -1,
      topics: ['open', 'closed', 'missing'].map((name) => ({
        name,
        partitions: [{ partitionIndex: 0, timestamp: -1 }],
      })),
    })
    assert.deepEqual(
      offsets.topics.map(({ name, partitions }) => [name, partitions[0]!.errorCode]),
      [
        ['open', ErrorCode.NONE],
        ['closed', TOPIC_AUTHORIZATION_FAILED],
        ['missing', TOPIC_AUTHORIZATION_FAILED],
      ],
    )
  })

  it('the authorized operations are those that are left', async () => {
    await using node = await startGuarded()
    const { client } = node
    await createTopic(client, 't')
    await createAcls(client, {
      operation: WRITE,
      resourceType: TOPIC,
      resourceName: 't',
      permissionType: AclPermission.ALLOW,
    })
    const [topic] = await metadata(client, ['t'], { includeTopicAuthorizedOperations: true })
    assert.equal(topic!.topicAuthorizedOperations, (1 << WRITE) | (1 << DESCRIBE))
    await deny(client, CLUSTER, CLUSTER_RESOURCE_NAME, DESCRIBE)
    const cluster = await client.call(protocol.DescribeClusterRequest, protocol.DescribeClusterResponse, 2, {
      includeClusterAuthorizedOperations: true,
      endpointType: 1,
    })
    assert.equal(cluster.clusterAuthorizedOperations, 0)
    assert.equal(cluster.errorCode, ErrorCode.NONE)
  })

  it('topics are not created, neither by hand nor on demand, where neither cluster nor name allow it', async () => {
    await using node = await startGuarded()
    const { client } = node
    await createAcls(client, {
      operation: CREATE,
      resourceType: TOPIC,
      resourceName: 'mine-',
      resourcePatternType: PREFIXED,
      permissionType: AclPermission.ALLOW,
    })
    await createAcls(client, {
      operation: DESCRIBE,
      resourceType: TOPIC,
      resourceName: '*',
      permissionType: AclPermission.ALLOW,
    })
    // Last, because whoever wants to add entries must be allowed to alter the cluster from here on.
    await deny(client, CLUSTER, CLUSTER_RESOURCE_NAME, CREATE)
    const mine = await createTopic(client, 'mine-1')
    assert.deepEqual(
      [mine.errorCode, mine.topicConfigErrorCode, mine.numPartitions, mine.configs],
      [ErrorCode.NONE, TOPIC_AUTHORIZATION_FAILED, -1, []],
    )
    assert.equal((await createTopic(client, 'yours')).errorCode, TOPIC_AUTHORIZATION_FAILED)
    const codes = (await metadata(client, ['mine-2', 'theirs'])).map(({ name, errorCode }) => [name, errorCode])
    assert.deepEqual(codes, [
      ['mine-2', ErrorCode.NONE],
      ['theirs', TOPIC_AUTHORIZATION_FAILED],
    ])
    const listed = await metadata(client, null)
    assert.deepEqual(new Set(listed.map(({ name }) => name)), new Set(['mine-1', 'mine-2']))
  })

  it('topics are not changed', async () => {
    await using node = await startGuarded()
    const { client } = node
    for (const name of ['open', 'closed']) await createTopic(client, name)
    await deny(client, TOPIC, 'closed', DELETE, ALTER, ALTER_CONFIGS, DESCRIBE_CONFIGS, READ, DESCRIBE)
    const both = ['open', 'closed']
    const grown = await client.call(protocol.CreatePartitionsRequest, protocol.CreatePartitionsResponse, 3, {
      topics: both.map((name) => ({ name, count: 2, assignments: null })),
      timeoutMs: 1000,
    })
    const expected = [
      ['open', ErrorCode.NONE],
      ['closed', TOPIC_AUTHORIZATION_FAILED],
    ]
    assert.deepEqual(
      grown.results.map(({ name, errorCode }) => [name, errorCode]),
      expected,
    )
    const resources = both.map((resourceName) => ({ resourceType: ConfigResourceType.TOPIC, resourceName }))
    const described = await client.call(protocol.DescribeConfigsRequest, protocol.DescribeConfigsResponse, 4, {
      resources: resources.map((resource) => ({ ...resource, configurationKeys: ['retention.ms'] })),
    })
    assert.deepEqual(
      described.results.map(({ resourceName, errorCode }) => [resourceName, errorCode]),
      expected,
    )
    const altered = await client.call(
      protocol.IncrementalAlterConfigsRequest,
      protocol.IncrementalAlterConfigsResponse,
      1,
      {
        resources: resources.map((resource) => ({
          ...resource,
          configs: [{ name: 'retention.ms', configOperation: 0, value: '1000' }],
        })),
      },
    )
    assert.deepEqual(
      altered.responses.map(({ resourceName, errorCode }) => [resourceName, errorCode]),
      expected,
    )
    const replaced = await client.call(protocol.AlterConfigsRequest, protocol.AlterConfigsResponse, 2, {
      resources: resources.map((resource) => ({ ...resource, configs: [] })),
    })
    assert.deepEqual(
      replaced.responses.map(({ resourceName, errorCode }) => [resourceName, errorCode]),
      expected,
    )
    const trimmed = await client.call(protocol.DeleteRecordsRequest, protocol.DeleteRecordsResponse, 2, {
      topics: both.map((name) => ({ name, partitions: [{ partitionIndex: 0, offset: 0 }] })),
      timeoutMs: 1000,
    })
    assert.deepEqual(
      trimmed.topics.map(({ name, partitions }) => [name, partitions[0]!.errorCode]),
      expected,
    )
    const producers = await client.call(protocol.DescribeProducersRequest, protocol.DescribeProducersResponse, 0, {
      topics: both.map((name) => ({ name, partitionIndexes: [0] })),
    })
    assert.deepEqual(
      producers.topics.map(({ name, partitions }) => [name, partitions[0]!.errorCode]),
      expected,
    )
    for (const version of [5, 6]) {
      const deleted = await client.call(protocol.DeleteTopicsRequest, protocol.DeleteTopicsResponse, version, {
        topicNames: version < 6 ? ['closed'] : [],
        topics: version < 6 ? [] : [{ name: 'closed' }],
        timeoutMs: 1000,
      })
      assert.deepEqual(
        deleted.responses.map(({ name, errorCode }) => [name, errorCode]),
        [['closed', TOPIC_AUTHORIZATION_FAILED]],
      )
    }
  })

  it('a group is refused to its members, and hidden', async () => {
    await using node = await startGuarded()
    const { client } = node
    await createTopic(client, 't')
    for (const groupId of ['open', 'closed']) assert.equal(await commit(client, groupId, 't'), ErrorCode.NONE)
    await deny(client, GROUP, 'closed', ALL)
    const groupId = 'closed'
    const member = { groupId, memberId: '', generationId: 1 }
    const codes = [
      await client.call(protocol.JoinGroupRequest, protocol.JoinGroupResponse, 7, {
        ...member,
        sessionTimeoutMs: 10_000,
        rebalanceTimeoutMs: 10_000,
        protocolType: 'consumer',
        protocols: [],
      }),
      await client.call(protocol.SyncGroupRequest, protocol.SyncGroupResponse, 5, member),
      await client.call(protocol.HeartbeatRequest, protocol.HeartbeatResponse, 4, member),
      await client.call(protocol.LeaveGroupRequest, protocol.LeaveGroupResponse, 5, { groupId, members: [] }),
      await client.call(protocol.OffsetDeleteRequest, protocol.OffsetDeleteResponse, 0, { groupId, topics: [] }),
      await client.call(protocol.OffsetFetchRequest, protocol.OffsetFetchResponse, 7, { groupId, topics: null }),
    ].map((response) => response.errorCode)
    assert.deepEqual(codes, Array(6).fill(GROUP_AUTHORIZATION_FAILED))
    assert.equal(await commit(client, groupId, 't'), GROUP_AUTHORIZATION_FAILED)
    const coordinators = await client.call(protocol.FindCoordinatorRequest, protocol.FindCoordinatorResponse, 4, {
      keyType: 0,
      coordinatorKeys: ['open', 'closed'],
    })
    assert.deepEqual(
      coordinators.coordinators.map((each) => each.errorCode),
      [ErrorCode.NONE, GROUP_AUTHORIZATION_FAILED],
    )
    const oldest = await client.call(protocol.OffsetFetchRequest, protocol.OffsetFetchResponse, 1, {
      groupId,
      topics: [{ name: 't', partitionIndexes: [0] }],
    })
    assert.equal(oldest.topics[0]!.partitions[0]!.errorCode, GROUP_AUTHORIZATION_FAILED)
    const fetched = await client.call(protocol.OffsetFetchRequest, protocol.OffsetFetchResponse, 8, {
      groups: ['open', 'closed'].map((id) => ({ groupId: id, topics: null })),
    })
    assert.deepEqual(
      fetched.groups.map((group) => [group.groupId, group.errorCode, group.topics.length]),
      [
        ['open', ErrorCode.NONE, 1],
        ['closed', GROUP_AUTHORIZATION_FAILED, 0],
      ],
    )
    const described = await client.call(protocol.DescribeGroupsRequest, protocol.DescribeGroupsResponse, 5, {
      groups: ['open', 'closed'],
    })
    assert.deepEqual(
      described.groups.map((group) => [group.groupId, group.errorCode]),
      [
        ['open', ErrorCode.NONE],
        ['closed', GROUP_AUTHORIZATION_FAILED],
      ],
    )
    const deleted = await client.call(protocol.DeleteGroupsRequest, protocol.DeleteGroupsResponse, 2, {
      groupsNames: ['closed'],
    })
    assert.equal(deleted.results[0]!.errorCode, GROUP_AUTHORIZATION_FAILED)
    const list = async () => {
      const response = await client.call(protocol.ListGroupsRequest, protocol.ListGroupsResponse, 5, {})
      return response.groups.map((group) => group.groupId).sort()
    }
    assert.deepEqual(await list(), ['closed', 'open'], 'who may describe the cluster sees all')
    await deny(client, CLUSTER, CLUSTER_RESOURCE_NAME, DESCRIBE)
    assert.deepEqual(await list(), ['open'])
  })

  it('offsets are neither committed nor told of topics that may not be read', async () => {
    await using node = await startGuarded()
    const { client } = node
    for (const name of ['open', 'closed']) {
      await createTopic(client, name)
      assert.equal(await commit(client, 'g', name), ErrorCode.NONE)
    }
    await deny(client, TOPIC, 'closed', READ, DESCRIBE)
    assert.equal(await commit(client, 'g', 'open'), ErrorCode.NONE)
    assert.equal(await commit(client, 'g', 'closed'), TOPIC_AUTHORIZATION_FAILED)
    const offsets = async (version: number, names: readonly string[] | null) => {
      const topics = names && names.map((name) => ({ name, partitionIndexes: [0] }))
      const one = { groupId: 'g', topics }
      const body = version < 8 ? one : { groups: [one] }
      const response = await client.call(protocol.OffsetFetchRequest, protocol.OffsetFetchResponse, version, body)
      const answers = version < 8 ? response.topics : response.groups[0]!.topics
      return answers.map(({ name, partitions }) => [name, partitions[0]!.errorCode, partitions[0]!.committedOffset])
    }
    for (const version of [7, 9]) {
      assert.deepEqual(await offsets(version, null), [['open', ErrorCode.NONE, 5]])
      assert.deepEqual(await offsets(version, ['closed', 'open']), [
        ['open', ErrorCode.NONE, 5],
        ['closed', TOPIC_AUTHORIZATION_FAILED, -1],
      ])
    }
  })

  it('an idempotent producer needs a topic that it may write, or the older right', async () => {
    const init = async (client: WireClient, transactionalId: string | null = null) => {
      const response = await client.call(protocol.InitProducerIdRequest, protocol.InitProducerIdResponse, 5, {
        transactionalId,
        transactionTimeoutMs: 1000,
      })
      return response.errorCode
    }
    const denyCluster = (client: WireClient) =>
      deny(client, CLUSTER, CLUSTER_RESOURCE_NAME, AclOperation.IDEMPOTENT_WRITE)
    await using one = await startGuarded()
    await denyCluster(one.client)
    assert.equal(await init(one.client), ErrorCode.NONE, 'topics without entries may be written')
    await using two = await startGuarded()
    await deny(two.client, AclResourceType.TRANSACTIONAL_ID, 'tx', WRITE)
    assert.equal(await init(two.client, 'tx'), ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED)
    await deny(two.client, TOPIC, '*', WRITE)
    assert.equal(await init(two.client), ErrorCode.NONE, 'the older right is there')
    await denyCluster(two.client)
    assert.equal(await init(two.client), CLUSTER_AUTHORIZATION_FAILED)
  })

  it('the cluster is neither described nor changed', async () => {
    await using node = await startGuarded()
    const { client } = node
    await deny(client, CLUSTER, CLUSTER_RESOURCE_NAME, ALL)
    const codes = {
      DescribeAcls: (await describeAcls(client)).errorCode,
      CreateAcls: (await createAcls(client, { operation: READ, resourceType: TOPIC, resourceName: 't' }))[0]!.errorCode,
      DeleteAcls: (await deleteAcls(client, {})).errorCode,
      DescribeLogDirs: (
        await client.call(protocol.DescribeLogDirsRequest, protocol.DescribeLogDirsResponse, 4, { topics: null })
      ).errorCode,
      ElectLeaders: (
        await client.call(protocol.ElectLeadersRequest, protocol.ElectLeadersResponse, 2, { topicPartitions: null })
      ).errorCode,
      AlterPartitionReassignments: (
        await client.call(
          protocol.AlterPartitionReassignmentsRequest,
          protocol.AlterPartitionReassignmentsResponse,
          1,
          { topics: [] },
        )
      ).errorCode,
      ListPartitionReassignments: (
        await client.call(protocol.ListPartitionReassignmentsRequest, protocol.ListPartitionReassignmentsResponse, 0, {
          topics: null,
        })
      ).errorCode,
      DescribeQuorum: (
        await client.call(protocol.DescribeQuorumRequest, protocol.DescribeQuorumResponse, 2, {
          topics: [{ topicName: '__cluster_metadata', partitions: [{ partitionIndex: 0 }] }],
        })
      ).errorCode,
      UpdateFeatures: (
        await client.call(protocol.UpdateFeaturesRequest, protocol.UpdateFeaturesResponse, 1, { featureUpdates: [] })
      ).errorCode,
      UnregisterBroker: (
        await client.call(protocol.UnregisterBrokerRequest, protocol.UnregisterBrokerResponse, 0, { brokerId: 9 })
      ).errorCode,
      ListConfigResources: (
        await client.call(protocol.ListConfigResourcesRequest, protocol.ListConfigResourcesResponse, 1, {})
      ).errorCode,
      DescribeConfigs: (
        await client.call(protocol.DescribeConfigsRequest, protocol.DescribeConfigsResponse, 4, {
          resources: [{ resourceType: ConfigResourceType.BROKER, resourceName: '1', configurationKeys: null }],
        })
      ).results[0]!.errorCode,
    }
    for (const [api, errorCode] of Object.entries(codes)) assert.equal(errorCode, CLUSTER_AUTHORIZATION_FAILED, api)
  })
})

describe('authorizer.class.name', () => {
  const start = (config: Readonly<Record<string, string>>) =>
    startServer({ storage: new MemoryStorage(), format: true, config: { 'log.dirs': '/data', ...config } })

  it('must be one that exists here', async () => {
    const config = { 'authorizer.class.name': 'com.example.Mine' }
    await assert.rejects(start(config), (error: unknown) => {
      return error instanceof ServerError && error.code === 'INVALID_CONFIG' && error.key === 'authorizer.class.name'
    })
  })

  it('reads super.users as principals, and lets them do everything', async () => {
    const config = { 'authorizer.class.name': STANDARD_AUTHORIZER }
    await assert.rejects(start({ ...config, 'super.users': 'admin' }), /super\.users names admin/)
    await using closed = await startNode(config)
    assert.equal((await createTopic(closed.client, 't')).errorCode, TOPIC_AUTHORIZATION_FAILED)
    await using open = await startNode({ ...config, 'super.users': 'User:admin; User:ANONYMOUS' })
    assert.equal((await createTopic(open.client, 't')).errorCode, ErrorCode.NONE)
    await deny(open.client, TOPIC, 't', ALL)
    assert.equal((await produce(open.client, 't', batchOf(['a']))).errorCode, ErrorCode.NONE)
    assert.deepEqual(open.server.warnings, [])
  })
})

async function commit(client: WireClient, groupId: string, topic: string): Promise<number> {
  await client.call(protocol.FindCoordinatorRequest, protocol.FindCoordinatorResponse, 4, {
    keyType: 0,
    coordinatorKeys: [groupId],
  })
  const response = await client.call(protocol.OffsetCommitRequest, protocol.OffsetCommitResponse, 8, {
    groupId,
    topics: [{ name: topic, partitions: [{ partitionIndex: 0, committedOffset: 5, committedMetadata: '' }] }],
  })
  return response.topics[0]!.partitions[0]!.errorCode
}
