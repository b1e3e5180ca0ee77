/**
 * KafkaJS 2.2: the most used pure JavaScript client, and the one that speaks the oldest versions of every API (non-flexible encodings).
 */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import kafkajs, { type Consumer, type EachMessagePayload, type Kafka as KafkaType } from 'kafkajs'
import { eventually } from '../peers/process.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

// KafkaJS is CommonJS, of which Node.js finds only some names.
const { CompressionTypes, ConfigResourceTypes, Kafka, logLevel } = kafkajs

let server: PeerServer
let kafka: KafkaType
before(async () => {
  server = await startPeerServer({ properties: { 'num.partitions': 3 } })
  kafka = new Kafka({
    clientId: 'kafkajs-suite',
    brokers: [server.bootstrap],
    logLevel: logLevel.NOTHING,
    retry: { retries: 8 },
  })
})
after(() => server?.stop())

/** What one consumer received, as `partition/offset key=value`. */
interface Received {
  readonly consumer: Consumer
  readonly messages: EachMessagePayload[]
  readonly assignments: Record<string, number[]>[]
}

async function consume(
  groupId: string,
  topics: string[],
  options: { autoCommitThreshold?: number } = {},
): Promise<Received> {
  const consumer = kafka.consumer({
    groupId,
    sessionTimeout: 10_000,
    heartbeatInterval: 500,
    rebalanceTimeout: 10_000,
    maxWaitTimeInMs: 200,
  })
  const messages: EachMessagePayload[] = []
  const assignments: Record<string, number[]>[] = []
  consumer.on(consumer.events.GROUP_JOIN, (event) => void assignments.push(event.payload.memberAssignment))
  await consumer.connect()
  await consumer.subscribe({ topics, fromBeginning: true })
  await consumer.run({
    autoCommitThreshold: options.autoCommitThreshold ?? 1,
    eachMessage: (payload) => {
      messages.push(payload)
      return Promise.resolve()
    },
  })
  return { consumer, messages, assignments }
}

for (const acks of [0, 1, -1]) {
  for (const compression of [CompressionTypes.None, CompressionTypes.GZIP]) {
    test(`records produced with acks ${acks} and compression ${compression} arrive whole`, async () => {
      const topic = `kafkajs-acks${acks}-compression${compression}`
      await using admin = await connected(kafka.admin())
      await admin.it.createTopics({ topics: [{ topic, numPartitions: 2 }], waitForLeaders: true })
      await using producer = await connected(kafka.producer())
      const sent = Array.from({ length: 200 }, (_, index) => ({
        key: `key-${index}`,
        value: `value-${index}`,
        partition: index % 2,
        timestamp: String(1_700_000_000_000 + index),
        headers: { index: String(index), binary: Buffer.from([0, 255, index % 256]) },
      }))
      const answers = await producer.it.send({ topic, acks, compression, messages: sent })
      if (acks === 0) assert.deepEqual(answers, [])
      else
        assert.deepEqual(
          new Set(answers.map(({ partition, errorCode, baseOffset }) => `${partition} ${errorCode} ${baseOffset}`)),
          new Set(['0 0 0', '1 0 0']),
        )
      const received = await consume(`${topic}-group`, [topic])
      try {
        await eventually(() => (received.messages.length >= sent.length ? true : undefined), 'all records')
      } finally {
        await received.consumer.disconnect()
      }
      assert.equal(received.messages.length, sent.length)
      for (const { partition, message } of received.messages) {
        const original = sent[Number(message.offset) * 2 + partition]!
        assert.equal(message.key?.toString(), original.key)
        assert.equal(message.value?.toString(), original.value)
        assert.equal(message.timestamp, original.timestamp)
        assert.equal(message.headers?.['index']?.toString(), original.headers.index)
        assert.deepEqual(message.headers?.['binary'], original.headers.binary)
      }
    })
  }
}

test('null values and null keys stay null, empty ones stay empty', async () => {
  const topic = 'kafkajs-nulls'
  await using producer = await connected(kafka.producer())
  await producer.it.send({
    topic,
    messages: [
      { key: null, value: null, partition: 0 },
      { key: '', value: '', partition: 0 },
    ],
  })
  const received = await consume('kafkajs-nulls-group', [topic])
  try {
    await eventually(() => (received.messages.length >= 2 ? true : undefined), 'both records')
  } finally {
    await received.consumer.disconnect()
  }
  const pairs = received.messages.map(({ message }) => [message.key, message.value])
  assert.deepEqual(pairs, [
    [null, null],
    [Buffer.alloc(0), Buffer.alloc(0)],
  ])
})

