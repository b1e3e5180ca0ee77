/** `NodeStorage` against a temporary directory. */
import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import * as os from 'node:os'
import * as path from 'node:path'
import { afterEach, beforeEach, describe, it } from 'node:test'
import { StorageError } from '@braidlog/base'
import { NodeStorage } from '@braidlog/runtime'
import { chunksBehind } from '../src/node-storage.ts'

describe('NodeStorage', () => {
  let root: string
  let storage: NodeStorage

  beforeEach(() => {
    root = fs.mkdtempSync(path.join(os.tmpdir(), 'braidlog-storage-'))
    storage = new NodeStorage(root)
  })
  afterEach(() => fs.rmSync(root, { recursive: true, force: true }))

  it('refuses a directory that cannot be, at once', { skip: process.platform !== 'linux' }, () => {
    assert.throws(
      () => storage.makeDirectory('/proc/nope/deeper'),
      (error) => error instanceof StorageError && /^(ENOENT|EACCES|EPERM)$/.test(error.code),
    )
    storage.open('file', { create: true }).close()
    assert.throws(() => storage.makeDirectory('file/below'), StorageError)
  })

  it('writes and reads at positions, and knows the size without asking the disk', async () => {
    const file = storage.open('a.log', { create: true })
    file.write(Buffer.from('..hello..'), 2, 7, 10)
    assert.equal(file.sizeBytes(), 15)
    const target = new Uint8Array(8)
    assert.equal(file.read(target, 1, 6, 10), 5)
    assert.equal(Buffer.from(target).toString('latin1'), '\0hello\0\0')
    assert.equal(file.read(target, 0, 8, 12), 3, 'fewer bytes than asked only at the end of the file')
    assert.equal(await file.readCold(target, 0, 8, 13), 2)
    await file.sync()
    file.truncate(12)
    assert.equal(file.sizeBytes(), 12)
    file.close()
    assert.equal(fs.statSync(path.join(root, 'a.log')).size, 12)
  })

  it('closes only after work in the thread pool has ended', async () => {
    const file = storage.open('a.log', { create: true })
    file.write(Buffer.from('x'), 0, 1, 0)
    const syncing = file.sync()
    file.close()
    await syncing
    await assert.rejects(file.sync(), StorageError)
  })

  it('writes chunks one behind another off the event loop, also when the file is closed meanwhile', async () => {
    const file = storage.open('a.log', { create: true })
    const chunks = Array.from({ length: 40 }, (_, i) => Buffer.alloc(1 + ((i * 7919) % 90_000), 97 + (i % 26)))
    await file.writeAsync(chunks.slice(0, 20), 5)
    const sizeBytes = 5 + chunks.slice(0, 20).reduce((sum, chunk) => sum + chunk.length, 0)
    assert.equal(file.sizeBytes(), sizeBytes)
    const writing = file.writeAsync(chunks.slice(20), sizeBytes)
    file.close()
    await writing
    assert.deepEqual(fs.readFileSync(path.join(root, 'a.log')), Buffer.concat([Buffer.alloc(5), ...chunks]))
    await assert.rejects(file.writeAsync(chunks, 0), StorageError)
  })

  it('knows what is left where the system has written only a part', () => {
    const chunks = [Buffer.from('abc'), Buffer.from('d'), Buffer.from('efghi')]
    for (let sizeBytes = 0; sizeBytes <= 9; sizeBytes++) {
      const left = chunksBehind(chunks, sizeBytes)
      assert.equal(Buffer.concat(left).toString('latin1'), 'abcdefghi'.slice(sizeBytes))
      assert(left.every((chunk) => chunk.length > 0))
    }
  })

  it('refuses a missing file with the code of the system and a sentence', () => {
    assert.throws(
      () => storage.open('nowhere/a.log'),
      (error) => {
        assert(error instanceof StorageError)
        assert.equal(error.code, 'ENOENT')
        assert.match(error.message, /nowhere\/a\.log: no such file/)
        return true
      },
    )
  })

  it('replaces a file as a whole, the last call winning', async () => {
    const writes = ['one', 'two', 'three'].map((text) => storage.writeFileAtomic('checkpoint', Buffer.from(text)))
    await Promise.all(writes)
    assert.equal(Buffer.from(storage.readFile('checkpoint')).toString(), 'three')
    assert.deepEqual(
      storage.list('').map((entry) => entry.name),
      ['checkpoint'],
    )
  })

  it('leaves the old content when a replacement fails', async () => {
    await storage.writeFileAtomic('checkpoint', Buffer.from('old'))
    storage.makeDirectory('checkpoint.tmp')
    await assert.rejects(storage.writeFileAtomic('checkpoint', Buffer.from('new')), StorageError)
    assert.equal(Buffer.from(storage.readFile('checkpoint')).toString(), 'old')
  })

  it('lists sorted, renames, removes whole directories and ignores what is not there', async () => {
    storage.makeDirectory('b/c')
    storage.open('a', { create: true }).close()
    assert.deepEqual(storage.list(''), [
      { name: 'a', kind: 'file' },
      { name: 'b', kind: 'directory' },
    ])
    storage.rename('b', 'd')
    await storage.syncDirectory('')
    assert(storage.exists('d/c'))
    storage.remove('d')
    storage.remove('d')
    assert(!storage.exists('d'))
    assert(storage.freeBytes('') > 0)
  })
})
