/** Formatting and inspecting directories; files that Apache Kafka 4.3 wrote are the yardstick. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { MemoryStorage, SeededRandom } from '@braidlog/base'
import { plainCodecs as codecs } from '@braidlog/records'
import {
  BOOTSTRAP_FILE,
  bootstrapRecords,
  formatStorage,
  inspectStorage,
  listSnapshots,
  META_PROPERTIES_FILE,
  METADATA_LOG_DIRECTORY,
  MetadataBatchWriter,
  MetadataError,
  readBootstrapFile,
  readMetaProperties,
  readSnapshot,
  snapshotFileName,
  type FormatOptions,
} from '../src/index.ts'
import { defaultFeatureLevels } from '@braidlog/model'

/** `kafka-storage format --standalone` of 4.3.1 wrote these two, with the clock at 0x1a20ca1df29 and after. */
const KAFKA_BOOTSTRAP = Buffer.from(
  '00000000000000000000004700000000029ece29d1002000000000000001a20ca1df29000001a20ca1df29ffffffffffffffffffffffffffff000000' +
    '012a0000000800000003160000000000000000000000000000000000000001000000f10000000002366afa11000000000005000001a20ca1df610000' +
    '01a20ca1df61ffffffffffffffffffffffffffff000000063a000000012e010c00116d657461646174612e76657273696f6e001e00005a000002014e' +
    '010c0021656c696769626c652e6c65616465722e7265706c696361732e76657273696f6e00010000340000040128010c000e67726f75702e76657273' +
    '696f6e00010000340000060128010c000e73686172652e76657273696f6e0001000038000008012c010c001073747265616d732e76657273696f6e00' +
    '0100004000000a0134010c00147472616e73616374696f6e2e76657273696f6e0002000000000000000000070000003f0000000002f35b54a4002000' +
    '000000000001a20ca1df62000001a20ca1df62ffffffffffffffffffffffffffff000000011a00000008000000040600000000',
  'hex',
)
const KAFKA_SNAPSHOT = Buffer.from(
  '00000000000000000000009a0000000002271919c4002000000002000001a20ca1df88000001a20ca1df88ffffffffffffffffffffffffffff000000' +
    '032a0000000800000003160000000001a20ca1df7900001e00000208000000050a000000010000820100000408000000066e00000200000001e8e320' +
    'd9728a4990835d35e1d460ec57020b434f4e54524f4c4c45520a3132372e302e302e314a9500000000010000000000000000000000030000003f0000' +
    '0000022382b3ab002000000000000001a20ca1dfe5000001a20ca1dfe5ffffffffffffffffffffffffffff000000011a000000080000000406000000' +
    '00',
  'hex',
)
const KAFKA_META_PROPERTIES = `#
#Tue Nov 24 08:17:44 UTC 2026
node.id=1
directory.id=6OMg2XKKSZCDXTXh1GDsVw
version=1
cluster.id=MkU3OEVBNTcwNTJENDM2Qg
`

function options(storage: MemoryStorage, more: Partial<FormatOptions> = {}): FormatOptions {
  return {
    storage,
    codecs,
    random: new SeededRandom(1),
    nowMs: 0x1a20ca1df29,
    directory: 'data',
    clusterId: 'MkU3OEVBNTcwNTJENDM2Qg',
    nodeId: 1,
    ...more,
  }
}

const standalone = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 19093 }]

async function kafkaDirectory(): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  const log = `data/${METADATA_LOG_DIRECTORY}`
  storage.makeDirectory(log)
  await storage.writeFileAtomic(`data/${BOOTSTRAP_FILE}`, KAFKA_BOOTSTRAP)
  await storage.writeFileAtomic(`${log}/${snapshotFileName({ endOffset: 0, epoch: 0 })}`, KAFKA_SNAPSHOT)
  await storage.writeFileAtomic(`data/${META_PROPERTIES_FILE}`, Buffer.from(KAFKA_META_PROPERTIES))
  return storage
}

test('the bootstrap records are, byte for byte, those of Apache Kafka', () => {
  const records = bootstrapRecords(new Map([['metadata.version', 30], ...defaultFeatureLevels(30)]))
  const position = { baseOffset: 1, epoch: 0, timestampMs: 0x1a20ca1df61 }
  const batches = new MetadataBatchWriter(codecs).write(records, position)
  assert.deepEqual(Buffer.concat(batches), KAFKA_BOOTSTRAP.subarray(83, 83 + 253))
})

