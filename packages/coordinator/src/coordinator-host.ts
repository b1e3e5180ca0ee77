/**
 * Runs one replicated machine on its log partition: loads it by replay, gives it its requests in turns, appends the
 * records of a turn as one batch, and sends no answer before the high watermark has passed what it rests on.
 *
 * ```
 *  submit ─► queue ─► turn: expire, decide…, apply ─► append one batch ─► parked answers ─► high watermark ─► complete
 *                                                        │ fails
 *                                                        └─► the machine is thrown away and loaded again
 * ```
 *
 * Records are applied before they are appended, so that the next request of the same turn sees them. That makes a failed
 * append unrecoverable for this machine: it may hold what the log does not. Answers that were parked before keep
 * waiting: their records are in the log.
 *
 * Every answer is parked, also of requests without records: what they saw may not be committed yet.
 *
 * The shell around a machine: it may await, but knows no Node; the simulator runs this same class.
 */
import { assert, type Clock, type Logger, type Timer, type Timers } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import { BatchBuilder, batches, controlRecordsOf, type Codecs } from '@braidlog/records'
import { coordinatorError } from './append-error.ts'
import type { AppendOutcome, CoordinatorLog } from './coordinator-log.ts'
import type { Instant } from './instant.ts'
import type { MachineDecision, RecordSerde, ReplicatedMachine, StoredRecord } from './replicated-machine.ts'

export interface CoordinatorHostOptions<Request, Response, Rec> {
  /** For log lines: `__consumer_offsets-7`. */
  readonly name: string
  readonly log: CoordinatorLog
  /** A new, empty machine. */
  readonly machine: () => ReplicatedMachine<Request, Response, Rec>
  readonly serde: RecordSerde<Rec>
  readonly codecs: Codecs
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  /** Runs a turn soon: a microtask, or whatever lets more requests come together (`setImmediate`). */
  readonly defer: (turn: () => void) => void
  /** Requests without an answer. At the bound, new ones are told COORDINATOR_NOT_AVAILABLE and come again. */
  readonly requestsMax: number
  readonly appendBatchSizeMaxBytes: number
  readonly loadChunkSizeBytes: number
}

/** Whoever waits for an answer. Exactly one of the two is called, once. */
export interface Pending<Response> {
  complete(response: Response): void
  fail(error: ErrorCode): void
}

type HostState = 'loading' | 'active' | 'failed' | 'closed'

interface ParkedAnswers<Response> {
  /** The high watermark that lets them go. */
  readonly offset: number
  readonly answers: readonly { readonly ticket: number; readonly response: Response }[]
}

const RELOAD_DELAY_MIN_MS = 100
const RELOAD_DELAY_MAX_MS = 5_000
/** Timers of some runtimes wrap around beyond 2^31 ms; ringing early costs nothing. */
const TIMER_DELAY_MAX_MS = 3_600_000

export class CoordinatorHost<Request, Response, Rec> {
  readonly #options: CoordinatorHostOptions<Request, Response, Rec>
  readonly #builder: BatchBuilder
  readonly #unsubscribe: () => void
  #state: HostState = 'loading'
  /** Counts loads: a load that has been overtaken finds another number here and ends. */
  #session = 0
  #loaded: Promise<void> = Promise.resolve()
  #machine: ReplicatedMachine<Request, Response, Rec>
  #queue: { readonly ticket: number; readonly request: Request }[] = []
  #isTurnDue = false
  #nextTicket = 1
  readonly #waiting = new Map<number, Pending<Response>>()
  #parked: ParkedAnswers<Response>[] = []
  #timer: { readonly atMs: number; readonly timer: Timer } | undefined
  #reloadDelayMs = 0

