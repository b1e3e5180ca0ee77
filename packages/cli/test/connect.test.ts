/** Flags, properties and defaults of a producer, in that order. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { consumerOptions, producerOptions, readerOptions } from '../src/connect.ts'
import { resolveSettings, type Settings } from '../src/settings.ts'

function settings(...property: string[]): Promise<Settings> {
  return resolveSettings({ property }, {})
}

test('a flag beats a property, a property a default', async () => {
  const given = await settings('acks=1', 'compression.type=lz4', 'linger.ms=7')
  const defaults = { lingerMs: 5, batchSizeBytes: 262_144 }
  assert.deepEqual(producerOptions(given, {}, defaults), {
    acks: 1,
    compression: 'lz4',
    lingerMs: 7,
    batchSizeBytes: 262_144,
  })
  assert.deepEqual(producerOptions(given, { acks: 'all', compression: 'zstd', lingerMs: 0 }, defaults), {
    acks: 'all',
    compression: 'zstd',
    lingerMs: 0,
    batchSizeBytes: 262_144,
  })
})

test('a word that is none is refused whether it came by flag or property', async () => {
  assert.throws(() => producerOptions({ ...EMPTY }, { acks: '2' }, {}), /acks/)
  const given = await settings('compression.type=rar')
  assert.throws(() => producerOptions(given, {}, {}), /compression\.type must be one of/)
})

test('a reader takes those of a consumer that need no group', async () => {
  const given = await settings('session.timeout.ms=6000', 'isolation.level=read_uncommitted', 'fetch.min.bytes=10')
  assert.equal(consumerOptions(given).sessionTimeoutMs, 6_000)
  const options = readerOptions(given)
  assert.deepEqual([options.isolationLevel, options.fetch], ['read_uncommitted', { minBytes: 10 }])
  assert.equal('sessionTimeoutMs' in options, false)
})

const EMPTY = await settings()