test('formatting writes files of the same size and content as kafka-storage format --standalone', async () => {
  const storage = new MemoryStorage()
  const { directoryId, formatted } = await formatStorage(options(storage, { standalone }))
  assert.equal(formatted, true)
  const kafka = await kafkaDirectory()
  const log = `data/${METADATA_LOG_DIRECTORY}`
  assert.equal(storage.readFile(`data/${BOOTSTRAP_FILE}`).length, KAFKA_BOOTSTRAP.length)
  assert.deepEqual(readBootstrapFile(storage, 'data', codecs), readBootstrapFile(kafka, 'data', codecs))

  const id = { endOffset: 0, epoch: 0 }
  assert.deepEqual(listSnapshots(storage, log), [id])
  const [version, voters] = readSnapshot(storage, log, id, codecs).controls
  const [kafkaVersion, kafkaVoters] = readSnapshot(kafka, log, id, codecs).controls
  assert.deepEqual(version, kafkaVersion)
  assert.ok(voters?.type === 'kraftVoters' && kafkaVoters?.type === 'kraftVoters')
  const voterDirectoryId = readMetaProperties(kafka, 'data')!.directoryId!
  assert.deepEqual(
    { ...voters.message.voters[0], voterDirectoryId },
    kafkaVoters.message.voters[0],
    'the same voter but for the directory, which is random',
  )
  assert.equal(voters.message.voters[0]!.voterDirectoryId, directoryId)
})

test('a directory that Apache Kafka formatted is understood', async () => {
  const inspection = inspectStorage(await kafkaDirectory(), 'data', codecs)
  assert.deepEqual(inspection.problems, [])
  assert.equal(inspection.nodeId, 1)
  assert.equal(inspection.directoryId, '6OMg2XKKSZCDXTXh1GDsVw')
  assert.equal(inspection.kraftVersion, 1)
  assert.equal(inspection.bootstrapFeatures.get('metadata.version'), 30)
})

test('without standalone the quorum is static: no snapshot is written', async () => {
  const storage = new MemoryStorage()
  await formatStorage(options(storage))
  assert.equal(storage.exists(`data/${METADATA_LOG_DIRECTORY}`), false)
  assert.equal(inspectStorage(storage, 'data', codecs).kraftVersion, undefined)
})

test('a formatted directory is refused, or left alone when asked to', async () => {
  const storage = new MemoryStorage()
  const first = await formatStorage(options(storage))
  await assert.rejects(formatStorage(options(storage)), { code: 'ALREADY_FORMATTED' })
  const again = await formatStorage(options(storage, { ignoreFormatted: true, random: new SeededRandom(2) }))
  assert.deepEqual(again, { formatted: false, directoryId: first.directoryId })
  await assert.rejects(formatStorage(options(storage, { ignoreFormatted: true, nodeId: 2 })), { code: 'MISMATCH' })
})

test('an older metadata.version brings the features of its time', async () => {
  const storage = new MemoryStorage()
  await formatStorage(options(storage, { metadataVersion: 24 }))
  const { bootstrapFeatures } = inspectStorage(storage, 'data', codecs)
  assert.deepEqual(Object.fromEntries(bootstrapFeatures), {
    'metadata.version': 24,
    'group.version': 1,
    'transaction.version': 2,
  })
})

test('unsupported features are refused before anything is written', async () => {
  const storage = new MemoryStorage()
  for (const more of [{ metadataVersion: 31 }, { metadataVersion: 3 }, { features: new Map([['group.version', 9]]) }]) {
    await assert.rejects(formatStorage(options(storage, more)), { code: 'UNSUPPORTED_FEATURE' })
  }
  assert.equal(storage.exists('data'), false)
})

test('a crash before meta.properties leaves a directory that formats anew', async () => {
  const storage = new MemoryStorage()
  await formatStorage(options(storage, { standalone }))
  storage.remove(`data/${META_PROPERTIES_FILE}`)
  const { formatted } = await formatStorage(options(storage, { standalone, random: new SeededRandom(9) }))
  assert.equal(formatted, true)
  const { controls } = readSnapshot(storage, `data/${METADATA_LOG_DIRECTORY}`, { endOffset: 0, epoch: 0 }, codecs)
  const voters = controls.find((control) => control.type === 'kraftVoters')!
  assert.equal(voters.message.voters[0]!.voterDirectoryId, readMetaProperties(storage, 'data')!.directoryId)
})

test('damage is reported, not thrown, by an inspection', async () => {
  const storage = await kafkaDirectory()
  const damaged = KAFKA_BOOTSTRAP.map((byte, index) => (index === 200 ? byte ^ 1 : byte))
  await storage.writeFileAtomic(`data/${BOOTSTRAP_FILE}`, damaged)
  assert.equal(inspectStorage(storage, 'data', codecs).problems.length, 1)
  assert.throws(() => readBootstrapFile(storage, 'data', codecs))
})

test('meta.properties that make no sense are refused with what is wrong', async () => {
  const cases = [
    ['version=0\nbroker.id=1', /version 0/],
    ['version=1\nnode.id=1', /cluster\.id/],
    ['version=1\ncluster.id=x\nnode.id=minus', /node\.id/],
    ['version=1\ncluster.id=x\nnode.id=1\ndirectory.id=AAAAAAAAAAAAAAAAAAAAAg', /directory\.id/],
  ] as const
  for (const [text, message] of cases) {
    const storage = new MemoryStorage()
    storage.makeDirectory('data')
    await storage.writeFileAtomic(`data/${META_PROPERTIES_FILE}`, Buffer.from(text))
    assert.throws(
      () => readMetaProperties(storage, 'data'),
      (error) => error instanceof MetadataError && error.code === 'CORRUPT' && message.test(error.message),
    )
  }
})
