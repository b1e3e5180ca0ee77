/**
 * Stops produced batches that no registered schema describes, before they reach the log.
 *
 * Most batches name schemas that are known and are decided at once. One that does not is held: copied out of the receive
 * buffer, and decided when the registry has answered or its time is up. Meanwhile:
 * - what the same connection sends to the same partition is held behind it, so that order is kept;
 * - everything else goes on: other partitions of the same request, other connections.
 *
 * Invariants: a batch that is refused leaves nothing in the log; a held batch is settled exactly once, within
 * `timeoutMs` of its arrival; a connection that is gone has none appended any more.
 * Bound: `HELD_SIZE_BYTES_MAX` of held batches; beyond it a batch is refused, and its producer tries again.
 */
import type { Clock, Logger, Timers } from '@braidlog/base'
import { ErrorCode } from '@braidlog/model'
import { refusedAppend, type AppendResult, type Partition } from '@braidlog/partition'
import { cachedViewOf, viewOf, type Codecs } from '@braidlog/records'
import { BatchChecker, type BatchOutcome } from './batch-check.ts'
import { KnownSchemas } from './known-schemas.ts'
import type { LoadSchemaFormats, SchemaLookup } from './schema-lookup.ts'

export interface SchemaRegistrySettings {
  readonly lookup: SchemaLookup
  readonly formats: LoadSchemaFormats | undefined
  /** How long a batch waits for the registry at most. */
  readonly timeoutMs: number
  /** What becomes of a batch when no registry answers. */
  readonly outage: 'refuse' | 'accept'
  readonly cacheSize: number
  readonly cacheMs: number
  readonly unknownMs: number
}

export interface RecordValidationOptions {
  /** `undefined`: none is configured, and topics that ask for one take no records. */
  readonly registry: SchemaRegistrySettings | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly codecs: Codecs
  readonly logger: Logger
}

/** Where a batch came in. */
export interface BatchSource {
  readonly isClosed: boolean
}

/** A batch that waits, as a copy of its own. */
export interface HeldBatch {
  readonly bytes: Uint8Array
  /**
   * Set by whoever was given the batch, in the same turn. Called once, in the order of the batches of one source and
   * partition; never when the source has closed. `undefined`: append it now.
   */
  onSettled: ((refusal: AppendResult | undefined) => void) | undefined
}

const HELD_SIZE_BYTES_MAX = 64 << 20
/** How often a batch is gone through: each time some of its schemas are looked up, some hundred in all. */
const ROUNDS_MAX = 12

export class RecordValidation {
  readonly #options: RecordValidationOptions
  readonly #known: KnownSchemas | undefined
  readonly #checker: BatchChecker | undefined
  readonly #lines = new Map<BatchSource, Map<Partition, Line>>()
  #heldSizeBytes = 0
  #closed = false
  /** Batches that wait now. While there are any, every produce asks here, whatever its topic. */
  heldCount = 0

  constructor(options: RecordValidationOptions) {
    this.#options = options
    const { registry, clock, timers, logger, codecs } = options
    if (registry === undefined) return
    this.#known = new KnownSchemas({ ...registry, clock, timers, logger })
    this.#checker = new BatchChecker(this.#known, codecs)
  }

  /** @returns `undefined`: append it; a result: it is refused; a held batch: it will be decided later */
  inspect(
    source: BatchSource,
    replica: Partition,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): AppendResult | HeldBatch | undefined {
    const line = this.#lines.get(source)?.get(replica)
    if (line === undefined) {
      const { schemaRules, maxMessageBytes } = replica.log.config
      // What is too large is not looked into; the partition refuses it.
      if (schemaRules === undefined || end - start > maxMessageBytes) return undefined
      const outcome = this.#check(replica, cachedViewOf(bytes), { bytes, start, end, sinceMs: Infinity })
      if (outcome.kind !== 'wanted') return resultOf(outcome, replica)
    }
    if (this.#closed) return refusedForNow(replica, 'The broker stops.')
    if (this.#heldSizeBytes + end - start > HELD_SIZE_BYTES_MAX) {
      return refusedForNow(replica, 'Too many batches wait for the schema registry.')
    }
    // A Buffer's own `slice` is a view of what the socket overwrites next.
    return this.#hold(source, replica, Uint8Array.prototype.slice.call(bytes, start, end), line)
  }

  /** Settles what waits: the broker stops. */
  close(): void {
    this.#closed = true
    this.#known?.close()
  }

  #hold(source: BatchSource, replica: Partition, bytes: Uint8Array, line: Line | undefined): HeldBatch {
    const held: HeldInLine = { bytes, sinceMs: this.#options.clock.monotonicMs(), onSettled: undefined }
    this.heldCount++
    this.#heldSizeBytes += bytes.length
    if (line !== undefined) {
      line.push(held)
      return held
    }
    const opened: Line = [held]
    const partitions = this.#lines.get(source) ?? new Map<Partition, Line>()
    partitions.set(replica, opened)
    this.#lines.set(source, partitions)
    void this.#settleAll(source, replica, opened)
    return held
  }

  /** Settles a line, one batch after the other, until nothing waits in it. */
  async #settleAll(source: BatchSource, replica: Partition, line: Line): Promise<void> {
    while (line.length > 0) {
      const held = line[0]!
      const result = await this.#decide(source, replica, held)
      line.shift()
      this.heldCount--
      this.#heldSizeBytes -= held.bytes.length
      // Before the call: an append of what comes next must find no line, or this one with others in it.
      if (line.length === 0) this.#closeLine(source, replica)
      if (!source.isClosed) held.onSettled?.(result)
    }
  }

