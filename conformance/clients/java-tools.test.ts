/**
 * The administration tools of Apache Kafka: topics, configs, consumer groups, offsets, log directories, records, cluster, features.
 */
import assert from 'node:assert/strict'
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { runTool } from '../peers/kafka.ts'
import { kcat } from '../peers/kcat.ts'
import { eventually } from '../peers/process.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

let server: PeerServer
let work: string
before(async () => {
  work = mkdtempSync(join(tmpdir(), 'braidlog-tools-'))
  server = await startPeerServer({ properties: { 'num.partitions': 1 } })
})
after(async () => {
  await server?.stop()
  rmSync(work, { recursive: true, force: true })
})

/** Runs one tool against the server; resolves with its standard output, rejects when it fails. */
async function tool(mainClass: string, ...args: string[]): Promise<string> {
  return (await runTool(mainClass, ['--bootstrap-server', server.bootstrap, ...args])).stdout
}
const topics = (...args: string[]): Promise<string> => tool('org.apache.kafka.tools.TopicCommand', ...args)
const configs = (...args: string[]): Promise<string> => tool('kafka.admin.ConfigCommand', ...args)
const groups = (...args: string[]): Promise<string> =>
  tool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', ...args)
const offsets = async (...args: string[]): Promise<string[]> =>
  lines(await tool('org.apache.kafka.tools.GetOffsetShell', ...args))

function lines(text: string): string[] {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
}

/** The cells of a table that the tools print, without its heading. */
function rows(text: string, first: string): string[][] {
  return lines(text)
    .filter((line) => line.startsWith(first))
    .map((line) => line.split(/\s+/))
}

async function produce(topic: string, partition: number, count: number): Promise<void> {
  const input = Array.from({ length: count }, (_, index) => `value ${index}`).join('\n')
  await kcat(['-P', '-b', server.bootstrap, '-t', topic, '-p', String(partition)], { input })
}

/** Consumes everything of a topic as a group that then ends, which leaves its offsets. */
async function consumeAs(groupId: string, topic: string, count: number): Promise<void> {
  const args = [
    '--bootstrap-server',
    server.bootstrap,
    '--topic',
    topic,
    '--group-id',
    groupId,
    '--group-protocol',
    'classic',
  ]
  await runTool('org.apache.kafka.tools.VerifiableConsumer', [
    ...args,
    '--max-messages',
    String(count),
    '--reset-policy',
    'earliest',
  ])
}

test('kafka-topics creates, lists, describes, grows and deletes', async () => {
  await topics(
    '--create',
    '--topic',
    'tools-topic',
    '--partitions',
    '3',
    '--config',
    'retention.ms=86400000',
    '--config',
    'max.message.bytes=2000000',
  )
  await assert.rejects(topics('--create', '--topic', 'tools-topic'), /TopicExistsException/)
  await topics('--create', '--topic', 'tools-topic', '--if-not-exists')
  assert.ok(lines(await topics('--list')).includes('tools-topic'))
  const described = await topics('--describe', '--topic', 'tools-topic')
  assert.match(described, /TopicId: [\w-]{22}\s+PartitionCount: 3\s+ReplicationFactor: 1/)
  assert.match(described, /retention\.ms=86400000/)
  assert.match(described, /max\.message\.bytes=2000000/)
  for (const partition of [0, 1, 2]) {
    assert.match(
      described,
      new RegExp(`Topic: tools-topic\\s+Partition: ${partition}\\s+Leader: 1\\s+Replicas: 1\\s+Isr: 1`),
    )
  }
  await topics('--alter', '--topic', 'tools-topic', '--partitions', '5')
  assert.match(await topics('--describe', '--topic', 'tools-topic'), /PartitionCount: 5/)
  await assert.rejects(
    topics('--alter', '--topic', 'tools-topic', '--partitions', '2'),
    /InvalidPartitions|decrease|would not be an increase/i,
  )
  await topics('--delete', '--topic', 'tools-topic')
  await eventually(async () => (lines(await topics('--list')).includes('tools-topic') ? undefined : true), 'it is gone')
})

test('kafka-topics is told what is wrong', async () => {
  await assert.rejects(topics('--create', '--topic', 'bad name!'), /InvalidTopicException|illegal|invalid/i)
  await assert.rejects(
    topics('--create', '--topic', 'tools-bad', '--config', 'retention.ms=soon'),
    /InvalidConfigurationException|Invalid value/,
  )
  await assert.rejects(
    topics('--create', '--topic', 'tools-bad', '--replication-factor', '3'),
    /InvalidReplicationFactorException/,
  )
  await assert.rejects(topics('--describe', '--topic', 'tools-absent'), /does not exist/)
})

