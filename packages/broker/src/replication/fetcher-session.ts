/**
 * The fetcher's side of an incremental fetch session (KIP-227): a request names only partitions whose position has moved
 * since the last, and those that are not fetched any more. A machine.
 *
 * Invariant: between an answered request and the next, the leader knows exactly what is in `#sent`.
 */
import type { Uuid } from '@braidlog/model'
import type { FollowerPosition } from '@braidlog/partition'

/** A partition and from where it is fetched. */
export interface SessionPartition {
  readonly topicId: Uuid
  readonly partition: number
  readonly position: FollowerPosition
}

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  /** To be named in the request. */
  readonly fetched: readonly SessionPartition[]
  readonly forgotten: readonly { readonly topicId: Uuid; readonly partition: number }[]
}

const NO_SESSION = 0
const INITIAL_EPOCH = 0
const EPOCH_MAX = 2 ** 31 - 1

export class FetcherSession {
  #id = NO_SESSION
  #nextEpoch = INITIAL_EPOCH
  /** By `topic id partition`. */
  #sent = new Map<string, SessionPartition>()

  /** What is being fetched, as of the last request. */
  get partitions(): IterableIterator<SessionPartition> {
    return this.#sent.values()
  }

  /** The partition as it was asked for last. */
  get(topicId: Uuid, partition: number): SessionPartition | undefined {
    return this.#sent.get(keyOf(topicId, partition))
  }

  /** @param wanted everything to be fetched from now on */
  next(wanted: readonly SessionPartition[]): SessionRequest {
    const before = this.#sent
    this.#sent = new Map(wanted.map((each) => [keyOf(each.topicId, each.partition), each]))
    const isFull = this.#id === NO_SESSION || this.#nextEpoch === INITIAL_EPOCH
    if (isFull) return { sessionId: this.#id, sessionEpoch: INITIAL_EPOCH, fetched: wanted, forgotten: [] }
    const fetched = wanted.filter((each) => {
      const known = before.get(keyOf(each.topicId, each.partition))
      return known === undefined || !isSamePosition(known.position, each.position)
    })
    const forgotten = [...before].filter(([key]) => !this.#sent.has(key)).map(([, each]) => each)
    return {
      sessionId: this.#id,
      sessionEpoch: this.#nextEpoch,
      fetched,
      forgotten: forgotten.map(({ topicId, partition }) => ({ topicId, partition })),
    }
  }

  /** @param sessionId of the response; 0: the leader keeps no session */
  answered(sessionId: number): void {
    const isNew = sessionId !== this.#id
    this.#id = sessionId
    if (sessionId === NO_SESSION) this.#nextEpoch = INITIAL_EPOCH
    else this.#nextEpoch = isNew || this.#nextEpoch >= EPOCH_MAX ? 1 : this.#nextEpoch + 1
  }

  /** The request failed or the leader does not know the session: the next one names everything. */
  reset(): void {
    this.#nextEpoch = INITIAL_EPOCH
  }
}

function keyOf(topicId: Uuid, partition: number): string {
  return `${topicId} ${partition}`
}

function isSamePosition(a: FollowerPosition, b: FollowerPosition): boolean {
  return (
    a.fetchOffset === b.fetchOffset &&
    a.leaderEpoch === b.leaderEpoch &&
    a.lastFetchedEpoch === b.lastFetchedEpoch &&
    a.logStartOffset === b.logStartOffset
  )
}
