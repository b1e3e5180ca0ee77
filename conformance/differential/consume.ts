/** What is read and where: fetches, fetch sessions, offsets by time and epoch, records deleted. */
import { ZERO_UUID } from '@braidlog/model'
import { BASE_MS, batchOf } from './batches.ts'
import { served, type Twins } from './twins.ts'

export async function consume(twins: Twins): Promise<void> {
  await twins.createTopic('read', { partitions: 3 })
  await twins.createTopic('read-2', { partitions: 1 })
  for (const [topic, index, count] of [
    ['read', 0, 5],
    ['read', 1, 3],
    ['read-2', 0, 4],
  ] as const) {
    for (let i = 0; i < count; i++) {
      const records = batchOf([`${i}a`, `${i}b`, `${i}c`], { timestampMs: BASE_MS + i * 1_000, key: 'k' })
      await twins.ask('Produce', 12, {
        acks: -1,
        timeoutMs: 5_000,
        topicData: [{ name: topic, partitionData: [{ index, records }] }],
      })
    }
  }
  await fetches(twins)
  await sessions(twins)
  await offsets(twins)
  await deletes(twins)
  await fetches(twins)
}

async function fetches(twins: Twins): Promise<void> {
  const { versionMin, versionMax } = served('Fetch')
  const partition = (more: object = {}): object => ({
    partition: 0,
    fetchOffset: 0,
    partitionMaxBytes: 1 << 20,
    ...more,
  })
  for (let version = versionMin; version <= versionMax; version++) {
    const fetch = (topic: string, partitions: readonly object[], more: object = {}): Promise<unknown> =>
      twins.ask('Fetch', version, (side) => ({
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1 << 20,
        topics: [version >= 13 ? { topicId: side.topicId(topic), partitions } : { topic, partitions }],
        ...more,
      }))
    for (const fetchOffset of [0, 1, 4, 14, 15, 16, -1, -2, 2 ** 40]) await fetch('read', [partition({ fetchOffset })])
    for (const size of [0, 1, 61, 80, 150, 200]) {
      await fetch('read', [
        partition({ partitionMaxBytes: size }),
        partition({ partition: 1, partitionMaxBytes: size }),
      ])
      await fetch('read', [partition(), partition({ partition: 1 })], { maxBytes: size })
    }
    await fetch('read', [partition({ partition: 2 }), partition({ partition: 3 }), partition({ partition: -1 })])
    await fetch('read', [partition(), partition()])
    await fetch('read', [partition()], { isolationLevel: 1 })
    await fetch('read', [partition({ fetchOffset: 15 })], { maxWaitMs: 20, minBytes: 1000 })
    await fetch('read', [partition({ fetchOffset: 12 })], { maxWaitMs: 20, minBytes: 1 << 30 })
    await fetch('read', [partition()], { maxWaitMs: -1, minBytes: -1 })
    if (version >= 9)
      for (const currentLeaderEpoch of [-2, -1, 0, 1, 100]) await fetch('read', [partition({ currentLeaderEpoch })])
    if (version >= 11) await fetch('read', [partition()], { rackId: 'somewhere' })
    if (version >= 12) {
      for (const lastFetchedEpoch of [-1, 0, 1, 5])
        await fetch('read', [partition({ lastFetchedEpoch, fetchOffset: 6 })])
      if (version < 15) for (const replicaId of [2, -2]) await fetch('read', [partition()], { replicaId })
      else await fetch('read', [partition()], { replicaState: { replicaId: 2, replicaEpoch: 1 } })
    }
    const topics =
      version >= 13
        ? [{ topicId: ZERO_UUID }, { topicId: 'AAAAAAAAAAAAAAAAAAAAaQ' }]
        : [{ topic: 'nowhere' }, { topic: '' }, { topic: 'a b' }]
    for (const topic of topics) {
      await twins.ask('Fetch', version, {
        maxWaitMs: 0,
        minBytes: 1,
        maxBytes: 1 << 20,
        topics: [{ ...topic, partitions: [partition()] }],
      })
    }
    await twins.ask('Fetch', version, { maxWaitMs: 0, minBytes: 1, maxBytes: 1 << 20, topics: [] })
  }
}

