/** Topics made, grown, described and deleted. */
import { ZERO_UUID, type Uuid } from '@braidlog/model'
import { UNKNOWN_TOPIC_ID } from './normalise.ts'
import type { Twins } from './twins.ts'

const UNKNOWN_ID = UNKNOWN_TOPIC_ID as Uuid
const NAMES = ['', '.', '..', 'a b', 'a/b', 'ä', 'x'.repeat(249), 'x'.repeat(250), 'a.b', 'a_b', '__own', 'A-1']

export async function topics(twins: Twins): Promise<void> {
  await create(twins)
  await grow(twins)
  await metadata(twins)
  await describe(twins)
  await remove(twins)
}

async function create(twins: Twins): Promise<void> {
  const topic = (name: string, more: object = {}): object => ({ name, numPartitions: 1, replicationFactor: 1, ...more })
  const asked = (list: readonly object[], more: object = {}): object => ({ topics: list, timeoutMs: 10_000, ...more })
  for (const validateOnly of [true, false]) {
    for (const name of NAMES) await twins.ask('CreateTopics', 7, asked([topic(name)], { validateOnly }))
  }
  const config = (name: string, value: string | null): object => ({ configs: [{ name, value }] })
  const assigned = (...lists: readonly number[][]): object => ({
    numPartitions: -1,
    replicationFactor: -1,
    assignments: lists.map((brokerIds, partitionIndex) => ({ partitionIndex, brokerIds })),
  })
  const variants: readonly object[] = [
    {},
    { numPartitions: 0 },
    { numPartitions: -1 },
    { numPartitions: -2 },
    { replicationFactor: 0 },
    { replicationFactor: -1 },
    { replicationFactor: -2 },
    { replicationFactor: 2 },
    { replicationFactor: 3, numPartitions: 5 },
    { numPartitions: -1, replicationFactor: -1 },
    config('cleanup.policy', 'compact'),
    config('cleanup.policy', 'compact,delete'),
    config('cleanup.policy', ''),
    config('cleanup.policy', 'none'),
    config('cleanup.policy', 'bogus'),
    config('retention.ms', '-1'),
    config('retention.ms', '-2'),
    config('retention.ms', 'much'),
    config('retention.ms', null),
    config('retention.ms', ' 1000 '),
    config('segment.bytes', '1048575'),
    config('segment.bytes', '1048576'),
    config('max.message.bytes', '-1'),
    config('min.insync.replicas', '0'),
    config('min.insync.replicas', '3'),
    config('no.such.config', 'x'),
    config('compression.type', 'zstd'),
    config('compression.type', 'lzw'),
    config('message.timestamp.type', 'LogAppendTime'),
    config('message.timestamp.type', 'AppendTime'),
    config('message.format.version', '3.0'),
    config('remote.storage.enable', 'true'),
    config('unclean.leader.election.enable', 'yes'),
    config('min.cleanable.dirty.ratio', '1.1'),
    config('leader.replication.throttled.replicas', '*'),
    config('leader.replication.throttled.replicas', '0:1,1:1'),
    config('leader.replication.throttled.replicas', 'x'),
    { configs: ['cleanup.policy', 'cleanup.policy'].map((name) => ({ name, value: 'compact' })) },
    {
      configs: [
        { name: 'min.compaction.lag.ms', value: '10' },
        { name: 'max.compaction.lag.ms', value: '5' },
      ],
    },
    assigned([1]),
    assigned([1], [1]),
    assigned([]),
    assigned([2]),
    assigned([1, 1]),
    assigned([1, 2]),
    assigned([-1]),
    { ...assigned([1]), numPartitions: 1 },
    { ...assigned([1]), replicationFactor: 1 },
    { numPartitions: -1, replicationFactor: -1, assignments: [{ partitionIndex: 1, brokerIds: [1] }] },
    {
      numPartitions: -1,
      replicationFactor: -1,
      assignments: [0, 0].map((partitionIndex) => ({ partitionIndex, brokerIds: [1] })),
    },
  ]
  for (const [i, variant] of variants.entries()) {
    for (const validateOnly of [true, false]) {
      await twins.ask('CreateTopics', 7, asked([topic(`created-${i}`, variant)], { validateOnly }))
    }
  }
  await twins.ask('CreateTopics', 7, asked([topic('created-0')]))
  await twins.ask('CreateTopics', 7, asked([topic('twice'), topic('twice'), topic('once')]))
  await twins.ask('CreateTopics', 7, asked([]))
  await twins.ask('CreateTopics', 7, asked([topic('__consumer_offsets')], { validateOnly: true }))
  await twins.ask('CreateTopics', 7, asked([topic('__cluster_metadata')], { validateOnly: true }))
  await twins.askAll('CreateTopics', (version) => asked([topic(`in-v${version}`), topic('a b')]))
  await twins.untilServed('in-v7')
  // Several at once, some of which cannot be.
  await twins.ask(
    'CreateTopics',
    7,
    asked([topic('many-1'), topic('created-0'), topic('many-2', { numPartitions: 0 })]),
  )
}