test('kafka-configs describes, sets, appends and removes configuration of topics', async () => {
  await topics('--create', '--topic', 'tools-configs')
  const entity = ['--entity-type', 'topics', '--entity-name', 'tools-configs']
  await configs('--alter', ...entity, '--add-config', 'retention.ms=3600000,cleanup.policy=[compact,delete]')
  const set = await configs('--describe', ...entity)
  assert.match(set, /retention\.ms=3600000 sensitive=false synonyms=\{DYNAMIC_TOPIC_CONFIG:retention\.ms=3600000/)
  assert.match(set, /cleanup\.policy=compact,delete/)
  const all = await configs('--describe', '--all', ...entity)
  for (const name of [
    'segment.bytes=1073741824',
    'compression.type=producer',
    'min.insync.replicas=1',
    'message.timestamp.type=CreateTime',
  ]) {
    assert.ok(all.includes(name), name)
  }
  await configs('--alter', ...entity, '--delete-config', 'retention.ms')
  assert.doesNotMatch(await configs('--describe', ...entity), /retention\.ms/)
  await assert.rejects(
    configs('--alter', ...entity, '--add-config', 'segment.bytes=1'),
    /InvalidConfigurationException|Invalid value/,
  )
  await assert.rejects(
    configs('--alter', ...entity, '--add-config', 'no.such.key=1'),
    /InvalidConfigurationException|Unknown topic config/,
  )
})

test('kafka-configs describes and changes brokers', async () => {
  const all = await configs('--describe', '--all', '--entity-type', 'brokers', '--entity-name', '1')
  for (const name of [
    'node.id=1',
    'num.partitions=1',
    'log.segment.bytes=1073741824',
    'process.roles=broker,controller',
  ])
    assert.ok(all.includes(name), name)
  await configs('--alter', '--entity-type', 'brokers', '--entity-name', '1', '--add-config', 'log.retention.ms=7200000')
  await eventually(
    async () =>
      /log\.retention\.ms=7200000/.test(await configs('--describe', '--entity-type', 'brokers', '--entity-name', '1'))
        ? true
        : undefined,
    'the dynamic value shows',
  )
  await configs('--alter', '--entity-type', 'brokers', '--entity-default', '--add-config', 'message.max.bytes=2097152')
  assert.match(
    await configs('--describe', '--entity-type', 'brokers', '--entity-default'),
    /message\.max\.bytes=2097152/,
  )
  await assert.rejects(
    configs('--alter', '--entity-type', 'brokers', '--entity-name', '1', '--add-config', 'broker.id=7'),
    /Cannot update|InvalidRequest|read-only|Exception/,
  )
})

test('kafka-get-offsets finds both ends, the newest timestamp and times', async () => {
  await topics('--create', '--topic', 'tools-offsets', '--partitions', '2')
  await produce('tools-offsets', 0, 5)
  await produce('tools-offsets', 1, 3)
  const at = (time: string): Promise<string[]> => offsets('--topic', 'tools-offsets', '--time', time)
  assert.deepEqual(await at('latest'), ['tools-offsets:0:5', 'tools-offsets:1:3'])
  assert.deepEqual(await at('earliest'), ['tools-offsets:0:0', 'tools-offsets:1:0'])
  assert.deepEqual(await at('0'), ['tools-offsets:0:0', 'tools-offsets:1:0'])
  assert.equal((await at('max-timestamp')).length, 2)
  assert.deepEqual(await offsets('--topic-partitions', 'tools-offsets:1', '--time', '-1'), ['tools-offsets:1:3'])
})

test('kafka-consumer-groups lists, describes, resets and deletes', async () => {
  const topic = 'tools-group-topic'
  const group = 'tools-group'
  await topics('--create', '--topic', topic, '--partitions', '2')
  await produce(topic, 0, 10)
  await produce(topic, 1, 10)
  await consumeAs(group, topic, 20)
  assert.ok(lines(await groups('--list')).includes(group))
  await eventually(
    async () => (/Empty/.test(await groups('--describe', '--group', group, '--state')) ? true : undefined),
    'the group is empty',
  )
  const cells = (text: string): string[][] => rows(text, group).map((row) => row.slice(1, 6))
  assert.deepEqual(cells(await groups('--describe', '--group', group)), [
    [topic, '0', '10', '10', '0'],
    [topic, '1', '10', '10', '0'],
  ])
  const reset = (...how: string[]): Promise<string> =>
    groups('--reset-offsets', '--group', group, '--topic', topic, ...how)
  const plan = rows(await reset('--to-earliest', '--dry-run'), group).map((row) => row.slice(1, 4))
  assert.deepEqual(
    plan.toSorted((a, b) => Number(a[1]) - Number(b[1])),
    [
      [topic, '0', '0'],
      [topic, '1', '0'],
    ],
  )
  assert.deepEqual(
    cells(await groups('--describe', '--group', group))[0],
    [topic, '0', '10', '10', '0'],
    'a dry run changes nothing',
  )
  await reset('--to-offset', '4', '--execute')
  await reset('--shift-by', '2', '--execute')
  assert.deepEqual(cells(await groups('--describe', '--group', group)), [
    [topic, '0', '6', '10', '4'],
    [topic, '1', '6', '10', '4'],
  ])
  await groups('--delete-offsets', '--group', group, '--topic', `${topic}:1`)
  assert.deepEqual(
    cells(await groups('--describe', '--group', group)).map((row) => row[1]),
    ['0'],
  )
  await groups('--delete', '--group', group)
  assert.ok(!lines(await groups('--list')).includes(group))
  const description = ['--bootstrap-server', server.bootstrap, '--describe', '--group', 'tools-absent-group']
  const absent = await runTool('org.apache.kafka.tools.consumer.group.ConsumerGroupCommand', description)
  assert.match(absent.stdout + absent.stderr, /GroupIdNotFoundException/)
})

test('kafka-groups lists groups with their type', async () => {
  await topics('--create', '--topic', 'tools-typed')
  await produce('tools-typed', 0, 1)
  await consumeAs('tools-typed-group', 'tools-typed', 1)
  const listed = rows(await tool('org.apache.kafka.tools.GroupsCommand', '--list'), 'tools-typed-group')
  assert.deepEqual(listed, [['tools-typed-group', 'Classic', 'consumer']])
})

test('kafka-log-dirs tells directories and sizes', async () => {
  await topics('--create', '--topic', 'tools-sizes')
  await produce('tools-sizes', 0, 100)
  const text = await tool('org.apache.kafka.tools.LogDirsCommand', '--describe', '--topic-list', 'tools-sizes')
  const json = JSON.parse(lines(text).find((line) => line.startsWith('{'))!) as {
    brokers: {
      broker: number
      logDirs: {
        logDir: string
        error: unknown
        partitions: { partition: string; size: number; offsetLag: number }[]
      }[]
    }[]
  }
  assert.equal(json.brokers[0]?.broker, 1)
  const [directory] = json.brokers[0]!.logDirs
  assert.equal(directory?.logDir, server.dir)
  assert.equal(directory?.error, null)
  assert.deepEqual(
    directory?.partitions.map(({ partition, offsetLag }) => [partition, offsetLag]),
    [['tools-sizes-0', 0]],
  )
  assert.ok(directory.partitions[0]!.size > 1000)
})

test('kafka-delete-records moves the beginning of a partition', async () => {
  await topics('--create', '--topic', 'tools-trim')
  await produce('tools-trim', 0, 10)
  const file = join(work, 'delete.json')
  writeFileSync(file, JSON.stringify({ version: 1, partitions: [{ topic: 'tools-trim', partition: 0, offset: 7 }] }))
  const text = await tool('org.apache.kafka.tools.DeleteRecordsCommand', '--offset-json-file', file)
  assert.match(text, /tools-trim-0\s+low_watermark: 7/)
  assert.deepEqual(await offsets('--topic', 'tools-trim', '--time', 'earliest'), ['tools-trim:0:7'])
})

test('kafka-cluster, kafka-broker-api-versions, kafka-features and kafka-metadata-quorum', async () => {
  const clusterOutput = (
    await runTool('org.apache.kafka.tools.ClusterTool', ['cluster-id', '--bootstrap-server', server.bootstrap])
  ).stdout
  assert.match(clusterOutput, /Cluster ID: [\w-]{22}/)
  const endpoints = (
    await runTool('org.apache.kafka.tools.ClusterTool', ['list-endpoints', '--bootstrap-server', server.bootstrap])
  ).stdout
  assert.match(endpoints, new RegExp(`1\\s+${server.host}\\s+${server.port}`))
  const versions = await tool('org.apache.kafka.tools.BrokerApiVersionsCommand')
  assert.match(versions, /Produce\(0\): \d+ to \d+ \[usable: \d+\]/)
  assert.doesNotMatch(versions, /UNSUPPORTED.*Fetch/)
  const features = (
    await runTool('org.apache.kafka.tools.FeatureCommand', ['--bootstrap-server', server.bootstrap, 'describe'])
  ).stdout
  assert.match(
    features,
    /Feature: metadata\.version\s+SupportedMinVersion: \S+\s+SupportedMaxVersion: 4\.\d\S*\s+FinalizedVersionLevel: 4\.\d/,
  )
  const quorum = (
    await runTool('org.apache.kafka.tools.MetadataQuorumCommand', [
      '--bootstrap-server',
      server.bootstrap,
      'describe',
      '--status',
    ])
  ).stdout
  assert.match(quorum, /LeaderId:\s+1/)
})
