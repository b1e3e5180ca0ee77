/**
 * What the leader of a partition knows of its replicas: how far each follower has come, who is in sync, and how far the
 * high watermark may move. A machine: time comes in, what to ask of the controller comes out.
 *
 *     in sync     the set that the controller has committed; decides whether acks=all may be accepted
 *     maximal     the set that the high watermark waits for: a replica about to be added counts already, one about to be
 *                 removed counts still (KIP-497), since either change may have been committed without our knowing
 *
 * One change is in flight at a time. It ends when the controller answers, or when the metadata show a newer partition epoch.
 * Invariants: the leader is in sync; both sets hold replicas only; the maximal set contains the committed one; the high
 * watermark never passes what a member of the maximal set has.
 *
 * A follower reports by the offset that it fetches from. Ours fetch behind what they have on disk, so with durable
 * replicas an offset counts once it is durable.
 * Source: KIP-497, KIP-841, KIP-903, KIP-966; `Partition` and `Replica` of Apache Kafka.
 */
import { assert } from '@braidlog/base'

export interface ReplicaSetOptions {
  /** The leader. */
  readonly nodeId: number
  /** Of the leader's registration; it proposes itself with it. */
  readonly brokerEpoch: () => number
  /** `replica.lag.time.max.ms` */
  readonly lagTimeMaxMs: number
  /** The broker may join: registered with this epoch (-1: the fetch did not say), not fenced, not shutting down. */
  readonly isEligible: (brokerId: number, brokerEpoch: number) => boolean
}

/** The partition as the metadata have it. */
export interface PartitionState {
  readonly leaderEpoch: number
  readonly partitionEpoch: number
  readonly replicas: readonly number[]
  readonly isr: readonly number[]
}

export interface FollowerFetch {
  readonly replicaId: number
  /** -1: a version that does not say. */
  readonly brokerEpoch: number
  /** The follower has everything below. */
  readonly fetchOffset: number
  readonly logStartOffset: number
}

/** A change of the in-sync replicas, to be asked of the controller (AlterPartition). */
export interface IsrProposal {
  readonly leaderEpoch: number
  /** The change counts only on top of this one. */
  readonly partitionEpoch: number
  readonly isr: readonly { readonly brokerId: number; readonly brokerEpoch: number }[]
}

class Follower {
  readonly id: number
  logEndOffset = -1
  logStartOffset = -1
  brokerEpoch = -1
  /** When it last had everything that there was. */
  caughtUpMs: number
  /** Of its last fetch: when, and where the leader's log ended then. */
  fetchedMs = -Infinity
  #leaderEndOffset = 0

  constructor(id: number, caughtUpMs: number) {
    this.id = id
    this.caughtUpMs = caughtUpMs
  }

  fetched(fetch: FollowerFetch, leaderEndOffset: number, nowMs: number): void {
    const { fetchOffset } = fetch
    if (fetchOffset >= leaderEndOffset) this.caughtUpMs = Math.max(this.caughtUpMs, nowMs)
    // It has now what was there at its last fetch: then it was as far as one can be under load.
    else if (fetchOffset >= this.#leaderEndOffset) this.caughtUpMs = Math.max(this.caughtUpMs, this.fetchedMs)
    this.logEndOffset = fetchOffset
    this.logStartOffset = fetch.logStartOffset
    this.brokerEpoch = fetch.brokerEpoch
    this.fetchedMs = nowMs
    this.#leaderEndOffset = Math.max(leaderEndOffset, this.#leaderEndOffset)
  }

  isCaughtUp(leaderEndOffset: number, nowMs: number, lagTimeMaxMs: number): boolean {
    return this.logEndOffset === leaderEndOffset || nowMs - this.caughtUpMs <= lagTimeMaxMs
  }
}

function inRange(offset: number, log: { readonly logStartOffset: number; readonly logEndOffset: number }): boolean {
  return log.logStartOffset <= offset && offset <= log.logEndOffset
}

interface PendingChange {
  readonly kind: 'expand' | 'shrink'
  readonly proposal: IsrProposal
}

export class ReplicaSet {
  readonly #options: ReplicaSetOptions
  #state: PartitionState
  /** Where the leader's log ended when its epoch began. */
  #epochStartOffset: number
  #followers = new Map<number, Follower>()
  #pending: PendingChange | undefined = undefined

