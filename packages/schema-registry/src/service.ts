/**
 * One instance of the registry below HTTP: the state it serves reads from, and the way of a write: decided here when this instance
 * leads, sent on to the leader otherwise, waiting (bounded) for one while there is none.
 */
import type { SecureContextOptions } from 'node:tls'
import type { Logger } from '@braidlog/base'
import { refuse, RegistryErrorCode, type Outcome } from './core/errors.ts'
import type { Core } from './core/core.ts'
import type { Entry } from './core/state.ts'
import { contextOf } from './core/subject.ts'
import type { UsageSource } from './options.ts'
import type { RegistryMachine, ResponseOf, WriteRequest } from './core/registry.ts'
import { RegistryError } from './errors.ts'
import { forward, type Forwarded, type ForwardOptions, type ForwardRequest } from './election/forward.ts'
import type { LeadershipState } from './leadership.ts'
import type { SchemasLog } from './store/schemas-log.ts'
import type { Writer } from './store/writer.ts'

export interface ServiceParts {
  readonly machine: RegistryMachine
  readonly log: SchemasLog
  readonly writer: Writer
  readonly leadership: LeadershipState
  /** Whether the election lets this instance begin a write now. */
  readonly mayWrite: () => boolean
  readonly forwardTimeoutMs: number
  readonly nowMs: () => number
  readonly usage: UsageSource | undefined
  /** For forwarding to a leader that listens with TLS. */
  readonly tls: () => SecureContextOptions | undefined
  readonly logger: Logger
}

export type WriteAnswer<T> =
  | { readonly kind: 'own'; readonly response: Outcome<T>; readonly offset: number }
  | { readonly kind: 'forwarded'; readonly answer: Forwarded }

/** Between two looks at who leads, when nobody has told us of a change. */
const LOOK_AGAIN_MS = 250

export class RegistryService {
  readonly #parts: ServiceParts

  constructor(parts: ServiceParts) {
    this.#parts = parts
  }

  get core(): Core {
    return this.#parts.machine.core
  }

  /** The offset up to which this instance has read. */
  get offset(): number {
    return this.#parts.log.position - 1
  }

  /** The highest term that any instance has claimed, as far as this one has read. */
  get term(): number {
    return this.#parts.machine.term
  }

  get isReading(): boolean {
    return this.#parts.log.isReading
  }

  get isLeader(): boolean {
    return this.#parts.leadership.current.kind === 'self' && this.#parts.mayWrite()
  }

  get leaderUrl(): string | null {
    const { current } = this.#parts.leadership
    return current.kind === 'other' ? current.url : null
  }

  /** Resolves once this instance has read that offset. @returns what a late one is answered with */
  async seen(offset: number): Promise<Outcome<null>> {
    try {
      await this.#parts.log.applied(offset, this.#parts.forwardTimeoutMs)
      return { ok: true, value: null }
    } catch (error) {
      return refuse(RegistryErrorCode.OPERATION_TIMED_OUT, (error as Error).message)
    }
  }

  /**
   * Whether versions may be deleted for good as far as retained records go: not while an id is in use that would be gone with them.
   * Not to know counts as in use.
   */
  async usageOf(going: readonly Entry[]): Promise<Outcome<null>> {
    const { usage, forwardTimeoutMs, logger } = this.#parts
    if (usage === undefined) return { ok: true, value: null }
    const { state } = this.core
    const lost = new Map<string, Entry>()
    for (const entry of going) {
      const holders = state.withId(contextOf(entry.subject), entry.id)
      if (holders.every((holder) => going.includes(holder))) lost.set(`${contextOf(entry.subject)} ${entry.id}`, entry)
    }
    const signal = AbortSignal.timeout(forwardTimeoutMs)
    try {
      for (const { id, guid, subject } of lost.values()) {
        const [use, ...more] = await usage.usesOf({ id, guid, context: contextOf(subject) }, { signal })
        if (use === undefined) continue
        const { topic, partition, firstOffset, lastOffset } = use
        const others = more.length === 0 ? '' : ` and ${more.length} more`
        return refuse(
          RegistryErrorCode.OPERATION_NOT_PERMITTED,
          `Schema ${id} is in use by records of ${topic}-${partition}, offsets ${firstOffset} to ${lastOffset}${others}. ` +
            'Set force=true to delete it all the same',
        )
      }
      return { ok: true, value: null }
    } catch (error) {
      logger.error('it is not known which schemas are in use', { error })
      return refuse(
        RegistryErrorCode.OPERATION_NOT_PERMITTED,
        `It cannot be found out whether the schemas are in use: ${(error as Error).message}. ` +
          'Set force=true to delete them all the same',
      )
    }
  }

