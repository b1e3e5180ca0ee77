/** The real clock, timers and randomness. */
import assert from 'node:assert/strict'
import { it, mock } from 'node:test'
import { systemTurns, systemClock, systemRandom, systemTimers } from '@braidlog/runtime'

it('the monotonic clock never goes back', () => {
  let last = systemClock.monotonicMs()
  for (let i = 0; i < 100; i++) {
    const now = systemClock.monotonicMs()
    assert(now >= last)
    last = now
  }
})

it('a delay longer than setTimeout can count does not fire at once', () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  let fired = false
  const timer = systemTimers.after(2 ** 31 + 5000, () => {
    fired = true
  })
  mock.timers.tick(1000)
  assert.equal(fired, false)
  timer.cancel()
  mock.timers.reset()
})

it('random numbers fill 32 bits and do not repeat across refills', () => {
  const seen = new Set<number>()
  for (let i = 0; i < 1000; i++) seen.add(systemRandom.uint32())
  assert(seen.size > 990)
  assert([...seen].some((value) => value > 0x7fffffff))
})

it('callbacks at the end of a turn run once, in order, and what they ask for runs in the next turn', async () => {
  const order: string[] = []
  systemTurns.atEnd(() => {
    order.push('a')
    systemTurns.atEnd(() => order.push('c'))
  })
  systemTurns.atEnd(() => order.push('b'))
  order.push('now')
  await new Promise<void>((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))
  assert.deepEqual(order, ['now', 'a', 'b', 'c'])
})

it('sending comes after all work of the turn, whoever asked first', async () => {
  const order: string[] = []
  systemTurns.afterEnd(() => order.push('send'))
  systemTurns.atEnd(() => {
    order.push('work')
    systemTurns.afterEnd(() => order.push('send what the work made ready'))
    systemTurns.atEnd(() => order.push('next turn'))
  })
  await new Promise<void>((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))
  assert.deepEqual(order, ['work', 'send', 'send what the work made ready', 'next turn'])
})

it('a callback that throws takes no other with it: the rest follows in the next turn', async () => {
  const order: string[] = []
  const thrown = new Promise<unknown>((resolve) => process.once('uncaughtException', resolve))
  // Also with a runner that listens for uncaught exceptions itself, only this test may see this one.
  const others = process.listeners('uncaughtException').slice(0, -1)
  for (const other of others) process.off('uncaughtException', other)
  try {
    systemTurns.atEnd(() => {
      order.push('a')
      systemTurns.atEnd(() => order.push('asked for by a'))
      throw new Error('a failed')
    })
    systemTurns.atEnd(() => order.push('b'))
    systemTurns.afterEnd(() => order.push('send'))
    assert.equal(String(await thrown), 'Error: a failed')
    await new Promise<void>((resolve) => setImmediate(() => setImmediate(() => setImmediate(resolve))))
  } finally {
    for (const other of others) process.on('uncaughtException', other)
  }
  assert.deepEqual(order, ['a', 'b', 'asked for by a', 'send'])
})
