/**
 * The voters by offset. They take effect as soon as their record is appended, and go when it is truncated; a snapshot
 * needs those that were in force where it ends.
 *
 * Invariant: offsets ascend; there is always a configuration, if only the static one.
 * Source: KIP-853.
 */
import { assert } from '@braidlog/base'
import { ZERO_UUID } from '@braidlog/model'
import { applyControls, type QuorumConfiguration, type Voter } from '../voters.ts'
import type { LogBatch, ReplicaKey } from './messages.ts'

interface Entry {
  /** -1: before the log. */
  readonly offset: number
  readonly quorum: QuorumConfiguration
}

export class VoterHistory {
  #entries: Entry[]

  constructor(base: QuorumConfiguration, offset = -1) {
    this.#entries = [{ offset, quorum: base }]
  }

  get quorum(): QuorumConfiguration {
    return this.#entries.at(-1)!.quorum
  }

  get voters(): readonly Voter[] {
    return this.quorum.voters
  }

  /** What was in force after the record before `endOffset`. */
  quorumAt(endOffset: number): QuorumConfiguration {
    return (this.#entries.findLast((each) => each.offset < endOffset) ?? this.#entries[0]!).quorum
  }

  append(batch: LogBatch): void {
    const quorum = applyControls(this.quorum, batch.controls, batch.baseOffset)
    if (batch.controls.some((control) => control.type === 'kraftVersion' || control.type === 'kraftVoters'))
      this.#entries.push({ offset: batch.baseOffset, quorum })
  }

  truncateTo(offset: number): void {
    while (this.#entries.length > 1 && this.#entries.at(-1)!.offset >= offset) this.#entries.pop()
  }

  /** Nobody will ask any more for what was before `offset`. */
  forgetBefore(offset: number): void {
    const first = this.#entries.findLastIndex((each) => each.offset < offset)
    if (first > 0) this.#entries.splice(0, first)
  }

  startAt(quorum: QuorumConfiguration, endOffset: number): void {
    this.#entries = [{ offset: endOffset - 1, quorum }]
  }

  find(key: ReplicaKey): Voter | undefined {
    return this.voters.find((voter) => matches(voter, key))
  }

  isVoter(key: ReplicaKey): boolean {
    return this.find(key) !== undefined
  }

  invariants(): void {
    for (let i = 1; i < this.#entries.length; i++)
      assert(this.#entries[i - 1]!.offset < this.#entries[i]!.offset, 'offsets of voter sets ascend')
    const ids = new Set(this.voters.map((voter) => voter.id))
    assert(ids.size === this.voters.length, 'a node votes once')
  }
}

/** In a static quorum voters have no directory; in a dynamic one a replica that does not name its own is no voter. */
export function matches(voter: ReplicaKey, key: ReplicaKey): boolean {
  return voter.id === key.id && (voter.directoryId === ZERO_UUID || voter.directoryId === key.directoryId)
}
