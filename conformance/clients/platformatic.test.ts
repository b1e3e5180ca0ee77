/**
 * @platformatic/kafka 2: a pure JavaScript client of this decade, which speaks only flexible versions of most APIs.
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import {
  Admin,
  Consumer,
  Producer,
  stringDeserializers,
  stringSerializers,
  type CompressionAlgorithmValue,
  type ConsumeOptions,
  type Message,
} from '@platformatic/kafka'
import { eventually } from '../peers/process.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

type Text = Message<string, string, string, string>

let server: PeerServer
let base: { clientId: string; bootstrapBrokers: string[]; retries: number; retryDelay: number }
let admin: Admin
before(async () => {
  server = await startPeerServer({ properties: { 'num.partitions': 3 } })
  base = { clientId: 'platformatic-suite', bootstrapBrokers: [server.bootstrap], retries: 20, retryDelay: 100 }
  admin = new Admin(base)
})
after(async () => {
  await admin?.close()
  await server?.stop()
})

const openProducer = (): Producer<string, string, string, string> =>
  new Producer({ ...base, serializers: stringSerializers })

/**
 * Creates a topic and waits until every partition has a leader: this client repeats a whole request when one of its partitions has none
 * yet, and then writes the others twice.
 */
async function createTopic(topic: string, partitions: number): Promise<void> {
  await admin.createTopics({ topics: [topic], partitions, replicas: 1 })
  const indexes = Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp: -1n }))
  await admin.listOffsets({ topics: [{ name: topic, partitions: indexes }] })
}

interface Member {
  readonly consumer: Consumer<string, string, string, string>
  readonly messages: Text[]
  partitions(): number[]
  close(): Promise<void>
}

async function open(
  groupId: string,
  topic: string,
  options: Partial<ConsumeOptions<string, string, string, string>> = {},
): Promise<Member> {
  const consumer = new Consumer({
    ...base,
    groupId,
    deserializers: stringDeserializers,
    maxWaitTime: 100,
    sessionTimeout: 10_000,
    heartbeatInterval: 300,
    rebalanceTimeout: 10_000,
  })
  const messages: Text[] = []
  const stream = await consumer.consume({
    mode: 'committed',
    fallbackMode: 'earliest',
    autocommit: 50,
    ...options,
    topics: [topic],
  })
  stream.on('data', (message: Text) => void messages.push(message))
  return {
    consumer,
    messages,
    partitions: () => consumer.assignments?.flatMap((assignment) => assignment.partitions).toSorted() ?? [],
    close: () => consumer.close(true),
  }
}

for (const compression of ['none', 'gzip', 'snappy', 'lz4', 'zstd'] satisfies CompressionAlgorithmValue[]) {
  test(`records compressed with ${compression} arrive whole`, async () => {
    const topic = `platformatic-${compression}`
    await createTopic(topic, 2)
    const producer = openProducer()
    const sent = Array.from({ length: 200 }, (_, index) => ({
      topic,
      key: `key-${index}`,
      value: `value-${index}`,
      partition: index % 2,
      timestamp: BigInt(1_700_000_000_000 + index),
      headers: new Map([['index', String(index)]]),
    }))
    const { offsets } = await producer.send({ messages: sent, compression, acks: -1 })
    await producer.close()
    assert.deepEqual(offsets?.map(({ partition, offset }) => [partition, offset]).toSorted(), [
      [0, 0n],
      [1, 0n],
    ])
    const member = await open(`${topic}-group`, topic)
    await eventually(() => (member.messages.length >= sent.length ? true : undefined), 'all records')
    await member.close()
    for (const message of member.messages) {
      const original = sent[Number(message.offset) * 2 + message.partition]!
      assert.deepEqual(
        [message.key, message.value, message.timestamp],
        [original.key, original.value, original.timestamp],
      )
      assert.equal(message.headers.get('index'), original.headers.get('index'))
    }
  })
}

