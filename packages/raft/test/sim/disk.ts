/**
 * The disk of one simulated replica: batches, the vote and snapshots, with what is durable of them. A crash keeps what was
 * synced and any prefix of the rest.
 */
import { below, type Random } from '@braidlog/base'
import type { SnapshotId } from '@braidlog/metadata'
import { UNATTACHED, type ElectionState } from '../../src/election-state.ts'
import type { LogContents } from '../../src/machine/log-view.ts'
import type { LogBatch } from '../../src/machine/messages.ts'
import type { QuorumConfiguration } from '../../src/voters.ts'

export interface SimBatch extends LogBatch {
  /** Unique; stands for the contents. */
  readonly contents: number
}

export interface SimSnapshot {
  readonly id: SnapshotId
  readonly quorum: QuorumConfiguration
  /** Contents of all batches that it covers: what a state machine would be. */
  readonly covers: readonly number[]
}

export class SimDisk {
  election: ElectionState = UNATTACHED
  batches: SimBatch[] = []
  durableOffset = 0
  snapshots: SimSnapshot[] = []
  startOffset = 0

  get endOffset(): number {
    const last = this.batches.at(-1)
    return last === undefined ? this.startOffset : last.lastOffset + 1
  }

  get newestSnapshot(): SimSnapshot | undefined {
    return this.snapshots.at(-1)
  }

  append(batch: SimBatch): void {
    this.batches.push(batch)
  }

  truncateTo(offset: number): void {
    this.batches = this.batches.filter((batch) => batch.lastOffset < offset)
    this.durableOffset = Math.min(this.durableOffset, offset)
  }

  install(snapshot: SimSnapshot): void {
    this.batches = []
    this.snapshots = [snapshot]
    this.startOffset = this.durableOffset = snapshot.id.endOffset
  }

  /** Deletes the log before the newest snapshot, and the older ones. */
  clean(): void {
    const { id } = this.newestSnapshot!
    this.batches = this.batches.filter((batch) => batch.lastOffset >= id.endOffset)
    this.startOffset = id.endOffset
    this.snapshots = this.snapshots.slice(-1)
  }

  crash(random: Random): void {
    const undurable = this.batches.filter((batch) => batch.lastOffset >= this.durableOffset)
    const kept = below(random, undurable.length + 1)
    this.batches = this.batches.slice(0, this.batches.length - undurable.length + kept)
    if (this.endOffset < (this.newestSnapshot?.id.endOffset ?? 0)) this.install(this.newestSnapshot!)
    this.durableOffset = this.endOffset
  }

  /** Everything that the log and the snapshot before it hold below `endOffset`. */
  contentsBelow(endOffset: number): number[] {
    const snapshot = this.snapshots.find((each) => each.id.endOffset === this.startOffset)
    const covered = this.startOffset > 0 ? [...snapshot!.covers] : []
    for (const batch of this.batches) if (batch.lastOffset < endOffset) covered.push(batch.contents)
    return covered
  }

  get contents(): LogContents {
    const epochs: { epoch: number; startOffset: number }[] = []
    for (const { epoch, baseOffset } of this.batches)
      if (epoch !== epochs.at(-1)?.epoch) epochs.push({ epoch, startOffset: baseOffset })
    return {
      start: this.snapshots.find((each) => each.id.endOffset === this.startOffset)?.id ?? { endOffset: 0, epoch: 0 },
      endOffset: this.endOffset,
      durableOffset: this.endOffset,
      epochs,
      latestSnapshot: this.newestSnapshot?.id,
    }
  }
}
