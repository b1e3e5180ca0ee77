/**
 * Metadata both ways: Apache Kafka's tools read the logs and snapshots that we write, whatever records they hold, and we
 * open the directories that its storage tool formats. Needs no network once the jars are there.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import { SeededRandom, silentLogger } from '@braidlog/base'
import { openController, registerLocalBroker } from '@braidlog/controller'
import {
  decodeMetadataRecord,
  DeltaBuilder,
  formatStorage,
  inspectStorage,
  METADATA_LOG_DIRECTORY,
  METADATA_RECORDS,
  MetadataBatchWriter,
  MetadataImage,
  metadataRecord,
  writeSnapshot,
  type MetadataRecord,
} from '@braidlog/metadata'
import { randomUuid } from '@braidlog/model'
import { batches } from '@braidlog/records'
import { nodeCodecs, NodeStorage, systemClock, systemTimers } from '@braidlog/runtime'
import { randomHistory } from '../../packages/metadata/test/random-history.ts'
import { PeerMissingError } from '../peers/debian.ts'
import { runTool } from '../peers/kafka.ts'

const TIMEOUT_MS = 120_000
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg'
const endpoints = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 9093 }]
const codecs = nodeCodecs
const random = new SeededRandom(4)

const work = mkdtempSync(join(tmpdir(), 'braidlog-metadata-'))
after(() => rmSync(work, { recursive: true, force: true }))
const storage = new NodeStorage(work)

/** Runs one of Kafka's programs. @returns what it printed, or `undefined` where there is no Java */
async function kafka(mainClass: string, ...args: readonly string[]): Promise<string | undefined> {
  try {
    return (await runTool(mainClass, args, { timeoutMs: TIMEOUT_MS })).stdout
  } catch (error) {
    if (error instanceof PeerMissingError) return undefined
    throw error
  }
}

const dump = (path: string) =>
  kafka(
    'org.apache.kafka.tools.DumpLogSegments',
    '--cluster-metadata-decoder',
    '--deep-iteration',
    '--files',
    join(work, path),
  )

/** Names of the record types that Kafka's decoder printed, in order. */
function dumpedTypes(output: string): string[] {
  return [...output.matchAll(/payload: \{"type":"(\w+)_RECORD"/g)].map((match) => match[1]!)
}

/** `REGISTER_BROKER` of `RegisterBroker`; the one name that does not follow is the obsolete ZkMigrationState. */
function kafkaType(record: MetadataRecord): string {
  if (record.type === 'ZkMigration') return 'ZK_MIGRATION_STATE'
  return record.type.replaceAll(/(?<=.)([A-Z])/g, '_$1').toUpperCase()
}

function openOurs(directory: string) {
  return openController({
    storage,
    directory,
    codecs,
    clock: systemClock,
    timers: systemTimers,
    random,
    logger: silentLogger,
    nodeId: 1,
    clusterId: CLUSTER_ID,
    endpoints,
    configs: new Map([['node.id', '1']]),
    onFailure: (error) => assert.fail(error),
  })
}

test('Kafka’s dump tool and metadata shell read what a node of ours wrote', { timeout: TIMEOUT_MS }, async (t) => {
  const directory = 'ours'
  const format = { storage, codecs, random, nowMs: systemClock.nowMs(), directory, clusterId: CLUSTER_ID, nodeId: 1 }
  await formatStorage({ ...format, standalone: endpoints })
  const controller = await openOurs(directory)
  await registerLocalBroker(controller, {
    nodeId: 1,
    clusterId: CLUSTER_ID,
    incarnationId: randomUuid(random),
    listeners: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 9092, securityProtocol: 0 }],
    rack: 'a',
    logDirs: [controller.directoryId],
    previousBrokerEpoch: -1,
  })
  const topic = (name: string, numPartitions: number) => ({
    name,
    numPartitions,
    replicationFactor: 1,
    assignments: [],
    configs: [{ name: 'retention.ms', value: '86400000' }],
  })
  await controller.submit('createTopics', {
    topics: [topic('orders', 3), topic('gone', 1)],
    timeoutMs: 0,
    validateOnly: false,
  })
  await controller.submit('deleteTopics', { topics: [], topicNames: ['gone'], timeoutMs: 0 })
  await controller.createSnapshot()
  await controller.close()

  const log = `${directory}/${METADATA_LOG_DIRECTORY}`
  const segment = `${log}/00000000000000000000.log`
  const output = await dump(segment)
  if (output === undefined) return t.skip('no Java')
  const batchLines = output.split('\n').filter((line) => line.startsWith('baseOffset:'))
  const stored = [...batches(readFileSync(join(work, segment)), { codecs })]
  assert.equal(batchLines.length, stored.length)
  assert.ok(batchLines.every((line) => line.includes('isvalid: true')))
  const values = stored.filter((batch) => !batch.isControl).flatMap((batch) => [...batch].map((each) => each.value!))
  assert.deepEqual(
    dumpedTypes(output),
    values.map((value) => kafkaType(decodeMetadataRecord(value))),
  )
  assert.match(output, /KRaftVoters/)

  const newest = readdirSync(join(work, log))
    .filter((name) => name.endsWith('.checkpoint') && /^\d/.test(name))
    .at(-1)!
  const shell = (command: string) =>
    kafka('org.apache.kafka.shell.MetadataShell', '--snapshot', join(work, log, newest), ...command.split(' '))
  assert.match((await shell('ls /image/topics/byName'))!, /orders/)
  assert.match((await shell('cat /image/topics/byName/orders/2'))!, /replicas=\[1\].*leader=1/)
})

