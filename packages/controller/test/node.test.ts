/** The controller on its log: answers after commits, restarts, failures. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { MemoryStorage, SeededRandom, silentLogger } from '@braidlog/base'
import {
  formatStorage,
  listSnapshots,
  METADATA_LOG_DIRECTORY,
  MetadataBatchWriter,
  metadataRecord,
  type MetadataDelta,
} from '@braidlog/metadata'
import { ErrorCode, randomUuid } from '@braidlog/model'
import { plainCodecs as codecs } from '@braidlog/records'
import { openController, registerLocalBroker, type ControllerError, type ControllerOptions } from '../src/index.ts'
import { noTimers, topicRequest } from './scenario.ts'

const endpoints = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 9093 }]
const random = new SeededRandom(3)

async function formatted(storage = new MemoryStorage(), dynamic = true): Promise<MemoryStorage> {
  await formatStorage({
    storage,
    codecs,
    random,
    nowMs: 1000,
    directory: 'data',
    clusterId: 'cluster',
    nodeId: 1,
    ...(dynamic && { standalone: endpoints }),
  })
  return storage
}

async function open(storage: MemoryStorage, more: Partial<ControllerOptions> = {}) {
  const failures: ControllerError[] = []
  const time = { nowMs: 1000 }
  const controller = await openController({
    storage,
    codecs,
    random,
    clock: { nowMs: () => time.nowMs++, monotonicMs: () => time.nowMs },
    timers: noTimers,
    logger: silentLogger,
    directory: 'data',
    nodeId: 1,
    clusterId: 'cluster',
    endpoints,
    configs: new Map([['node.id', '1']]),
    onFailure: (error) => failures.push(error),
    ...more,
  })
  return { controller, failures, time }
}

async function withBroker(storage: MemoryStorage, more: Partial<ControllerOptions> = {}) {
  const opened = await open(storage, more)
  const brokerEpoch = await registerLocalBroker(opened.controller, {
    nodeId: 1,
    clusterId: 'cluster',
    incarnationId: randomUuid(random),
    listeners: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
    rack: null,
    logDirs: [opened.controller.directoryId],
    previousBrokerEpoch: -1,
  })
  return { ...opened, brokerEpoch }
}

const create = (...names: readonly string[]) => ({
  topics: names.map((name) => topicRequest({ name })),
  timeoutMs: 0,
  validateOnly: false,
})

test('a new cluster begins with its bootstrap records and registers its controller', async () => {
  const { controller } = await open(await formatted())
  assert.deepEqual(Object.fromEntries(controller.finalizedFeatures().levels), {
    'metadata.version': 30,
    'eligible.leader.replicas.version': 1,
    'group.version': 1,
    'share.version': 1,
    'streams.version': 1,
    'transaction.version': 2,
    'kraft.version': 1,
  })
  assert.deepEqual([...controller.image.configs(4, '')], [['min.insync.replicas', '1']])
  assert.deepEqual(
    [...controller.image.controllers()].map((each) => each.id),
    [1],
  )
  await controller.close()
})

test('a static quorum is made dynamic by UpdateFeatures, durably when that is answered', async () => {
  const storage = await formatted(new MemoryStorage(), false)
  const { controller } = await withBroker(storage)
  assert.equal(controller.finalizedFeatures().levels.has('kraft.version'), false)
  const featureUpdates = [{ feature: 'kraft.version', maxVersionLevel: 1, upgradeType: 1, allowDowngrade: false }]
  const update = { timeoutMs: 0, validateOnly: false, featureUpdates }
  const dry = await controller.submit('updateFeatures', { ...update, validateOnly: true })
  assert.deepEqual([dry.errorCode, controller.raft.kraftVersion], [ErrorCode.NONE, 0])
  const { errorCode, errorMessage } = await controller.submit('updateFeatures', update)
  assert.equal(errorCode, ErrorCode.NONE, String(errorMessage))
  storage.crash(random)
  const again = await open(storage, { staticVoters: [] })
  assert.equal(again.controller.finalizedFeatures().levels.get('kraft.version'), 1)
  assert.deepEqual(again.controller.raft.voters[0]!.directoryId, controller.directoryId)
  await again.controller.createSnapshot()
  await again.controller.close()
})

test('an answer comes when the change is durable and visible', async () => {
  const storage = await formatted()
  const { controller } = await withBroker(storage)
  storage.holdSyncs()
  let answered = false
  const response = controller.submit('createTopics', create('orders')).then((each) => {
    answered = true
    assert.ok(controller.image.topic('orders'))
    return each
  })
  await new Promise((resolve) => setImmediate(resolve))
  assert.equal(answered, false)
  assert.equal(controller.image.topic('orders'), undefined)
  storage.releaseSyncs()
  assert.equal((await response).topics[0]!.errorCode, ErrorCode.NONE)
  await controller.close()
})

test('a request is decided on what is appended, and answered not before that is committed', async () => {
  const storage = await formatted()
  const { controller } = await withBroker(storage)
  const order: string[] = []
  const first = controller.submit('createTopics', create('orders')).then((response) => {
    order.push('created')
    return response
  })
  const second = controller.submit('createTopics', create('orders')).then((response) => {
    order.push('refused')
    return response
  })
  assert.equal((await second).topics[0]!.errorCode, ErrorCode.TOPIC_ALREADY_EXISTS)
  assert.equal((await first).topics[0]!.errorCode, ErrorCode.NONE)
  assert.deepEqual(order, ['created', 'refused'])
  await controller.close()
})

test('requests of one turn share a sync', async () => {
  const storage = await formatted()
  const { controller } = await withBroker(storage)
  const before = storage.syncs
  await Promise.all(['a', 'b', 'c', 'd'].map((name) => controller.submit('createTopics', create(name))))
  assert.equal(storage.syncs - before, 1)
  await controller.close()
})

test('a restart finds everything, in a new epoch, with and without a snapshot', async () => {
  const storage = await formatted()
  const first = await withBroker(storage)
  await first.controller.submit('createTopics', create('a', 'b'))
  await first.controller.close()

  const second = await withBroker(storage)
  assert.equal(second.controller.leaderEpoch, 2)
  assert.equal(second.controller.image.partition('a', 0)!.leaderEpoch, 1, 'a new start, a new leader epoch')
  await second.controller.createSnapshot()
  await second.controller.submit('createTopics', create('c'))
  const records = [...second.controller.image.records()]
  await second.controller.close()

  const third = await open(storage)
  assert.deepEqual([...third.controller.image.records()], records)
  const refused = await third.controller.submit('createTopics', create('c'))
  assert.equal(refused.topics[0]!.errorCode, ErrorCode.TOPIC_ALREADY_EXISTS, 'the machine was loaded, too')
  await third.controller.close()
})

test('subscribers follow from the first image on', async () => {
  const { controller } = await withBroker(await formatted())
  const deltas: MetadataDelta[] = []
  controller.subscribe({ onImage: (_image, delta) => deltas.push(delta) })
  assert.equal(deltas[0]!.fromSnapshot, true)
  assert.equal(deltas[0]!.brokers[0]!.id, 1)
  await controller.submit('createTopics', create('orders'))
  assert.deepEqual(
    deltas.slice(1).map((delta) => [delta.topics[0]!.name, delta.partitions.length]),
    [['orders', 1]],
  )
  await controller.close()
})

test('snapshots are written as the log grows, and by time', async () => {
  const log = `data/${METADATA_LOG_DIRECTORY}`
  const bySize = await formatted()
  const configs = new Map([
    ['node.id', '1'],
    ['metadata.log.max.record.bytes.between.snapshots', '2000'],
  ])
  const { controller } = await withBroker(bySize, { configs })
  for (let n = 0; n < 40; n++) await controller.submit('createTopics', create(`t${n}`))
  const records = [...controller.image.records()]
  await controller.close()
  assert.ok(listSnapshots(bySize, log).length > 2)
  const reopened = await open(bySize, { configs })
  assert.deepEqual([...reopened.controller.image.records()], records)
  await reopened.controller.close()

  const byTime = await formatted()
  const timed = await withBroker(byTime)
  timed.time.nowMs += 3_600_000
  await timed.controller.submit('createTopics', create('orders'))
  await timed.controller.close()
  assert.equal(listSnapshots(byTime, log).length, 2)
})

test('a transaction that a crash left open is aborted at the start', async () => {
  const storage = await formatted()
  const first = await withBroker(storage)
  await first.controller.submit('createTopics', create('kept'))
  const baseOffset = first.controller.highWatermark
  await first.controller.close()
  const [batch] = new MetadataBatchWriter(codecs).write(
    [
      metadataRecord('BeginTransaction', { name: 'half' }),
      metadataRecord('Topic', { name: 'half', topicId: randomUuid(random) }),
    ],
    { baseOffset, epoch: 1, timestampMs: 5 },
  )
  const file = storage.open(`data/${METADATA_LOG_DIRECTORY}/00000000000000000000.log`)
  file.write(batch!, 0, batch!.length, file.sizeBytes())
  await file.sync()
  file.close()

  const { controller } = await withBroker(storage)
  assert.ok(controller.image.topic('kept'))
  assert.equal(controller.image.topic('half'), undefined)
  const { topics } = await controller.submit('createTopics', create('half'))
  assert.equal(topics[0]!.errorCode, ErrorCode.NONE)
  await controller.close()
  const again = await open(storage)
  assert.ok(again.controller.image.topic('half'))
  await again.controller.close()
})

test('a log that fails ends the controller: callers are told, the node is told once', async () => {
  const storage = await formatted()
  const { controller, failures } = await withBroker(storage)
  storage.failNextSync()
  await assert.rejects(controller.submit('createTopics', create('lost')), { code: 'STORAGE_FAILED' })
  await assert.rejects(controller.submit('createTopics', create('more')), { code: 'STORAGE_FAILED' })
  assert.equal(failures.length, 1)
  assert.equal(controller.image.topic('lost'), undefined)
})

test('a log that fails when time calls for a change is not tried again at once', async () => {
  const storage = await formatted()
  const set: { delayMs: number; run: () => void }[] = []
  const timers = {
    after: (delayMs: number, run: () => void) => {
      const timer = { delayMs, run }
      set.push(timer)
      return { cancel: () => void set.splice(set.indexOf(timer), 1) }
    },
  }
  const { controller, failures, time, brokerEpoch } = await withBroker(storage, { timers })
  await controller.submit('brokerHeartbeat', {
    brokerId: 1,
    brokerEpoch,
    currentMetadataOffset: controller.image.offset,
    wantFence: false,
    wantShutDown: false,
    offlineLogDirs: [],
    cordonedLogDirs: null,
  })
  storage.failNextWrite()
  for (let turn = 0; turn < 20 && failures.length === 0; turn++) {
    const next = set.shift()!
    time.nowMs += next.delayMs
    next.run()
  }
  assert.equal(failures.length, 1)
  assert.ok(set.length > 0 && set.every(({ delayMs }) => delayMs > 0), JSON.stringify(set))
})

test('a caller may stop waiting', async () => {
  const storage = await formatted()
  const { controller } = await withBroker(storage)
  await assert.rejects(controller.submit('createTopics', create('a'), { signal: AbortSignal.abort() }), {
    code: 'ABORTED',
  })
  storage.holdSyncs()
  const abort = new AbortController()
  const waiting = controller.submit('createTopics', create('b'), { signal: abort.signal })
  abort.abort()
  await assert.rejects(waiting, { code: 'ABORTED' })
  storage.releaseSyncs()
  await controller.submit('createTopics', create('c'))
  assert.equal(controller.image.topic('a'), undefined, 'given up before it began')
  assert.ok(controller.image.topic('b'), 'given up while it was on its way')
  await controller.close()
})

test('too many waiting changes are turned away', async () => {
  const storage = await formatted()
  const { controller, brokerEpoch } = await withBroker(storage)
  storage.holdSyncs()
  const request = { brokerId: 1, brokerEpoch }
  const waiting = Array.from({ length: 4096 }, () => controller.submit('allocateProducerIds', request))
  await assert.rejects(controller.submit('allocateProducerIds', request), { code: 'QUEUE_FULL', retriable: true })
  storage.releaseSyncs()
  const starts = (await Promise.all(waiting)).map((each) => each.producerIdStart)
  assert.equal(new Set(starts).size, 4096)
  await controller.close()
})

test('a directory that is not this node’s is refused', async () => {
  await assert.rejects(open(new MemoryStorage()), { code: 'NOT_FORMATTED' })
  const storage = await formatted()
  await assert.rejects(open(storage, { nodeId: 2 }), { code: 'MISMATCH' })
  await assert.rejects(open(storage, { clusterId: 'another' }), { code: 'MISMATCH' })
})

test('a closed controller takes nothing more', async () => {
  const { controller } = await withBroker(await formatted())
  await controller.close()
  await controller.close()
  await assert.rejects(controller.submit('createTopics', create('a')), { code: 'CLOSED' })
})
