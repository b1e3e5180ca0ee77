/** The history checker against histories made by hand, spoiled ones, and a brute-force reading of its rules. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '@braidlog/base'
import {
  checkHistory,
  HistoryError,
  parseHistory,
  writeHistory,
  type AnomalyName,
  type HistoryEvent,
  type Operation,
} from '../src/history/index.ts'
import { anomaliesByBruteForce } from './history-oracle.ts'
import { MUTATIONS } from './mutations.ts'
import { perfectHistory } from './perfect-log.ts'

/** `process type kind …`: sends as key:value@offset, polls the same, assignments as keys. */
function history(text: string): HistoryEvent[] {
  return text
    .trim()
    .split('\n')
    .map((line, at) => {
      const [process, type, kind, ...rest] = line.trim().split(/\s+/)
      return {
        timeMs: at,
        process: Number(process),
        type: type as HistoryEvent['type'],
        operation: operation(kind!, rest),
      }
    })
}

function operation(kind: string, rest: string[]): Operation {
  const places = () =>
    rest.map((each) => {
      const [, key, value, , offset] = /^(\d+):(-?\d+)(@(\d+))?$/.exec(each)!
      const sent = { key: Number(key), value: Number(value) }
      return offset === undefined ? sent : { ...sent, offset: Number(offset) }
    })
  switch (kind) {
    case 'send':
      return { kind, sends: places() }
    case 'poll':
      return { kind, polls: places().map((each) => ({ ...each, offset: (each as { offset: number }).offset })) }
    case 'assign':
    case 'subscribe':
      return { kind, keys: rest.map(Number) }
    default:
      return { kind: 'crash' }
  }
}

const found = (events: readonly HistoryEvent[]) => [...new Set(checkHistory(events).anomalies.map((each) => each.name))]

const SHAPE = { keyCount: 2, processCount: 3, operationCount: 24, recordsPerOperationMax: 3 }

describe('what is told apart', () => {
  const cases: readonly (readonly [name: string, anomalies: readonly AnomalyName[], text: string])[] = [
    [
      'a record that is acknowledged and read',
      [],
      `0 invoke send 0:1
       0 ok send 0:1@0
       1 invoke poll
       1 ok poll 0:1@0`,
    ],
    [
      'a record acknowledged and passed over',
      ['lost-write'],
      `0 invoke send 0:1 0:2
       0 ok send 0:1@0 0:2@1
       1 invoke poll
       1 ok poll 0:2@1`,
    ],
    [
      'a record that nobody promised to have kept',
      [],
      `0 invoke send 0:1
       0 info send 0:1
       1 invoke poll
       1 ok poll`,
    ],
    [
      'a record acknowledged and not reached',
      ['unseen'],
      `0 invoke send 0:1 0:2
       0 ok send 0:1@0 0:2@1
       1 invoke poll
       1 ok poll 0:1@0`,
    ],
    [
      'a retry that was written twice',
      ['duplicate'],
      `0 invoke send 0:1
       0 ok send 0:1@0
       1 invoke poll
       1 ok poll 0:1@0 0:1@1`,
    ],
    [
      'two leaders that gave one offset away',
      ['inconsistent-offsets'],
      `0 invoke send 0:1
       1 invoke send 0:2
       0 ok send 0:1@0
       1 ok send 0:2@0
       2 invoke poll
       2 ok poll 0:1@0
       3 invoke poll
       3 ok poll 0:2@0`,
    ],
    [
      'an offset that nobody reads again in another process',
      [],
      `0 invoke send 0:1
       0 ok send 0:1@0
       1 invoke poll
       1 ok poll 0:1@0
       2 invoke poll
       2 ok poll 0:1@0`,
    ],
    [
      'going back after a new assignment',
      [],
      `0 invoke send 0:1
       0 ok send 0:1@0
       1 invoke poll
       1 ok poll 0:1@0
       1 invoke assign 0
       1 ok assign 0
       1 invoke poll
       1 ok poll 0:1@0`,
    ],
    [
      'going back without one',
      ['nonmonotonic-poll'],
      `0 invoke send 0:1
       0 ok send 0:1@0
       1 invoke poll
       1 ok poll 0:1@0
       1 invoke poll
       1 ok poll 0:1@0`,
    ],
    [
      'going back in a group, whose partitions move',
      [],
      `0 invoke send 0:1
       0 ok send 0:1@0
       1 invoke subscribe 0
       1 ok subscribe 0
       1 invoke poll
       1 ok poll 0:1@0
       1 invoke poll
       1 ok poll 0:1@0`,
    ],
    [
      'a gap where no record was',
      [],
      `0 invoke send 0:1 0:2
       0 ok send 0:1@0 0:2@5
       1 invoke poll
       1 ok poll 0:1@0 0:2@5`,
    ],
    [
      'a later send at a lower offset, after a crash',
      [],
      `0 invoke send 0:1
       0 ok send 0:1@4
       0 invoke crash
       0 ok crash
       0 invoke send 0:2
       0 ok send 0:2@3
       1 invoke poll
       1 ok poll 0:2@3 0:1@4`,
    ],
  ]
  for (const [name, anomalies, text] of cases) {
    it(name, () => assert.deepEqual(found(history(text)), anomalies))
  }

  it('tells how old the news was that a poll did not bring', () => {
    const late = history(`0 invoke send 0:1
      0 ok send 0:1@0
      1 invoke poll
      1 ok poll 0:1@0
      0 invoke send 0:2
      0 ok send 0:2@1
      1 invoke poll
      1 ok poll
      1 invoke poll
      1 ok poll 0:2@1`)
    assert.equal(checkHistory(late).worstRealtimeLagMs, 1)
  })
})

