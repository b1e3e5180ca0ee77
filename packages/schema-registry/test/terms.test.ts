/**
 * Several writers on one log, in every order that a simulator's dice come to: elections that come too late, leaders that were succeeded
 * and do not know it, writes whose outcome their writer never learns, crashes, and compaction.
 *
 * The log is a list; a process is a machine with a position in it. What is left out is all I/O: `store/writer.ts` does the same steps
 * in the same order.
 */
import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import fc from 'fast-check'
import { decodeRecord, encodeRecord, type RecordText, type RegistryRecord } from '../src/core/record.ts'
import { RegistryMachine, type WriteRequest } from '../src/core/registry.ts'
import { formats, md5 } from '../src/formats-of.ts'
import { field, record } from './support/machine.ts'

interface LogRecord extends RecordText {
  readonly offset: number
  readonly term: number | undefined
}

interface Acknowledged {
  readonly subject: string
  readonly version: number
  readonly id: number
  readonly guid: string
}

/** The topic: appends get offsets in order; compaction drops what a later record with the same key has replaced. */
class Log {
  records: LogRecord[] = []
  #nextOffset = 0

  append(records: readonly RegistryRecord[], term: number | undefined): number[] {
    return records.map((each) => {
      const offset = this.#nextOffset++
      this.records.push({ ...encodeRecord(each), offset, term })
      return offset
    })
  }

  /** Leaves alone what stands at `from` or behind. */
  compact(from: number): void {
    const newest = new Map(this.records.map(({ key, offset }) => [key, offset]))
    this.records = this.records.filter(({ key, offset }) => offset >= from || newest.get(key) === offset)
  }
}

class Process {
  readonly #log: Log
  machine: RegistryMachine
  #position = 0
  readonly #refused = new Set<number>()
  /** It believes that it leads, under this term. */
  term: number | undefined
  /** Decided and not yet appended: the moment in which it can be succeeded. */
  #decided: { records: readonly RegistryRecord[]; term: number; answer: Acknowledged | undefined } | undefined

  constructor(log: Log) {
    this.#log = log
    this.machine = new RegistryMachine({ formats, md5, settings: { compatibility: 'NONE' } })
  }

  read(upTo = Infinity): void {
    for (const { key, value, offset, term } of this.#log.records) {
      if (offset < this.#position || offset > upTo) continue
      const decoded = decodeRecord(key, value)
      assert.ok(decoded.ok)
      if (!this.machine.apply(decoded.record, term)) this.#refused.add(offset)
      this.#position = offset + 1
    }
  }

  /** Elected, whether or not somebody else still believes to be. */
  claim(): void {
    this.#decided = undefined
    const term = this.machine.term + 1
    this.term = this.#append([{ kind: 'NOOP' }], term) ? term : undefined
    if (this.term !== undefined) this.#correct(this.term)
  }

  decide(request: WriteRequest): void {
    if (this.term === undefined || this.#decided !== undefined) return
    const { records, response } = this.machine.decide(request)
    if (records.length === 0) return
    const answer = request.kind === 'register' && response.ok ? (response.value as Acknowledged) : undefined
    this.#decided = { records, term: this.term, answer }
  }

  /** @returns what it may answer; undefined when the records do not count, or it is not to be told */
  append(): Acknowledged | undefined {
    if (this.#decided === undefined) return undefined
    const { records, term, answer } = this.#decided
    this.#decided = undefined
    if (this.#append(records, term)) return answer
    this.term = undefined
    return undefined
  }

  /** The records reach the log, and the answer of the brokers does not reach the process. */
  appendInDoubt(): void {
    if (this.#decided === undefined) return
    this.#log.append(this.#decided.records, this.#decided.term)
    this.#decided = undefined
    this.term = undefined
  }

  correct(): void {
    if (this.term !== undefined && this.#decided === undefined) this.#correct(this.term)
  }

  #correct(term: number): void {
    const corrections = this.machine.corrections()
    if (corrections.length > 0 && !this.#append(corrections, term)) this.term = undefined
  }

  #append(records: readonly RegistryRecord[], term: number): boolean {
    const offsets = this.#log.append(records, term)
    this.read(offsets.at(-1))
    this.machine.invariants()
    return !offsets.some((offset) => this.#refused.has(offset))
  }
}

const PROCESSES = 3
const who = fc.integer({ min: 0, max: PROCESSES - 1 })
const subjects = fc.constantFrom('a', 'b', ':.prod:a')
const schemas = fc.integer({ min: 0, max: 7 }).map((n) => record('R', field(`f${n}`)))

const registrations: fc.Arbitrary<WriteRequest> = fc.record({
  kind: fc.constant('register' as const),
  subject: subjects,
  body: fc.record({ schema: schemas }),
  normalize: fc.constant(false),
})
const anything: fc.Arbitrary<WriteRequest> = fc.oneof(
  { weight: 4, arbitrary: registrations },
  fc.record({ kind: fc.constant('deleteSubject' as const), subject: subjects, permanent: fc.boolean() }),
  fc.record({
    kind: fc.constant('deleteVersion' as const),
    subject: subjects,
    version: fc.integer({ min: 1, max: 3 }),
    permanent: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('setConfig' as const),
    subject: subjects,
    change: fc.record({ compatibilityLevel: fc.constantFrom('NONE' as const, 'FULL' as const) }),
  }),
  fc.record({
    kind: fc.constant('setMode' as const),
    subject: subjects,
    mode: fc.constant('IMPORT'),
    force: fc.constant(true),
  }),
  fc.record({ kind: fc.constant('deleteMode' as const), subject: fc.constant(null), recursive: fc.constant(true) }),
)

type Step =
  | {
      readonly kind: 'elect' | 'claim' | 'append' | 'appendInDoubt' | 'read' | 'correct' | 'crash'
      readonly process: number
    }
  | { readonly kind: 'decide'; readonly process: number; readonly request: WriteRequest }

const steps = (requests: fc.Arbitrary<WriteRequest>): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('elect' as const), process: who }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('claim' as const), process: who }) },
      { weight: 8, arbitrary: fc.record({ kind: fc.constant('decide' as const), process: who, request: requests }) },
      { weight: 8, arbitrary: fc.record({ kind: fc.constant('append' as const), process: who }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('appendInDoubt' as const), process: who }) },
      { weight: 2, arbitrary: fc.record({ kind: fc.constant('read' as const), process: who }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('correct' as const), process: who }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('crash' as const), process: who }) },
    ),
    { minLength: 30, maxLength: 100 },
  )