  /** @param original the request as it came in: what is sent on to the leader */
  async write<R extends WriteRequest>(request: R, original: ForwardRequest): Promise<WriteAnswer<ResponseOf<R>>> {
    const { leadership, writer, forwardTimeoutMs, nowMs, logger } = this.#parts
    const deadlineMs = nowMs() + forwardTimeoutMs
    for (;;) {
      const leftMs = deadlineMs - nowMs()
      if (leftMs <= 0) return own(refuse(RegistryErrorCode.UNKNOWN_LEADER, 'Leader not known'))
      const { current } = leadership
      switch (current.kind) {
        case 'self': {
          const written = await this.#writeHere(writer, request)
          if (written !== 'not leader') return { kind: 'own', ...written }
          await leadership.change(Math.min(leftMs, LOOK_AGAIN_MS))
          break
        }
        case 'other': {
          // Sent by an instance that takes us for the leader: sending it on could go in circles.
          if (original.isForwarded) return own(refuse(RegistryErrorCode.UNKNOWN_LEADER, 'This instance does not lead'))
          const outcome = await this.#forward(current.url, original, {
            timeoutMs: leftMs,
            isRepeatable: isRepeatable(request),
          })
          if (outcome.kind === 'answered') {
            if (outcome.answer.offset !== undefined) await this.seen(outcome.answer.offset)
            return { kind: 'forwarded', answer: outcome.answer }
          }
          logger.warn('a write could not be sent to the leader', { leader: current.url, ...outcome })
          if (outcome.kind === 'failed') {
            return own(
              refuse(RegistryErrorCode.REQUEST_FORWARDING_FAILED, `Forwarding to the leader failed: ${outcome.reason}`),
            )
          }
          await leadership.change(Math.min(leftMs, LOOK_AGAIN_MS))
          break
        }
        case 'nobody':
        case 'becoming':
          await leadership.change(Math.min(leftMs, LOOK_AGAIN_MS))
          break
        default:
          current satisfies never
      }
    }
  }

  /** Given up when somebody else is elected, if the same may be asked again: the one that was may have stopped for good. */
  async #forward(url: string, original: ForwardRequest, options: Omit<ForwardOptions, 'tls' | 'signal'>) {
    const { leadership, tls } = this.#parts
    const answered = new AbortController()
    const succeeded = new AbortController()
    const watch = async (): Promise<void> => {
      while (!answered.signal.aborted) {
        await leadership.change(options.timeoutMs, answered.signal)
        const { current } = leadership
        if (current.kind !== 'other' || current.url !== url) {
          succeeded.abort(new Error('another instance was elected'))
          return
        }
      }
    }
    if (options.isRepeatable) void watch()
    try {
      return await forward(url, original, { ...options, tls: tls(), signal: succeeded.signal })
    } finally {
      answered.abort()
    }
  }

  async #writeHere<R extends WriteRequest>(writer: Writer, request: R) {
    try {
      return await writer.write(request, () => this.isLeader)
    } catch (error) {
      if (!(error instanceof RegistryError)) throw error
      this.#parts.logger.error('a write failed', { request: request.kind, error })
      const code =
        error.code === 'STORE_TIMED_OUT' ? RegistryErrorCode.OPERATION_TIMED_OUT : RegistryErrorCode.STORE_ERROR
      return { response: refuse(code, `Register operation failed: ${error.message}`), offset: -1 }
    }
  }
}

const own = (response: { readonly ok: false; readonly error: { code: number; message: string } }) =>
  ({ kind: 'own', response, offset: -1 }) as const

/** Doing it twice leaves the same state and answers the same. */
function isRepeatable(request: WriteRequest): boolean {
  return ['register', 'setConfig', 'setMode', 'createAcls'].includes(request.kind)
}
