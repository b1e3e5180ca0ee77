/**
 * When each broker was last heard of, and how far it had read the metadata then. Known to the active controller alone: a
 * new one gives every broker a whole session.
 *
 * Invariant: time in which this controller itself stood still is not held against the brokers, whose heartbeats waited
 * unread meanwhile.
 * Source: KIP-631 (`broker.session.timeout.ms`).
 */

interface Session {
  /** False: it is one that a new controller presumes. */
  heard: boolean
  lastHeardMs: number
  /** Last metadata offset that the broker has applied; -1: not known. */
  metadataOffset: number
  /** What the other brokers must have read before this one may leave; -1: it does not want to. */
  shutdownOffset: number
}

/** A session is looked at so many times, so that a standstill of the controller is noticed. */
const CHECKS_A_SESSION = 4

export class BrokerSessions {
  readonly #timeoutMs: number
  readonly #sessions = new Map<number, Session>()
  #lastCheckMs: number | undefined

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs
  }

  heard(brokerId: number, nowMs: number, metadataOffset: number): void {
    this.#lastCheckMs ??= nowMs
    const shutdownOffset = this.#sessions.get(brokerId)?.shutdownOffset ?? -1
    this.#sessions.set(brokerId, { heard: true, lastHeardMs: nowMs, metadataOffset, shutdownOffset })
  }

  /** The metadata says that the broker is up; a new controller has not heard of it yet. */
  presume(brokerId: number, nowMs: number): void {
    this.#lastCheckMs ??= nowMs
    this.#sessions.set(brokerId, { heard: false, lastHeardMs: nowMs, metadataOffset: -1, shutdownOffset: -1 })
  }

  /** The broker is fenced or gone: nobody waits for it. */
  forget(brokerId: number): void {
    this.#sessions.delete(brokerId)
    if (this.#sessions.size === 0) this.#lastCheckMs = undefined
  }

  /** @returns whether the broker itself was heard of within a session */
  isAlive(brokerId: number, nowMs: number): boolean {
    const session = this.#sessions.get(brokerId)
    return session !== undefined && session.heard && nowMs - session.lastHeardMs < this.#timeoutMs
  }

  /** The broker leaves when all others have read up to `offset`. The first offset counts. */
  shutDownAt(brokerId: number, offset: number): void {
    const session = this.#sessions.get(brokerId)
    if (session !== undefined && session.shutdownOffset < 0) session.shutdownOffset = offset
  }

  /** @returns whether every broker that stays has read what made the leaving one expendable */
  mayLeave(brokerId: number): boolean {
    const offset = this.#sessions.get(brokerId)?.shutdownOffset ?? -1
    for (const session of this.#sessions.values()) {
      if (session.shutdownOffset < 0 && session.metadataOffset < offset) return false
    }
    return true
  }

  nextDeadlineMs(): number {
    if (this.#lastCheckMs === undefined) return Infinity
    let dueMs = this.#lastCheckMs + this.#timeoutMs / CHECKS_A_SESSION
    for (const { lastHeardMs } of this.#sessions.values()) dueMs = Math.min(dueMs, lastHeardMs + this.#timeoutMs)
    return dueMs
  }

  /** @returns brokers that have not been heard of for a whole session */
  expired(nowMs: number): number[] {
    const checkMs = this.#timeoutMs / CHECKS_A_SESSION
    const lateMs = nowMs - (this.#lastCheckMs ?? nowMs) - checkMs
    this.#lastCheckMs = nowMs
    const silent: number[] = []
    for (const [brokerId, session] of this.#sessions) {
      if (lateMs > checkMs) session.lastHeardMs = Math.min(nowMs, session.lastHeardMs + lateMs)
      // As the deadline is computed: another way to the same number may be rounded otherwise, and time would stand still.
      if (session.lastHeardMs + this.#timeoutMs <= nowMs) silent.push(brokerId)
    }
    return silent
  }
}