test('acks 0 and 1, and an idempotent producer', async () => {
  const topic = 'platformatic-acks'
  await createTopic(topic, 1)
  const producer = openProducer()
  await producer.send({ messages: [{ topic, value: 'one', partition: 0 }], acks: 1 })
  await producer.send({ messages: [{ topic, value: 'zero', partition: 0 }], acks: 0 })
  await producer.close()
  const idempotent = new Producer({ ...base, serializers: stringSerializers, idempotent: true })
  for (let index = 0; index < 20; index++)
    await idempotent.send({ messages: [{ topic, value: String(index), partition: 0 }], acks: -1 })
  await idempotent.close()
  await eventually(async () => {
    const [listed] = await admin.listOffsets({
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp: -1n }] }],
    })
    return listed?.partitions[0]?.offset === 22n ? true : undefined
  }, 'twenty-two records')
})

test('a topic is created by producing to it', async () => {
  const producer = new Producer({ ...base, serializers: stringSerializers, autocreateTopics: true })
  await producer.send({ messages: [{ topic: 'platformatic-auto', value: 'x' }], acks: -1 })
  await producer.close()
  assert.ok((await admin.listTopics()).includes('platformatic-auto'))
})

test('members join and leave a group: partitions move and nothing is lost', async () => {
  const topic = 'platformatic-members'
  const groupId = 'platformatic-members-group'
  await createTopic(topic, 4)
  const producer = openProducer()
  const produce = async (from: number, to: number): Promise<void> => {
    const messages = Array.from({ length: to - from }, (_, index) => ({
      topic,
      key: String(from + index),
      value: String(from + index),
    }))
    await producer.send({ messages, acks: -1 })
  }
  await produce(0, 100)
  const first = await open(groupId, topic)
  await eventually(() => (first.messages.length >= 100 ? true : undefined), 'the only member consumes everything')
  assert.deepEqual(first.partitions(), [0, 1, 2, 3])
  const second = await open(groupId, topic)
  await eventually(
    () => (first.partitions().length === 2 && second.partitions().length === 2 ? true : undefined),
    'two partitions each',
  )
  await produce(100, 200)
  const seen = (): Set<string> => new Set([...first.messages, ...second.messages].map((message) => message.value))
  await eventually(() => (seen().size >= 200 ? true : undefined), 'both together consume everything')
  const groups = await admin.describeGroups({ groups: [groupId] })
  assert.equal(groups.get(groupId)?.members.size, 2)
  await first.close()
  await eventually(() => (second.partitions().length === 4 ? true : undefined), 'the survivor has all partitions')
  await produce(200, 300)
  await eventually(() => (seen().size >= 300 ? true : undefined), 'the survivor consumes everything')
  await second.close()
  await producer.close()
})

test('a consumer goes on where its group committed', async () => {
  const topic = 'platformatic-resume'
  await createTopic(topic, 1)
  const producer = openProducer()
  await producer.send({ messages: ['a', 'b'].map((value) => ({ topic, value })), acks: -1 })
  const earlier = await open('platformatic-resume-group', topic, { autocommit: false })
  await eventually(() => (earlier.messages.length >= 2 ? true : undefined), 'the first two')
  await earlier.consumer.commit({ offsets: [{ topic, partition: 0, offset: 1n, leaderEpoch: 0 }] })
  await earlier.close()
  await producer.send({ messages: [{ topic, value: 'c' }], acks: -1 })
  const later = await open('platformatic-resume-group', topic)
  await eventually(() => (later.messages.length >= 2 ? true : undefined), 'what was not committed')
  await later.close()
  await producer.close()
  assert.deepEqual(
    later.messages.map((message) => [message.offset, message.value]),
    [
      [1n, 'b'],
      [2n, 'c'],
    ],
  )
})

