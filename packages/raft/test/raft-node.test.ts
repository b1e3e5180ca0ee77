/** The node over storage in memory: restarts, crashes, failures, snapshots. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { MemoryStorage, SeededRandom, silentLogger } from '@braidlog/base'
import { LogResources } from '@braidlog/log'
import {
  formatStorage,
  METADATA_LOG_DIRECTORY,
  metadataRecord,
  type LoadedSnapshot,
  type MetadataBatch,
  type MetadataRecord,
} from '@braidlog/metadata'
import { ZERO_UUID, type Uuid } from '@braidlog/model'
import { plainCodecs as codecs } from '@braidlog/records'
import { RaftNode, type RaftError, type RaftNodeOptions } from '../src/index.ts'

const LOG = `data/${METADATA_LOG_DIRECTORY}`
const endpoints = [{ name: 'CONTROLLER', host: '127.0.0.1', port: 9093 }]

interface Seen {
  readonly snapshots: LoadedSnapshot[]
  readonly batches: MetadataBatch[]
  readonly failures: RaftError[]
}

async function formatted(storage: MemoryStorage, dynamic = true): Promise<Uuid> {
  const { directoryId } = await formatStorage({
    storage,
    codecs,
    random: new SeededRandom(1),
    nowMs: 1000,
    directory: 'data',
    clusterId: 'c',
    nodeId: 1,
    ...(dynamic ? { standalone: endpoints } : {}),
  })
  return directoryId!
}

async function open(storage: MemoryStorage, directoryId: Uuid, more: Partial<RaftNodeOptions> = {}) {
  const seen: Seen = { snapshots: [], batches: [], failures: [] }
  let nowMs = 1000
  const node = await RaftNode.open({
    storage,
    clock: { nowMs: () => nowMs++, monotonicMs: () => nowMs },
    random: new SeededRandom(2),
    codecs,
    logger: silentLogger,
    resources: new LogResources(),
    directory: 'data',
    segmentBytes: 1024 * 1024,
    segmentMs: 3_600_000,
    nodeId: 1,
    directoryId,
    endpoints,
    staticVoters: [{ id: 1, directoryId: ZERO_UUID, endpoints }],
    retention: { retentionBytes: -1, retentionMs: -1 },
    listener: {
      handleLoadSnapshot: (snapshot) => seen.snapshots.push(snapshot),
      handleCommit: (batch) => seen.batches.push(batch),
    },
    onFailure: (error) => seen.failures.push(error),
    ...more,
  })
  return { node, seen }
}

const config = (value: string): MetadataRecord =>
  metadataRecord('Config', { resourceType: 2, resourceName: 't', name: 'k', value })

function valuesOf(seen: Seen): string[] {
  return seen.batches
    .flatMap((batch) => batch.records)
    .map((record) => (record.type === 'Config' ? record.value.value! : record.type))
}

test('the first epoch begins with leader change, kraft.version and voters in one batch', async () => {
  const storage = new MemoryStorage()
  const { node, seen } = await open(storage, await formatted(storage))
  assert.equal(node.epoch, 1)
  assert.equal(node.kraftVersion, 1)
  assert.deepEqual(
    seen.batches[0]!.controls.map((control) => control.type),
    ['leaderChange', 'kraftVersion', 'kraftVoters'],
  )
  await node.close()
})

test('every start is a new epoch; voters are written again only when the endpoints changed', async () => {
  const storage = new MemoryStorage()
  const directoryId = await formatted(storage)
  const moved = [{ ...endpoints[0]!, port: 9999 }]
  const controls: string[][] = []
  for (const where of [endpoints, endpoints, moved]) {
    const { node, seen } = await open(storage, directoryId, { endpoints: where })
    controls.push(seen.batches.at(-1)!.controls.map((control) => control.type))
    if (where === moved) assert.deepEqual(node.voters[0]!.endpoints, moved)
    await node.close()
  }
  assert.deepEqual(controls, [
    ['leaderChange', 'kraftVersion', 'kraftVoters'],
    ['leaderChange'],
    ['leaderChange', 'kraftVersion', 'kraftVoters'],
  ])
})

test('a static quorum has no voters in its log and names them in quorum-state', async () => {
  const storage = new MemoryStorage()
  const { node, seen } = await open(storage, await formatted(storage, false))
  assert.equal(node.kraftVersion, 0)
  assert.deepEqual(
    seen.batches[0]!.controls.map((control) => control.type),
    ['leaderChange'],
  )
  const text = new TextDecoder().decode(storage.readFile(`${LOG}/quorum-state`))
  assert.match(text, /"currentVoters":\[\{"voterId":1\}\],"data_version":0/)
  await node.close()
})

test('appends of one turn share a sync, and are committed in order', async () => {
  const storage = new MemoryStorage()
  const { node, seen } = await open(storage, await formatted(storage))
  const before = storage.syncs
  const order: number[] = []
  const appended = [1, 2, 3].map((n) => {
    const each = node.append([config(String(n))])
    return each.committed.then(() => order.push(each.lastOffset))
  })
  assert.deepEqual(valuesOf(seen), [], 'not committed before it is durable')
  await Promise.all(appended)
  assert.equal(storage.syncs - before, 1)
  assert.deepEqual(valuesOf(seen), ['1', '2', '3'])
  assert.deepEqual(order, [3, 4, 5])
  assert.equal(node.highWatermark, 6)
  await node.close()
})

test('an append right after a commit is flushed too', async () => {
  const storage = new MemoryStorage()
  const { node, seen } = await open(storage, await formatted(storage))
  for (let n = 0; n < 20; n++) await node.append([config(String(n))]).committed
  assert.equal(valuesOf(seen).length, 20)
  await node.close()
})

test('after a crash everything committed is there, and what was not durable is gone or whole', async () => {
  for (let seed = 0; seed < 30; seed++) {
    const storage = new MemoryStorage()
    const directoryId = await formatted(storage)
    const first = await open(storage, directoryId)
    for (let n = 0; n < 5; n++) await first.node.append([config(`c${n}`)]).committed
    storage.holdSyncs()
    for (let n = 0; n < 5; n++) first.node.append([config(`u${n}`), config(`u${n}`)])
    storage.crash(new SeededRandom(seed))
    const { node, seen } = await open(storage, directoryId)
    const values = valuesOf(seen)
    const survivors = values.slice(5)
    assert.deepEqual(values.slice(0, 5), ['c0', 'c1', 'c2', 'c3', 'c4'], `seed ${seed}`)
    const expected = [0, 1, 2, 3, 4].flatMap((n) => [`u${n}`, `u${n}`]).slice(0, survivors.length)
    assert.deepEqual(survivors, expected, `seed ${seed}: a prefix of what was appended`)
    assert.equal(survivors.length % 2, 0, `seed ${seed}: no half batch`)
    assert.ok(node.epoch > first.node.epoch)
    await node.close()
  }
})

test('a failed sync fails the node: waiters are told, nothing more is appended', async () => {
  const storage = new MemoryStorage()
  const { node, seen } = await open(storage, await formatted(storage))
  storage.failNextSync()
  const { committed } = node.append([config('lost')])
  await assert.rejects(committed, { code: 'STORAGE_FAILED' })
  assert.throws(() => node.append([config('more')]), { code: 'STORAGE_FAILED' })
  assert.equal(seen.failures.length, 1)
  assert.deepEqual(valuesOf(seen), [])
  await node.close()
})

test('a failed write fails the node before anything is acknowledged', async () => {
  const storage = new MemoryStorage()
  const { node, seen } = await open(storage, await formatted(storage))
  storage.failNextWrite('ENOSPC')
  assert.throws(() => node.append([config('lost')]), { code: 'STORAGE_FAILED' })
  assert.equal(seen.failures.length, 1)
})

test('a snapshot replaces the log before it at the next start', async () => {
  const storage = new MemoryStorage()
  const directoryId = await formatted(storage)
  const first = await open(storage, directoryId)
  for (let n = 0; n < 10; n++) await first.node.append([config(String(n))]).committed
  await first.node.createSnapshot([config('9')])
  assert.deepEqual(first.node.latestSnapshotId, { endOffset: 13, epoch: 1 })
  await first.node.append([config('after')]).committed
  await first.node.close()

  const { node, seen } = await open(storage, directoryId)
  assert.deepEqual(seen.snapshots[0]!.records, [config('9')])
  assert.deepEqual(valuesOf(seen), ['after'])
  assert.equal(node.kraftVersion, 1, 'the snapshot carries the quorum')
  await node.close()
})

test('a listener may ask for a snapshot of what it is just being told', async () => {
  const storage = new MemoryStorage()
  const directoryId = await formatted(storage)
  let ask = false
  const first = await open(storage, directoryId, {
    listener: {
      handleLoadSnapshot: () => {},
      handleCommit: (batch) => {
        if (ask) void first.node.createSnapshot(batch.records)
      },
    },
  })
  await first.node.append([config('before')]).committed
  ask = true
  const { lastOffset, committed } = first.node.append([config('now')])
  await committed
  ask = false
  await first.node.close()
  assert.deepEqual(first.node.latestSnapshotId, { endOffset: lastOffset + 1, epoch: 1 })
  const { node, seen } = await open(storage, directoryId)
  assert.deepEqual(seen.snapshots[0]!.records, [config('now')])
  assert.deepEqual(valuesOf(seen), [], 'what the snapshot covers is not told again')
  await node.close()
})

test('a second snapshot at the same offset is not written', async () => {
  const storage = new MemoryStorage()
  const directoryId = await formatted(storage)
  const { node } = await open(storage, directoryId, { retention: { retentionBytes: 0, retentionMs: -1 } })
  await node.append([config('x')]).committed
  await node.createSnapshot([config('x')])
  await node.createSnapshot([config('y')])
  await node.close()
  const again = await open(storage, directoryId)
  assert.deepEqual(again.seen.snapshots[0]!.records, [config('x')])
  await again.node.close()
})

test('a log that ends before the newest snapshot starts again behind it', async () => {
  const storage = new MemoryStorage()
  const directoryId = await formatted(storage)
  const first = await open(storage, directoryId)
  for (let n = 0; n < 10; n++) await first.node.append([config(String(n))]).committed
  await first.node.createSnapshot([config('9')])
  await first.node.close()
  for (const { name } of storage.list(LOG)) {
    if (/\.(log|index|timeindex|snapshot)$/.test(name)) storage.remove(`${LOG}/${name}`)
  }
  const { node, seen } = await open(storage, directoryId)
  assert.deepEqual(seen.snapshots[0]!.records, [config('9')])
  assert.equal(node.endOffset, 14)
  assert.equal(node.epoch, 2)
  await node.close()
})

test('old snapshots and the segments before them go by the limits', async () => {
  const storage = new MemoryStorage()
  const directoryId = await formatted(storage)
  const options = { segmentBytes: 2000, retention: { retentionBytes: 0, retentionMs: -1 } }
  const first = await open(storage, directoryId, options)
  for (let round = 0; round < 3; round++) {
    for (let n = 0; n < 30; n++) await first.node.append([config(`${round}-${n}`)]).committed
    await first.node.createSnapshot([config(`${round}`)])
  }
  const names = storage.list(LOG).map((entry) => entry.name)
  assert.deepEqual(
    names.filter((name) => name.endsWith('.checkpoint') && !name.startsWith('leader')),
    ['00000000000000000093-0000000001.checkpoint'],
  )
  assert.equal(first.node.startOffset, 93)
  await first.node.close()
  const { node, seen } = await open(storage, directoryId, options)
  assert.deepEqual(seen.snapshots[0]!.records, [config('2')])
  assert.equal(node.endOffset, 94)
  await node.close()
})

test('a group too large for one batch is a transaction over several', async () => {
  const storage = new MemoryStorage()
  const directoryId = await formatted(storage)
  const first = await open(storage, directoryId)
  const value = 'x'.repeat(30_000)
  const records = Array.from({ length: 300 }, () => config(value))
  await first.node.append(records).committed
  await first.node.close()
  const { node, seen } = await open(storage, directoryId)
  assert.ok(seen.batches.filter((batch) => batch.records.length > 0).length > 1)
  const values = valuesOf(seen)
  assert.equal(values[0], 'BeginTransaction')
  assert.equal(values.at(-1), 'EndTransaction')
  assert.equal(values.length, 302)
  await node.close()
})

test('a quorum that this node is not, or not alone, is refused', async () => {
  const storage = new MemoryStorage()
  const directoryId = await formatted(storage)
  await assert.rejects(open(storage, directoryId, { nodeId: 2 }), { code: 'NOT_A_VOTER' })
  await assert.rejects(open(storage, 'IO_plDfRSbqgxBJYiCvQ4w' as Uuid), { code: 'NOT_A_VOTER' })

  const fixed = new MemoryStorage()
  await formatted(fixed, false)
  const voter = { directoryId: ZERO_UUID, endpoints }
  const several = {
    staticVoters: [
      { id: 1, ...voter },
      { id: 2, ...voter },
    ],
  }
  await assert.rejects(open(fixed, directoryId, several), { code: 'SEVERAL_VOTERS' })
  await assert.rejects(open(fixed, directoryId, { staticVoters: [] }), { code: 'NOT_A_VOTER' })
})

test('a closed node takes nothing more', async () => {
  const storage = new MemoryStorage()
  const { node } = await open(storage, await formatted(storage))
  const { committed } = node.append([config('last')])
  await node.close()
  await committed
  await node.close()
  assert.throws(() => node.append([config('more')]), { code: 'CLOSED' })
})
