/**
 * A directory that Apache Kafka 4.3.1 formatted and ran on (combined node, killed, not closed): it opens, everything is
 * there, and the node goes on. The golden log is the beginning of what that node wrote while an admin client created,
 * changed and deleted topics, configurations, quotas, a SCRAM user and an ACL.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'node:test'
import { MemoryStorage, SeededRandom, silentLogger } from '@braidlog/base'
import { bootstrapRecords } from '@braidlog/metadata'
import { defaultFeatureLevels, randomUuid, type Uuid } from '@braidlog/model'
import { plainCodecs as codecs } from '@braidlog/records'
import { openController, registerLocalBroker } from '../src/index.ts'
import { noTimers } from './scenario.ts'

const golden = (name: string) => readFileSync(join(import.meta.dirname, 'golden', name))
const CLUSTER_ID = 'MkU3OEVBNTcwNTJENDM2Qg'
const DIRECTORY_ID = '6OMg2XKKSZCDXTXh1GDsVw' as Uuid
const ORDERS = 'xLs6kcSfR46tCPjDS1L0Kw' as Uuid

async function kafkaDirectory(): Promise<MemoryStorage> {
  const storage = new MemoryStorage()
  const log = 'data/__cluster_metadata-0'
  storage.makeDirectory(log)
  const write = (path: string, bytes: Uint8Array) => storage.writeFileAtomic(path, bytes)
  await write(
    'data/meta.properties',
    Buffer.from(
      `#\n#Tue Nov 24 08:17:44 UTC 2026\nnode.id=1\ndirectory.id=${DIRECTORY_ID}\nversion=1\ncluster.id=${CLUSTER_ID}\n`,
    ),
  )
  await write(`${log}/00000000000000000000.log`, golden('kafka-4.3.1-metadata.log'))
  await write(`${log}/00000000000000000000-0000000000.checkpoint`, golden('kafka-4.3.1-bootstrap-snapshot.checkpoint'))
  await write(`${log}/leader-epoch-checkpoint`, Buffer.from('0\n1\n1 0\n'))
  await write(`${log}/partition.metadata`, Buffer.from('version: 0\ntopic_id: AAAAAAAAAAAAAAAAAAAAAQ'))
  await write(
    `${log}/quorum-state`,
    Buffer.from(
      '{"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}',
    ),
  )
  return storage
}

function open(storage: MemoryStorage) {
  return openController({
    storage,
    codecs,
    random: new SeededRandom(1),
    clock: { nowMs: () => 1_800_000_000_000, monotonicMs: () => 0 },
    timers: noTimers,
    logger: silentLogger,
    directory: 'data',
    nodeId: 1,
    clusterId: CLUSTER_ID,
    endpoints: [{ name: 'CONTROLLER', host: '127.0.0.1', port: 19093 }],
    configs: new Map([['node.id', '1']]),
    onFailure: (error) => assert.fail(error),
  })
}

test('a directory of Apache Kafka opens with all that it holds', async () => {
  const controller = await open(await kafkaDirectory())
  const { image } = controller
  assert.equal(controller.leaderEpoch, 2)
  assert.deepEqual(
    Object.fromEntries(image.features),
    Object.fromEntries([...defaultFeatureLevels(30), ['metadata.version', 30]]),
  )
  assert.equal(bootstrapRecords(image.features).length, image.features.size)

  assert.deepEqual(
    [...image.topics()].map((topic) => [topic.name, topic.partitions.size]),
    [
      ['orders', 5],
      ['dots.and_under', 1],
    ],
  )
  assert.equal(image.topic('orders')!.id, ORDERS)
  assert.deepEqual(image.partition('orders', 4), {
    replicas: [1],
    directories: [DIRECTORY_ID],
    isr: [1],
    removingReplicas: [],
    addingReplicas: [],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    leader: 1,
    leaderRecoveryState: 0,
    leaderEpoch: 0,
    partitionEpoch: 0,
  })
  const configs = (type: number, name: string) => Object.fromEntries(image.configs(type, name))
  assert.deepEqual(configs(2, 'orders'), { 'cleanup.policy': 'compact,delete', 'retention.ms': '222222' })
  assert.deepEqual(configs(4, '1'), { 'log.cleaner.threads': '2' })
  assert.deepEqual(configs(4, ''), { 'min.insync.replicas': '1', 'message.max.bytes': '2000000' })
  assert.deepEqual(configs(32, 'g1'), { 'consumer.session.timeout.ms': '50000' })
  assert.deepEqual(configs(16, 'm1'), { 'interval.ms': '1000' })

  const broker = image.broker(1)!
  assert.deepEqual([broker.epoch, broker.fenced, broker.logDirs], [14, false, [DIRECTORY_ID]])
  assert.equal(image.principals.scramCredential('alice', 1)!.iterations, 4096)
  assert.deepEqual(
    [...image.principals.acls()].map((acl) => [acl.principal, acl.resourceName]),
    [['User:bob', 'orders']],
  )
  assert.deepEqual(
    [...image.principals.clientQuotas()].map((quota) => [quota.entity.length, ...quota.values]),
    [[2, ['producer_byte_rate', 1000]]],
  )
  await controller.close()
})

test('on a directory of Apache Kafka the node goes on: it registers, changes and restarts', async () => {
  const storage = await kafkaDirectory()
  const controller = await open(storage)
  await registerLocalBroker(controller, {
    nodeId: 1,
    clusterId: CLUSTER_ID,
    incarnationId: randomUuid(new SeededRandom(5)),
    listeners: [{ name: 'PLAINTEXT', host: '127.0.0.1', port: 19092, securityProtocol: 0 }],
    rack: null,
    logDirs: [controller.directoryId],
    previousBrokerEpoch: 14,
  })
  assert.equal(controller.image.partition('orders', 0)!.leaderEpoch, 1)
  await controller.submit('deleteTopics', { topics: [], topicNames: ['dots.and_under'], timeoutMs: 0 })
  await controller.createSnapshot()
  const records = [...controller.image.records()]
  await controller.close()
  const again = await open(storage)
  assert.deepEqual([...again.image.records()], records)
  await again.close()
})
