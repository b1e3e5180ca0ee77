/**
 * One data directory under two brokers in turn: what was written through ours is served by Apache Kafka, and back again.
 *
 * Nothing is converted in between: the one stops, the other starts on the same files. Compared are all records of all partitions (offset,
 * timestamp, key, value, headers), topic ids and configuration, and what consumer groups committed.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import kafkajs, { type Admin } from 'kafkajs'
import { runTool, startKafka } from '../peers/kafka.ts'
import { kcat } from '../peers/kcat.ts'
import { eventually, freePorts } from '../peers/process.ts'
import { startPeerServer, type PeerServer, type PeerServerOptions } from '../peers/server.ts'
import { dumpLog, segmentFiles } from './segments.ts'

const { Kafka, logLevel } = kafkajs

const topic = 'handover'
const partitions = 3
const groupId = 'handover-group'

let work: string
let options: PeerServerOptions
before(async () => {
  work = mkdtempSync(join(tmpdir(), 'braidlog-handover-'))
  options = {
    dir: join(work, 'data'),
    ports: (await freePorts(2)) as [number, number],
    properties: { 'num.partitions': partitions },
  }
})
after(() => rmSync(work, { recursive: true, force: true }))

/** Everything a client can see of the topic and the group. */
interface Picture {
  readonly records: readonly string[]
  readonly topicId: string
  readonly retentionMs: string
  readonly committed: readonly string[]
}

async function withServer<T>(
  start: (options: PeerServerOptions) => Promise<PeerServer>,
  use: (server: PeerServer) => Promise<T>,
): Promise<T> {
  const server = await start(options)
  try {
    return await use(server)
  } catch (error) {
    throw new Error(`${server.name} said:\n${server.log()}`, { cause: error })
  } finally {
    await server.stop()
  }
}

async function withAdmin<T>(server: PeerServer, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ brokers: [server.bootstrap], logLevel: logLevel.NOTHING, retry: { retries: 10 } }).admin()
  await admin.connect()
  try {
    return await use(admin)
  } finally {
    await admin.disconnect()
  }
}

async function createTopic(server: PeerServer): Promise<void> {
  await withAdmin(server, async (admin) => {
    // The smallest segment that Apache Kafka allows, so that there are several.
    const configEntries = [
      { name: 'segment.bytes', value: '1048576' },
      { name: 'retention.ms', value: '432000000' },
    ]
    await admin.createTopics({ topics: [{ topic, numPartitions: partitions, configEntries }], waitForLeaders: true })
  })
}

/** Writes to every partition with every codec, also through an idempotent producer, and commits a different offset for each partition. */
async function write(server: PeerServer, round: number, committed: number): Promise<void> {
  for (const [index, codec] of ['none', 'gzip', 'snappy', 'lz4', 'zstd'].entries()) {
    const partition = String(index % partitions)
    const rows = Array.from(
      { length: 400 },
      (_, row) => `key-${row}:round ${round} ${codec} row ${row} ${'·'.repeat(row % 50)}`,
    )
    const headers = ['-H', `round=${round}`, '-H', 'empty=']
    const idempotent = index % 2 === 0 ? ['-X', 'enable.idempotence=true'] : []
    await kcat(
      ['-P', '-b', server.bootstrap, '-t', topic, '-p', partition, '-K:', '-z', codec, ...headers, ...idempotent],
      { input: rows.join('\n') },
    )
  }
  // Enough bytes without compression for partition 0 to roll.
  const large = Array.from({ length: 1500 }, (_, row) => `large-${row}:${String(row % 10).repeat(1000)}`)
  await kcat(['-P', '-b', server.bootstrap, '-t', topic, '-p', '0', '-K:', '-X', 'batch.size=65536'], {
    input: large.join('\n'),
  })
  await withAdmin(server, (admin) =>
    admin.setOffsets({
      groupId,
      topic,
      partitions: [0, 1, 2].map((partition) => ({ partition, offset: String(committed + partition) })),
    }),
  )
}

