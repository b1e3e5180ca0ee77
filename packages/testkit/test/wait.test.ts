/** Waiting: as short as the condition allows, never longer than the bound, and with a reason. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { TestkitError } from '../src/index.ts'
import { waitFor } from '../src/wait.ts'

test('the first look that is done ends the waiting with its value', async () => {
  let looks = 0
  const value = await waitFor({ what: 'three looks', timeoutMs: 5_000 }, async () =>
    ++looks === 3 ? { done: true, value: 'three' } : { done: false, seen: `${looks}` },
  )
  assert.equal(value, 'three')
  assert.equal(looks, 3)
})

test('when time is up the error tells what was waited for and what was seen last', async () => {
  await assert.rejects(
    waitFor({ what: 'the moon', timeoutMs: 20 }, async () => ({ done: false, seen: 'clouds' })),
    (error) =>
      error instanceof TestkitError &&
      error.code === 'TIMED_OUT' &&
      error.retriable &&
      error.message === 'waited 20 ms for the moon; last seen: clouds',
  )
})

test('a look that throws counts as not yet, and is the cause in the end', async () => {
  const failure = new Error('no broker')
  await assert.rejects(
    waitFor({ what: 'a broker', timeoutMs: 20 }, async () => {
      throw failure
    }),
    (error) => error instanceof TestkitError && error.cause === failure && /last seen: no broker/.test(error.message),
  )
})

test('a wrong call is not waited for', async () => {
  const wrong = new TestkitError('STOPPED', 'this Braidlog has been stopped')
  let looks = 0
  await assert.rejects(
    waitFor({ what: 'anything', timeoutMs: 5_000 }, async () => {
      looks++
      throw wrong
    }),
    (error) => error === wrong,
  )
  assert.equal(looks, 1)
})

test('an aborted signal ends the waiting with its reason', async () => {
  const controller = new AbortController()
  const reason = new Error('enough')
  const waiting = waitFor({ what: 'for ever', timeoutMs: 60_000, signal: controller.signal }, async () => {
    controller.abort(reason)
    return { done: false, seen: 'nothing' }
  })
  await assert.rejects(waiting, (error) => error === reason || (error as Error).cause === reason)
})
