/**
 * Who writes: nobody, another instance, or this one, once it has read everything that its predecessor wrote.
 *
 * Invariant: this instance decides about a write only when a term that it claimed after the election has come back (`store/writer.ts`).
 */
import type { Logger } from '@braidlog/base'
import { pause } from './store/topic.ts'
import type { Writer } from './store/writer.ts'

export type Leadership =
  | { readonly kind: 'nobody' }
  | { readonly kind: 'other'; readonly url: string }
  /** Elected, and reading to the end. */
  | { readonly kind: 'becoming' }
  | { readonly kind: 'self' }

/** Requests that may wait for a leader; more have to look for themselves. */
const WAITERS_MAX = 1_000
const LOOK_AGAIN_MS = 250
const CLAIM_AGAIN_MS = 500

export class LeadershipState {
  readonly #writer: Writer
  readonly #logger: Logger
  readonly #changed = new Set<() => void>()
  #current: Leadership = { kind: 'nobody' }
  /** Changes with every assignment: an earlier one's claim must not make a later one's leader. */
  #assignment = 0

  constructor(writer: Writer, logger: Logger) {
    this.#writer = writer
    this.#logger = logger
  }

  get current(): Leadership {
    return this.#current
  }

  follow(url: string | null): void {
    this.#assignment++
    this.#set(url === null ? { kind: 'nobody' } : { kind: 'other', url })
  }

  lead(): void {
    const assignment = ++this.#assignment
    this.#set({ kind: 'becoming' })
    void this.#claim(assignment)
  }

  /** Writes under way end first. */
  async release(): Promise<void> {
    this.#assignment++
    this.#set({ kind: 'nobody' })
    await this.#writer.exclusively(async () => {})
  }

  /** Resolves at the next change, after `timeoutMs`, or when the signal is aborted. */
  async change(timeoutMs: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return
    // Never at once: who asks again in a loop would keep everything else from running.
    if (this.#changed.size >= WAITERS_MAX) return await pause(Math.min(timeoutMs, LOOK_AGAIN_MS), signal)
    let end: (() => void) | undefined
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => end?.(), timeoutMs)
      end = () => {
        clearTimeout(timer)
        signal?.removeEventListener('abort', end!)
        resolve()
      }
      this.#changed.add(end)
      signal?.addEventListener('abort', end, { once: true })
    })
    this.#changed.delete(end!)
  }

  async #claim(assignment: number): Promise<void> {
    while (assignment === this.#assignment) {
      try {
        if (await this.#writer.claim()) {
          if (assignment === this.#assignment) this.#set({ kind: 'self' })
          return
        }
        this.#logger.warn('elected, but another instance has claimed leadership at the same time; claiming again')
      } catch (error) {
        this.#logger.error('elected, but the topic of the schemas cannot be written', { error })
      }
      await this.change(CLAIM_AGAIN_MS)
    }
  }

  #set(next: Leadership): void {
    this.#current = next
    const waiting = [...this.#changed]
    this.#changed.clear()
    for (const resolve of waiting) resolve()
  }
}