/** @returns the log and everything that was acknowledged, in order */
function run(list: readonly Step[]): { log: Log; acknowledged: Acknowledged[] } {
  const log = new Log()
  const processes = Array.from({ length: PROCESSES }, () => new Process(log))
  const acknowledged: Acknowledged[] = []
  for (const step of list) {
    const process = processes[step.process]!
    switch (step.kind) {
      case 'claim':
      case 'appendInDoubt':
      case 'correct':
        process[step.kind]()
        break
      case 'elect':
        process.read()
        process.claim()
        break
      case 'read':
        process.read()
        break
      case 'decide':
        process.decide(step.request)
        break
      case 'append': {
        const answer = process.append()
        if (answer !== undefined) acknowledged.push(answer)
        break
      }
      case 'crash':
        processes[step.process] = new Process(log)
        processes[step.process]!.read()
        break
      default:
        step satisfies never
    }
  }
  // Whoever leads last leaves the topic in order.
  processes[0]!.read()
  processes[0]!.claim()
  assert.deepEqual(processes[0]!.machine.corrections(), [])
  return { log, acknowledged }
}

function readAll(records: readonly LogRecord[], knowsTerms: boolean): RegistryMachine {
  const machine = new RegistryMachine({ formats, md5, settings: { compatibility: 'NONE' } })
  for (const { key, value, term } of records) {
    const decoded = decodeRecord(key, value)
    assert.ok(decoded.ok)
    machine.apply(decoded.record, knowsTerms ? term : undefined)
  }
  machine.invariants()
  return machine
}

const texts = (machine: RegistryMachine): string[] =>
  [...machine.snapshot()].map((each) => JSON.stringify(encodeRecord(each)))

