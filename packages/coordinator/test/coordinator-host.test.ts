/** The host: loading, turns, parking, failure. The machine is a small counter, so that only the host is tested. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { silentLogger } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import { CoordinatorHost, type Instant, type ReplicatedMachine } from '@braidlog/coordinator'
import { endTxnMarker, plainCodecs, BatchBuilder } from '@braidlog/records'
import { MemoryLog } from './memory-log.ts'
import { settle, SimTime } from './sim-time.ts'
import { bytesOf, textOf } from './requests.ts'

/** Requests: `add x` writes a record; `get` answers all; `wait x` waits for `add x`; `break` is a bug. */
class WordList implements ReplicatedMachine<string, string, string> {
  readonly words: string[] = []
  readonly offsets: number[] = []
  readonly #waiting = new Map<string, number>()
  deadlineMs = Infinity

  decide(request: string, ticket: number, now: Instant) {
    const [verb, word = ''] = request.split(' ')
    switch (verb) {
      case 'add': {
        const waiting = this.#waiting.get(word)
        const answers = [{ ticket, response: `added ${word}` }]
        if (waiting !== undefined) answers.push({ ticket: waiting, response: `saw ${word}` })
        return { records: [word], answers }
      }
      case 'wait':
        this.#waiting.set(word, ticket)
        return { records: [], answers: [] }
      case 'alarm':
        this.deadlineMs = now.monotonicMs + Number(word)
        return { records: [], answers: [{ ticket, response: 'set' }] }
      case 'get':
        return { records: [], answers: [{ ticket, response: this.words.join(' ') }] }
      default:
        throw new Error('a bug')
    }
  }

  apply(record: string, recordOffset: number): void {
    this.words.push(record)
    this.offsets.push(recordOffset)
  }

  endTransaction(producerId: number, committed: boolean): void {
    this.words.push(`${producerId}${committed ? '+' : '-'}`)
  }

  activate() {
    return { records: [], answers: [] }
  }

  nextDeadlineMs(): number {
    return this.deadlineMs
  }

  expire() {
    this.deadlineMs = Infinity
    return { records: ['rang'], answers: [] }
  }

  invariants(): string[] {
    return []
  }
}

const serde = {
  encode: (word: string) => ({ key: bytesOf(word), value: null }),
  decode: (key: Uint8Array) => (textOf(key).startsWith('?') ? undefined : textOf(key)),
}

function open(log = new MemoryLog(), requestsMax = 100) {
  const time = new SimTime()
  const host = new CoordinatorHost({
    name: 'words-0',
    log,
    machine: () => new WordList(),
    serde,
    codecs: plainCodecs,
    clock: time,
    timers: time,
    logger: silentLogger,
    defer: (turn) => void Promise.resolve().then(turn),
    requestsMax,
    appendBatchSizeMaxBytes: 200,
    loadChunkSizeBytes: 150,
  })
  const ask = (request: string): { outcome: string | undefined } => {
    const asked: { outcome: string | undefined } = { outcome: undefined }
    const settleWith = (outcome: string): void => {
      assert.equal(asked.outcome, undefined, 'answered once')
      asked.outcome = outcome
    }
    host.submit(request, {
      complete: settleWith,
      fail: (error) => {
        settleWith(`error ${error}`)
      },
    })
    return asked
  }
  return { log, time, host, ask }
}

function preload(log: MemoryLog, words: readonly string[]): void {
  const builder = new BatchBuilder({ codecs: plainCodecs, sizeBytesMax: 1000 })
  for (const word of words) {
    builder.reset()
    builder.append(bytesOf(word), null, 1)
    log.append(builder.build())
  }
}

test('what is asked while the log is replayed is told that the coordinator loads', async () => {
  const log = new MemoryLog()
  preload(log, ['a', '?unknown', 'b', 'c'])
  const { host, ask } = open(log)
  const early = ask('get')
  assert.equal(early.outcome, `error ${ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}`)
  await host.loaded()
  const late = ask('get')
  await settle()
  assert.equal(late.outcome, 'a b c')
  assert.ok(log.reads > 1, 'in several chunks')
})

