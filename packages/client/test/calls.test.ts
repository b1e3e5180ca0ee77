/** The bounds of a call: which signal ends it, and that it leaves nothing behind. */
import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { Alarms } from '../src/alarms.ts'
import { Call } from '../src/calls.ts'

const clock = { nowMs: () => 0, monotonicMs: () => 0 }
const timers = { after: () => ({ cancel: () => {} }) }
const environment = { alarms: new Alarms(clock, timers), nowMs: () => 0 }

function begin() {
  const [caller, client] = [new AbortController(), new AbortController()]
  const call = new Call('fetch', environment, { signal: caller.signal, closing: client.signal }, 1_000)
  return { call, caller, client }
}

describe('a call', () => {
  it('ends when its caller says so, or when the client closes', () => {
    for (const ending of ['caller', 'client'] as const) {
      const begun = begin()
      assert.equal(begun.call.signal.aborted, false)
      begun[ending].abort(new Error(ending))
      assert.throws(() => begun.call.check(), { code: 'ABORTED', cause: begun[ending].signal.reason })
    }
  })

  it('has ended from the start when either had', () => {
    const closing = AbortSignal.abort(new Error('closed'))
    const call = new Call('fetch', environment, { signal: new AbortController().signal, closing }, 1_000)
    assert.throws(() => call.check(), { code: 'ABORTED', cause: closing.reason })
  })

  it('leaves no listener behind', () => {
    const { call, caller, client } = begin()
    const listeners = () => [caller, client].map(({ signal }) => getEventListeners(signal, 'abort').length)
    assert.deepEqual(listeners(), [1, 1])
    call[Symbol.dispose]()
    assert.deepEqual(listeners(), [0, 0])
  })
})