suite('writers that succeed each other', () => {
  test('no id stands for two schemas, and no acknowledged version is lost or changed', () => {
    fc.assert(
      fc.property(steps(registrations), (list) => {
        const { log, acknowledged } = run(list)
        const { state } = readAll(log.records, true).core
        const guids = new Map<string, string>()
        for (const { subject, version, id, guid } of acknowledged) {
          const stored = state.version(subject, version)
          assert.deepEqual([stored?.id, stored?.guid], [id, guid], `${subject} version ${version}`)
          const key = `${subject.startsWith(':.prod:')} ${id}`
          assert.equal(guids.get(key) ?? guid, guid, `id ${id} was given out twice`)
          guids.set(key, guid)
        }
        for (const context of state.contexts()) {
          for (let id = 1; id <= state.idMax(context); id++) {
            assert.ok(new Set(state.withId(context, id).map((each) => each.guid)).size <= 1, `id ${id} of ${context}`)
          }
        }
        for (const subject of state.subjects()) {
          const versions = state.versions(subject).map(({ version }) => version)
          assert.deepEqual(
            versions,
            versions.map((_, i) => i + 1),
            `${subject} has no gap`,
          )
        }
      }),
      { numRuns: 400 },
    )
  })

  test('whoever reads the log, knowing terms or not, compacted or not, ends with the same registry', () => {
    fc.assert(
      fc.property(steps(anything), (list) => {
        const { log } = run(list)
        const expected = texts(readAll(log.records, true))
        assert.deepEqual(texts(readAll(log.records, false)), expected, 'a reader that knows no terms')
        log.compact(Infinity)
        assert.deepEqual(texts(readAll(log.records, true)), expected, 'compacted')
        assert.deepEqual(texts(readAll(log.records, false)), expected, 'compacted, without terms')
      }),
      { numRuns: 400 },
    )
  })

  test('the dice do come to what this is about: stale records, and claims that were too late', () => {
    const seen = { stale: 0, lost: 0 }
    for (const list of fc.sample(steps(registrations), { numRuns: 200, seed: 1 })) {
      const { log } = run(list)
      const machine = new RegistryMachine({ formats, md5 })
      for (const { key, value, term } of log.records) {
        const decoded = decodeRecord(key, value)
        assert.ok(decoded.ok)
        if (machine.apply(decoded.record, term)) continue
        seen[decoded.record.kind === 'NOOP' ? 'lost' : 'stale']++
      }
    }
    assert.ok(seen.stale > 20 && seen.lost > 20, JSON.stringify(seen))
  })
})

suite('terms', () => {
  const schema = (subject: string, id: number): RegistryRecord => ({
    kind: 'SCHEMA',
    subject,
    version: 1,
    value: { id, schema: '"int"', schemaType: 'AVRO', references: [], metadata: null, ruleSet: null, deleted: false },
  })
  const machine = (): RegistryMachine => new RegistryMachine({ formats, md5 })

  test('a record of an earlier term does not count, one without a term does', () => {
    const one = machine()
    assert.equal(one.apply({ kind: 'NOOP' }, 1), true)
    assert.equal(one.apply({ kind: 'NOOP' }, 2), true)
    assert.equal(one.apply(schema('stale', 1), 1), false)
    assert.equal(one.apply(schema('mine', 1), 2), true)
    assert.equal(one.apply(schema('theirs', 1)), true)
    assert.deepEqual(one.core.state.subjects(), ['mine', 'theirs'])
  })

  test('of two that claim one term the first has it', () => {
    const one = machine()
    assert.equal(one.apply({ kind: 'NOOP' }, 5), true)
    assert.equal(one.apply({ kind: 'NOOP' }, 5), false)
    assert.equal(one.term, 5)
  })

  test('the truth is written under the key of what is stale: a value, or that there is none', () => {
    const one = machine()
    one.apply(schema('a', 1), 1)
    one.apply({ kind: 'NOOP' }, 2)
    one.apply(schema('a', 9), 1)
    one.apply(schema('b', 9), 1)
    const corrections = one.corrections().map(encodeRecord)
    assert.deepEqual(
      corrections.map(({ key, value }) => [JSON.parse(key).subject, value === null ? null : JSON.parse(value).id]),
      [
        ['a', 1],
        ['b', null],
      ],
    )
    for (const correction of one.corrections()) one.apply(correction, 2)
    assert.deepEqual(one.corrections(), [])
  })

  test('a stale deletion of a subject is taken back, and what it would have deleted written anew', () => {
    const one = machine()
    one.apply(schema('a', 1), 1)
    one.apply({ kind: 'NOOP' }, 2)
    one.apply({ kind: 'DELETE_SUBJECT', subject: 'a', version: 1 }, 1)
    assert.deepEqual(
      one.corrections().map((each) => [each.kind, encodeRecord(each).value === null]),
      [
        ['DELETE_SUBJECT', true],
        ['SCHEMA', false],
      ],
    )
  })
})
