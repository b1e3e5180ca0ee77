/** Options: read, or refused by name before anything starts. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { MemoryStorage } from '@braidlog/base'
import { startBraidlog, TestkitError, type BraidlogOptions } from '../src/index.ts'
import { resolveOptions } from '../src/options.ts'

function refused(options: unknown, code: TestkitError['code'], message: RegExp): void {
  assert.throws(
    () => resolveOptions(options as BraidlogOptions),
    (error) => error instanceof TestkitError && error.code === code && message.test(error.message),
  )
}

test('a topic is a number of partitions, or partitions and configuration', () => {
  const { topics } = resolveOptions({
    topics: { orders: 3, audit: {}, state: { partitions: 2, config: { 'cleanup.policy': 'compact' } } },
  })
  assert.deepEqual(Object.fromEntries(topics), {
    orders: { partitions: 3, config: {} },
    audit: { partitions: 1, config: {} },
    state: { partitions: 2, config: { 'cleanup.policy': 'compact' } },
  })
})

test('without options there is one broker in memory with a bound of ten seconds', () => {
  assert.deepEqual(resolveOptions({ brokers: 1, clock: 'real' }), {
    topics: new Map(),
    storage: 'memory',
    config: {},
    seed: undefined,
    timeoutMs: 10_000,
    logger: undefined,
  })
  const storage = new MemoryStorage()
  assert.equal(resolveOptions({ storage }).storage, storage)
})

test('what this version cannot do is refused with what to do instead', () => {
  refused({ brokers: 3 }, 'UNSUPPORTED_OPTION', /brokers: only 1 is supported, not 3/)
  refused({ clock: 'virtual' }, 'UNSUPPORTED_OPTION', /clock: only 'real'/)
  refused({ security: { acls: true } }, 'UNSUPPORTED_OPTION', /security is not supported: .*loopback/)
  refused({ asVersion: '3.9' }, 'UNSUPPORTED_OPTION', /asVersion/)
  refused({ isolate: 'worker' }, 'UNSUPPORTED_OPTION', /braidlog dev/)
})

test('what does not exist or cannot be is refused by name', async () => {
  refused({ topic: { orders: 1 } }, 'INVALID_OPTION', /no option topic; there are topics/)
  refused({ topics: { orders: 0 } }, 'INVALID_OPTION', /topic orders: .* is 0/)
  refused({ topics: { orders: { partitions: 1.5 } } }, 'INVALID_OPTION', /orders/)
  refused({ storage: 'disk' }, 'INVALID_OPTION', /not "disk"/)
  refused({ timeoutMs: 0 }, 'INVALID_OPTION', /timeoutMs/)
  await assert.rejects(startBraidlog({ topics: { orders: -1 } }), TestkitError)
})