async function grow(twins: Twins): Promise<void> {
  const grown = (name: string, count: number, assignments: readonly number[][] | null = null): object => ({
    name,
    count,
    assignments: assignments?.map((brokerIds) => ({ brokerIds })) ?? null,
  })
  await twins.createTopic('grown', { partitions: 2 })
  const variants = [
    grown('grown', 1),
    grown('grown', 2),
    grown('grown', 0),
    grown('grown', -1),
    grown('grown', 3, []),
    grown('grown', 3, [[2]]),
    grown('grown', 3, [[1], [1]]),
    grown('grown', 3, [[]]),
    grown('grown', 3, [[1, 1]]),
    grown('grown', 4, [[1]]),
    grown('grown', 3, [[1]]),
    grown('grown', 5),
    grown('no-such-topic', 2),
    grown('', 2),
    grown('a b', 2),
  ]
  for (const variant of variants) {
    for (const validateOnly of [true, false]) {
      await twins.ask('CreatePartitions', 3, { topics: [variant], timeoutMs: 10_000, validateOnly })
    }
  }
  await twins.ask('CreatePartitions', 3, { topics: [grown('grown', 6), grown('grown', 7)], timeoutMs: 10_000 })
  await twins.askAll('CreatePartitions', (version) => ({
    topics: [grown('grown', 6 + version), grown('nowhere', 3)],
    timeoutMs: 10_000,
  }))
}

async function metadata(twins: Twins): Promise<void> {
  const again = { again: true }
  await twins.createTopic('seen', { partitions: 3 })
  for (const name of ['grown', 'in-v2', '__consumer_offsets']) await twins.untilServed(name)
  for (let version = 0; version <= 13; version++) {
    const asked = (list: readonly object[] | null, more: object = {}): object => ({
      topics: list,
      allowAutoTopicCreation: version < 4,
      ...more,
    })
    await twins.ask('Metadata', version, asked(version === 0 ? [] : null), again)
    await twins.ask('Metadata', version, asked([{ name: 'seen' }, { name: 'grown' }]), again)
    await twins.ask('Metadata', version, asked([{ name: 'seen' }, { name: 'seen' }]), again)
    if (version > 0) await twins.ask('Metadata', version, asked([]), again)
    if (version >= 8) {
      const more = { includeTopicAuthorizedOperations: true, includeClusterAuthorizedOperations: version <= 10 }
      await twins.ask('Metadata', version, asked([{ name: 'seen' }], more), again)
    }
    if (version >= 4) {
      for (const name of ['nowhere', '', 'a b', 'x'.repeat(250), '__cluster_metadata', 'grown.', 'se_en']) {
        await twins.ask('Metadata', version, asked([{ name }]), again)
      }
    }
    if (version >= 10) {
      const named = version === 10 || version === 11 ? 'seen' : null
      await twins.ask(
        'Metadata',
        version,
        (side) => asked([{ topicId: side.topicId('seen') as Uuid, name: named }]),
        again,
      )
      await twins.ask('Metadata', version, asked([{ topicId: UNKNOWN_ID, name: named }]), again)
      await twins.ask('Metadata', version, asked([{ topicId: 'AAAAAAAAAAAAAAAAAAAAAQ', name: null }]), again)
    }
    // Made on the way: the first answer says that it is not there yet, a later one that it is.
    await twins.ask('Metadata', version, { topics: [{ name: `auto-${version}` }], allowAutoTopicCreation: true })
    await twins.untilServed(`auto-${version}`)
    await twins.ask('Metadata', version, { topics: [{ name: `auto-${version}` }], allowAutoTopicCreation: true }, again)
  }
  for (const name of ['a b', '..', '', 'x'.repeat(250), '__share_group_state']) {
    await twins.ask('Metadata', 12, { topics: [{ name }], allowAutoTopicCreation: true })
  }
}