  #closeLine(source: BatchSource, replica: Partition): void {
    const partitions = this.#lines.get(source)!
    partitions.delete(replica)
    if (partitions.size === 0) this.#lines.delete(source)
  }

  /** @returns `undefined`: append it */
  async #decide(source: BatchSource, replica: Partition, held: HeldInLine): Promise<AppendResult | undefined> {
    const { bytes, sinceMs } = held
    const view = viewOf(bytes)
    for (let round = 0; round < ROUNDS_MAX; round++) {
      // What stands at the head of the line is decided in a turn of its own: whoever was given it sets its callback first.
      await Promise.resolve()
      if (source.isClosed) return undefined
      if (this.#closed) return refusedForNow(replica, 'The broker stops.')
      const outcome = this.#check(replica, view, { bytes, start: 0, end: bytes.length, sinceMs })
      if (outcome.kind !== 'wanted') return resultOf(outcome, replica)
      try {
        await this.#withinTime(this.#known!.lookUp(outcome.wanted), sinceMs)
      } catch (error) {
        if (this.#closed) return refusedForNow(replica, 'The broker stops.')
        if (this.#options.registry!.outage === 'accept') return undefined
        const reason = error instanceof Error ? error.message : String(error)
        return refusedForNow(replica, `The schemas of ${replica.log.topic} cannot be looked up now: ${reason}.`)
      }
    }
    const message = 'The records name more schemas than are looked up for one batch.'
    return refusedAppend(ErrorCode.INVALID_RECORD, message, replica.log.logStartOffset)
  }

  #check(
    replica: Partition,
    view: DataView,
    batch: { readonly bytes: Uint8Array; readonly start: number; readonly end: number; readonly sinceMs: number },
  ): BatchOutcome {
    const { topic, config } = replica.log
    const rules = config.schemaRules
    // The topic may have stopped to ask while the batch waited.
    if (rules === undefined) return { kind: 'passed' }
    if (this.#checker === undefined) {
      return {
        kind: 'refused',
        errorCode: ErrorCode.INVALID_RECORD,
        message: `${topic} asks for schemas, and this broker knows no registry: set confluent.schema.registry.url`,
        recordErrors: [],
      }
    }
    return this.#checker.check({ ...batch, topic, rules, view, nowMs: this.#options.clock.monotonicMs() })
  }

  async #withinTime(looked: Promise<void>, sinceMs: number): Promise<void> {
    const { clock, timers, registry } = this.#options
    const leftMs = sinceMs + registry!.timeoutMs - clock.monotonicMs()
    await new Promise<void>((resolve, reject) => {
      const timer = timers.after(Math.max(0, leftMs), () =>
        reject(new Error(`the schema registry did not answer within ${registry!.timeoutMs} ms`)),
      )
      looked.then(resolve, reject).finally(() => timer.cancel())
    })
  }
}

type HeldInLine = HeldBatch & { readonly sinceMs: number }

/** Batches of one source to one partition, oldest first. */
type Line = HeldInLine[]

function resultOf(
  outcome: Exclude<BatchOutcome, { readonly kind: 'wanted' }>,
  replica: Partition,
): AppendResult | undefined {
  if (outcome.kind === 'passed') return undefined
  return refusedAppend(outcome.errorCode, outcome.message, replica.log.logStartOffset, outcome.recordErrors)
}

/** With an error that producers retry: the batch may be right, and nothing of it was appended. */
function refusedForNow(replica: Partition, message: string): AppendResult {
  return refusedAppend(ErrorCode.REQUEST_TIMED_OUT, message, replica.log.logStartOffset)
}