test('transaction markers in the log reach the machine', async () => {
  const log = new MemoryLog()
  preload(log, ['a'])
  const marker = {
    codecs: plainCodecs,
    baseOffset: 0,
    leaderEpoch: 0,
    timestampMs: 1,
    coordinatorEpoch: 1,
    producerEpoch: 0,
  }
  log.append(endTxnMarker({ ...marker, outcome: 'commit', producerId: 7 }))
  log.append(endTxnMarker({ ...marker, outcome: 'abort', producerId: 8 }))
  const { host, ask } = open(log)
  await host.loaded()
  const all = ask('get')
  await settle()
  assert.equal(all.outcome, 'a 7+ 8-')
})

test('the records of one turn are one batch', async () => {
  const { log, host, ask } = open()
  await host.loaded()
  const answers = ['add a', 'add b', 'get', 'add c'].map(ask)
  await settle()
  assert.deepEqual(
    answers.map(({ outcome }) => outcome),
    ['added a', 'added b', 'a b', 'added c'],
  )
  assert.equal(log.batches.length, 1)
})

test('a turn with more records than a batch holds is several batches', async () => {
  const { log, host, ask } = open()
  await host.loaded()
  const answers = Array.from({ length: 30 }, (_, i) => ask(`add word-${i}`))
  await settle()
  assert.ok(answers.every(({ outcome }) => outcome?.startsWith('added')))
  assert.ok(log.batches.length > 1)
  assert.equal(log.endOffset(), 30)
  const { offsets } = host.machine() as WordList
  assert.deepEqual(offsets, [...offsets.keys()], 'the machine knew the offsets beforehand')
  assert.ok(log.batches.every(({ bytes }) => bytes.length <= 200))
})

test('no answer leaves before the high watermark has passed what it rests on', async () => {
  const { log, host, ask } = open()
  await host.loaded()
  log.autoCommit = false
  const first = ask('add a')
  await settle()
  const second = ask('add b')
  const reader = ask('get')
  await settle()
  assert.deepEqual([first.outcome, second.outcome, reader.outcome], [undefined, undefined, undefined])
  log.commit(1)
  assert.deepEqual([first.outcome, second.outcome, reader.outcome], ['added a', undefined, undefined])
  log.commit(2)
  assert.deepEqual([second.outcome, reader.outcome], ['added b', 'a b'])
})

test('a later request can answer an earlier one', async () => {
  const { host, ask } = open()
  await host.loaded()
  const waiting = ask('wait a')
  await settle()
  assert.equal(waiting.outcome, undefined)
  ask('add a')
  await settle()
  assert.equal(waiting.outcome, 'saw a')
})

test('after a failed append the machine is what the log says', async () => {
  const { log, host, ask } = open()
  await host.loaded()
  ask('add a')
  await settle()
  const waiting = ask('wait b')
  await settle()
  log.failNext = ErrorCode.NOT_ENOUGH_REPLICAS
  const failed = ask('add b')
  await settle()
  assert.equal(failed.outcome, `error ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`)
  assert.equal(waiting.outcome, `error ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`)
  await host.loaded()
  const all = ask('get')
  await settle()
  assert.equal(all.outcome, 'a')
})

test('answers whose records are in the log outlive a failed append', async () => {
  const { log, host, ask } = open()
  await host.loaded()
  log.autoCommit = false
  const parked = ask('add a')
  await settle()
  log.failNext = ErrorCode.KAFKA_STORAGE_ERROR
  const failed = ask('add b')
  await settle()
  assert.equal(failed.outcome, `error ${ErrorCode.NOT_COORDINATOR}`)
  assert.equal(parked.outcome, undefined)
  log.commit()
  assert.equal(parked.outcome, 'added a')
})

