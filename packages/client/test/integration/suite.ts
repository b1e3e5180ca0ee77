/**
 * What the client promises, against a broker that is really there. The same tests run against Braidlog and against Apache
 * Kafka: they use topics and groups of their own and leave nothing behind that another run would notice.
 */
import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import {
  int32,
  json,
  Kafka,
  KafkaError,
  string,
  topic,
  type Compression,
  type Consumer,
  type ConsumerOptions,
  type KafkaErrorCode,
} from '@braidlog/client'

export interface SuiteServer {
  readonly bootstrap: string
  stop(): Promise<void>
}

/** What the broker needs besides its defaults: access control, with everything allowed to whoever does not authenticate. */
export const suiteProperties = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
} as const

const TEST_TIMEOUT_MS = 60_000

/** Declares the tests. @param start starts the broker, or finds it; called once */
export function clientSuite(name: string, start: () => Promise<SuiteServer>): void {
  describe(`client against ${name}`, { timeout: 10 * TEST_TIMEOUT_MS }, () => {
    let server: SuiteServer
    let kafka: Kafka

    before(async () => {
      server = await start()
      kafka = new Kafka({ bootstrapServers: server.bootstrap, clientId: 'client-suite', metadataMaxAgeMs: 2_000 })
      await kafka.connect({ timeoutMs: 60_000 })
    })
    after(async () => {
      await kafka?.close()
      await server?.stop()
    })

    /** A topic of this test's own. */
    async function newTopic(partitions = 1, configs: Record<string, string> = {}): Promise<string> {
      const own = `client-suite-${randomUUID()}`
      await kafka.admin().createTopics([{ name: own, partitions, replicationFactor: 1, configs }])
      // Created means the controller has it; a broker learns of it a moment later.
      const resource = { type: 'topic', name: own } as const
      await eventual(
        async () =>
          await kafka
            .admin()
            .describeConfigs([resource])
            .catch(() => undefined),
        `topic ${own}`,
      )
      return own
    }

    const newGroup = (): string => `client-suite-${randomUUID()}`

    async function write(name: string, values: readonly string[], partition?: number): Promise<void> {
      await using producer = kafka.producer()
      await producer.sendBatch(
        name,
        values.map((value) => ({ value, ...(partition === undefined ? {} : { partition }) })),
      )
    }

    async function read(name: string): Promise<string[]> {
      await using reader = kafka.reader({ assign: [name], until: 'end' })
      const values: string[] = []
      for await (const record of reader) values.push(String(record.value))
      return values
    }

    function member(
      groupId: string,
      topics: ConsumerOptions['topics'],
      options: Partial<ConsumerOptions> = {},
    ): Consumer<Buffer, Buffer> {
      return kafka.consumer({ groupId, topics, autoOffsetReset: 'earliest', heartbeatIntervalMs: 200, ...options })
    }

    function check(title: string, body: () => Promise<void>): void {
      test(title, { timeout: TEST_TIMEOUT_MS }, body)
    }

    for (const compression of [
      'none',
      'gzip',
      'snappy',
      'lz4',
      'zstd',
      { type: 'zstd', level: 9 },
      { type: 'gzip', level: 1 },
    ] as Compression[]) {
      const label = typeof compression === 'object' ? `${compression.type} level ${compression.level}` : compression
      check(`records come back as they were sent: ${label}`, async () => {
        const own = await newTopic(2)
        await using producer = kafka.producer({ compression, batchSizeBytes: 1 << 20 })
        const sent = Array.from({ length: 3_000 }, (_, i) => ({
          key: i % 7 === 0 ? null : `key ${i % 50} é`,
          value: i % 11 === 0 ? null : `value ${i} `.repeat(1 + (i % 30)),
          headers:
            i % 3 === 0
              ? ([
                  ['a', 'x'],
                  ['b', null],
                  ['a', Buffer.from([i & 255])],
                ] as const)
              : undefined,
          timestamp: 1_600_000_000_000 + i,
        }))
        const results = await producer.sendBatch(own, sent)
        const found = new Map<string, (typeof sent)[number]>()
        await using reader = kafka.reader({ assign: [own], until: 'end', key: string(), value: string() })
        for await (const record of reader) {
          const { key, value, timestamp } = record
          const headers = record.headers.size === 0 ? undefined : ([...record.headers] as never)
          found.set(`${record.partition}/${record.offset}`, { key, value, timestamp, headers })
        }
        assert.equal(found.size, sent.length)
        results.forEach(({ partition, offset }, i) => {
          const got = found.get(`${partition}/${offset}`)!
          const { key, value, timestamp, headers } = sent[i]!
          assert.deepEqual([got.key, got.value, got.timestamp], [key, value, timestamp])
          const bytes = headers?.map(([name, each]) => [name, typeof each === 'string' ? Buffer.from(each) : each])
          assert.deepEqual(got.headers, bytes)
        })
      })
    }

    check('concurrent sends keep their order per partition, and nothing is lost or doubled', async () => {
      const own = await newTopic(3)
      await using producer = kafka.producer({ batchSizeBytes: 2_048 })
      const results = await Promise.all(
        Array.from(
          { length: 5_000 },
          async (_, i) => await producer.send({ topic: own, partition: i % 3, value: String(i) }),
        ),
      )
      for (let p = 0; p < 3; p++) {
        const offsets = results.filter((each) => each.partition === p).map((each) => each.offset)
        assert.deepEqual(
          offsets,
          offsets.map((_, i) => BigInt(i)),
        )
      }
      const values = await read(own)
      assert.equal(values.length, 5_000)
      assert.equal(new Set(values).size, 5_000)
    })

    check('acks 0 and 1, and a record close to the largest size', async () => {
      const own = await newTopic()
      for (const acks of [0, 1] as const) {
        await using producer = kafka.producer({ acks })
        await producer.send({ topic: own, value: `acks ${acks}` })
      }
      await using producer = kafka.producer()
      await producer.send({ topic: own, value: 'x'.repeat(1_000_000) })
      await rejects(producer.send({ topic: own, value: 'x'.repeat(1_100_000) }), 'MESSAGE_TOO_LARGE')
      await using generous = kafka.producer({ maxRequestSizeBytes: 4 << 20 })
      await rejects(generous.send({ topic: own, value: 'x'.repeat(2_000_000) }), 'MESSAGE_TOO_LARGE')
      assert.deepEqual(
        (await read(own)).map((each) => each.length),
        [6, 6, 1_000_000],
      )
    })

    check('keys go to the partition that Java chooses', async () => {
      const own = await newTopic(7)
      await using producer = kafka.producer()
      const { partition } = await producer.send({ topic: own, key: 'foobar', value: 'v' })
      assert.equal(partition, (-790332482 & 0x7fffffff) % 7)
    })

    check('typed topics carry their serdes', async () => {
      const orders = topic(await newTopic(), { key: int32(), value: json<{ id: number }>() })
      await using producer = kafka.producer()
      await producer.send(orders, { key: 5, value: { id: 1 } })
      await using reader = kafka.reader({ assign: [orders], until: 'end' })
      for await (const { key, value } of reader) assert.deepEqual({ key, value }, { key: 5, value: { id: 1 } })
    })

    check('LogAppendTime gives records the time of the broker', async () => {
      const own = await newTopic(1, { 'message.timestamp.type': 'LogAppendTime' })
      await using producer = kafka.producer()
      const { timestamp } = await producer.send({ topic: own, value: 'v', timestamp: 5 })
      assert.ok(timestamp > 1_600_000_000_000)
      await using reader = kafka.reader({ assign: [own], until: 'end' })
      for await (const record of reader)
        assert.deepEqual([record.timestamp, record.timestampType], [timestamp, 'append'])
    })

    check('a group goes on where it committed', async () => {
      const own = await newTopic(2)
      const groupId = newGroup()
      await write(
        own,
        Array.from({ length: 100 }, (_, i) => String(i)),
      )
      const seen = new Set<string>()
      await using first = member(groupId, [own])
      for await (const batch of first.batches()) {
        for (const record of batch) seen.add(String(record.value))
        await batch.commit()
        if (seen.size === 100) break
      }
      await first.close()
      await write(own, ['more'])
      await using second = member(groupId, [own])
      assert.equal(String((await second.records().next()).value!.value), 'more')
    })

    for (const assignor of ['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const) {
      check(`three members share six partitions: ${assignor}`, async () => {
        const own = await newTopic(6)
        const groupId = newGroup()
        const members = [1, 2, 3].map(() => member(groupId, [own], { assignors: [assignor] }))
        try {
          await Promise.all(members.map(async (each) => await each.joined({ timeoutMs: 30_000 })))
          await eventually(() => members.every((each) => each.assignment().length === 2), 'two partitions each')
          const all = members.flatMap((each) => each.assignment().map(({ partition }) => partition))
          assert.deepEqual(new Set(all), new Set([0, 1, 2, 3, 4, 5]))
          assert.equal(all.length, 6)
          await members[0]!.close()
          await eventually(
            () => members[1]!.assignment().length + members[2]!.assignment().length === 6,
            'the others take over',
          )
        } finally {
          await Promise.all(members.map(async (each) => await each.close()))
        }
      })
    }

    check('a static member that comes back has its partitions without a rebalance', async () => {
      const own = await newTopic(4)
      const groupId = newGroup()
      const instance = (groupInstanceId: string): Consumer<Buffer, Buffer> =>
        member(groupId, [own], { groupInstanceId })
      const a = instance('a')
      const b = instance('b')
      let again: Consumer<Buffer, Buffer> | undefined
      try {
        await Promise.all([a.joined(), b.joined()])
        await eventually(() => a.assignment().length === 2 && b.assignment().length === 2, 'two partitions each')
        const { generation } = b
        const before = b.assignment()
        const had = a.assignment()
        await a.close()
        again = instance('a')
        await again.joined()
        await eventually(() => again!.assignment().length === 2, 'the partitions are back')
        assert.deepEqual(
          new Set(again.assignment().map((each) => each.partition)),
          new Set(had.map((each) => each.partition)),
        )
        assert.deepEqual(b.assignment(), before)
        assert.equal(b.generation, generation)
      } finally {
        await Promise.all([a.close(), b.close(), again?.close()])
      }
    })

    check('run handles every record once across members that come and go', async () => {
      const own = await newTopic(4)
      const groupId = newGroup()
      await write(
        own,
        Array.from({ length: 2_000 }, (_, i) => String(i)),
      )
      const handled = new Set<string>()
      const runs: Promise<void>[] = []
      const start = (): Consumer<Buffer, Buffer> => {
        const consumer = member(groupId, [own], { commitIntervalMs: 300, fetch: { maxPartitionBytes: 2_000 } })
        runs.push(
          consumer.run(
            { concurrency: 4, order: 'key' },
            async (record) => void handled.add(`${record.partition}/${record.offset}`),
          ),
        )
        return consumer
      }
      const first = start()
      await eventually(() => handled.size > 100, 'the first works')
      const second = start()
      await second.joined({ timeoutMs: 30_000 })
      await first.close()
      await eventually(() => handled.size === 2_000, 'everything is handled')
      await second.close()
      await Promise.all(runs)
      const offsets = await kafka.admin().listGroupOffsets(groupId)
      assert.equal(
        offsets.reduce((sum, each) => sum + Number(each.offset), 0),
        2_000,
      )
    })

    check('a pattern picks up a topic that is created later', async () => {
      const prefix = `client-suite-${randomUUID()}`
      await kafka.admin().createTopics([{ name: `${prefix}.a`, partitions: 1, replicationFactor: 1 }])
      await write(`${prefix}.a`, ['a'])
      await using consumer = member(newGroup(), [new RegExp(`^${prefix}\\.`)])
      const records = consumer.records()
      assert.equal(String((await records.next()).value!.value), 'a')
      await kafka.admin().createTopics([{ name: `${prefix}.b`, partitions: 1, replicationFactor: 1 }])
      await write(`${prefix}.b`, ['b'])
      assert.equal(String((await records.next()).value!.value), 'b')
    })

    check('pause, resume, seek, position, committed and lag', async () => {
      const own = await newTopic(2)
      await write(own, ['0', '1', '2', '3'], 0)
      await write(own, ['a', 'b'], 1)
      const at = (partition: number) => ({ topic: own, partition })
      await using consumer = member(newGroup(), [own], { commit: 'manual' })
      await consumer.joined()
      consumer.pause([at(1)])
      const batch = (await consumer.batches().next()).value!
      assert.deepEqual([batch.partition, batch.size, batch.highWatermark], [0, 4, 4n])
      assert.equal(consumer.position(at(0)), 4n)
      await batch.commit()
      assert.deepEqual(
        (await consumer.committed([at(0), at(1)])).map((each) => [each.partition, each.offset]),
        [[0, 4n]],
      )
      await eventually(() => consumer.position(at(1)) === 0n, 'a position')
      const lag = await consumer.lag()
      assert.deepEqual(
        lag.sort((x, y) => x.partition - y.partition).map((each) => each.lag),
        [0, 2],
      )
      consumer.seek(at(0), 2)
      assert.equal((await consumer.batches().next()).value!.firstOffset, 2n)
      consumer.resume()
      assert.equal((await consumer.batches().next()).value!.partition, 1)
      consumer.seek(at(0), 'end')
      await eventually(() => consumer.position(at(0)) === 4n, 'the end')
    })

    check('topics: create, list, describe, grow, delete, and what is wrong with them', async () => {
      const admin = kafka.admin()
      const own = `client-suite-${randomUUID()}`
      const spec = { name: own, partitions: 2, replicationFactor: 1, configs: { 'retention.ms': 60_000 } }
      await admin.createTopics([spec], { validateOnly: true })
      assert.ok(!(await admin.listTopics()).some((each) => each.name === own))
      const [created] = await admin.createTopics([spec])
      assert.deepEqual([created!.name, created!.partitions, created!.replicationFactor], [own, 2, 1])
      assert.equal(created!.configs.find((each) => each.name === 'retention.ms')!.value, '60000')
      await rejects(admin.createTopics([spec]), 'TOPIC_ALREADY_EXISTS')
      await rejects(admin.createTopics([{ name: 'no/topic' }]), 'INVALID_TOPIC_EXCEPTION')
      await rejects(
        admin.createTopics([{ ...spec, name: `${own}-x`, configs: { 'no.such.config': 1 } }]),
        'INVALID_CONFIG',
      )
      const mixed = await rejects(admin.createTopics([spec, { ...spec, name: `${own}-2` }]), 'TOPIC_ALREADY_EXISTS')
      const outcomes = new Map(mixed.details.map((each) => [each.item, each.error?.code]))
      assert.deepEqual(
        outcomes,
        new Map([
          [own, 'TOPIC_ALREADY_EXISTS'],
          [`${own}-2`, undefined],
        ]),
      )
      await admin.createPartitions([{ topic: own, count: 5 }])
      const described = await eventual(async () => {
        const [each] = await admin.describeTopics([own])
        return each!.partitions.length === 5 ? each : undefined
      }, 'five partitions')
      assert.equal(described!.topicId, created!.topicId)
      assert.ok(described!.partitions.every((each) => each.leader !== null && each.isr.length === 1))
      await rejects(admin.createPartitions([{ topic: own, count: 3 }]), 'INVALID_PARTITIONS')
      const paged = await admin.describeTopicPartitions([own], { pageSize: 2 })
      assert.deepEqual(
        paged[0]!.partitions.map((each) => each.partition),
        [0, 1, 2, 3, 4],
      )
      await admin.deleteTopics([own, { topicId: (await admin.describeTopics([`${own}-2`]))[0]!.topicId }])
      await eventual(
        async () => ((await admin.listTopics()).some((each) => each.name.startsWith(own)) ? undefined : true),
        'they are gone',
      )
      await rejects(admin.describeTopics([own]), 'UNKNOWN_TOPIC_OR_PARTITION')
      await rejects(admin.deleteTopics([own]), 'UNKNOWN_TOPIC_OR_PARTITION')
    })

    check('configurations: describe, change, and what is wrong with them', async () => {
      const admin = kafka.admin()
      const own = await newTopic()
      const resource = { type: 'topic', name: own } as const
      const valueOf = async (name: string) => {
        const [described] = await admin.describeConfigs([{ ...resource, names: [name] }], {
          includeSynonyms: true,
          includeDocumentation: true,
        })
        return described!.entries.find((each) => each.name === name)!
      }
      const before = await valueOf('retention.ms')
      assert.deepEqual([before.value, before.isDefault, before.type], ['604800000', true, 'long'])
      assert.ok(before.documentation !== null && before.documentation.length > 10)
      await admin.incrementalAlterConfigs([
        {
          ...resource,
          changes: [
            { name: 'retention.ms', op: 'set', value: 1_000 },
            { name: 'cleanup.policy', op: 'append', value: 'compact' },
          ],
        },
      ])
      const set = await eventual(
        async () => ((await valueOf('retention.ms')).value === '1000' ? await valueOf('retention.ms') : undefined),
        'the change',
      )
      assert.deepEqual([set!.source, set!.isDefault], ['topic', false])
      assert.equal(set!.synonyms[0]!.value, '1000')
      assert.equal((await valueOf('cleanup.policy')).value, 'delete,compact')
      await admin.incrementalAlterConfigs([{ ...resource, changes: [{ name: 'retention.ms', op: 'delete' }] }])
      await eventual(async () => ((await valueOf('retention.ms')).isDefault ? true : undefined), 'the default again')
      await admin.alterConfigs([{ ...resource, configs: { 'segment.ms': '70000' } }])
      await eventual(
        async () => ((await valueOf('cleanup.policy')).value === 'delete' ? true : undefined),
        'all replaced',
      )
      await rejects(
        admin.incrementalAlterConfigs([{ ...resource, changes: [{ name: 'retention.ms', op: 'set', value: 'soon' }] }]),
        'INVALID_CONFIG',
      )
      await rejects(admin.describeConfigs([{ type: 'topic', name: `${own}-nope` }]), 'UNKNOWN_TOPIC_OR_PARTITION')
      const { brokers } = await admin.describeCluster()
      const [broker] = await admin.describeConfigs([{ type: 'broker', name: String(brokers[0]!.nodeId) }])
      assert.ok(broker!.entries.some((each) => each.name === 'log.retention.hours'))
    })

    check('offsets: earliest, latest, by time, largest time; deleted records', async () => {
      const admin = kafka.admin()
      const own = await newTopic()
      const at = { topic: own, partition: 0 }
      await using producer = kafka.producer()
      for (const timestamp of [1_000, 3_000, 2_000]) await producer.send({ topic: own, value: 'v', timestamp })
      const list = async (spec: Parameters<typeof admin.listOffsets>[0][number]['at']) =>
        (await admin.listOffsets([{ ...at, at: spec }]))[0]!
      assert.equal((await list('earliest')).offset, 0n)
      assert.equal((await list('latest')).offset, 3n)
      assert.deepEqual(
        [(await list({ timestamp: 1_500 })).offset, (await list({ timestamp: 1_500 })).timestamp],
        [1n, 3_000],
      )
      assert.equal((await list({ timestamp: 5_000 })).offset, null)
      assert.equal((await list('maxTimestamp')).offset, 1n)
      assert.deepEqual(await admin.deleteRecords([{ ...at, beforeOffset: 2 }]), [{ ...at, lowWatermark: 2n }])
      assert.equal((await list('earliest')).offset, 2n)
      await rejects(admin.deleteRecords([{ ...at, beforeOffset: 9 }]), 'OFFSET_OUT_OF_RANGE')
      await rejects(admin.listOffsets([{ topic: own, partition: 7, at: 'latest' }]), 'UNKNOWN_TOPIC_OR_PARTITION')
      await using reader = kafka.reader({ assign: [{ ...at, offset: 0 }], until: 'end' })
      assert.equal((await reader.records().next()).value!.offset, 2n)
    })

    check('groups: list, describe, offsets, and deletion', async () => {
      const admin = kafka.admin()
      const own = await newTopic(2)
      const groupId = newGroup()
      const at = (partition: number) => ({ topic: own, partition })
      await write(own, ['0', '1', '2'], 0)
      await admin.alterGroupOffsets(groupId, [
        { ...at(0), offset: 2, metadata: 'note' },
        { ...at(1), offset: 0 },
      ])
      await using consumer = member(groupId, [own])
      await consumer.joined()
      assert.equal((await consumer.records().next()).value!.offset, 2n)
      const [description] = await admin.describeGroups([groupId])
      assert.equal(description!.state, 'Stable')
      assert.deepEqual(
        description!.members.map((each) => [each.clientId, each.assignment.length]),
        [['client-suite', 2]],
      )
      assert.ok((await admin.listGroups()).some((each) => each.groupId === groupId && each.state === 'Stable'))
      await rejects(admin.deleteGroups([groupId]), 'NON_EMPTY_GROUP')
      await rejects(admin.alterGroupOffsets(groupId, [{ ...at(0), offset: 1 }]), 'NON_EMPTY_GROUP')
      await rejects(admin.deleteGroupOffsets(groupId, [at(1)]), 'GROUP_SUBSCRIBED_TO_TOPIC')
      await consumer.close()
      assert.deepEqual(
        (await admin.listGroupOffsets(groupId)).map((each) => [each.partition, each.offset, each.metadata]),
        [
          [0, 2n, 'note'],
          [1, 0n, null],
        ],
      )
      await admin.deleteGroupOffsets(groupId, [at(1)])
      assert.equal((await admin.listGroupOffsets(groupId)).length, 1)
      await admin.deleteGroups([groupId])
      assert.ok(!(await admin.listGroups()).some((each) => each.groupId === groupId))
      await rejects(admin.deleteGroups([groupId]), 'GROUP_ID_NOT_FOUND')
    })

    check('a member is removed by its instance id', async () => {
      const own = await newTopic()
      const groupId = newGroup()
      await using consumer = member(groupId, [own], { groupInstanceId: 'i' })
      await consumer.joined()
      await kafka.admin().removeGroupMembers(groupId, [{ groupInstanceId: 'i' }])
      await rejects(kafka.admin().removeGroupMembers(groupId, [{ groupInstanceId: 'other' }]), 'UNKNOWN_MEMBER_ID')
    })

    check('the cluster: brokers, features, quorum, log directories, producers, resources, leaders', async () => {
      const admin = kafka.admin()
      const own = await newTopic()
      await write(own, ['v'])
      const cluster = await admin.describeCluster({ includeAuthorizedOperations: true })
      assert.equal(cluster.clusterId.length, 22)
      assert.ok(cluster.brokers.length > 0 && cluster.controller !== null)
      assert.ok((await admin.describeFeatures()).features.some((each) => each.name === 'metadata.version'))
      assert.ok((await admin.describeQuorum()).voters.length > 0)
      const dirs = await admin.describeLogDirs()
      const replica = dirs.flatMap((each) => each.replicas).find((each) => each.topic === own)
      assert.ok(replica!.sizeBytes > 0)
      const [described] = await admin.describeProducers([{ topic: own, partition: 0 }])
      assert.equal(described!.producers[0]!.lastSequence, 0)
      await admin.listConfigResources()
      await admin.electLeaders('preferred', [{ topic: own, partition: 0 }])
      assert.deepEqual(await admin.listPartitionReassignments(), [])
    })

    check('access control: create, list by filter, delete, and what is wrong with it', async () => {
      const admin = kafka.admin()
      const principal = `User:${randomUUID()}`
      const read = { resourceType: 'topic', resourceName: 'orders', principal, operation: 'read' } as const
      const write = { ...read, resourceName: 'or', patternType: 'prefixed', operation: 'write' } as const
      const deny = { ...read, resourceType: 'group', resourceName: '*', permission: 'deny', host: '10.0.0.1' } as const
      await admin.createAcls([read, write, deny])
      const whole = { patternType: 'literal', host: '*', permission: 'allow' } as const
      const names = async (filter: Parameters<typeof admin.describeAcls>[0]): Promise<string[]> =>
        (await admin.describeAcls({ principal, ...filter })).map((each) => each.resourceName).sort()
      // Created means the controller has it; a broker learns of it a moment later.
      await eventual(async () => ((await names({})).length === 3 ? true : undefined), 'three entries')
      assert.deepEqual(await admin.describeAcls({ principal, operation: 'read', resourceType: 'topic' }), [
        { ...whole, ...read },
      ])
      assert.deepEqual(await names({ resourceType: 'topic', resourceName: 'orders', patternType: 'match' }), [
        'or',
        'orders',
      ])
      const gone = await admin.deleteAcls([
        { principal, permission: 'deny' },
        { principal, resourceType: 'topic' },
      ])
      assert.deepEqual(gone.map((each) => each.resourceName).sort(), ['*', 'or', 'orders'])
      await eventual(async () => ((await names({})).length === 0 ? true : undefined), 'no entry')
      const bad = await rejects(admin.createAcls([read, { ...read, principal: 'nobody' }]), 'INVALID_REQUEST')
      assert.deepEqual(
        bad.details.map((each) => each.error?.code ?? null),
        [null, 'INVALID_REQUEST'],
      )
      await admin.deleteAcls([{ principal }])
    })

    check('any request can be sent as it is', async () => {
      const answer = await kafka.request('DescribeCluster', {}, { timeoutMs: 5_000 })
      assert.equal(answer.errorCode, 0)
      assert.equal(answer.clusterId.length, 22)
    })

    check('what does not exist is named', async () => {
      const nope = `client-suite-${randomUUID()}`
      const error = await rejects(kafka.reader({ assign: [nope] }).start(), 'UNKNOWN_TOPIC_OR_PARTITION')
      assert.match(error.message, new RegExp(nope))
      await using consumer = member(newGroup(), [await newTopic()], { autoOffsetReset: 'none' })
      await rejects(consumer.records().next(), 'NO_OFFSET')
    })
  })
}

async function rejects(promise: Promise<unknown>, code: KafkaErrorCode): Promise<KafkaError> {
  try {
    await promise
  } catch (error) {
    assert.ok(KafkaError.is(error), String(error))
    assert.equal(error.code, code, error.message)
    return error
  }
  return assert.fail(`it did not fail with ${code}`)
}

const EVENTUALLY_MS = 30_000

/** Waits for what another party has to do first. */
async function eventual<T>(attempt: () => Promise<T | undefined>, what: string): Promise<T | undefined> {
  const endMs = Date.now() + EVENTUALLY_MS
  for (;;) {
    const result = await attempt()
    if (result !== undefined) return result
    if (Date.now() > endMs) assert.fail(`never: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

async function eventually(condition: () => boolean, what: string): Promise<void> {
  await eventual(async () => (condition() ? true : undefined), what)
}