  constructor(options: ReplicaSetOptions, state: PartitionState, epochStartOffset: number, nowMs: number) {
    assert(state.replicas.includes(options.nodeId), 'a leader is a replica')
    this.#options = options
    this.#state = state
    this.#epochStartOffset = epochStartOffset
    this.#meetFollowers(nowMs)
  }

  get leaderEpoch(): number {
    return this.#state.leaderEpoch
  }

  get partitionEpoch(): number {
    return this.#state.partitionEpoch
  }

  get epochStartOffset(): number {
    return this.#epochStartOffset
  }

  get replicas(): readonly number[] {
    return this.#state.replicas
  }

  /** Committed by the controller. */
  get isr(): readonly number[] {
    return this.#state.isr
  }

  /** Members of the maximal set. */
  get maximalIsr(): readonly number[] {
    if (this.#pending?.kind !== 'expand') return this.#state.isr
    return this.#pending.proposal.isr.map((member) => member.brokerId)
  }

  /** What the controller has not answered yet. */
  get pendingProposal(): IsrProposal | undefined {
    return this.#pending?.proposal
  }

  /** Fewer are in sync than acks=all asks for; a topic with fewer replicas than that asks for all of them. */
  isUnderMinIsr(minInsyncReplicas: number): boolean {
    return this.#state.isr.length < Math.min(minInsyncReplicas, this.#state.replicas.length)
  }

  /** Where a follower's log ends as far as the leader knows; -1: it has not fetched in this epoch. */
  logEndOffsetOf(replicaId: number): number {
    return this.#followers.get(replicaId)?.logEndOffset ?? -1
  }

  /** The follower has the record at `offset`, or will read on from there next. */
  has(replicaId: number, offset: number): boolean {
    const follower = this.#followers.get(replicaId)
    return follower !== undefined && follower.logStartOffset >= 0 && inRange(offset, follower)
  }

  /** When a follower last had everything, in the time of the machine; `undefined`: no follower. */
  caughtUpMsOf(replicaId: number): number | undefined {
    return this.#followers.get(replicaId)?.caughtUpMs
  }

  /** The lowest log start of all live replicas: below it, DeleteRecords has been carried out everywhere. */
  lowWatermark(localStartOffset: number): number {
    let low = localStartOffset
    for (const follower of this.#followers.values()) {
      if (!this.#options.isEligible(follower.id, -1)) continue
      low = Math.min(low, follower.logStartOffset)
    }
    return low
  }

  /**
   * The metadata show the partition anew. A newer leader epoch of this same leader begins everything again; a newer
   * partition epoch settles what was in flight; older news changes nothing.
   * @param localEndOffset where the leader's log ends
   * @returns whether it was news
   */
  update(state: PartitionState, localEndOffset: number, nowMs: number): boolean {
    if (state.leaderEpoch < this.#state.leaderEpoch || state.partitionEpoch <= this.#state.partitionEpoch) return false
    const isNewEpoch = state.leaderEpoch > this.#state.leaderEpoch
    this.#state = state
    this.#pending = undefined
    if (isNewEpoch) {
      this.#epochStartOffset = localEndOffset
      this.#followers = new Map()
    }
    this.#meetFollowers(nowMs)
    return true
  }

  /**
   * A follower fetches: it has everything below its fetch offset.
   * @param log the leader's log end and high watermark
   * @returns false: it is no replica of the partition, and must be told so
   */
  followerFetched(fetch: FollowerFetch, log: { endOffset: number; highWatermark: number }, nowMs: number): boolean {
    const follower = this.#followers.get(fetch.replicaId)
    if (follower === undefined) return false
    follower.fetched(fetch, log.endOffset, nowMs)
    this.#maybeExpand(follower, log.highWatermark)
    return true
  }

  /** Removes from the in-sync replicas who has not kept up. Call it every half of `replica.lag.time.max.ms`. */
  maybeShrink(localEndOffset: number, nowMs: number): void {
    if (this.#pending !== undefined) return
    const { nodeId, lagTimeMaxMs } = this.#options
    const kept = this.#state.isr.filter((id) => {
      const follower = this.#followers.get(id)
      return id === nodeId || (follower?.isCaughtUp(localEndOffset, nowMs, lagTimeMaxMs) ?? false)
    })
    if (kept.length < this.#state.isr.length) this.#propose('shrink', kept)
  }

  /** What every member of the maximal set has, and every replica that is about to be one. */
  highWatermark(localEndOffset: number, leaderEndOffset: number, nowMs: number): number {
    const { lagTimeMaxMs, isEligible } = this.#options
    const maximal = this.maximalIsr
    let offset = localEndOffset
    for (const follower of this.#followers.values()) {
      if (follower.logEndOffset >= offset) continue
      const counts =
        maximal.includes(follower.id) ||
        (follower.isCaughtUp(leaderEndOffset, nowMs, lagTimeMaxMs) && isEligible(follower.id, follower.brokerEpoch))
      if (counts) offset = follower.logEndOffset
    }
    return offset
  }

  /**
   * The controller has committed the change that was in flight, or says where the partition stands.
   * @returns whether it was news
   */
  committed(answer: { leaderEpoch: number; partitionEpoch: number; isr: readonly number[] }): boolean {
    const { leaderEpoch, partitionEpoch, isr } = answer
    if (leaderEpoch !== this.#state.leaderEpoch || partitionEpoch < this.#state.partitionEpoch) return false
    this.#pending = undefined
    if (partitionEpoch === this.#state.partitionEpoch) return false
    this.#state = { ...this.#state, partitionEpoch, isr }
    return true
  }

  /** The controller has certainly not made the change, and may make another: the proposal is taken back. */
  refused(proposal: IsrProposal): void {
    if (this.#pending?.proposal === proposal) this.#pending = undefined
  }

  /** Called after every step in tests. */
  invariants(): void {
    const { replicas, isr } = this.#state
    const maximal = this.maximalIsr
    assert(isr.includes(this.#options.nodeId), 'the leader is in sync')
    assert(
      isr.every((id) => replicas.includes(id)),
      'who is in sync is a replica',
    )
    assert(
      maximal.every((id) => replicas.includes(id)),
      'who is about to be in sync is a replica',
    )
    assert(
      isr.every((id) => maximal.includes(id)),
      'the maximal set contains the committed one',
    )
    assert(this.#followers.size === replicas.length - 1, 'every other replica is followed')
  }

  #meetFollowers(nowMs: number): void {
    const { nodeId } = this.#options
    const known = this.#followers
    this.#followers = new Map()
    for (const id of this.#state.replicas) {
      if (id === nodeId) continue
      // Who was in sync when the epoch began gets the whole lag time to show itself.
      const fresh = () => new Follower(id, this.#state.isr.includes(id) ? nowMs : -Infinity)
      this.#followers.set(id, known.get(id) ?? fresh())
    }
  }

  #maybeExpand(follower: Follower, highWatermark: number): void {
    if (this.#pending !== undefined || this.#state.isr.includes(follower.id)) return
    // Just after a failover the high watermark may be behind what the old leader had acknowledged.
    const isInSync = follower.logEndOffset >= Math.max(highWatermark, this.#epochStartOffset)
    if (!isInSync || !this.#options.isEligible(follower.id, follower.brokerEpoch)) return
    this.#propose('expand', [...this.#state.isr, follower.id])
  }

  #propose(kind: PendingChange['kind'], ids: readonly number[]): void {
    const { leaderEpoch, partitionEpoch } = this.#state
    const epochOf = (id: number) => this.#followers.get(id)?.brokerEpoch ?? this.#options.brokerEpoch()
    const isr = ids.map((brokerId) => ({ brokerId, brokerEpoch: epochOf(brokerId) }))
    this.#pending = { kind, proposal: { leaderEpoch, partitionEpoch, isr } }
  }
}
