/**
 * What the machine knows of the log: where it begins and ends, what of it is durable, and which epoch began where.
 *
 * Invariants: start ≤ end, durable ≤ end; epochs and their first offsets ascend strictly.
 * Source: KIP-101, KIP-279, KIP-595, KIP-630.
 */
import { assert } from '@braidlog/base'
import type { SnapshotId } from '@braidlog/metadata'
import type { EpochEnd, LogBatch } from './messages.ts'

export interface EpochStart {
  readonly epoch: number
  readonly startOffset: number
}

export interface LogContents {
  /** End of the oldest snapshot when the log does not begin at 0, and its epoch. */
  readonly start: SnapshotId
  readonly endOffset: number
  readonly durableOffset: number
  /** Of the batches in the log, ascending. */
  readonly epochs: readonly EpochStart[]
  /** The newest snapshot, the one that formatting leaves not counted. */
  readonly latestSnapshot: SnapshotId | undefined
}

export type FetchPosition =
  | { readonly kind: 'valid' }
  | { readonly kind: 'diverging'; readonly end: EpochEnd }
  | { readonly kind: 'snapshot'; readonly id: SnapshotId }

export class LogView {
  #start: SnapshotId
  #endOffset: number
  #durableOffset: number
  #epochs: EpochStart[]
  #latestSnapshot: SnapshotId | undefined

  constructor(contents: LogContents) {
    this.#start = contents.start
    this.#endOffset = contents.endOffset
    this.#durableOffset = contents.durableOffset
    this.#epochs = [...contents.epochs]
    this.#latestSnapshot = contents.latestSnapshot
  }

  get startOffset(): number {
    return this.#start.endOffset
  }

  get endOffset(): number {
    return this.#endOffset
  }

  get durableOffset(): number {
    return this.#durableOffset
  }

  get latestSnapshot(): SnapshotId | undefined {
    return this.#latestSnapshot
  }

  /** Epoch of the last record, in the log or in the snapshot before it; 0 when there is none. */
  get lastEpoch(): number {
    return this.#epochs.at(-1)?.epoch ?? this.#start.epoch
  }

  append(batch: LogBatch): void {
    assert(batch.baseOffset === this.#endOffset, 'a batch continues the log')
    assert(batch.epoch >= this.lastEpoch, 'epochs ascend in the log')
    if (batch.epoch > this.lastEpoch || this.#epochs.length === 0)
      this.#epochs.push({ epoch: batch.epoch, startOffset: batch.baseOffset })
    this.#endOffset = batch.lastOffset + 1
  }

  flushed(endOffset: number): void {
    this.#durableOffset = Math.max(this.#durableOffset, Math.min(endOffset, this.#endOffset))
  }

  truncateTo(offset: number): void {
    assert(offset >= this.startOffset && offset <= this.#endOffset, 'a truncation stays inside the log')
    this.#endOffset = offset
    this.#durableOffset = Math.min(this.#durableOffset, offset)
    while (this.#epochs.length > 0 && this.#epochs.at(-1)!.startOffset >= offset) this.#epochs.pop()
  }

  /** The log is empty now and begins where the snapshot ends. */
  startAt(snapshot: SnapshotId): void {
    this.#start = snapshot
    this.#latestSnapshot = snapshot
    this.#endOffset = this.#durableOffset = snapshot.endOffset
    this.#epochs = []
  }

  snapshotCreated(id: SnapshotId): void {
    this.#latestSnapshot = id
  }

  /** What was before the end of this snapshot has been deleted. */
  raiseStart(snapshot: SnapshotId): void {
    if (snapshot.endOffset <= this.startOffset) return
    this.#start = snapshot
    const spanning = this.#epochs.findLastIndex((each) => each.startOffset <= snapshot.endOffset)
    if (spanning < 0) return
    const { epoch } = this.#epochs[spanning]!
    this.#epochs.splice(0, spanning + 1, { epoch, startOffset: snapshot.endOffset })
    if (this.#epochs.length === 1 && this.#endOffset === snapshot.endOffset) this.#epochs = []
  }

  /** The largest epoch in the log that is at most `epoch`, and where it ends. */
  endOfEpoch(epoch: number): EpochEnd {
    const index = this.#epochs.findLastIndex((each) => each.epoch <= epoch)
    if (index < 0) return { epoch: this.#start.epoch, endOffset: this.startOffset }
    const endOffset = this.#epochs[index + 1]?.startOffset ?? this.#endOffset
    return { epoch: this.#epochs[index]!.epoch, endOffset }
  }

  /** Whether a replica whose log ends at `offset` in `lastEpoch` can go on there. */
  positionOf(offset: number, lastEpoch: number): FetchPosition {
    // An empty replica gets a snapshot even when the log still has everything: that is less to send.
    if (offset === 0 && this.#latestSnapshot !== undefined) return { kind: 'snapshot', id: this.#latestSnapshot }
    if (this.startOffset === 0 && offset === 0 && lastEpoch === 0) return { kind: 'valid' }
    const beforeLog =
      offset < this.startOffset ||
      (offset === this.startOffset && this.startOffset > 0 && lastEpoch !== this.#start.epoch) ||
      lastEpoch < this.#start.epoch
    if (beforeLog && this.#latestSnapshot !== undefined) return { kind: 'snapshot', id: this.#latestSnapshot }
    const end = this.endOfEpoch(lastEpoch)
    if (end.epoch !== lastEpoch || end.endOffset < offset) return { kind: 'diverging', end }
    return { kind: 'valid' }
  }

  /** Up to where this log can agree with a leader whose log says that `diverging.epoch` ends at its end offset. */
  truncationFor(diverging: EpochEnd): number {
    const own = this.endOfEpoch(diverging.epoch)
    const offset = own.epoch === diverging.epoch ? Math.min(own.endOffset, diverging.endOffset) : own.endOffset
    return Math.min(offset, this.#endOffset)
  }

  /** Whether a log that ends at `offset` in `epoch` has all that a majority may have committed here. */
  isAtMost(epoch: number, offset: number): boolean {
    return epoch > this.lastEpoch || (epoch === this.lastEpoch && offset >= this.#endOffset)
  }

  invariants(): void {
    assert(this.#durableOffset <= this.#endOffset, 'no more is durable than there is')
    assert(this.startOffset <= this.#endOffset, 'a log starts before its end')
    for (let i = 1; i < this.#epochs.length; i++) {
      const [a, b] = [this.#epochs[i - 1]!, this.#epochs[i]!]
      assert(a.epoch < b.epoch && a.startOffset < b.startOffset, 'epochs ascend')
    }
    const last = this.#epochs.at(-1)
    assert(last === undefined || last.startOffset < this.#endOffset, 'the last epoch has a record')
  }
}
