/**
 * Produce requests that are on their way, and when to stop waiting for an answer.
 *
 * A broker that hangs, or is cut off from the others, answers nothing until the request times out, while the cluster has
 * chosen another leader long ago. So after a while without an answer the cluster is asked again and again who leads, and a
 * request of which some partition is led by another broker by now counts as not answered: its batches are sent again, with
 * the same numbers. With idempotence that is safe whatever the old leader did with them; without, an answer is waited for.
 *
 * A machine: time comes in, requests to give up come out.
 */

export interface OpenRequest {
  readonly node: number
  readonly sentMs: number
  readonly batches: readonly { readonly topic: string; readonly partition: number }[]
}

export interface Overdue<R> {
  /** Some are without an answer for so long that it is time to ask the cluster who leads. */
  readonly isOverdue: boolean
  /** Somebody else leads some partition of these: they are not waited for any more. */
  readonly moved: readonly R[]
}

const NOTHING: Overdue<never> = { isOverdue: false, moved: [] }

export class OpenRequests<R extends OpenRequest> {
  readonly #patienceMs: number
  /** In the order of sending. */
  readonly #requests = new Set<R>()
  #nextLookMs = -Infinity

  /** @param patienceMs without an answer, before others are asked */
  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs
  }

  add(request: R): void {
    this.#requests.add(request)
  }

  delete(request: R): void {
    this.#requests.delete(request)
  }

  /** When `look` will have something to say unless there are answers; Infinity when nothing is open. */
  get nextLookMs(): number {
    const oldest = this.#oldest
    return oldest === undefined ? Infinity : Math.max(this.#nextLookMs, oldest.sentMs + this.#patienceMs)
  }

  /**
   * To be called in every turn; almost always there is nothing. Requests that are returned as moved are forgotten.
   * @param leaderOf node id; -1 when nobody is known to lead
   */
  look(nowMs: number, leaderOf: (topic: string, partition: number) => number): Overdue<R> {
    const oldest = this.#oldest
    if (oldest === undefined || nowMs < oldest.sentMs + this.#patienceMs) return NOTHING
    let isOverdue = false
    const moved: R[] = []
    for (const request of this.#requests) {
      if (nowMs < request.sentMs + this.#patienceMs) break
      const { node, batches } = request
      const hasMoved = batches.some(({ topic, partition }) => ![node, -1].includes(leaderOf(topic, partition)))
      if (hasMoved) moved.push(request)
      else if (nowMs >= this.#nextLookMs) isOverdue = true
    }
    for (const request of moved) this.#requests.delete(request)
    if (isOverdue) this.#nextLookMs = nowMs + lookPauseMs(nowMs - oldest.sentMs)
    return { isOverdue, moved }
  }

  get #oldest(): R | undefined {
    return this.#requests.values().next().value
  }
}

const LOOK_PAUSE_MS_MIN = 100
const LOOK_PAUSE_MS_MAX = 1_000
/** The new leader is noticed late by no more than this part of the time for which there was none. */
const LOOK_PAUSE_PART = 1 / 5

/** @returns how long to wait until it is asked again who leads, when that has been of interest for `waitedMs` */
export function lookPauseMs(waitedMs: number): number {
  return Math.min(LOOK_PAUSE_MS_MAX, Math.max(LOOK_PAUSE_MS_MIN, waitedMs * LOOK_PAUSE_PART))
}