  constructor(options: CoordinatorHostOptions<Request, Response, Rec>) {
    this.#options = options
    this.#builder = new BatchBuilder({ codecs: options.codecs, sizeBytesMax: options.appendBatchSizeMaxBytes })
    this.#machine = options.machine()
    this.#unsubscribe = options.log.subscribe({
      onHighWatermark: () => this.#deliver(),
      onFailed: (error) => {
        this.#parked = []
        this.#discard(error)
      },
    })
    this.#load(0)
  }

  state(): HostState {
    return this.#state
  }

  /** The machine that serves now, for tests and simulation. */
  machine(): ReplicatedMachine<Request, Response, Rec> {
    return this.#machine
  }

  /** Resolves when the load under way has ended, well or not. */
  loaded(): Promise<void> {
    return this.#loaded
  }

  submit(request: Request, pending: Pending<Response>): void {
    if (this.#state !== 'active') {
      const isLoading = this.#state === 'loading'
      pending.fail(isLoading ? ErrorCode.COORDINATOR_LOAD_IN_PROGRESS : ErrorCode.NOT_COORDINATOR)
      return
    }
    if (this.#waiting.size >= this.#options.requestsMax) {
      pending.fail(ErrorCode.COORDINATOR_NOT_AVAILABLE)
      return
    }
    const ticket = this.#nextTicket++
    this.#waiting.set(ticket, pending)
    this.#queue.push({ ticket, request })
    this.#turnSoon()
  }

  /** A transaction marker has been appended to the log while this host was active. */
  endTransaction(producerId: number, committed: boolean): void {
    if (this.#state === 'active') this.#machine.endTransaction(producerId, committed)
  }

  /** Ends the host: whoever waits is told `error`. */
  close(error: ErrorCode = ErrorCode.NOT_COORDINATOR): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#session++
    this.#unsubscribe()
    this.#cancelTimer()
    this.#parked = []
    this.#failWaiting(error)
  }

  // Turns

  #turnSoon(): void {
    if (this.#isTurnDue) return
    this.#isTurnDue = true
    this.#options.defer(() => {
      this.#isTurnDue = false
      if (this.#state === 'active') this.#turn()
    })
  }

  #turn(): void {
    const now = this.#now()
    const turn = new Turn<Response, Rec>(this.#machine, this.#options)
    const queue = this.#queue
    this.#queue = []
    try {
      if (this.#machine.nextDeadlineMs() <= now.monotonicMs) turn.take(this.#machine.expire(now))
      for (const { ticket, request } of queue) turn.take(this.#machine.decide(request, ticket, now))
    } catch (error) {
      // A bug. What the machine holds can no longer be trusted, what the log holds can.
      this.#options.logger.error('coordinator failed in a turn', { coordinator: this.#options.name, error })
      this.#discard(ErrorCode.UNKNOWN_SERVER_ERROR)
      return
    }
    this.#finish(turn, now)
  }

  #finish(turn: Turn<Response, Rec>, now: Instant): void {
    const outcome = this.#append(turn.records, now.wallMs)
    if (!outcome.ok) {
      const { name, logger } = this.#options
      logger.warn('coordinator could not append', { coordinator: name, errorCode: outcome.error })
      this.#discard(outcome.error)
      return
    }
    if (turn.answers.length > 0) {
      this.#parked.push({ offset: outcome.endOffset, answers: turn.answers })
      const { log } = this.#options
      if (turn.records.length === 0 && log.highWatermark() < outcome.endOffset) log.untilCommitted()
    }
    this.#arm()
    this.#deliver()
  }

  #append(records: readonly StoredRecord[], timestampMs: number): AppendOutcome {
    const { log } = this.#options
    const builder = this.#builder
    let outcome: AppendOutcome = { ok: true, endOffset: log.endOffset() }
    builder.reset()
    for (const { key, value } of records) {
      if (builder.append(key, value, timestampMs)) continue
      outcome = log.append(builder.build())
      if (!outcome.ok) return outcome
      builder.reset()
      builder.append(key, value, timestampMs)
    }
    return builder.recordCount === 0 ? outcome : log.append(builder.build())
  }

  #deliver(): void {
    const highWatermark = this.#options.log.highWatermark()
    let count = 0
    while (count < this.#parked.length && this.#parked[count]!.offset <= highWatermark) count++
    if (count === 0) return
    this.#reloadDelayMs = 0
    for (const { answers } of this.#parked.splice(0, count)) {
      for (const { ticket, response } of answers) {
        const pending = this.#waiting.get(ticket)
        assert(pending !== undefined, `request ${ticket} of ${this.#options.name} is answered once`)
        this.#waiting.delete(ticket)
        pending.complete(response)
      }
    }
  }

  // Deadlines

  #arm(): void {
    const atMs = this.#machine.nextDeadlineMs()
    if (this.#timer !== undefined && this.#timer.atMs <= atMs) return
    this.#cancelTimer()
    if (atMs === Infinity) return
    const { clock, timers } = this.#options
    const delayMs = Math.min(Math.max(atMs - clock.monotonicMs(), 0), TIMER_DELAY_MAX_MS)
    const timer = timers.after(delayMs, () => {
      this.#timer = undefined
      this.#turnSoon()
    })
    this.#timer = { atMs, timer }
  }

  #cancelTimer(): void {
    this.#timer?.timer.cancel()
    this.#timer = undefined
  }

  #now(): Instant {
    const { clock } = this.#options
    return { wallMs: clock.nowMs(), monotonicMs: clock.monotonicMs() }
  }

  // Loading

  /** Throws the machine away. Whoever waits is told, except for answers whose records are in the log. */
  #discard(error: ErrorCode): void {
    this.#cancelTimer()
    this.#queue = []
    this.#state = 'loading'
    this.#machine = this.#options.machine()
    const delayMs = this.#reloadDelayMs
    this.#backOff()
    this.#load(delayMs)
    this.#failWaiting(coordinatorError(error))
  }

  #failWaiting(error: ErrorCode): void {
    const parked = new Set(this.#parked.flatMap(({ answers }) => answers.map(({ ticket }) => ticket)))
    const failed = [...this.#waiting].filter(([ticket]) => !parked.has(ticket))
    for (const [ticket] of failed) this.#waiting.delete(ticket)
    for (const [, pending] of failed) pending.fail(error)
  }

  #load(delayMs: number): void {
    const session = ++this.#session
    this.#loaded = new Promise((resolve) => {
      const start = (): void => {
        void this.#replay(session).then(resolve)
      }
      if (delayMs === 0) start()
      else this.#options.timers.after(delayMs, start)
    })
  }

  /** Never rejects: a load that fails is tried again later. */
  async #replay(session: number): Promise<void> {
    const { log, name, logger, clock, loadChunkSizeBytes } = this.#options
    const machine = this.#options.machine()
    const startMs = clock.monotonicMs()
    let offset = log.startOffset()
    try {
      while (session === this.#session && offset < log.endOffset()) {
        const bytes = await log.read(offset, loadChunkSizeBytes)
        if (session === this.#session) offset = this.#replayChunk(machine, bytes, offset)
      }
      if (session === this.#session) this.#activate(machine)
    } catch (error) {
      if (session !== this.#session) return
      logger.error('coordinator could not load', { coordinator: name, offset, error })
      this.#state = 'failed'
      this.#loadLater(session)
      return
    }
    if (session !== this.#session) return
    logger.info('coordinator loaded', { coordinator: name, offset, tookMs: clock.monotonicMs() - startMs })
  }

  #activate(machine: ReplicatedMachine<Request, Response, Rec>): void {
    const now = this.#now()
    const turn = new Turn<Response, Rec>(machine, this.#options)
    turn.take(machine.activate(now))
    this.#machine = machine
    this.#state = 'active'
    this.#finish(turn, now)
  }

  #loadLater(session: number): void {
    this.#backOff()
    this.#options.timers.after(this.#reloadDelayMs, () => {
      if (session === this.#session) this.#load(0)
    })
  }

  /** The first reload comes at once; a log that keeps failing is not read over and over. */
  #backOff(): void {
    this.#reloadDelayMs = Math.min(Math.max(this.#reloadDelayMs * 2, RELOAD_DELAY_MIN_MS), RELOAD_DELAY_MAX_MS)
  }

  /** @returns the offset after the last batch of the chunk */
  #replayChunk(machine: ReplicatedMachine<Request, Response, Rec>, bytes: Uint8Array, from: number): number {
    const { serde, codecs, name } = this.#options
    let offset = from
    for (const batch of batches(bytes, { codecs })) {
      if (batch.isControl) {
        for (const { type } of controlRecordsOf(batch)) {
          if (type === 'commit' || type === 'abort') machine.endTransaction(batch.producerId, type === 'commit')
        }
      } else {
        const producerId = batch.isTransactional ? batch.producerId : -1
        for (const record of batch) {
          if (record.offset < from || record.key === null) continue
          const decoded = serde.decode(record.key, record.value)
          if (decoded !== undefined) machine.apply(decoded, record.offset, producerId)
        }
      }
      offset = Math.max(offset, batch.nextOffset)
    }
    assert(offset > from, `the log of ${name} has something to read at ${from}`)
    return offset
  }
}

/** What one turn comes to; applies each decision's records before the next is made. */
class Turn<Response, Rec> {
  readonly records: StoredRecord[] = []
  readonly answers: { readonly ticket: number; readonly response: Response }[] = []
  readonly #machine: { apply(record: Rec, recordOffset: number, producerId: number): void }
  readonly #serde: RecordSerde<Rec>
  /** Nobody else appends while a turn runs, so the offsets are known beforehand. */
  readonly #baseOffset: number

  constructor(
    machine: { apply(record: Rec, recordOffset: number, producerId: number): void },
    { log, serde }: { readonly log: CoordinatorLog; readonly serde: RecordSerde<Rec> },
  ) {
    this.#machine = machine
    this.#serde = serde
    this.#baseOffset = log.endOffset()
  }

  take(decision: MachineDecision<Response, Rec>): void {
    for (const record of decision.records) {
      this.#machine.apply(record, this.#baseOffset + this.records.length, -1)
      this.records.push(this.#serde.encode(record))
    }
    for (const answer of decision.answers) this.answers.push(answer)
  }
}
