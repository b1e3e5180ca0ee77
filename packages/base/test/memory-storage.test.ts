/** `MemoryStorage`: what survives a crash, and the faults it plays. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { MemoryStorage, SeededRandom, StorageError } from '@braidlog/base'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const text = (value: Uint8Array): string => new TextDecoder().decode(value)

describe('MemoryStorage', () => {
  it('forgets what was not synced, and only that', async () => {
    const storage = new MemoryStorage()
    storage.makeDirectory('d')
    const file = storage.open('d/a', { create: true })
    await storage.syncDirectory('')
    await storage.syncDirectory('d')
    file.write(bytes('hello'), 0, 5, 0)
    await file.sync()
    file.write(bytes('J world'), 0, 7, 0)
    file.truncate(3)
    storage.open('d/unsynced', { create: true }).close()
    storage.crash()
    assert.equal(text(storage.readFile('d/a')), 'hello')
    assert.deepEqual(storage.list('d'), [{ name: 'a', kind: 'file' }])
    assert.throws(() => file.sizeBytes() + file.read(new Uint8Array(1), 0, 1, 0), StorageError, 'old handles are dead')
  })

  it('covers by a sync only what was written before the call', async () => {
    const storage = new MemoryStorage()
    const file = storage.open('a', { create: true })
    await storage.syncDirectory('')
    file.write(bytes('one'), 0, 3, 0)
    storage.holdSyncs()
    const syncing = file.sync()
    file.write(bytes('two'), 0, 3, 3)
    storage.releaseSyncs()
    await syncing
    storage.crash()
    assert.equal(text(storage.readFile('a')), 'one')
  })

  it('holds asynchronous writes, also over a close, and drops them at a crash', async () => {
    const storage = new MemoryStorage()
    const file = storage.open('a', { create: true })
    await storage.syncDirectory('')
    storage.holdWrites()
    const first = file.writeAsync([bytes('on'), bytes('e')], 0)
    const second = file.writeAsync([bytes('two')], 3)
    assert.equal(file.sizeBytes(), 0)
    storage.releaseWrites(1)
    await first
    assert.equal(text(storage.readFile('a')), 'one')
    file.close()
    storage.releaseWrites()
    await second
    assert.equal(text(storage.readFile('a')), 'onetwo')
    storage.holdWrites()
    const lost = storage.open('a').writeAsync([bytes('three')], 6)
    storage.abandonHandles()
    await assert.rejects(lost, StorageError)
    assert.equal(text(storage.readFile('a')), 'onetwo')
  })

  it('fails an asynchronous write in the middle', async () => {
    const storage = new MemoryStorage()
    const file = storage.open('a', { create: true })
    storage.failNextWrite('ENOSPC')
    await assert.rejects(file.writeAsync([bytes('abcd'), bytes('e')], 0), StorageError)
    assert.equal(text(storage.readFile('a')), 'ab')
  })

  it('shows without a crash what a crash would leave', async () => {
    const storage = new MemoryStorage()
    storage.makeDirectory('d')
    const file = storage.open('d/a', { create: true })
    await storage.syncDirectory('')
    await storage.syncDirectory('d')
    file.write(bytes('hello'), 0, 5, 0)
    await file.sync()
    file.write(bytes('J world'), 0, 7, 0)
    storage.rename('d/a', 'd/b')
    storage.open('d/unsynced', { create: true })
    const durable = storage.durableFiles('d')
    assert.deepEqual([...durable.keys()], ['a'])
    assert.equal(text(durable.get('a')!), 'hello')
    assert.equal(text(storage.readFile('d/b')), 'J world', 'nothing was taken back')
    storage.crash()
    assert.equal(text(storage.readFile('d/a')), 'hello')
  })

  it('takes back unsynced renames and removals', async () => {
    const storage = new MemoryStorage()
    await storage.writeFileAtomic('a', bytes('a'))
    await storage.writeFileAtomic('b', bytes('b'))
    storage.rename('a', 'b')
    storage.crash()
    assert.equal(text(storage.readFile('a')) + text(storage.readFile('b')), 'ab')
    storage.remove('a')
    await storage.syncDirectory('')
    storage.crash()
    assert.equal(storage.exists('a'), false)
  })

  it('keeps, given randomness, a prefix of the writes, the last perhaps torn or zeroed', async () => {
    const outcomes = new Set<string>()
    for (let seed = 0; seed < 300; seed++) {
      const storage = new MemoryStorage()
      const file = storage.open('a', { create: true })
      await storage.syncDirectory('')
      file.write(bytes('AB'), 0, 2, 0)
      await file.sync()
      file.write(bytes('CD'), 0, 2, 2)
      file.write(bytes('EF'), 0, 2, 4)
      storage.crash(new SeededRandom(seed))
      outcomes.add(text(storage.readFile('a')).replaceAll('\0', '0'))
    }
    for (const outcome of outcomes) assert.match(outcome, /^AB(C?0*|CDE?0*|CDEF)$/)
    for (const expected of ['AB', 'ABCD', 'ABCDEF', 'ABC', 'ABC0', 'ABCD00']) assert(outcomes.has(expected), expected)
  })

  it('says how full it is, and forgets failures that were not met', async () => {
    const storage = new MemoryStorage()
    const file = storage.open('a', { create: true })
    file.write(bytes('1234'), 0, 4, 0)
    assert.equal(storage.usedBytes, 4)
    storage.failNextWrite()
    storage.failNextSync()
    storage.forgetFailures()
    file.write(bytes('5'), 0, 1, 4)
    await file.sync()
    assert.equal(storage.usedBytes, 5)
  })

  it('fails writes and syncs on demand, and when full', async () => {
    const storage = new MemoryStorage({ capacityBytes: 10 })
    const file = storage.open('a', { create: true })
    storage.failNextWrite()
    assert.throws(() => file.write(bytes('abcd'), 0, 4, 0), { code: 'EIO' })
    assert.equal(file.sizeBytes(), 2, 'half of it arrived')
    file.write(bytes('abcd'), 0, 4, 0)
    storage.failNextSync()
    await assert.rejects(file.sync(), { code: 'EIO' })
    await file.sync()
    assert.throws(() => file.write(bytes('1234567'), 0, 7, 4), { code: 'ENOSPC' })
    assert.equal(storage.freeBytes(''), 6)
    storage.remove('a')
    assert.equal(storage.freeBytes(''), 10)
  })
})
