/** The life of a data directory: create, restart, delete, strays, checkpoints, periodic work. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { MemoryStorage } from '@braidlog/base'
import { defaultLogConfig } from '@braidlog/log'
import { alone, fetchFrom, Harness, nameOf, OTHER_TOPIC_ID, produce, TOPIC_ID } from './support.ts'

const text = (storage: MemoryStorage, path: string): string => new TextDecoder().decode(storage.readFile(path))
const directories = (storage: MemoryStorage): string[] =>
  storage
    .list('data')
    .filter(({ kind }) => kind === 'directory')
    .map(({ name }) => name.replace(/[0-9a-f]{32}/, '…'))

describe('a partition set', () => {
  it('finds everything again after a clean shutdown, and says that it was clean', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition()
    for (let i = 0; i < 3; i++) produce(partition)
    await harness.partition({}, 1)
    await harness.turn()
    partition.deleteRecords(1)
    await harness.partitions.close()
    const { storage } = harness
    assert.equal(text(storage, 'data/.kafka_cleanshutdown'), '{"version":0,"brokerEpoch":7}')
    assert.equal(text(storage, 'data/recovery-point-offset-checkpoint'), '0\n2\nt 0 3\nt 1 0\n')
    assert.equal(text(storage, 'data/replication-offset-checkpoint'), '0\n2\nt 0 3\nt 1 0\n')
    assert.equal(text(storage, 'data/log-start-offset-checkpoint'), '0\n1\nt 0 1\n')

    const again = await Harness.open({ storage })
    assert.equal(again.partitions.wasCleanShutdown, true)
    assert.equal(again.partitions.previousBrokerEpoch, 7)
    assert.equal(storage.exists('data/.kafka_cleanshutdown'), false, 'gone before anything is written')
    assert.deepEqual(
      again.partitions.stored().map(({ topic, partition: number, topicId }) => [topic, number, topicId]),
      [
        ['t', 0, TOPIC_ID],
        ['t', 1, TOPIC_ID],
      ],
    )
    const reopened = await again.partition()
    assert.deepEqual([reopened.log.logStartOffset, reopened.highWatermark], [1, 3])
    assert.equal(fetchFrom(reopened, { fetchOffset: 1 }).records!.nextOffset, 3)
    assert.equal(again.partitions.get(TOPIC_ID, 0), reopened)
  })

  it('recovers what was acknowledged after a crash', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition()
    produce(partition)
    produce(partition)
    await harness.turn()
    harness.storage.holdSyncs()
    produce(partition)
    harness.storage.crash()
    const again = await Harness.open({ storage: harness.storage })
    assert.equal(again.partitions.wasCleanShutdown, false)
    assert.equal(again.partitions.previousBrokerEpoch, -1)
    const reopened = await again.partition()
    assert.deepEqual([reopened.log.logEndOffset, reopened.highWatermark], [2, 2])
  })

  it('says after a crash under which registration it kept what it had promised, when that was durable', async () => {
    const harness = await Harness.open()
    await harness.partitions.registered(9)
    await harness.partitions.registered(11)
    produce(await harness.partition())
    await harness.turn()
    harness.storage.crash()
    const again = await Harness.open({ storage: harness.storage })
    assert.deepEqual([again.partitions.wasCleanShutdown, again.partitions.previousBrokerEpoch], [false, 11])
    assert.equal((await again.partition()).log.logEndOffset, 1)
    assert.equal(again.partitions.lost, undefined)

    // What this registration promises lies in the page cache only; what the one before did is on the disk.
    const storage = harness.storage
    storage.crash()
    const cached = await Harness.open({ storage, durability: 'page-cache' })
    assert.equal(cached.partitions.previousBrokerEpoch, 11)
    await cached.partitions.registered(12)
    storage.crash()
    assert.equal((await Harness.open({ storage })).partitions.previousBrokerEpoch, -1)
  })

  it('trusts a clean shutdown more than what was noted before it', async () => {
    const harness = await Harness.open()
    await harness.partitions.registered(9)
    await harness.partitions.close()
    assert.equal((await Harness.open({ storage: harness.storage })).partitions.previousBrokerEpoch, 7)
  })

  it('promises nothing once the directory has failed', async () => {
    const harness = await Harness.open()
    await harness.partitions.registered(9)
    const partition = await harness.partition()
    harness.storage.failNextSync()
    produce(partition)
    await harness.turn()
    assert.equal(harness.offline.length, 1)
    await harness.partitions.registered(10)
    assert.equal(harness.storage.exists('data/.braidlog_durable_epoch'), false)
  })

  it('notices that a log has lost what was on the disk for certain', async () => {
    const harness = await Harness.open()
    await harness.partitions.registered(9)
    const partition = await harness.partition()
    for (let i = 0; i < 3; i++) produce(partition)
    await harness.turn()
    const { storage } = harness
    harness.partitions.start()
    harness.time.advance(40_000)
    await harness.turn()
    assert.equal(text(storage, 'data/replication-offset-checkpoint'), '0\n1\nt 0 3\n')
    storage.crash()
    const file = storage.open('data/t-0/00000000000000000000.log')
    file.truncate(file.sizeBytes() - 1)
    await file.sync()
    file.close()
    const again = await Harness.open({ storage })
    assert.equal(again.partitions.lost, undefined, 'nobody has looked')
    assert.equal((await again.partition()).log.logEndOffset, 2)
    assert.equal(again.partitions.lost, 't-0')
  })

  it('opens a partition once, however often it is asked, and takes over epoch and configuration', async () => {
    const harness = await Harness.open()
    const [a, b] = await Promise.all([harness.partition({}, 0, 3), harness.partition({ retentionMs: 5 }, 0, 4)])
    assert.equal(a, b)
    assert.deepEqual([a.leaderEpoch, a.log.config.retentionMs], [4, 5])
    assert.equal(await harness.partition({}, 0, 6), a)
    assert.equal(a.leaderEpoch, 6)
  })

  it('deletes a partition at once, and its files after a while', async () => {
    const harness = await Harness.open()
    const { storage, partitions, time } = harness
    partitions.start()
    const partition = await harness.partition()
    produce(partition)
    partitions.delete(TOPIC_ID, 0)
    assert.equal(partitions.get(TOPIC_ID, 0), undefined)
    assert.equal(nameOf(fetchFrom(partition).errorCode), 'UNKNOWN_TOPIC_OR_PARTITION')
    assert.deepEqual(directories(storage), ['t-0.…-delete'])
    // The same name can be used again meanwhile.
    const reborn = await partitions.open(
      { topic: 't', topicId: OTHER_TOPIC_ID, partition: 0 },
      { ...defaultLogConfig },
      alone(0),
    )
    assert.equal(reborn.log.logEndOffset, 0)
    for (let seconds = 0; seconds < 62; seconds++) {
      time.advance(1000)
      await harness.turn()
    }
    assert.deepEqual(directories(storage), ['t-0'])
    assert.deepEqual(harness.offline, [])
  })

  it('removes what a crash left of deleted partitions', async () => {
    const harness = await Harness.open()
    await harness.partition()
    harness.partitions.delete(TOPIC_ID, 0)
    const again = await Harness.open({ storage: harness.storage })
    again.partitions.start()
    again.time.advance(2_000)
    await again.turn()
    assert.deepEqual(directories(again.storage), [])
  })

  it('sets aside what belongs to another topic id, and what nobody claims', async () => {
    const harness = await Harness.open()
    produce(await harness.partition({}, 0))
    produce(await harness.partition({}, 1))
    await harness.turn()
    await harness.partitions.close()
    const { storage } = harness
    const again = await Harness.open({ storage })
    const identity = { topic: 't', topicId: OTHER_TOPIC_ID, partition: 0 }
    const reborn = await again.partitions.open(identity, { ...defaultLogConfig }, alone(0))
    assert.equal(reborn.log.logEndOffset, 0)
    assert.deepEqual(
      again.partitions.markStrays().map(({ partition }) => partition),
      [1],
    )
    assert.deepEqual(directories(storage), ['t-0', 't-0.…-stray', 't-1.…-stray'])
  })

  it('checkpoints, deletes old segments and expires producers from time to time', async () => {
    const harness = await Harness.open({ producerIdExpirationMs: 600_000 })
    const { storage, partitions, time } = harness
    const partition = await harness.partition({ segmentBytes: 200, retentionMs: 60_000 })
    partitions.start()
    for (let i = 0; i < 5; i++) produce(partition, { producerId: 1, producerEpoch: 0, baseSequence: i })
    await harness.turn()
    time.advance(31_000)
    await harness.turn()
    assert.equal(text(storage, 'data/recovery-point-offset-checkpoint'), '0\n1\nt 0 5\n')
    assert.equal(text(storage, 'data/replication-offset-checkpoint'), '0\n1\nt 0 5\n')
    for (let i = 0; i < 40; i++) {
      time.advance(30_000)
      await harness.turn()
    }
    assert.deepEqual([partition.log.logStartOffset, partition.log.segments.length], [5, 1])
    assert.deepEqual(partition.describeProducers(), [])
    assert.deepEqual(
      storage.list('data/t-0').map(({ name }) => name).filter((name) => name.endsWith('.log') || name.endsWith('.deleted')), // prettier-ignore
      ['00000000000000000005.log'],
    )
  })

  it('cleans compacted partitions', async () => {
    const harness = await Harness.open()
    const partition = await harness.partition({
      segmentBytes: 200,
      cleanupCompact: true,
      cleanupDelete: false,
      minCleanableDirtyRatio: 0.1,
    })
    for (let i = 0; i < 9; i++) produce(partition, { keys: ['k'] })
    await harness.turn()
    assert.equal(await harness.partitions.clean(), 1)
    assert.equal(fetchFrom(partition).records!.baseOffset! > 0, true)
    assert.match(text(harness.storage, 'data/cleaner-offset-checkpoint'), /^0\n1\nt 0 \d+\n$/)
  })

  it('pauses before each look for a log to clean as long as it is told to at that time', async () => {
    let backoffMs = 50_000
    const harness = await Harness.open({ cleanerConfig: () => ({ backoffMs, keysSizeBytesMax: 1024 * 1024 }) })
    const partition = await harness.partition({
      segmentBytes: 200,
      cleanupCompact: true,
      cleanupDelete: false,
      minCleanableDirtyRatio: 0.1,
    })
    const cleanedTo = (): number => {
      const path = 'data/cleaner-offset-checkpoint'
      return harness.storage.exists(path) ? Number(text(harness.storage, path).trim().split(' ').at(-1)) : -1
    }
    const write = async (): Promise<void> => {
      for (let i = 0; i < 9; i++) produce(partition, { keys: ['k'] })
      await harness.turn()
    }
    harness.partitions.start()
    await write()
    harness.time.advance(49_999)
    await harness.turn()
    assert.equal(cleanedTo(), -1)
    backoffMs = 1_000
    harness.time.advance(1)
    await harness.turn()
    const first = cleanedTo()
    assert(first > 0)
    await write()
    harness.time.advance(1_000)
    await harness.turn()
    assert(cleanedTo() > first)
    await harness.partitions.close()
  })

  it('can be closed while a partition is being opened, and twice', async () => {
    const harness = await Harness.open()
    await harness.partition({}, 1)
    const opening = harness.partition()
    const closing = harness.partitions.close()
    await assert.rejects(opening, { code: 'LOG_CLOSED' })
    await closing
    await harness.partitions.close()
    assert.equal(harness.storage.openFiles, 0)
    assert.equal(harness.storage.exists('data/.kafka_cleanshutdown'), true)
  })

  it('ignores unreadable checkpoints', async () => {
    const harness = await Harness.open()
    produce(await harness.partition())
    await harness.turn()
    await harness.partitions.close()
    for (const file of ['recovery-point-offset', 'replication-offset', 'log-start-offset', 'cleaner-offset'])
      await harness.storage.writeFileAtomic(`data/${file}-checkpoint`, new TextEncoder().encode('garbage'))
    const again = await Harness.open({ storage: harness.storage })
    assert.equal((await again.partition()).log.logEndOffset, 1)
  })
})