test('Kafka’s tools read a log and a snapshot with every type of record', { timeout: TIMEOUT_MS }, async (t) => {
  // Histories begin with the metadata.version; the types that carry no state are put in by hand.
  const history: MetadataRecord[] = [
    ...randomHistory(11, 600),
    metadataRecord('BeginTransaction', { name: 'test' }),
    metadataRecord('AbortTransaction', { reason: 'test' }),
    metadataRecord('BeginTransaction', {}),
    metadataRecord('EndTransaction', {}),
    metadataRecord('ZkMigration', {}),
  ]
  const broker = history.findLast((record) => record.type === 'RegisterBroker')!.value
  history.push(metadataRecord('FenceBroker', { id: broker.brokerId, epoch: broker.brokerEpoch }))
  history.push(metadataRecord('UnfenceBroker', { id: broker.brokerId, epoch: broker.brokerEpoch }))
  assert.deepEqual(new Set(history.map((record) => record.type)), new Set(Object.keys(METADATA_RECORDS)))

  storage.makeDirectory('history')
  const log = Buffer.concat(new MetadataBatchWriter(codecs).write(history, { baseOffset: 0, epoch: 1, timestampMs: 5 }))
  writeFileSync(join(work, 'history/00000000000000000000.log'), log)
  const output = await dump('history/00000000000000000000.log')
  if (output === undefined) return t.skip('no Java')
  assert.deepEqual(dumpedTypes(output), history.map(kafkaType))

  const image = new MetadataImage()
  for (const record of history) {
    if (record.type !== 'FenceBroker' && record.type !== 'UnfenceBroker') image.apply(record, new DeltaBuilder())
  }
  const id = { endOffset: history.length, epoch: 1 }
  const contents = { lastContainedLogTimestampMs: 5, records: image.records() }
  await writeSnapshot(storage, 'history', id, contents, { codecs, nowMs: 6 })
  const snapshot = join(work, 'history', `${String(id.endOffset).padStart(20, '0')}-0000000001.checkpoint`)
  const shell = (command: string) =>
    kafka('org.apache.kafka.shell.MetadataShell', '--snapshot', snapshot, ...command.split(' '))
  let listed = ''
  // The shell answers before it has loaded the snapshot, if the machine is busy.
  for (let attempt = 0; attempt < 3 && listed.trim() === ''; attempt++)
    listed = (await shell('ls /image/topics/byName'))!
  assert.deepEqual(
    listed.trim().split(/\s+/).filter(Boolean).toSorted(),
    [...image.topics()].map((topic) => topic.name).toSorted(),
  )
  assert.match((await shell('cat /image/features/metadataVersion'))!, /4\.3-IV0/)
})

for (const quorum of ['static', 'dynamic'] as const) {
  test(`a directory that kafka-storage formatted for a ${quorum} quorum opens`, { timeout: TIMEOUT_MS }, async (t) => {
    const directory = `formatted-${quorum}`
    const properties = join(work, `${quorum}.properties`)
    const lines = [
      'process.roles=broker,controller',
      'node.id=1',
      'listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093',
      'controller.listener.names=CONTROLLER',
      quorum === 'static'
        ? 'controller.quorum.voters=1@127.0.0.1:9093'
        : 'controller.quorum.bootstrap.servers=127.0.0.1:9093',
      `log.dirs=${join(work, directory)}`,
    ]
    writeFileSync(properties, lines.join('\n'))
    const standalone = quorum === 'dynamic' ? ['--standalone'] : []
    const said = await kafka('kafka.tools.StorageTool', 'format', '-t', CLUSTER_ID, '-c', properties, ...standalone)
    if (said === undefined) return t.skip('no Java')
    assert.deepEqual(inspectStorage(storage, directory, codecs).problems, [])
    const controller = await openOurs(directory)
    assert.equal(controller.finalizedFeatures().levels.get('kraft.version'), quorum === 'dynamic' ? 1 : undefined)
    assert.equal(controller.image.metadataVersion, 30)
    await controller.close()
  })
}
