/**
 * From the log to the listener: every committed batch once, in order, and who waits for one is told after the listener has
 * seen it. A leader's own batches come from memory, all others are read back.
 *
 * Invariant: `applied` never passes the high watermark.
 */
import { assert } from '@braidlog/base'
import type { LoadedSnapshot, MetadataBatch, SnapshotId } from '@braidlog/metadata'
import type { RaftError } from './errors.ts'
import type { MetadataLog } from './metadata-log.ts'
import type { RaftListener } from './raft-node-options.ts'

interface CommitWaiter {
  readonly lastOffset: number
  readonly resolve: () => void
  readonly reject: (error: RaftError) => void
}

export class Committed {
  readonly #log: MetadataLog
  readonly #listener: RaftListener
  /** Appended by this leader, not committed yet, in order. */
  #own: MetadataBatch[] = []
  #waiters: CommitWaiter[] = []
  #applied: SnapshotId = { endOffset: 0, epoch: 0 }
  #timestampMs = 0
  #sizeBytesSinceSnapshot = 0

  constructor(log: MetadataLog, listener: RaftListener) {
    this.#log = log
    this.#listener = listener
  }

  /** End and epoch of what the listener has seen. */
  get applied(): SnapshotId {
    return this.#applied
  }

  /** Timestamp of the last record that the listener has seen. */
  get timestampMs(): number {
    return this.#timestampMs
  }

  /** Bytes of batches that the listener has seen and no snapshot covers. */
  get sizeBytesSinceSnapshot(): number {
    return this.#sizeBytesSinceSnapshot
  }

  snapshotWritten(coveredBytes: number): void {
    this.#sizeBytesSinceSnapshot -= coveredBytes
  }

  load(snapshot: LoadedSnapshot): void {
    this.#applied = snapshot.id
    this.#timestampMs = snapshot.lastContainedLogTimestampMs
    this.#sizeBytesSinceSnapshot = 0
    this.#listener.handleLoadSnapshot(snapshot)
  }

  /** A batch of this leader, in the log. */
  appended(batch: MetadataBatch): void {
    this.#own.push(batch)
  }

  /** @returns resolves when the listener has seen the record */
  waitFor(lastOffset: number): Promise<void> {
    const committed = new Promise<void>((resolve, reject) => this.#waiters.push({ lastOffset, resolve, reject }))
    // A caller that does not wait must not make the process fail on an unhandled rejection.
    committed.catch(() => {})
    return committed
  }

  /** Leadership is lost, or nothing will ever be committed. */
  reject(error: RaftError): void {
    this.#own = []
    for (const waiter of this.#waiters.splice(0)) waiter.reject(error)
  }

  /** Hands the listener everything below the high watermark. */
  advance(highWatermark: number): void {
    while (this.#applied.endOffset < highWatermark) {
      const next = this.#own[0]
      if (next !== undefined && next.baseOffset === this.#applied.endOffset) {
        if (next.lastOffset >= highWatermark) break
        this.#own.shift()
        this.#deliver(next)
        continue
      }
      const before = this.#applied.endOffset
      for (const batch of this.#log.read(before, Math.min(highWatermark, next?.baseOffset ?? Infinity)))
        this.#deliver(batch)
      assert(this.#applied.endOffset > before, 'the log has what is committed')
    }
    const waiting = this.#waiters.findIndex((waiter) => waiter.lastOffset >= highWatermark)
    for (const waiter of this.#waiters.splice(0, waiting === -1 ? this.#waiters.length : waiting)) waiter.resolve()
  }

  #deliver(batch: MetadataBatch): void {
    // Before the listener is called, since it may ask for a snapshot of what it has just taken in.
    this.#applied = { endOffset: batch.lastOffset + 1, epoch: batch.epoch }
    this.#timestampMs = batch.timestampMs
    this.#sizeBytesSinceSnapshot += batch.sizeBytes
    this.#listener.handleCommit(batch)
  }
}
