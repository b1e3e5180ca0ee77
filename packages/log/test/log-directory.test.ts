/** The checkpoints of a directory beside what its logs do. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom, type MemoryStorage } from '@braidlog/base'
import { plainCodecs } from '@braidlog/records'
import { defaultLogConfig, LogDirectory, LogResources, type Log } from '@braidlog/log'
import { appendTo, ManualClock, memoryWithDirectory, TOPIC_ID } from './support.ts'

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

const recoveryPoints = (storage: MemoryStorage): string =>
  new TextDecoder().decode(storage.readFile('data/recovery-point-offset-checkpoint'))

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
})
