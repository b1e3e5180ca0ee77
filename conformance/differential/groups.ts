/** Offsets without members, and groups as administrators see them. The classic protocol itself has a suite of its own. */
import { served, type Twins } from './twins.ts'

export async function groups(twins: Twins): Promise<void> {
  await twins.createTopic('offsets-of', { partitions: 2 })
  await coordinators(twins)
  await commits(twins)
  await administration(twins)
}

async function coordinators(twins: Twins): Promise<void> {
  const { versionMax } = served('FindCoordinator')
  for (let version = 0; version <= versionMax; version++) {
    const types = version === 0 ? [0] : [0, 3, -1, 77]
    for (const keyType of types) {
      if (version < 4) {
        for (const key of ['g', ''])
          await twins.ask('FindCoordinator', version, { key, ...(version > 0 ? { keyType } : {}) })
      } else {
        for (const coordinatorKeys of [['g'], ['g', 'h'], ['g', 'g'], [''], []]) {
          await twins.ask('FindCoordinator', version, { keyType, coordinatorKeys })
        }
      }
    }
  }
}

async function commits(twins: Twins): Promise<void> {
  const { versionMin, versionMax } = served('OffsetCommit')
  for (let version = versionMin; version <= versionMax; version++) {
    const commit = (
      groupId: string,
      topic: string,
      partitions: readonly object[],
      more: object = {},
    ): Promise<unknown> =>
      twins.ask('OffsetCommit', version, (side) => ({
        groupId,
        generationIdOrMemberEpoch: -1,
        topics: [version >= 10 ? { topicId: side.topicId(topic), partitions } : { name: topic, partitions }],
        ...more,
      }))
    const at = (partitionIndex: number, committedOffset: number, more: object = {}): object => ({
      partitionIndex,
      committedOffset,
      ...more,
    })
    const group = `commits-${version}`
    await commit(group, 'offsets-of', [at(0, 5, { committedMetadata: 'note' }), at(1, 6), at(2, 7), at(-1, 7)])
    await commit(group, 'offsets-of', [at(0, -1)])
    await commit(group, 'offsets-of', [at(0, 9), at(0, 8)])
    await commit(group, 'offsets-of', [at(0, 9, { committedMetadata: 'x'.repeat(4096) })])
    await commit(group, 'offsets-of', [at(0, 9, { committedMetadata: 'x'.repeat(4097) }), at(1, 10)])
    await commit(group, 'offsets-of', [at(1, 4, { committedMetadata: null })])
    if (version >= 6) await commit(group, 'offsets-of', [at(1, 11, { committedLeaderEpoch: 3 })])
    await commit(group, 'offsets-of', [at(0, 5)], { generationIdOrMemberEpoch: 3 })
    await commit(group, 'offsets-of', [at(0, 5)], { generationIdOrMemberEpoch: 3, memberId: 'somebody' })
    await commit(group, 'offsets-of', [at(0, 5)], { memberId: 'somebody' })
    await commit('', 'offsets-of', [at(0, 5)])
    if (version >= 7) await commit(group, 'offsets-of', [at(0, 5)], { groupInstanceId: 'static' })
    if (version < 10) await commit(group, 'nowhere', [at(0, 5)])
    await twins.ask('OffsetCommit', version, { groupId: group, generationIdOrMemberEpoch: -1, topics: [] })
    await fetchAll(twins, group)
  }
}

async function fetchAll(twins: Twins, group: string): Promise<void> {
  const { versionMin, versionMax } = served('OffsetFetch')
  for (let version = versionMin; version <= versionMax; version++) {
    const partitionIndexes = [0, 1, 5]
    const bodies = (
      version < 8
        ? [
            {
              groupId: group,
              topics: [
                { name: 'offsets-of', partitionIndexes },
                { name: 'nowhere', partitionIndexes: [0] },
              ],
            },
            { groupId: group, topics: [] },
            { groupId: 'nobody', topics: [{ name: 'offsets-of', partitionIndexes: [0] }] },
            { groupId: '', topics: [{ name: 'offsets-of', partitionIndexes: [0] }] },
            ...(version >= 2 ? [{ groupId: group, topics: null }] : []),
            ...(version >= 7 ? [{ groupId: group, topics: null, requireStable: true }] : []),
          ]
        : [
            [{ groupId: group, topics: [{ name: 'offsets-of', partitionIndexes }] }],
            [{ groupId: group, topics: null }],
            [{ groupId: group, topics: [] }],
            [
              { groupId: group, topics: null },
              { groupId: 'nobody', topics: null },
              { groupId: '', topics: null },
            ],
            [
              { groupId: group, topics: null },
              { groupId: group, topics: null },
            ],
            [],
            ...(version >= 9 ? [[{ groupId: group, memberId: 'somebody', memberEpoch: 3, topics: null }]] : []),
          ].map((list) => ({ groups: list }))
    ) as readonly object[]
    for (const body of bodies) {
      await twins.ask('OffsetFetch', version, (side) => (version < 10 ? body : byId(body, side.topicId('offsets-of'))))
    }
  }
}