test('an idempotent producer is given an id and writes in order', async () => {
  const topic = 'kafkajs-idempotent'
  await using producer = await connected(kafka.producer({ idempotent: true, maxInFlightRequests: 1 }))
  for (let index = 0; index < 50; index++)
    await producer.it.send({ topic, messages: [{ value: String(index), partition: 1 }] })
  await using admin = await connected(kafka.admin())
  const offsets = await admin.it.fetchTopicOffsets(topic)
  assert.equal(offsets.find(({ partition }) => partition === 1)?.high, '50')
})

test('members join and leave a group: partitions move, nothing is lost, nothing is consumed twice', async () => {
  const topic = 'kafkajs-rebalance'
  await using admin = await connected(kafka.admin())
  await admin.it.createTopics({ topics: [{ topic, numPartitions: 4 }], waitForLeaders: true })
  await using producer = await connected(kafka.producer())
  const produce = async (from: number, to: number): Promise<void> => {
    const messages = Array.from({ length: to - from }, (_, index) => ({
      key: String(from + index),
      value: String(from + index),
    }))
    await producer.it.send({ topic, messages })
  }
  await produce(0, 100)
  const first = await consume('kafkajs-members', [topic])
  await eventually(() => (first.messages.length >= 100 ? true : undefined), 'the only member consumes everything')
  assert.deepEqual(first.assignments.at(-1)?.[topic]?.toSorted(), [0, 1, 2, 3])
  const second = await consume('kafkajs-members', [topic])
  const sizes = (member: Received): number => member.assignments.at(-1)?.[topic]?.length ?? 0
  await eventually(
    () => (sizes(first) === 2 && sizes(second) === 2 ? true : undefined),
    'each member has half of the partitions',
  )
  await produce(100, 300)
  const values = (): number[] =>
    [...first.messages, ...second.messages].map(({ message }) => Number(message.value?.toString()))
  await eventually(() => (new Set(values()).size >= 300 ? true : undefined), 'both together consume everything')
  const described = await admin.it.describeGroups(['kafkajs-members'])
  assert.equal(described.groups[0]?.state, 'Stable')
  assert.equal(described.groups[0]?.members.length, 2)
  await first.consumer.disconnect()
  await eventually(() => (sizes(second) === 4 ? true : undefined), 'the survivor has all partitions')
  await produce(300, 400)
  await eventually(() => (new Set(values()).size >= 400 ? true : undefined), 'the survivor consumes everything')
  await second.consumer.disconnect()
  assert.equal(values().length, 400, 'nothing twice, since every record was committed')
  await eventually(async () => {
    const { groups } = await admin.it.describeGroups(['kafkajs-members'])
    return groups[0]?.state === 'Empty' ? true : undefined
  }, 'the group is empty')
})

test('a consumer goes on where its group committed', async () => {
  const topic = 'kafkajs-resume'
  await using producer = await connected(kafka.producer())
  await producer.it.send({
    topic,
    messages: [
      { value: 'a', partition: 0 },
      { value: 'b', partition: 0 },
    ],
  })
  const before = await consume('kafkajs-resume-group', [topic])
  await eventually(() => (before.messages.length >= 2 ? true : undefined), 'the first two')
  await before.consumer.disconnect()
  await producer.it.send({ topic, messages: [{ value: 'c', partition: 0 }] })
  const later = await consume('kafkajs-resume-group', [topic])
  await eventually(() => (later.messages.length >= 1 ? true : undefined), 'the third')
  await later.consumer.disconnect()
  assert.deepEqual(
    later.messages.map(({ message }) => message.value?.toString()),
    ['c'],
  )
})