async function describe(twins: Twins): Promise<void> {
  const again = { again: true }
  const asked = (names: readonly string[], more: object = {}): object => ({
    topics: names.map((name) => ({ name })),
    ...more,
  })
  const bodies = [
    asked([]),
    asked(['seen']),
    asked(['seen', 'grown']),
    asked(['grown', 'seen', 'nowhere']),
    asked(['seen', 'seen']),
    asked(['a b']),
    asked(['grown'], { responsePartitionLimit: 2 }),
    asked(['grown'], { responsePartitionLimit: 0 }),
    asked(['grown'], { responsePartitionLimit: -1 }),
    asked(['grown', 'seen'], { responsePartitionLimit: 10 }),
    asked(['grown', 'seen'], { responsePartitionLimit: 2, cursor: { topicName: 'grown', partitionIndex: 8 } }),
    asked(['grown', 'seen'], { cursor: { topicName: 'seen', partitionIndex: 1 } }),
    asked(['grown', 'seen'], { cursor: { topicName: 'h', partitionIndex: 1 } }),
    asked(['grown', 'seen'], { cursor: { topicName: 'zzz', partitionIndex: 0 } }),
    asked(['grown', 'seen'], { cursor: { topicName: 'grown', partitionIndex: -1 } }),
    asked(['grown', 'seen'], { cursor: { topicName: 'grown', partitionIndex: 99 } }),
    asked([], { responsePartitionLimit: 3 }),
  ]
  for (const body of bodies) await twins.ask('DescribeTopicPartitions', 0, body, again)
}

async function remove(twins: Twins): Promise<void> {
  await twins.askAll('DeleteTopics', (version) =>
    version >= 6
      ? { topics: [{ name: `in-v${version}` }, { name: 'nowhere' }], timeoutMs: 10_000 }
      : { topicNames: [`in-v${version}`, 'nowhere', 'a b'], timeoutMs: 10_000 },
  )
  const asked = (list: readonly object[]): object => ({ topics: list, timeoutMs: 10_000 })
  await twins.createTopic('gone')
  await twins.ask('DeleteTopics', 6, asked([{ name: 'gone' }, { name: 'gone' }]))
  await twins.ask('DeleteTopics', 6, (side) => asked([{ name: 'gone', topicId: side.topicId('gone') }]))
  await twins.ask('DeleteTopics', 6, (side) => asked([{ name: 'gone' }, { name: null, topicId: side.topicId('gone') }]))
  await twins.createTopic('gone-2')
  await twins.ask('DeleteTopics', 6, (side) => asked([{ name: null, topicId: side.topicId('gone-2') }]))
  await twins.ask('DeleteTopics', 6, asked([{ name: null, topicId: UNKNOWN_ID }]))
  await twins.ask('DeleteTopics', 6, asked([{ name: null, topicId: ZERO_UUID }]))
  await twins.ask('DeleteTopics', 6, asked([{ name: '' }]))
  await twins.ask('DeleteTopics', 6, asked([{ name: 'a b' }, { name: 'x'.repeat(250) }]))
  await twins.ask('DeleteTopics', 6, asked([]))
  await twins.ask('DeleteTopics', 6, asked([{ name: '__cluster_metadata' }]))
}
