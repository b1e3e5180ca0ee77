/** The classic group protocol and committed offsets of a whole node, over the wire. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ErrorCode } from '@braidlog/model'
import {
  DeleteGroupsRequest,
  DeleteGroupsResponse,
  DescribeGroupsRequest,
  DescribeGroupsResponse,
  FindCoordinatorRequest,
  FindCoordinatorResponse,
  HeartbeatRequest,
  HeartbeatResponse,
  InitProducerIdRequest,
  InitProducerIdResponse,
  JoinGroupRequest,
  JoinGroupResponse,
  LeaveGroupRequest,
  LeaveGroupResponse,
  ListGroupsRequest,
  ListGroupsResponse,
  OffsetCommitRequest,
  OffsetCommitResponse,
  OffsetDeleteRequest,
  OffsetDeleteResponse,
  OffsetFetchRequest,
  OffsetFetchResponse,
  SyncGroupRequest,
  SyncGroupResponse,
} from '@braidlog/protocol'
import type { WireClient } from '../../broker/test/wire.ts'
import { createTopic, startNode } from './node.ts'

const bytes = (text: string): Uint8Array => Buffer.from(text)

async function findCoordinator(client: WireClient, groupId: string) {
  const response = await client.call(FindCoordinatorRequest, FindCoordinatorResponse, 4, {
    keyType: 0,
    coordinatorKeys: [groupId],
  })
  return response.coordinators[0]!
}

/** Joins until the member has an id, as clients do since KIP-394. */
async function join(client: WireClient, groupId: string, options: { memberId?: string; instance?: string } = {}) {
  const body = {
    groupId,
    sessionTimeoutMs: 10_000,
    rebalanceTimeoutMs: 10_000,
    memberId: options.memberId ?? '',
    groupInstanceId: options.instance ?? null,
    protocolType: 'consumer',
    protocols: [{ name: 'range', metadata: bytes('subscription') }],
  }
  const first = await client.call(JoinGroupRequest, JoinGroupResponse, 7, body)
  if (first.errorCode !== ErrorCode.MEMBER_ID_REQUIRED) return first
  return await client.call(JoinGroupRequest, JoinGroupResponse, 7, { ...body, memberId: first.memberId })
}

async function fetchOffset(client: WireClient, groupId: string, topic: string) {
  const response = await client.call(OffsetFetchRequest, OffsetFetchResponse, 8, {
    groups: [{ groupId, topics: [{ name: topic, partitionIndexes: [0] }] }],
  })
  return response.groups[0]!.topics[0]!.partitions[0]!
}

