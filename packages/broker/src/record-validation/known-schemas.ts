/**
 * What the registry has said about schemas, for a while, and the lookups on their way.
 *
 * Bounds: `cacheSize` schemas that are known and `UNKNOWN_MAX` that are not, apart, so that made-up ids drive nobody out;
 * `LOOKUPS_MAX` requests at a time; every lookup ends at its timeout. After one that failed, nothing is asked for
 * `PAUSE_MS`: an outage costs one timeout, and not one for each batch.
 */
import type { Clock, Logger, Timers } from '@braidlog/base'
import type { CompiledSchema, LoadSchemaFormats, RegisteredSchema, SchemaKey, SchemaLookup } from './schema-lookup.ts'

export interface KnownSchemasOptions {
  readonly lookup: SchemaLookup
  /** Without them, neither payloads nor subjects that follow from the record's name can be checked. */
  readonly formats: LoadSchemaFormats | undefined
  readonly clock: Clock
  readonly timers: Timers
  readonly logger: Logger
  readonly timeoutMs: number
  readonly cacheSize: number
  readonly cacheMs: number
  /** How long "not known", or "not under this subject", is believed. */
  readonly unknownMs: number
}

/** One answer of the registry. */
export interface KnownSchema {
  /** Empty when the registry has no such schema. */
  readonly subjects: ReadonlySet<string>
  readonly isRegistered: boolean
  /** `undefined`: its content was not asked for. */
  readonly compiled: CompiledSchema | { readonly unusable: string } | undefined
  readonly answeredMs: number
}

/** Something to find out. */
export interface WantedSchema {
  readonly key: SchemaKey
  readonly content: boolean
}

const UNKNOWN_MAX = 1_000
const LOOKUPS_MAX = 32
const PAUSE_MS = 1_000

const NO_SUBJECTS: ReadonlySet<string> = new Set()

export class KnownSchemas {
  readonly #options: KnownSchemasOptions
  /** Oldest answer first. */
  readonly #known = new Map<SchemaKey, KnownSchema>()
  readonly #unknown = new Map<SchemaKey, KnownSchema>()
  readonly #inFlight = new Map<string, Promise<void>>()
  readonly #waiting: (() => void)[] = []
  readonly #closing = new AbortController()
  #running = 0
  #pausedUntilMs = -Infinity

  constructor(options: KnownSchemasOptions) {
    this.#options = options
  }

  /** @param sinceMs answers from then on count whatever their age: they were asked for on behalf of the caller */
  get(key: SchemaKey, nowMs: number, sinceMs: number): KnownSchema | undefined {
    const { cacheMs, unknownMs } = this.#options
    const known = this.#known.get(key)
    if (known !== undefined) return isFresh(known, nowMs, sinceMs, cacheMs) ? known : undefined
    const unknown = this.#unknown.get(key)
    return unknown !== undefined && isFresh(unknown, nowMs, sinceMs, unknownMs) ? unknown : undefined
  }

  /** Whether it may still be believed that the schema is under no other subjects. */
  lacksSubject(known: KnownSchema, nowMs: number, sinceMs: number): boolean {
    return isFresh(known, nowMs, sinceMs, this.#options.unknownMs)
  }

  /** Asks for all of them. Resolves when every one is answered. @throws when the registry is out of order */
  async lookUp(wanted: readonly WantedSchema[]): Promise<void> {
    await Promise.all(wanted.map((each) => this.#share(each)))
  }

  /** Ends all lookups. */
  close(): void {
    this.#closing.abort(new Error('the broker stops'))
  }

  /** One request for all who ask for the same. */
  #share(wanted: WantedSchema): Promise<void> {
    const name = `${wanted.content ? 'content' : 'id'} ${wanted.key}`
    let asked = this.#inFlight.get(name)
    if (asked === undefined) {
      asked = this.#ask(wanted).finally(() => this.#inFlight.delete(name))
      this.#inFlight.set(name, asked)
    }
    return asked
  }

  async #ask(wanted: WantedSchema): Promise<void> {
    if (this.#running >= LOOKUPS_MAX) await new Promise<void>((resolve) => this.#waiting.push(resolve))
    this.#running++
    try {
      await this.#find(wanted)
    } finally {
      this.#running--
      this.#waiting.shift()?.()
    }
  }

  async #find({ key, content }: WantedSchema): Promise<void> {
    const { lookup, timers, timeoutMs, clock, logger } = this.#options
    if (clock.monotonicMs() < this.#pausedUntilMs) throw new Error('the schema registry did not answer just now')
    const timeout = new AbortController()
    const timer = timers.after(timeoutMs, () => timeout.abort(new Error(`no answer within ${timeoutMs} ms`)))
    const signal = AbortSignal.any([timeout.signal, this.#closing.signal])
    let found: RegisteredSchema | undefined
    try {
      signal.throwIfAborted()
      found = await untilAborted(lookup.find(key, { content, signal }), signal)
    } catch (error) {
      // Said once for an outage, not once for each of its batches.
      const nowMs = clock.monotonicMs()
      if (nowMs >= this.#pausedUntilMs && !this.#closing.signal.aborted) {
        logger.warn('the schema registry cannot be asked', { error })
      }
      this.#pausedUntilMs = nowMs + PAUSE_MS
      throw error
    } finally {
      timer.cancel()
    }
    this.#remember(key, {
      subjects: found === undefined ? NO_SUBJECTS : new Set(found.subjects),
      isRegistered: found !== undefined,
      compiled: await this.#compile(found, content),
      answeredMs: clock.monotonicMs(),
    })
  }

  async #compile(found: RegisteredSchema | undefined, content: boolean): Promise<KnownSchema['compiled']> {
    if (!content || found === undefined) return undefined
    const { formats } = this.#options
    if (formats === undefined) return { unusable: 'this broker was started without the formats of schemas' }
    if (found.content === undefined) return { unusable: 'the registry does not give its content' }
    try {
      return (await formats()).compile(found.content)
    } catch (error) {
      return { unusable: error instanceof Error ? error.message : String(error) }
    }
  }

  #remember(key: SchemaKey, known: KnownSchema): void {
    const [into, other, max] = known.isRegistered
      ? ([this.#known, this.#unknown, this.#options.cacheSize] as const)
      : ([this.#unknown, this.#known, UNKNOWN_MAX] as const)
    other.delete(key)
    const before = into.get(key)
    into.delete(key)
    // An answer without content does not take away what is compiled: content never changes.
    into.set(
      key,
      known.compiled === undefined && before !== undefined ? { ...known, compiled: before.compiled } : known,
    )
    if (into.size > max) into.delete(into.keys().next().value!)
  }
}

function isFresh({ answeredMs }: KnownSchema, nowMs: number, sinceMs: number, forMs: number): boolean {
  return answeredMs >= sinceMs || nowMs - answeredMs < forMs
}

/** A lookup that does not heed its signal must not hold anybody up. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