test('what was appended and is lost is not acknowledged', async () => {
  const { log, host, ask } = open()
  await host.loaded()
  ask('add a')
  await settle()
  log.autoCommit = false
  const lost = ask('add b')
  await settle()
  log.lose()
  assert.equal(lost.outcome, `error ${ErrorCode.NOT_COORDINATOR}`)
  await host.loaded()
  const all = ask('get')
  await settle()
  assert.equal(all.outcome, 'a')
})

test('a log that keeps failing is reloaded at growing intervals', async () => {
  const { log, time, host, ask } = open()
  await host.loaded()
  ask('add a')
  await settle()
  const readsBefore = log.reads
  for (let attempt = 0; attempt < 3; attempt++) {
    log.failNext = ErrorCode.KAFKA_STORAGE_ERROR
    ask('add b')
    await settle()
  }
  assert.equal(log.reads - readsBefore, 1, 'the first reload came at once, the second waits')
  const loading = ask('get')
  assert.equal(loading.outcome, `error ${ErrorCode.COORDINATOR_LOAD_IN_PROGRESS}`)
  await time.pass(100)
  await host.loaded()
  const all = ask('get')
  await settle()
  assert.equal(all.outcome, 'a')
})

test('a bug in the machine costs its soft state, not the broker', async () => {
  const { host, ask } = open()
  await host.loaded()
  ask('add a')
  await settle()
  const broken = [ask('add b'), ask('break')]
  await settle()
  assert.deepEqual(
    broken.map(({ outcome }) => outcome),
    [`error ${ErrorCode.UNKNOWN_SERVER_ERROR}`, `error ${ErrorCode.UNKNOWN_SERVER_ERROR}`],
  )
  await host.loaded()
  const all = ask('get')
  await settle()
  assert.equal(all.outcome, 'a')
})

test('a log that cannot be read is tried again', async () => {
  const log = new MemoryLog()
  preload(log, ['a'])
  const read = log.read.bind(log)
  log.read = () => Promise.reject(new Error('EIO'))
  const { time, host, ask } = open(log)
  await host.loaded()
  assert.equal(ask('get').outcome, `error ${ErrorCode.NOT_COORDINATOR}`)
  log.read = read
  await time.pass(100)
  await host.loaded()
  const all = ask('get')
  await settle()
  assert.equal(all.outcome, 'a')
})

test('deadlines of the machine ring without a request', async () => {
  const { time, host, ask } = open()
  await host.loaded()
  ask('alarm 500')
  await settle()
  await time.pass(499)
  const before = ask('get')
  await settle()
  await time.pass(1)
  const after = ask('get')
  await settle()
  assert.deepEqual([before.outcome, after.outcome], ['', 'rang'])
})

test('requests without an answer are bounded', async () => {
  const { host, ask } = open(new MemoryLog(), 2)
  await host.loaded()
  ask('wait a')
  ask('wait b')
  assert.equal(ask('get').outcome, `error ${ErrorCode.COORDINATOR_NOT_AVAILABLE}`)
})

test('closing answers whoever waits and leaves no timer', async () => {
  const { log, time, host, ask } = open()
  await host.loaded()
  ask('alarm 500')
  const waiting = ask('wait a')
  await settle()
  log.autoCommit = false
  const parked = ask('add b')
  await settle()
  host.close()
  assert.deepEqual([waiting.outcome, parked.outcome], Array(2).fill(`error ${ErrorCode.NOT_COORDINATOR}`))
  assert.equal(ask('get').outcome, `error ${ErrorCode.NOT_COORDINATOR}`)
  assert.equal(time.timerCount(), 0)
})

test('what is only read is answered when what the predecessor left is committed, though nothing is appended', async () => {
  const log = new MemoryLog()
  log.autoCommit = false
  const before = open(log)
  await before.host.loaded()
  before.ask('add one')
  await settle()
  before.host.close()
  const { ask, host } = open(log)
  await host.loaded()
  const asked = ask('get')
  await settle()
  assert.equal(asked.outcome, undefined)
  log.commit()
  await settle()
  assert.equal(asked.outcome, 'one')
})
