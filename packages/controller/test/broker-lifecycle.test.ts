/** A broker's life towards the controllers: each row of the table in SPEC.md. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ErrorCode } from '@braidlog/model'
import fc from 'fast-check'
import { BrokerLifecycle, type BrokerLifecycleEffect, type BrokerLifecycleInput } from '../src/index.ts'

type Without<T> = T extends unknown ? Omit<T, 'nowMs'> : never

class Drive {
  readonly lifecycle = new BrokerLifecycle({
    heartbeatIntervalMs: 2000,
    registrationTimeoutMs: 60_000,
    shutdownTimeoutMs: 15_000,
    shutdownSilenceMs: 2000,
  })
  nowMs = 0

  /** @returns the effects, one word or two each */
  on(input: Without<BrokerLifecycleInput>): string[] {
    const effects: BrokerLifecycleEffect[] = []
    this.lifecycle.step({ ...input, nowMs: this.nowMs }, effects)
    this.lifecycle.invariants()
    return effects.map(text)
  }

  pass(ms: number): string[] {
    this.nowMs += ms
    return this.on({ type: 'tick' })
  }

  registered(errorCode = 0, brokerEpoch = 7): string[] {
    return this.on({ type: 'registered', errorCode, brokerEpoch })
  }

  sees(epoch: number | undefined, { offset = epoch ?? 100, ours = true, fenced = true } = {}): string[] {
    const registration = epoch === undefined ? undefined : { epoch, ours, fenced }
    return this.on({ type: 'metadata', offset, registration })
  }

  answered(isFenced: boolean, { errorCode = 0 as number | undefined, shouldShutDown = false } = {}): string[] {
    return this.on({ type: 'heartbeat-answered', errorCode, isFenced, shouldShutDown })
  }

  running(): this {
    this.on({ type: 'start' })
    this.registered()
    this.sees(7)
    this.on({ type: 'ready' })
    this.answered(false)
    assert.equal(this.lifecycle.state, 'running')
    return this
  }
}

function text(effect: BrokerLifecycleEffect): string {
  switch (effect.type) {
    case 'state':
      return effect.state
    case 'heartbeat':
      return `heartbeat${effect.wantFence ? ' fenced' : ''}${effect.wantShutDown ? ' leaving' : ''}`
    case 'fatal':
      return `fatal ${effect.reason}`
    default:
      return effect.type
  }
}

test('a start takes one registration and one heartbeat', () => {
  const drive = new Drive()
  assert.deepEqual(drive.on({ type: 'start' }), ['register'])
  assert.deepEqual(drive.registered(), [])
  assert.equal(drive.lifecycle.brokerEpoch, 7)
  assert.deepEqual(drive.sees(undefined, { offset: 6 }), [], 'the metadata has not come so far')
  assert.deepEqual(drive.sees(7), ['recovery'])
  assert.deepEqual(drive.on({ type: 'ready' }), ['heartbeat'])
  assert.deepEqual(drive.answered(false), ['running'])
  assert.deepEqual(drive.pass(1999), [])
  assert.deepEqual(drive.pass(1), ['heartbeat'])
})

test('while its partitions are opened, heartbeats keep it registered and fenced', () => {
  const drive = new Drive()
  drive.on({ type: 'start' })
  drive.registered()
  drive.sees(7)
  assert.deepEqual(drive.pass(2000), ['heartbeat fenced'])
  assert.deepEqual(drive.answered(true), [])
  assert.deepEqual(drive.pass(2000), ['heartbeat fenced'])
  assert.deepEqual(drive.on({ type: 'ready' }), [], 'one request at a time')
  assert.deepEqual(drive.answered(true), [])
  assert.deepEqual(drive.pass(50), ['heartbeat'])
  assert.deepEqual(drive.answered(false), ['running'])
})

test('a registration that is not answered is sent again, ever more slowly, for a minute', () => {
  const drive = new Drive()
  drive.on({ type: 'start' })
  let sent = 0
  for (; drive.nowMs < 60_000;) {
    drive.on({ type: 'registered', errorCode: undefined, brokerEpoch: -1 })
    const effects = drive.pass(drive.lifecycle.nextDeadlineMs() - drive.nowMs)
    if (effects.some((effect) => effect.startsWith('fatal'))) break
    assert.deepEqual(effects, ['register'])
    sent++
  }
  assert.equal(drive.nowMs, 60_000)
  assert.ok(sent > 55 && sent < 70, `${sent} attempts`)
  assert.deepEqual(drive.pass(5000), [], 'nothing after the end')
})

test('what the cluster will never accept is not tried again', () => {
  for (const [code, pattern] of [
    ['INCONSISTENT_CLUSTER_ID', /another cluster/],
    ['INVALID_REGISTRATION', /directory\.id/],
    ['UNSUPPORTED_VERSION', /features/],
  ] as const) {
    const drive = new Drive()
    drive.on({ type: 'start' })
    const effects = drive.registered(ErrorCode[code])
    assert.equal(effects[0], 'shutting-down')
    assert.match(effects[1]!, pattern)
  }
})