function byId(body: object, topicId: string): object {
  const { groups: list } = body as { groups: { topics: { partitionIndexes: readonly number[] }[] | null }[] }
  return {
    groups: list.map((group) => ({
      ...group,
      topics: group.topics?.map(({ partitionIndexes }) => ({ partitionIndexes, topicId })) ?? null,
    })),
  }
}

async function administration(twins: Twins): Promise<void> {
  const { versionMax } = served('DescribeGroups')
  for (let version = 0; version <= versionMax; version++) {
    for (const list of [['commits-2'], ['commits-2', 'nobody'], ['nobody', 'nobody'], [''], []]) {
      await twins.ask('DescribeGroups', version, { groups: list })
    }
    if (version >= 3)
      await twins.ask('DescribeGroups', version, { groups: ['commits-2'], includeAuthorizedOperations: true })
  }
  for (let version = 0; version <= served('ListGroups').versionMax; version++) {
    await twins.ask('ListGroups', version, {})
    if (version >= 4) {
      for (const statesFilter of [['Empty'], ['empty'], ['Stable'], ['Empty', 'Dead'], ['Nonsense']]) {
        await twins.ask('ListGroups', version, { statesFilter })
      }
    }
    if (version >= 5) {
      for (const typesFilter of [['classic'], ['Classic'], ['consumer'], ['share'], ['streams'], ['nonsense']]) {
        await twins.ask('ListGroups', version, { typesFilter })
      }
    }
  }
  const one = (groupId: string, name: string, ...indexes: readonly number[]): object => ({
    groupId,
    topics: [{ name, partitions: indexes.map((partitionIndex) => ({ partitionIndex })) }],
  })
  for (const body of [
    one('commits-3', 'offsets-of', 0),
    one('commits-3', 'offsets-of', 0, 1, 9),
    one('commits-3', 'nowhere', 0),
    one('nobody', 'offsets-of', 0),
    one('', 'offsets-of', 0),
    { groupId: 'commits-4', topics: [] },
  ]) {
    await twins.ask('OffsetDelete', 0, body)
  }
  await fetchAll(twins, 'commits-3')
  await twins.askAll('DeleteGroups', (version) => ({ groupsNames: [`commits-${version + 4}`, 'nobody', ''] }))
  await twins.ask('DeleteGroups', 2, { groupsNames: ['commits-2', 'commits-2'] })
  await twins.ask('DeleteGroups', 2, { groupsNames: [] })
  await twins.ask('ListGroups', 5, {})
  // Members that do not exist.
  const member = { groupId: 'commits-8', memberId: 'somebody', generationId: 3 }
  await twins.askAll('Heartbeat', () => member)
  await twins.askAll('SyncGroup', (version) => ({
    ...member,
    assignments: [],
    ...(version >= 5 ? { protocolType: 'consumer', protocolName: 'range' } : {}),
  }))
  await twins.askAll('LeaveGroup', (version) =>
    version < 3
      ? { groupId: 'commits-8', memberId: 'somebody' }
      : { groupId: 'commits-8', members: [{ memberId: 'somebody' }, { memberId: '', groupInstanceId: 'static' }] },
  )
  for (const body of [
    { groupId: '', sessionTimeoutMs: 10_000 },
    { groupId: 'j', sessionTimeoutMs: 1 },
    { groupId: 'j', sessionTimeoutMs: 2 ** 31 - 1 },
    { groupId: 'j', sessionTimeoutMs: 10_000, memberId: 'somebody' },
    { groupId: 'j', sessionTimeoutMs: 10_000, protocols: [] },
    { groupId: 'j', sessionTimeoutMs: 10_000, protocolType: '' },
  ]) {
    const protocols = [{ name: 'range', metadata: new Uint8Array(0) }]
    await twins.ask('JoinGroup', 9, {
      rebalanceTimeoutMs: 1_000,
      memberId: '',
      protocolType: 'consumer',
      protocols,
      ...body,
    })
  }
}
