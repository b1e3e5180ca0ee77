/** Rules of the machine that one replica alone can show. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { ZERO_UUID } from '@braidlog/model'
import { fetchWaitMs } from '../src/machine/following.ts'
import { LogView } from '../src/machine/log-view.ts'
import type { InboundRequest } from '../src/machine/messages.ts'
import { DEFAULT_RAFT_TIMEOUTS } from '../src/index.ts'
import { Driver, inRole } from './spec.ts'

const fetchOf = (
  id: number,
  more: { offset?: number; maxWaitMs?: number; highWatermark?: number } = {},
): InboundRequest => ({
  type: 'fetch',
  replica: { id, directoryId: ZERO_UUID },
  epoch: 5,
  offset: more.offset ?? 11,
  lastEpoch: 5,
  highWatermark: more.highWatermark ?? 11,
  maxWaitMs: more.maxWaitMs ?? 500,
  maxBytes: 1000,
})

test('a leader that no majority fetches from resigns, one that hears from a majority stays', () => {
  const alone = inRole('leader')
  alone.expire()
  assert.equal(alone.machine.role, 'resigned')

  const heard = inRole('leader')
  const startMs = heard.nowMs
  for (let token = 1; heard.nowMs < startMs + 20_000; token++) {
    heard.nowMs += 1000
    heard.step({ type: 'request', token, request: fetchOf(2, { maxWaitMs: 0 }) })
  }
  assert.equal(heard.machine.role, 'leader')
})

test('a fetch waits for part of the time after which the leader would be missed or the request given up', () => {
  const waits = (fetchTimeoutMs: number, requestTimeoutMs = 2000) =>
    fetchWaitMs({ ...DEFAULT_RAFT_TIMEOUTS, fetchTimeoutMs, requestTimeoutMs })
  assert.equal(fetchWaitMs(DEFAULT_RAFT_TIMEOUTS), 500)
  assert.equal(waits(600), 300)
  assert.equal(waits(12_000), 1000)
  assert.equal(waits(12_000, 10_000), 3000)
})

test('observers do not keep a leader in office', () => {
  const driver = inRole('leader')
  for (let token = 1; token < 20; token++) {
    driver.nowMs += 1000
    driver.step({ type: 'request', token, request: fetchOf(9, { maxWaitMs: 0 }) })
  }
  assert.notEqual(driver.machine.role, 'leader')
})

test('the high watermark moves when a majority has the first batch of the epoch on its disks, the leader counted', () => {
  const driver = inRole('leader')
  driver.step({ type: 'request', token: 1, request: fetchOf(2) })
  assert.equal(driver.machine.highWatermark, 0, 'the leader itself has not synced')
  const effects = driver.step({ type: 'flushed', endOffset: 11, truncations: 0 })
  assert.equal(driver.machine.highWatermark, 11)
  assert.ok(effects.some((effect) => effect.type === 'high-watermark'))
})

test('two followers are a majority without the leader’s own disk', () => {
  const driver = inRole('leader')
  driver.step({ type: 'request', token: 1, request: fetchOf(2) })
  driver.step({ type: 'request', token: 2, request: fetchOf(3) })
  assert.equal(driver.machine.highWatermark, 11)
})

test('a fetch waits for records, for a newer high watermark, for its time, or for the end of the leadership', () => {
  const answersTo = (token: number, effects: ReturnType<ReturnType<typeof inRole>['step']>) =>
    effects.find((effect) => effect.type === 'answer' && effect.token === token)
  const waiting = (highWatermark = 11) => {
    const driver = inRole('leader')
    const effects = driver.step({ type: 'request', token: 1, request: fetchOf(2, { highWatermark }) })
    assert.equal(answersTo(1, effects), undefined)
    return driver
  }
  const batch = { baseOffset: 11, lastOffset: 11, epoch: 5, controls: [] }
  assert.ok(answersTo(1, waiting().step({ type: 'appended', batch })))
  assert.ok(answersTo(1, waiting(0).step({ type: 'flushed', endOffset: 11, truncations: 0 })))
  assert.ok(answersTo(1, waiting().step({ type: 'resign' })))
  const patient = waiting()
  patient.nowMs += 499
  assert.equal(answersTo(1, patient.step({ type: 'tick' })), undefined)
  patient.nowMs += 1
  assert.ok(answersTo(1, patient.step({ type: 'tick' })))
})

test('a resigning leader names the voter with the longest log first', () => {
  const driver = inRole('leader')
  driver.step({ type: 'request', token: 1, request: fetchOf(3) })
  const effects = driver.step({ type: 'resign' })
  const ends = effects.flatMap((effect) =>
    effect.type === 'send' && effect.request.type === 'endEpoch' ? [effect.request] : [],
  )
  assert.equal(ends.length, 2)
  for (const request of ends)
    assert.deepEqual(
      request.candidates.map((each) => each.id),
      [3, 2],
    )
})

/** A follower of node 2 that has its answer to one fetch, and to the next that nobody listens there. */
function deserted(id: number): Driver {
  const driver = new Driver(id)
  driver.start(2)
  const { epoch } = driver.machine
  const view = { error: 0, epoch, leaderId: 2, leaderEndpoints: [] } as const
  driver.answer(2, 'fetch', { type: 'fetch', ...view, highWatermark: 0, logStartOffset: 0, batches: [] })
  unreachable(driver)
  return driver
}