async function sessions(twins: Twins): Promise<void> {
  for (const version of [7, 12, 13, 17]) {
    let word: string | undefined
    const partition = (index: number, fetchOffset: number): object => ({
      partition: index,
      fetchOffset,
      partitionMaxBytes: 1 << 20,
    })
    const fetch = async (
      sessionEpoch: number,
      partitions: readonly object[],
      forgotten: readonly number[] = [],
      sessionId?: number,
    ): Promise<void> => {
      const [kafka] = await twins.ask('Fetch', version, (side) => {
        const named = version >= 13 ? { topicId: side.topicId('read') } : { topic: 'read' }
        return {
          maxWaitMs: 0,
          minBytes: 1,
          maxBytes: 1 << 20,
          sessionId: sessionId ?? (word === undefined ? 0 : (side.names.real('sessionId', word) as number)),
          sessionEpoch,
          topics: partitions.length === 0 ? [] : [{ ...named, partitions }],
          forgottenTopicsData: forgotten.length === 0 ? [] : [{ ...named, partitions: forgotten }],
        }
      })
      const id = (kafka as { sessionId: number } | undefined)?.sessionId ?? 0
      if (id !== 0) word = twins.sides[0].names.normalise(id, 'sessionId') as string
    }
    await fetch(0, [partition(0, 0), partition(1, 0), partition(2, 0)])
    await fetch(1, [])
    await fetch(2, [partition(0, 15)])
    await fetch(3, [partition(1, 9)])
    await fetch(4, [])
    await fetch(5, [partition(0, 6)])
    await fetch(6, [], [0])
    await fetch(7, [])
    await fetch(8, [partition(7, 0)])
    await fetch(9, [])
    await fetch(11, [])
    await fetch(10, [partition(0, 15)], [7, 1])
    await fetch(11, [], [0, 1, 2])
    await fetch(12, [])
    await fetch(1, [], [], 123_456_789)
    await fetch(0, [partition(0, 12)])
    await fetch(1, [partition(0, 99)])
    await fetch(2, [])
    await fetch(-1, [partition(0, 12)])
    await fetch(1, [])
    await fetch(5, [], [], 0)
    await fetch(-1, [partition(1, 0)], [], 0)
    await fetch(-2, [partition(1, 0)], [], 0)
  }
}

async function offsets(twins: Twins): Promise<void> {
  const times = [
    -1,
    -2,
    -3,
    -4,
    -5,
    -6,
    -7,
    0,
    BASE_MS,
    BASE_MS + 1,
    BASE_MS + 1_500,
    BASE_MS + 4_002,
    BASE_MS + 4_003,
    BASE_MS * 2,
  ]
  await twins.askAll('ListOffsets', (version) => ({
    replicaId: -1,
    topics: [
      {
        name: 'read',
        partitions: [0, 2, 9].map((partitionIndex) => ({ partitionIndex, timestamp: version === 0 ? -1 : -1 })),
      },
    ],
  }))
  const { versionMin, versionMax } = served('ListOffsets')
  for (let version = versionMin; version <= versionMax; version++) {
    for (const timestamp of times) {
      const partitions = [
        { partitionIndex: 0, timestamp },
        { partitionIndex: 2, timestamp },
      ]
      await twins.ask('ListOffsets', version, {
        replicaId: -1,
        timeoutMs: 1_000,
        topics: [{ name: 'read', partitions }],
      })
    }
    const one = (more: object, request: object = {}): object => ({
      replicaId: -1,
      topics: [{ name: 'read', partitions: [{ partitionIndex: 0, timestamp: -1, ...more }] }],
      ...request,
    })
    if (version >= 4) {
      for (const currentLeaderEpoch of [-1, 0, 1]) await twins.ask('ListOffsets', version, one({ currentLeaderEpoch }))
    }
    if (version >= 2) await twins.ask('ListOffsets', version, one({}, { isolationLevel: 1 }))
    await twins.ask('ListOffsets', version, {
      replicaId: -1,
      topics: [{ name: 'nowhere', partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
    })
    await twins.ask('ListOffsets', version, {
      replicaId: -1,
      topics: [{ name: 'read', partitions: [0, 0].map((partitionIndex) => ({ partitionIndex, timestamp: -1 })) }],
    })
    await twins.ask('ListOffsets', version, { replicaId: -1, topics: [] })
    await twins.ask('ListOffsets', version, one({}, { replicaId: -2 }))
    await twins.ask('ListOffsets', version, one({}, { replicaId: 2 }))
  }
  const { versionMin: min, versionMax: max } = served('OffsetForLeaderEpoch')
  for (let version = min; version <= max; version++) {
    for (const leaderEpoch of [-2, -1, 0, 1, 5]) {
      for (const currentLeaderEpoch of [-1, 0, 1]) {
        const partitions = [0, 2, 9].map((partition) => ({ partition, leaderEpoch, currentLeaderEpoch }))
        await twins.ask('OffsetForLeaderEpoch', version, { replicaId: -1, topics: [{ topic: 'read', partitions }] })
      }
    }
    await twins.ask('OffsetForLeaderEpoch', version, {
      replicaId: -1,
      topics: [{ topic: 'nowhere', partitions: [{ partition: 0, leaderEpoch: 0 }] }],
    })
    await twins.ask('OffsetForLeaderEpoch', version, { replicaId: -1, topics: [] })
  }
}

async function deletes(twins: Twins): Promise<void> {
  const one = (name: string, ...list: readonly [number, number][]): object => ({
    topics: [{ name, partitions: list.map(([partitionIndex, offset]) => ({ partitionIndex, offset })) }],
    timeoutMs: 5_000,
  })
  const bodies = [
    one('read', [0, 0]),
    one('read', [0, 4]),
    one('read', [0, 3]),
    one('read', [0, 99]),
    one('read', [0, -2]),
    one('read', [1, -1], [2, -1], [9, 1]),
    one('nowhere', [0, 1]),
    one('__consumer_offsets', [0, 0]),
    one('__cluster_metadata', [0, 0]),
    one('', [0, 0]),
    one('read', [0, 5], [0, 6]),
    { topics: [], timeoutMs: 5_000 },
  ]
  for (const body of bodies) await twins.ask('DeleteRecords', 2, body)
  await twins.askAll('DeleteRecords', (version) => one('read', [0, 7 + version], [5, 1]))
  await offsets(twins)
}
