/** Bounds of calls: a deadline and an AbortSignal in one object, passed down through everything a call does. */
import type { Alarms } from './alarms.ts'
import { KafkaError } from './errors.ts'
import type { CallOptions } from './record.ts'

export interface CallEnvironment {
  readonly alarms: Alarms
  readonly nowMs: () => number
}

/** What bounds a call besides its caller: what it belongs to may end first. */
export interface CallBounds extends CallOptions {
  readonly closing?: AbortSignal | undefined
}

/**
 * The bound of one public call. `signal` aborts when the caller's does or when time is up, with the `KafkaError` to
 * throw as its reason. `dispose` it when the call ends.
 *
 * It listens to its signals itself: a signal made of two, `AbortSignal.any`, costs more than a small request, and Node
 * keeps it, with all that waits for it, until it aborts.
 */
export class Call {
  readonly name: string
  readonly deadlineMs: number
  readonly #environment: CallEnvironment
  readonly #controller = new AbortController()
  readonly #cleanUp: () => void
  /** The last thing that went wrong: what a timeout reports as its cause. */
  lastError: unknown
  /** Topics whose metadata it relies on: what is read anew before it tries again. */
  readonly topics = new Set<string>()

  constructor(name: string, environment: CallEnvironment, options: CallBounds | undefined, defaultTimeoutMs: number) {
    const timeoutMs = options?.timeoutMs ?? defaultTimeoutMs
    if (!(timeoutMs >= 0)) throw new KafkaError('INVALID_OPTION', `${name}: timeoutMs must be a number >= 0`)
    this.name = name
    this.#environment = environment
    this.deadlineMs = environment.nowMs() + timeoutMs
    const outer = [options?.signal, options?.closing].filter((each) => each !== undefined)
    const onAbort = (): void =>
      this.#controller.abort(
        abortedError(
          name,
          outer.find((each) => each.aborted)!,
        ),
      )
    const alarm =
      timeoutMs === Infinity
        ? undefined
        : environment.alarms.after(timeoutMs, () =>
            this.#controller.abort(
              new KafkaError('TIMED_OUT', `${name}: no success within ${timeoutMs} ms${reasonOf(this.lastError)}`, {
                cause: this.lastError,
              }),
            ),
          )
    if (outer.some((each) => each.aborted)) onAbort()
    else for (const each of outer) each.addEventListener('abort', onAbort, { once: true })
    this.#cleanUp = () => {
      environment.alarms.cancel(alarm)
      for (const each of outer) each.removeEventListener('abort', onAbort)
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  remainingMs(): number {
    return Math.max(0, this.deadlineMs - this.#environment.nowMs())
  }

  /** @throws the KafkaError that ended the call, if it has ended */
  check(): void {
    this.signal.throwIfAborted()
  }

  /** Waits for `promise`, but not beyond the bound; what it brings later is dropped. */
  async wait<T>(promise: Promise<T>): Promise<T> {
    return await abortable(promise, this.signal)
  }

  async sleep(delayMs: number): Promise<void> {
    await this.#environment.alarms.sleep(delayMs, this.signal)
  }

  [Symbol.dispose](): void {
    this.#cleanUp()
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? `; last: ${error.message}` : ''
}

export function abortedError(name: string, signal: AbortSignal): KafkaError {
  if (KafkaError.is(signal.reason)) return signal.reason
  return new KafkaError('ABORTED', `${name}: aborted by its signal`, { cause: signal.reason })
}

/** `promise`, or the reason of `signal` when that aborts first. */
export async function abortable<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) {
    promise.catch(() => {})
    throw signal.reason
  }
  return await new Promise<T>((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error)
    signal.addEventListener('abort', onAbort, { once: true })
    promise.then(
      (value) => {
        signal.removeEventListener('abort', onAbort)
        resolve(value)
      },
      (error: unknown) => {
        signal.removeEventListener('abort', onAbort)
        reject(error as Error)
      },
    )
  })
}
