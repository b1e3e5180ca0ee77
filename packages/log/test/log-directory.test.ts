/** The checkpoints of a directory beside what its logs do. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom, StorageError, type MemoryStorage } from '@braidlog/base'
import { plainCodecs } from '@braidlog/records'
import { defaultLogConfig, LogDirectory, LogResources, type Log } from '@braidlog/log'
import { appendTo, ManualClock, memoryWithDirectory, readAll, TOPIC_ID } from './support.ts'

async function open(storage: MemoryStorage): Promise<{ directory: LogDirectory; log: Log }> {
  const directory = await LogDirectory.open({
    storage,
    clock: new ManualClock(),
    codecs: plainCodecs,
    random: new SeededRandom(1),
    resources: new LogResources(),
    path: 'data',
    onOffline: () => {},
  })
  return { directory, log: await directory.open({ topic: 't', partition: 0, topicId: TOPIC_ID }, defaultLogConfig) }
}

/** A storage whose user dies in a crash: nothing that it still does reaches the disk. */
function mortalUser(storage: MemoryStorage): { readonly storage: MemoryStorage; die(): void } {
  let dead = false
  const mortal = new Proxy(storage, {
    get(target, name) {
      if (dead) throw new StorageError('EIO', '', 'after the crash')
      const value = Reflect.get(target, name) as unknown
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
  return { storage: mortal, die: () => void (dead = true) }
}

const recoveryPoints = (storage: MemoryStorage): string =>
  new TextDecoder().decode(storage.readFile('data/recovery-point-offset-checkpoint'))

const highWatermarks = (storage: MemoryStorage): string =>
  storage.exists('data/replication-offset-checkpoint')
    ? new TextDecoder().decode(storage.readFile('data/replication-offset-checkpoint'))
    : ''

const logStarts = (storage: MemoryStorage): string =>
  new TextDecoder().decode(storage.readFile('data/log-start-offset-checkpoint'))

describe('a log directory', () => {
  it('has no recovery point above the end of a log that was cut off, whatever is written at the same time', async () => {
    const storage = await memoryWithDirectory()
    const { directory, log } = await open(storage)
    for (let i = 0; i < 3; i++) appendTo(log)
    await log.flush()
    await directory.checkpointOffsets()
    assert.equal(recoveryPoints(storage), '0\n1\nt 0 3\n')
    await log.truncateTo(2)
    assert.equal(recoveryPoints(storage), '0\n1\nt 0 2\n')
    await Promise.all([directory.checkpointOffsets(), log.truncateTo(1), directory.checkpointOffsets()])
    assert.equal(recoveryPoints(storage), '0\n1\nt 0 1\n')
    storage.crash()
    const again = await open(storage)
    assert.equal(again.log.logEndOffset, 1)
    assert.equal(again.directory.lost, undefined)
  })

  it('begins a log that is cut off below its start at its new end, and shows all that comes after', async () => {
    const storage = await memoryWithDirectory()
    const { directory, log } = await open(storage)
    for (let i = 0; i < 3; i++) appendTo(log, { records: 2 })
    await log.flush()
    log.raiseLogStartOffset(3)
    await directory.checkpointOffsets()
    assert.equal(logStarts(storage), '0\n1\nt 0 3\n')

    // In the middle of the batch of offsets 2 and 3, which goes whole.
    await log.truncateTo(3)
    assert.deepEqual([log.logStartOffset, log.logEndOffset], [2, 2])
    assert.equal(logStarts(storage), '0\n1\nt 0 2\n')
    assert.equal(recoveryPoints(storage), '0\n1\nt 0 2\n')

    const batch = appendTo(log, { records: 4 })
    await log.flush()
    storage.crash()
    const again = await open(storage)
    assert.deepEqual([again.log.logStartOffset, again.log.logEndOffset], [2, 6])
    assert.deepEqual(readAll(again.log), batch)
    assert.equal(again.directory.lost, undefined)
  })

  for (const [target, newEnd] of [
    [3, 2],
    [1, 0],
    [0, 0],
  ] as const)
    it(`has either the whole log or the one cut off at ${target}, below its start, after a crash at any moment`, async () => {
      const found = new Set<string>()
      for (let turns = 0; turns < 60; turns++) {
        const storage = await memoryWithDirectory()
        const mortal = mortalUser(storage)
        const { directory, log } = await open(mortal.storage)
        for (let i = 0; i < 4; i++) appendTo(log, { records: 2 })
        await log.flush()
        log.raiseLogStartOffset(5)
        await directory.checkpointOffsets()

        const cutting = log.truncateTo(target).catch(() => {})
        for (let i = 0; i < turns; i++) await Promise.resolve()
        mortal.die()
        storage.crash(new SeededRandom(turns))
        await cutting
        const again = await open(storage)
        found.add(`[${again.log.logStartOffset}, ${again.log.logEndOffset})`)
        assert.equal(again.directory.lost, undefined)
      }
      const possible = ['[5, 8)', `[${newEnd}, 8)`, `[${newEnd}, ${newEnd})`]
      assert.deepEqual(
        [...found].filter((range) => !possible.includes(range)),
        [],
      )
      assert(found.has('[5, 8)') && found.has(`[${newEnd}, ${newEnd})`), 'crashes came before and after the cut')
    })

  it('has no checkpoint above the new end at the cut, whenever a sync and checkpoints come in between', async () => {
    for (let turns = 0; turns < 30; turns++) {
      const storage = await memoryWithDirectory()
      const { directory, log } = await open(storage)
      for (let i = 0; i < 4; i++) appendTo(log, { records: 2 })
      await log.flush()
      log.raiseLogStartOffset(5)
      await directory.checkpointOffsets()

      let atCut = ''
      const onCut = () => void (atCut = `${recoveryPoints(storage)}${highWatermarks(storage)}${logStarts(storage)}`)
      const cutting = log.truncateTo(3, { onCut })
      for (let i = 0; i < turns; i++) await Promise.resolve()
      const checkpointing = Promise.all([
        log.flush().then(() => directory.checkpointOffsets()),
        directory.checkpointHighWatermarks(() => log.logEndOffset),
      ])
      await Promise.all([cutting, checkpointing])
      const offsets = [...atCut.matchAll(/^t 0 (\d+)$/gm)].map(([, offset]) => Number(offset))
      assert(offsets.length >= 2 && Math.max(...offsets) <= 2, `after ${turns} turns: ${offsets.join()}`)
    }
  })
})