async function look(server: PeerServer): Promise<Picture> {
  const { stdout } = await kcat(
    ['-C', '-b', server.bootstrap, '-t', topic, '-o', 'beginning', '-e', '-q', '-J', '-u'],
    { timeoutMs: 60_000 },
  )
  // Partitions arrive in any order, records of one partition in theirs.
  const records = stdout.split('\n').filter((line) => line !== '')
  const partitionOf = (record: string): number => Number(record.match(/"partition":(\d+)/)![1])
  const described = await runTool('org.apache.kafka.tools.TopicCommand', [
    '--bootstrap-server',
    server.bootstrap,
    '--describe',
    '--topic',
    topic,
  ])
  return {
    records: records.toSorted((a, b) => partitionOf(a) - partitionOf(b)),
    topicId: described.stdout.match(/TopicId: (\S+)/)![1]!,
    retentionMs: described.stdout.match(/retention\.ms=(\d+)/)![1]!,
    committed: await withAdmin(server, (admin) =>
      eventually(async () => {
        const [fetched] = await admin.fetchOffsets({ groupId, topics: [topic] })
        const offsets = fetched?.partitions
          .toSorted((a, b) => a.partition - b.partition)
          .map(({ partition, offset }) => `${partition}:${offset}`)
        return offsets?.length === partitions ? offsets : undefined
      }, 'committed offsets'),
    ),
  }
}

test('the same directory serves the same records, ids and offsets under both brokers, there and back', async (t) => {
  const ours = await withServer(startPeerServer, async (server) => {
    await createTopic(server)
    await write(server, 1, 100)
    return look(server)
  })
  assert.equal(ours.records.length, 5 * 400 + 1500)
  assert.deepEqual(ours.committed, ['0:100', '1:101', '2:102'])

  const theirs = await withServer(startKafka, async (server) => {
    assert.deepEqual(await look(server), ours, 'Apache Kafka shows what ours wrote')
    await write(server, 2, 200)
    return look(server)
  })
  assert.deepEqual(
    theirs.records.filter((record) => record.includes('round 1')),
    ours.records.filter((record) => record.includes('round 1')),
  )
  assert.deepEqual(theirs.committed, ['0:200', '1:201', '2:202'])

  await withServer(startPeerServer, async (server) => {
    assert.deepEqual(await look(server), theirs, 'ours shows what Apache Kafka wrote')
    await write(server, 3, 300)
    const both = await look(server)
    assert.equal(both.records.length, 3 * (5 * 400 + 1500))
    assert.deepEqual(both.committed, ['0:300', '1:301', '2:302'])
  })

  await t.test('kafka-dump-log reads every segment and index of the data without a complaint', async () => {
    const files = segmentFiles(join(options.dir!, `${topic}-0`))
    assert.ok(files.filter((file) => file.endsWith('.log')).length >= 3, 'several segments')
    for (const partition of [0, 1, 2]) {
      const dump = await dumpLog(
        segmentFiles(join(options.dir!, `${topic}-${partition}`)),
        '--deep-iteration',
        '--index-sanity-check',
      )
      assert.deepEqual(dump.complaints, [])
      // --index-sanity-check reads indexes only; the records are read by a run of their own.
      const deep = await dumpLog(
        segmentFiles(join(options.dir!, `${topic}-${partition}`)).filter((file) => file.endsWith('.log')),
        '--deep-iteration',
        '--print-data-log',
      )
      assert.deepEqual(deep.complaints, [])
      assert.ok(deep.records > 1000, `${deep.records} records of partition ${partition}`)
    }
  })

  await t.test('kafka-dump-log decodes the committed offsets', async () => {
    const { stdout } = await dumpLog(
      segmentFiles(options.dir!, /^__consumer_offsets-\d+$/).filter((file) => file.endsWith('.log')),
      '--offsets-decoder',
    )
    assert.match(stdout, /handover-group/)
    assert.match(stdout, /"offset":302/)
  })

  await t.test('kafka-dump-log decodes the metadata log, and its indexes are sound', async () => {
    const metadata = join(options.dir!, '__cluster_metadata-0')
    const dump = await dumpLog(
      segmentFiles(metadata).filter((file) => file.endsWith('.log')),
      '--cluster-metadata-decoder',
    )
    assert.deepEqual(dump.complaints, [])
    for (const record of ['REGISTER_BROKER_RECORD', 'TOPIC_RECORD', 'PARTITION_RECORD', 'CONFIG_RECORD'])
      assert.ok(dump.stdout.includes(record), record)
    assert.deepEqual((await dumpLog(segmentFiles(metadata), '--index-sanity-check')).complaints, [])
  })
})