test('admin: topics, partitions, configuration and log directories', async () => {
  const topic = 'platformatic-admin'
  const [created] = await admin.createTopics({
    topics: [topic],
    partitions: 2,
    replicas: 1,
    configs: [{ name: 'retention.ms', value: '3600000' }],
  })
  assert.equal(created?.partitions, 2)
  assert.equal(created?.configuration['retention.ms'], '3600000')
  await assert.rejects(admin.createTopics({ topics: [topic], partitions: 1, replicas: 1 }))
  await admin.createPartitions({ topics: [{ name: topic, count: 4 }] })
  const metadata = await eventually(async () => {
    const answer = await admin.metadata({ topics: [topic], forceUpdate: true })
    return answer.topics.get(topic)?.partitionsCount === 4 ? answer : undefined
  }, 'four partitions')
  assert.deepEqual([...metadata.brokers.keys()], [1])
  assert.match(metadata.topics.get(topic)!.id, /^[0-9a-f-]{36}$/)
  const resource = { resourceType: 2, resourceName: topic } as const
  await admin.incrementalAlterConfigs({
    resources: [{ ...resource, configs: [{ name: 'cleanup.policy', configOperation: 0, value: 'compact' }] }],
  })
  const valueOf = async (name: string): Promise<string | null | undefined> => {
    const [described] = await admin.describeConfigs({ resources: [{ ...resource, configurationKeys: null }] })
    return described?.configs.find((config) => config.name === name)?.value
  }
  await eventually(
    async () => ((await valueOf('cleanup.policy')) === 'compact' ? true : undefined),
    'the new policy shows',
  )
  assert.equal(await valueOf('retention.ms'), '3600000', 'an incremental change leaves the others alone')
  const [directories] = await admin.describeLogDirs({ topics: [{ name: topic, partitions: [0, 1, 2, 3] }] })
  assert.equal(directories?.broker, 1)
  await admin.deleteTopics({ topics: [topic] })
  await eventually(async () => ((await admin.listTopics()).includes(topic) ? undefined : true), 'the topic is gone')
})

test('admin: records are deleted, offsets are found', async () => {
  const topic = 'platformatic-trim'
  await createTopic(topic, 1)
  const producer = openProducer()
  await producer.send({
    messages: Array.from({ length: 10 }, (_, index) => ({
      topic,
      value: String(index),
      timestamp: BigInt(1_600_000_000_000 + index * 1000),
    })),
    acks: -1,
  })
  await producer.close()
  const [deleted] = await admin.deleteRecords({ topics: [{ name: topic, partitions: [{ partition: 0, offset: 4n }] }] })
  assert.equal(deleted?.partitions[0]?.lowWatermark, 4n)
  const at = async (timestamp: bigint): Promise<bigint | undefined> => {
    const [listed] = await admin.listOffsets({
      topics: [{ name: topic, partitions: [{ partitionIndex: 0, timestamp }] }],
    })
    return listed?.partitions[0]?.offset
  }
  assert.deepEqual([await at(-2n), await at(-1n), await at(-3n), await at(1_600_000_006_500n)], [4n, 10n, 9n, 7n])
})

test('admin: group offsets are listed, altered and deleted, and the group too', async () => {
  const topic = 'platformatic-offsets'
  const groupId = 'platformatic-offsets-group'
  await createTopic(topic, 1)
  await admin.alterConsumerGroupOffsets({
    groupId,
    topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset: 7n }] }],
  })
  const [listed] = await admin.listConsumerGroupOffsets({ groups: [groupId] })
  assert.equal(listed?.topics[0]?.partitions[0]?.committedOffset, 7n)
  assert.equal((await admin.listGroups()).has(groupId), true)
  await admin.deleteConsumerGroupOffsets({ groupId, topics: [{ name: topic, partitionIndexes: [0] }] })
  await admin.alterConsumerGroupOffsets({
    groupId,
    topics: [{ name: topic, partitionOffsets: [{ partition: 0, offset: 1n }] }],
  })
  await admin.deleteGroups({ groups: [groupId] })
  assert.equal((await admin.listGroups()).has(groupId), false)
})