test('admin: topics are created, described, grown, configured and deleted', async () => {
  const topic = 'kafkajs-admin'
  await using admin = await connected(kafka.admin())
  const configEntries = [{ name: 'retention.ms', value: '3600000' }]
  assert.equal(
    await admin.it.createTopics({ topics: [{ topic, numPartitions: 2, configEntries }], waitForLeaders: true }),
    true,
  )
  assert.equal(await admin.it.createTopics({ topics: [{ topic }] }), false, 'it exists already')
  assert.ok((await admin.it.listTopics()).includes(topic))
  await admin.it.createPartitions({ topicPartitions: [{ topic, count: 5 }] })
  const { topics } = await admin.it.fetchTopicMetadata({ topics: [topic] })
  assert.deepEqual(topics[0]?.partitions.map(({ partitionId, leader }) => [partitionId, leader]).toSorted(), [
    [0, 1],
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 1],
  ])
  const valueOf = async (name: string): Promise<string | undefined> => {
    const { resources } = await admin.it.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: ConfigResourceTypes.TOPIC, name: topic }],
    })
    return resources[0]?.configEntries.find((entry) => entry.configName === name)?.configValue
  }
  assert.equal(await valueOf('retention.ms'), '3600000')
  assert.equal(await valueOf('cleanup.policy'), 'delete')
  await admin.it.alterConfigs({
    validateOnly: false,
    resources: [
      { type: ConfigResourceTypes.TOPIC, name: topic, configEntries: [{ name: 'cleanup.policy', value: 'compact' }] },
    ],
  })
  await eventually(
    async () => ((await valueOf('cleanup.policy')) === 'compact' ? true : undefined),
    'the new policy shows',
  )
  assert.notEqual(await valueOf('retention.ms'), '3600000', 'AlterConfigs replaces all of them')
  await assert.rejects(
    admin.it.createTopics({ topics: [{ topic: 'kafkajs-bad', configEntries: [{ name: 'no.such.key', value: '1' }] }] }),
  )
  await admin.it.deleteTopics({ topics: [topic] })
  await eventually(async () => ((await admin.it.listTopics()).includes(topic) ? undefined : true), 'the topic is gone')
})

test('admin: records are deleted up to an offset', async () => {
  const topic = 'kafkajs-trim'
  await using admin = await connected(kafka.admin())
  await using producer = await connected(kafka.producer())
  await admin.it.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true })
  await producer.it.send({ topic, messages: Array.from({ length: 10 }, (_, index) => ({ value: String(index) })) })
  await admin.it.fetchTopicOffsets(topic) // KafkaJS looks for the leader before it has asked for it.
  await admin.it.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '4' }] })
  const [offsets] = await admin.it.fetchTopicOffsets(topic)
  assert.deepEqual([offsets?.low, offsets?.high], ['4', '10'])
})

test('admin: offsets are found by time', async () => {
  const topic = 'kafkajs-times'
  await using admin = await connected(kafka.admin())
  await using producer = await connected(kafka.producer())
  await admin.it.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true })
  await producer.it.send({
    topic,
    messages: [1000, 2000, 3000].map((at) => ({ value: 'x', timestamp: String(1_600_000_000_000 + at) })),
  })
  const at = async (timestamp: number): Promise<string | undefined> =>
    (await admin.it.fetchTopicOffsetsByTimestamp(topic, timestamp))[0]?.offset
  assert.equal(await at(1_600_000_001_500), '1')
  assert.equal(await at(1_600_000_003_000), '2')
  assert.equal(await at(1_600_000_009_000), '3', 'after the last record: the end')
})

test('admin: group offsets are set, read, reset and deleted', async () => {
  const topic = 'kafkajs-offsets'
  const groupId = 'kafkajs-offsets-group'
  await using admin = await connected(kafka.admin())
  await using producer = await connected(kafka.producer())
  await admin.it.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true })
  await producer.it.send({ topic, messages: Array.from({ length: 5 }, (_, index) => ({ value: String(index) })) })
  await admin.it.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '3' }] })
  const [committed] = await admin.it.fetchOffsets({ groupId, topics: [topic] })
  assert.deepEqual(
    committed?.partitions.map(({ partition, offset }) => [partition, offset]),
    [[0, '3']],
  )
  await admin.it.resetOffsets({ groupId, topic, earliest: true })
  const [reset] = await admin.it.fetchOffsets({ groupId, topics: [topic], resolveOffsets: true })
  assert.equal(reset?.partitions[0]?.offset, '0')
  const listed = await admin.it.listGroups()
  assert.ok(listed.groups.some((group) => group.groupId === groupId))
  const [deleted] = await admin.it.deleteGroups([groupId])
  assert.equal(deleted?.errorCode, 0)
  const after = await admin.it.listGroups()
  assert.ok(!after.groups.some((group) => group.groupId === groupId))
})

test('admin: the cluster is described', async () => {
  await using admin = await connected(kafka.admin())
  const cluster = await admin.it.describeCluster()
  assert.deepEqual(cluster.brokers, [{ nodeId: 1, host: server.host, port: server.port }])
  assert.equal(cluster.controller, 1)
  assert.match(cluster.clusterId, /^[\w-]{22}$/)
})

/** Connects a client for the length of a scope. */
async function connected<T extends { connect(): Promise<void>; disconnect(): Promise<void> }>(
  it: T,
): Promise<AsyncDisposable & { it: T }> {
  await it.connect()
  return { it, [Symbol.asyncDispose]: () => it.disconnect() }
}