function unreachable(driver: Driver): void {
  driver.answer(2, 'fetch', { type: 'failed', unsupported: false, unreachable: true })
}

const preVoteOf3: InboundRequest = {
  type: 'vote',
  candidate: { id: 3, directoryId: ZERO_UUID },
  voter: undefined,
  epoch: 5,
  lastEpoch: 5,
  lastOffset: 11,
  preVote: true,
}

test('where nobody listens any more, followers stand long before the fetch timeout, one after the other', () => {
  const { electionTimeoutMs, fetchTimeoutMs } = DEFAULT_RAFT_TIMEOUTS
  const standAtMs = [1, 3].map((id) => {
    const driver = deserted(id)
    assert.equal(driver.machine.role, 'follower', 'the others need a moment to notice')
    driver.expire()
    assert.equal(driver.machine.role, 'prospective')
    return driver.nowMs
  })
  assert.ok(standAtMs[0]! + electionTimeoutMs / 8 < standAtMs[1]!)
  assert.ok(standAtMs[1]! < fetchTimeoutMs / 2)
})

test('who cannot reach the leader gives its pre-vote', () => {
  const driver = deserted(1)
  const effects = driver.step({ type: 'request', token: 1, request: preVoteOf3 })
  const answer = effects.find((effect) => effect.type === 'answer')?.answer
  assert.ok(answer?.type === 'vote' && answer.granted)
})

test('a leader that only this replica cannot reach is stood against once, then after the fetch timeout again', () => {
  const driver = deserted(1)
  driver.expire()
  // Node 3 hears from the leader, which does not answer: the time is up, and the leader is followed again.
  driver.expire()
  assert.equal(driver.machine.role, 'follower')
  const followsSinceMs = driver.nowMs
  unreachable(driver)
  driver.expire()
  assert.equal(driver.machine.role, 'prospective')
  assert.ok(driver.nowMs - followsSinceMs >= DEFAULT_RAFT_TIMEOUTS.fetchTimeoutMs)
})

test('a connection that breaks or an answer that does not come is no reason to stand before the time', () => {
  const driver = new Driver(1)
  driver.start(2)
  driver.answer(2, 'fetch', { type: 'failed', unsupported: false, unreachable: false })
  driver.expire()
  assert.ok(driver.nowMs >= DEFAULT_RAFT_TIMEOUTS.fetchTimeoutMs)
})

/** What a log is, record by record: the epoch of each. */
const logs = fc
  .array(fc.record({ step: fc.integer({ min: 0, max: 2 }), count: fc.integer({ min: 1, max: 3 }) }), { maxLength: 8 })
  .map((parts) => {
    let epoch = 1
    return parts.flatMap(({ count, step }) => {
      epoch += step
      return Array.from({ length: count }, () => epoch)
    })
  })

function viewOfLog(epochs: readonly number[]): LogView {
  const view = new LogView({
    start: { endOffset: 0, epoch: 0 },
    endOffset: 0,
    durableOffset: 0,
    epochs: [],
    latestSnapshot: undefined,
  })
  epochs.forEach((epoch, offset) => view.append({ baseOffset: offset, lastOffset: offset, epoch, controls: [] }))
  view.invariants()
  return view
}

test('where an epoch ends is where a search record by record finds it', () => {
  fc.assert(
    fc.property(logs, fc.integer({ min: 0, max: 20 }), (epochs, epoch) => {
      const end = viewOfLog(epochs).endOfEpoch(epoch)
      const index = epochs.findLastIndex((each) => each <= epoch)
      assert.deepEqual(end, { epoch: epochs[index] ?? 0, endOffset: index + 1 })
    }),
  )
})

test('a follower and a leader find the end of their common log, and never cut what is common', () => {
  fc.assert(
    fc.property(logs, logs, logs, (common, mine, theirs) => {
      // In one epoch one leader appends: different tails are of different epochs, all greater than the common ones.
      const last = common.at(-1) ?? 0
      const follower = [...common, ...mine.map((epoch) => last + epoch * 2)]
      const leader = [...common, ...theirs.map((epoch) => last + epoch * 2 - 1)]
      const view = viewOfLog(follower)
      const leaders = viewOfLog(leader)
      for (let tries = 0; tries <= follower.length + 1; tries++) {
        const position = leaders.positionOf(view.endOffset, view.lastEpoch)
        if (position.kind !== 'diverging') break
        const offset = view.truncationFor(position.end)
        assert.ok(offset >= common.length, 'what is common stays')
        assert.ok(offset < view.endOffset, 'each try cuts something')
        view.truncateTo(offset)
        view.invariants()
      }
      assert.equal(view.endOffset, common.length)
    }),
  )
})
