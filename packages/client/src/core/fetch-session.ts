/**
 * A fetch session with one broker (KIP-227): the broker remembers the partitions we read, and we send only what changed.
 *
 * | we send                         | the broker                                        |
 * |---------------------------------|---------------------------------------------------|
 * | epoch 0, every partition        | opens a session, or none (its id is 0) when it has no room |
 * | epoch n, changes and leavers    | answers about partitions that have news           |
 * | epoch -1                        | keeps no session (versions before 7)              |
 *
 * Invariant: one request of a session is in flight at a time; what the broker remembers is `#partitions` as of the last
 * request that it answered. After anything unclear the session starts over with everything.
 */
import { ErrorCode, ZERO_UUID, type Uuid } from '@braidlog/model/nouns'

export interface SessionPartition {
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: number
  readonly fetchOffset: number
  readonly currentLeaderEpoch: number
  readonly lastFetchedEpoch: number
  readonly partitionMaxBytes: number
}

export interface SessionRequest {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: { topic: string; topicId: Uuid; partitions: SessionPartition[] }[]
  readonly forgottenTopicsData: { topic: string; topicId: Uuid; partitions: number[] }[]
  /** Every partition has the id of its topic, so that versions from 13 on can be used. */
  readonly hasIds: boolean
}

const NO_SESSION = 0
const FIRST_EPOCH = 0
const SESSIONLESS_EPOCH = -1

export class FetchSession {
  #id = NO_SESSION
  #epoch = FIRST_EPOCH
  #partitions = new Map<string, SessionPartition>()
  #hadIds = false

  /** The request for exactly the `wanted` partitions, in this order. */
  build(wanted: readonly SessionPartition[], hasSessions: boolean): SessionRequest {
    const hasIds = wanted.every((each) => each.topicId !== ZERO_UUID)
    const next = new Map(wanted.map((each) => [keyOf(each), each]))
    if (hasIds !== this.#hadIds) this.#restart()
    this.#hadIds = hasIds
    if (!hasSessions || this.#epoch === FIRST_EPOCH) {
      this.#partitions = next
      return {
        sessionId: hasSessions ? this.#id : NO_SESSION,
        sessionEpoch: hasSessions ? FIRST_EPOCH : SESSIONLESS_EPOCH,
        topics: byTopic(wanted),
        forgottenTopicsData: [],
        hasIds,
      }
    }
    const changed = wanted.filter((each) => {
      const before = this.#partitions.get(keyOf(each))
      return before === undefined || !sameRequest(before, each)
    })
    const gone: SessionPartition[] = []
    for (const [key, before] of this.#partitions) {
      // A topic that was created anew has another id: the old one leaves, the new one joins.
      const now = next.get(key)
      if (now === undefined || now.topicId !== before.topicId) gone.push(before)
    }
    this.#partitions = next
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: byTopic(changed),
      forgottenTopicsData: byTopic(gone).map(({ topic, topicId, partitions }) => ({
        topic,
        topicId,
        partitions: partitions.map((each) => each.partition),
      })),
      hasIds,
    }
  }

  /** Takes what the answer says about the session. @returns whether the answer's partitions count */
  answered(errorCode: number, sessionId: number): boolean {
    if (errorCode === ErrorCode.NONE) {
      if (sessionId === NO_SESSION) this.#restart()
      else {
        this.#id = sessionId
        this.#epoch = this.#epoch === 0x7fffffff ? 1 : this.#epoch + 1
      }
      return true
    }
    if (errorCode === ErrorCode.FETCH_SESSION_ID_NOT_FOUND) this.#id = NO_SESSION
    this.#epoch = FIRST_EPOCH
    return false
  }

  /** No answer: the broker may have taken the request or not. */
  failed(): void {
    this.#epoch = FIRST_EPOCH
  }

  #restart(): void {
    this.#id = NO_SESSION
    this.#epoch = FIRST_EPOCH
  }
}

function keyOf(partition: SessionPartition): string {
  return `${partition.topic}/${partition.partition}`
}

function sameRequest(a: SessionPartition, b: SessionPartition): boolean {
  return (
    a.fetchOffset === b.fetchOffset &&
    a.currentLeaderEpoch === b.currentLeaderEpoch &&
    a.lastFetchedEpoch === b.lastFetchedEpoch &&
    a.partitionMaxBytes === b.partitionMaxBytes &&
    a.topicId === b.topicId
  )
}

function byTopic(
  partitions: readonly SessionPartition[],
): { topic: string; topicId: Uuid; partitions: SessionPartition[] }[] {
  const topics = new Map<string, { topic: string; topicId: Uuid; partitions: SessionPartition[] }>()
  for (const each of partitions) {
    let entry = topics.get(each.topic)
    if (entry === undefined) {
      entry = { topic: each.topic, topicId: each.topicId, partitions: [] }
      topics.set(each.topic, entry)
    }
    entry.partitions.push(each)
  }
  return [...topics.values()]
}
