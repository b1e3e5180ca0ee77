/**
 * Who writes: nobody, another instance, or this one, once it has read everything that its predecessor wrote.
 *
 * Invariant: this instance decides about a write only when a barrier that it wrote after the election has come back.
 */
import type { Logger } from '@braidlog/base'
import type { SchemasLog } from './store/schemas-log.ts'
import type { Writer } from './store/writer.ts'

export type Leadership =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'other'; readonly url: string }
  /** Elected, and reading to the end. */
  | { readonly kind: 'becoming' }
  | { readonly kind: 'self' }

/** Requests that may wait for a leader. */
const WAITERS_MAX = 1_000
const BARRIER_AGAIN_MS = 500

export class LeadershipState {
  readonly #log: SchemasLog
  readonly #writer: Writer
  readonly #logger: Logger
  readonly #changed = new Set<() => void>()
  #current: Leadership = { kind: 'nobody' }
  /** Changes with every assignment: an earlier one's barrier must not make a later one's leader. */
  #term = 0

  constructor(log: SchemasLog, writer: Writer, logger: Logger) {
    this.#log = log
    this.#writer = writer
    this.#logger = logger
  }

  get current(): Leadership {
    return this.#current
  }

  follow(url: string | null): void {
    this.#term++
    this.#set(url === null ? { kind: 'nobody' } : { kind: 'other', url })
  }

  lead(): void {
    const term = ++this.#term
    this.#set({ kind: 'becoming' })
    void this.#readToEnd(term)
  }

  /** Writes under way end first. */
  async release(): Promise<void> {
    this.#term++
    this.#set({ kind: 'nobody' })
    await this.#writer.exclusively(async () => {})
  }

  /** Resolves at the next change, or after `timeoutMs`. */
  async change(timeoutMs: number): Promise<void> {
    if (this.#changed.size >= WAITERS_MAX) return
    let end: (() => void) | undefined
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => end?.(), timeoutMs)
      end = () => {
        clearTimeout(timer)
        resolve()
      }
      this.#changed.add(end)
    })
    this.#changed.delete(end!)
  }

  async #readToEnd(term: number): Promise<void> {
    while (term === this.#term) {
      try {
        await this.#writer.exclusively(async () => await this.#log.barrier())
        if (term === this.#term) this.#set({ kind: 'self' })
        return
      } catch (error) {
        this.#logger.error('elected, but the topic of the schemas cannot be written', { error })
        await this.change(BARRIER_AGAIN_MS)
      }
    }
  }

  #set(next: Leadership): void {
    this.#current = next
    const waiting = [...this.#changed]
    this.#changed.clear()
    for (const resolve of waiting) resolve()
  }
}