test('an earlier life that is still thought alive is waited for', () => {
  const drive = new Drive()
  drive.on({ type: 'start' })
  assert.deepEqual(drive.registered(ErrorCode.DUPLICATE_BROKER_REGISTRATION), [])
  assert.deepEqual(drive.pass(50), ['register'])
})

test('a broker that was fenced for its silence asks to be let in again', () => {
  const drive = new Drive().running()
  drive.pass(2000)
  assert.deepEqual(drive.answered(true), [])
  assert.deepEqual(drive.pass(50), ['heartbeat'])
  assert.equal(drive.lifecycle.state, 'running', 'it never stopped serving')
})

test('a broker whose registration is gone registers again', () => {
  const vanished = new Drive().running()
  assert.deepEqual(vanished.sees(undefined), ['register'])

  const stale = new Drive().running()
  stale.pass(2000)
  assert.deepEqual(stale.answered(true, { errorCode: ErrorCode.STALE_BROKER_EPOCH }), ['register'])
  stale.registered(0, 90)
  assert.deepEqual(stale.sees(90), ['heartbeat'], 'its partitions are in line already')
})

test('of two processes with one node id, the earlier one goes', () => {
  const drive = new Drive().running()
  const effects = drive.sees(50, { ours: false })
  assert.match(effects[1]!, /another process/)
})

test('a broker leaves when its partitions have gone to others', () => {
  const drive = new Drive().running()
  assert.deepEqual(drive.on({ type: 'shut-down' }), ['pending-controlled-shutdown', 'heartbeat leaving'])
  assert.deepEqual(drive.answered(false), [])
  assert.deepEqual(drive.pass(100), ['heartbeat leaving'])
  assert.deepEqual(drive.answered(true, { shouldShutDown: true }), ['shutting-down', 'stop'])
})

test('a broker does not wait for ever to leave', () => {
  const busy = new Drive().running()
  busy.on({ type: 'shut-down' })
  for (let ms = 0; ms < 14_900; ms += 100) {
    busy.answered(false)
    assert.deepEqual(busy.pass(100), ['heartbeat leaving'])
  }
  busy.answered(false)
  assert.deepEqual(busy.pass(100), ['shutting-down', 'stop'])

  const alone = new Drive().running()
  alone.on({ type: 'shut-down' })
  alone.answered(true, { errorCode: undefined })
  alone.pass(1000)
  assert.deepEqual(alone.pass(1000), ['shutting-down', 'stop'], 'no controller has said a word')
})

test('a failed directory is told at once, and the broker wants to lead nothing any more', () => {
  const drive = new Drive().running()
  assert.deepEqual(drive.on({ type: 'directory-failed' }), ['heartbeat fenced'])
  drive.answered(true)
  assert.deepEqual(drive.pass(50), [])
  assert.deepEqual(drive.pass(1950), ['heartbeat fenced'])
})

test('whatever happens, in whatever order, one request is under way and the end is the end', () => {
  const errorCode = fc.constantFrom(0, 0, 0, undefined, ErrorCode.STALE_BROKER_EPOCH, ErrorCode.NOT_CONTROLLER)
  const event = fc.oneof(
    fc.record({ type: fc.constant('registered' as const), errorCode, brokerEpoch: fc.nat(50) }),
    fc.record({
      type: fc.constant('heartbeat-answered' as const),
      errorCode,
      isFenced: fc.boolean(),
      shouldShutDown: fc.boolean(),
    }),
    fc.record({
      type: fc.constant('metadata' as const),
      offset: fc.nat(60),
      registration: fc.option(fc.record({ epoch: fc.nat(50), ours: fc.boolean(), fenced: fc.boolean() }), {
        nil: undefined,
      }),
    }),
    fc.constantFrom(
      { type: 'ready' as const },
      { type: 'shut-down' as const },
      { type: 'controller-changed' as const },
      { type: 'directory-failed' as const },
    ),
    fc.record({ type: fc.constant('pass' as const), ms: fc.nat(5000) }),
  )
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const drive = new Drive()
      let open = 0
      let ended = false
      const see = (effects: string[]): void => {
        for (const effect of effects) {
          assert.ok(!ended, `${effect} after the end`)
          if (effect === 'register' || effect.startsWith('heartbeat')) open++
          if (effect === 'stop' || effect.startsWith('fatal')) ended = true
        }
        assert.ok(open <= 1, 'two requests at a time')
      }
      see(drive.on({ type: 'start' }))
      for (const each of events) {
        if (each.type === 'pass') see(drive.pass(each.ms))
        else if (each.type === 'registered' || each.type === 'heartbeat-answered') {
          if (open === 0) continue
          open = 0
          see(drive.on(each))
        } else see(drive.on(each))
      }
    }),
    { numRuns: 500, seed: 7 },
  )
})