describe('what is no history', () => {
  const refused = (text: string, message: RegExp) =>
    assert.throws(
      () => checkHistory(history(text)),
      (error) => error instanceof HistoryError && message.test(error.message),
    )

  it('is refused, saying where', () => {
    refused(`0 invoke poll\n0 invoke poll`, /event 1: process 0 has an operation open/)
    refused(`0 ok poll`, /event 0: process 0 completes what it did not begin/)
    refused(`0 invoke poll\n0 ok crash`, /completes a crash where it began a poll/)
    refused(`0 invoke send 0:1\n0 ok send 0:1\n1 invoke send 0:1`, /sends 1 to key 0, to which it was sent before/)
  })

  it('an operation that never ended counts as unknown', () => {
    const { valid, unknownCount } = checkHistory(history(`0 invoke send 0:1\n1 invoke poll\n1 ok poll 0:1@0`))
    assert.deepEqual({ valid, unknownCount }, { valid: true, unknownCount: 1 })
  })

  it('lines are read back as they were written, and malformed ones are named', () => {
    const events = perfectHistory(5, SHAPE)
    assert.deepEqual([...parseHistory(writeHistory(events))], events)
    for (const [line, message] of [
      ['{', /line 1 is not JSON/],
      ['{"t":0,"p":0,"type":"maybe","f":"poll","v":[]}', /line 1 has no/],
      ['{"t":0,"p":0,"type":"ok","f":"poll","v":[[1]]}', /the value of a poll is malformed/],
      ['{"t":0,"p":0,"type":"ok","f":"pray","v":[]}', /there is no operation "pray"/],
    ] as const) {
      assert.throws(() => [...parseHistory([line])], message)
    }
  })
})

describe('histories by the hundred', () => {
  it('finds nothing where nothing is wrong', () => {
    for (let seed = 0; seed < 200; seed++) {
      const report = checkHistory(perfectHistory(seed, SHAPE))
      assert.deepEqual(report.anomalies, [], `seed ${seed}`)
    }
  })

  for (const mutation of MUTATIONS) {
    it(`calls it ${mutation.anomaly} when ${mutation.name}`, () => {
      let spoiledCount = 0
      for (let seed = 0; seed < 200; seed++) {
        const spoiled = mutation.apply(perfectHistory(seed, SHAPE), new SeededRandom(seed))
        if (spoiled === undefined) continue
        spoiledCount++
        assert.ok(found(spoiled).includes(mutation.anomaly), `seed ${seed}: found ${found(spoiled).join(', ')}`)
      }
      assert.ok(spoiledCount >= 50, `only ${spoiledCount} of 200 histories could be spoiled so`)
    })
  }

  it('says what the rules say by brute force', () => {
    for (let seed = 0; seed < 300; seed++) {
      let events = perfectHistory(seed, SHAPE)
      const random = new SeededRandom(seed)
      // Up to three faults at once: what one hides, the other may show.
      for (let count = seed % 4; count > 0; count--) {
        events = MUTATIONS[random.uint32() % MUTATIONS.length]!.apply(events, random) ?? events
      }
      const report = checkHistory(events)
      const expected = anomaliesByBruteForce(events)
      const total = Object.values(report.counts).reduce((sum, each) => sum + each, 0)
      assert.equal(total, expected.length, `seed ${seed}`)
      const lines = report.anomalies.map(({ name, key, value }) => `${name} ${key} ${value}`)
      if (total === lines.length) assert.deepEqual(lines.toSorted(), expected.toSorted(), `seed ${seed}`)
    }
  })
})