describe('groups', () => {
  it('go through join, sync, heartbeat, commit, describe and leave', async () => {
    await using node = await startNode()
    const { client } = node
    await createTopic(client, 'a')
    const coordinator = await findCoordinator(client, 'g')
    assert.deepEqual([coordinator.errorCode, coordinator.port], [ErrorCode.NONE, node.server.listeners[0]!.port])

    const joined = await join(client, 'g')
    assert.deepEqual([joined.errorCode, joined.generationId, joined.leader], [ErrorCode.NONE, 1, joined.memberId])
    const { memberId, generationId } = joined
    const synced = await client.call(SyncGroupRequest, SyncGroupResponse, 5, {
      groupId: 'g',
      generationId,
      memberId,
      protocolType: 'consumer',
      protocolName: 'range',
      assignments: [{ memberId, assignment: bytes('all of it') }],
    })
    assert.equal(Buffer.from(synced.assignment).toString(), 'all of it')
    const beat = await client.call(HeartbeatRequest, HeartbeatResponse, 4, { groupId: 'g', generationId, memberId })
    assert.equal(beat.errorCode, ErrorCode.NONE)

    const committed = await client.call(OffsetCommitRequest, OffsetCommitResponse, 8, {
      groupId: 'g',
      generationIdOrMemberEpoch: generationId,
      memberId,
      topics: [{ name: 'a', partitions: [{ partitionIndex: 0, committedOffset: 42, committedMetadata: 'note' }] }],
    })
    assert.equal(committed.topics[0]!.partitions[0]!.errorCode, ErrorCode.NONE)
    const offset = await fetchOffset(client, 'g', 'a')
    assert.deepEqual([offset.committedOffset, offset.metadata], [42, 'note'])

    const listed = await client.call(ListGroupsRequest, ListGroupsResponse, 5, {})
    assert.deepEqual(
      listed.groups.map((group) => [group.groupId, group.groupState, group.protocolType]),
      [['g', 'Stable', 'consumer']],
    )
    const described = await client.call(DescribeGroupsRequest, DescribeGroupsResponse, 5, {
      groups: ['g'],
      includeAuthorizedOperations: true,
    })
    const group = described.groups[0]!
    assert.deepEqual([group.groupState, group.members.length], ['Stable', 1])
    assert.equal(group.members[0]!.clientId, 'test')
    assert(group.authorizedOperations > 0)

    const busy = await client.call(DeleteGroupsRequest, DeleteGroupsResponse, 2, { groupsNames: ['g'] })
    assert.equal(busy.results[0]!.errorCode, ErrorCode.NON_EMPTY_GROUP)
    const left = await client.call(LeaveGroupRequest, LeaveGroupResponse, 4, { groupId: 'g', members: [{ memberId }] })
    assert.equal(left.members[0]!.errorCode, ErrorCode.NONE)
    const deleted = await client.call(DeleteGroupsRequest, DeleteGroupsResponse, 2, { groupsNames: ['g'] })
    assert.equal(deleted.results[0]!.errorCode, ErrorCode.NONE)
    assert.equal((await fetchOffset(client, 'g', 'a')).committedOffset, -1)
  })

  it('rebalance when a second member comes, over its own connection', async () => {
    await using node = await startNode()
    const first = node.client
    await findCoordinator(first, 'g')
    const one = await join(first, 'g')
    await first.call(SyncGroupRequest, SyncGroupResponse, 3, {
      groupId: 'g',
      generationId: one.generationId,
      memberId: one.memberId,
      assignments: [{ memberId: one.memberId, assignment: bytes('x') }],
    })
    const second = await node.connect()
    const joining = join(second, 'g')
    // The second join is parked until the first member comes back.
    let answer: number
    do {
      const beat = await first.call(HeartbeatRequest, HeartbeatResponse, 4, {
        groupId: 'g',
        generationId: one.generationId,
        memberId: one.memberId,
      })
      answer = beat.errorCode
    } while (answer === ErrorCode.NONE)
    assert.equal(answer, ErrorCode.REBALANCE_IN_PROGRESS)
    const [again, two] = await Promise.all([join(first, 'g', { memberId: one.memberId }), joining])
    assert.deepEqual([again.generationId, two.generationId], [2, 2])
    assert.equal(again.members.length, 2)
    second.close()
  })

  it('keep committed offsets over a restart', async () => {
    const node = await startNode()
    await createTopic(node.client, 'a')
    await findCoordinator(node.client, 'simple')
    await node.client.call(OffsetCommitRequest, OffsetCommitResponse, 8, {
      groupId: 'simple',
      topics: [{ name: 'a', partitions: [{ partitionIndex: 0, committedOffset: 7, committedMetadata: '' }] }],
    })
    node.client.close()
    await node.server.close()
    await using again = await startNode({}, { storage: node.storage })
    let offset = await fetchOffset(again.client, 'simple', 'a')
    while (offset.errorCode === ErrorCode.COORDINATOR_LOAD_IN_PROGRESS) {
      offset = await fetchOffset(again.client, 'simple', 'a')
    }
    assert.equal(offset.committedOffset, 7)
    const deleted = await again.client.call(OffsetDeleteRequest, OffsetDeleteResponse, 0, {
      groupId: 'simple',
      topics: [{ name: 'a', partitions: [{ partitionIndex: 0 }] }],
    })
    assert.deepEqual([deleted.errorCode, deleted.topics[0]!.partitions[0]!.errorCode], [ErrorCode.NONE, ErrorCode.NONE])
    assert.equal((await fetchOffset(again.client, 'simple', 'a')).committedOffset, -1)
  })

  it('are found in every version of FindCoordinator; transactions are refused without a reason to retry', async () => {
    await using node = await startNode()
    const { client } = node
    for (let version = 0; version <= 6; version++) {
      const response = await client.call(
        FindCoordinatorRequest,
        FindCoordinatorResponse,
        version,
        version < 4 ? { key: 'g' } : { coordinatorKeys: ['g'] },
      )
      const found = version < 4 ? response : response.coordinators[0]!
      assert.deepEqual([found.errorCode, found.nodeId], [ErrorCode.NONE, 1], `version ${version}`)
    }
    const transaction = await client.call(FindCoordinatorRequest, FindCoordinatorResponse, 4, {
      keyType: 1,
      coordinatorKeys: ['t'],
    })
    assert.equal(transaction.coordinators[0]!.errorCode, ErrorCode.UNSUPPORTED_VERSION)
    const ids = await client.call(InitProducerIdRequest, InitProducerIdResponse, 4, {
      transactionalId: 't',
      transactionTimeoutMs: 1000,
    })
    assert.equal(ids.errorCode, ErrorCode.UNSUPPORTED_VERSION)
  })
})
