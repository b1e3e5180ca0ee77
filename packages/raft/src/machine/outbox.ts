/**
 * Requests under way: one at a time to a node and lane, with a pause after failures that doubles up to a bound.
 *
 * Invariant: an answer counts only while its request is expected; a change of role expects none of the old ones any more.
 */
import { below, type Random } from '@braidlog/base'
import type { OutboundRequest } from './messages.ts'

/** Where to; the id is below -1 while only an address is known. */
export interface Destination {
  readonly id: number
  readonly host: string
  readonly port: number
}

/** A fetch waits at the leader; everything else must not wait behind it. */
type Lane = 'fetch' | 'quorum'

interface Line {
  token: number | undefined
  failures: number
  notBeforeMs: number
}

export interface Outgoing {
  readonly to: Destination
  readonly request: OutboundRequest
}

/** Failures after which the pause grows no longer. */
const DOUBLINGS_MAX = 5

export class Outbox {
  readonly #random: Random
  readonly #backoffMs: number
  readonly #lines = new Map<string, Line>()
  readonly #expected = new Map<number, Outgoing & { readonly line: Line }>()
  #nextToken = 1

  constructor(random: Random, backoffMs: number) {
    this.#random = random
    this.#backoffMs = backoffMs
  }

  isReady(to: Destination, request: OutboundRequest['type'], nowMs: number): boolean {
    const line = this.#lines.get(lineName(to, request))
    return line === undefined || (line.token === undefined && line.notBeforeMs <= nowMs)
  }

  /** A request is under way on this lane. */
  isBusy(to: Destination, request: OutboundRequest['type']): boolean {
    return this.#lines.get(lineName(to, request))?.token !== undefined
  }

  /** When a pause ends on some lane; `Infinity` if none is on. */
  nextReadyMs(nowMs: number): number {
    let next = Infinity
    for (const line of this.#lines.values())
      if (line.token === undefined && line.notBeforeMs > nowMs) next = Math.min(next, line.notBeforeMs)
    return next
  }

  /** @returns the token under which the answer is expected */
  sent(to: Destination, request: OutboundRequest): number {
    const name = lineName(to, request.type)
    let line = this.#lines.get(name)
    if (line === undefined) this.#lines.set(name, (line = { token: undefined, failures: 0, notBeforeMs: 0 }))
    const token = this.#nextToken++
    line.token = token
    this.#expected.set(token, { to, request, line })
    return token
  }

  /** @returns what was asked, `undefined` when nobody waits for the answer any more */
  take(token: number): Outgoing | undefined {
    const expected = this.#expected.get(token)
    if (expected === undefined) return undefined
    this.#expected.delete(token)
    expected.line.token = undefined
    return expected
  }

  succeeded(to: Destination, request: OutboundRequest['type']): void {
    const line = this.#lines.get(lineName(to, request))
    if (line !== undefined) line.failures = line.notBeforeMs = 0
  }

  /** The node cannot be reached, or could not help: leave it alone for a while. */
  failed(to: Destination, request: OutboundRequest['type'], nowMs: number): void {
    const line = this.#lines.get(lineName(to, request))
    if (line === undefined) return
    const pauseMs = this.#backoffMs * 2 ** Math.min(line.failures++, DOUBLINGS_MAX)
    line.notBeforeMs = nowMs + pauseMs / 2 + below(this.#random, Math.ceil(pauseMs / 2) + 1)
  }

  /** Answers to what was sent so far are of no interest any more. */
  forgetAll(): void {
    this.#expected.clear()
    this.#lines.clear()
  }
}

function lineName(to: Destination, request: OutboundRequest['type']): string {
  const lane: Lane = request === 'fetch' || request === 'fetchSnapshot' ? 'fetch' : 'quorum'
  return `${to.id} ${to.host}:${to.port} ${lane}`
}
