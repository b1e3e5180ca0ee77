/**
 * Transactions as the cleaner meets them, batch by batch: which batches are of aborted ones, and which markers nobody
 * needs any more.
 *
 * A marker is needed as long as a batch of its transaction is in the log. So an abort marker stays in the pass that drops
 * the aborted batches, and goes in a later one; a commit marker goes once compaction has removed all it committed.
 */
import {
  batchBaseOffset,
  batchLastOffset,
  batchProducerId,
  controlRecordsOf,
  isTransactional,
  batchAttributes,
  openBatch,
  type Codecs,
} from '@braidlog/records'
import type { AbortedTransactionEntry } from './transaction-index.ts'

interface OngoingAborted {
  readonly entry: AbortedTransactionEntry
  /** A batch of it has been met in this pass. */
  met: boolean
}

export class CleanedTransactions {
  readonly #codecs: Codecs
  /** Aborted transactions of the range by first offset, those that have begun are taken out. */
  readonly #aborted: AbortedTransactionEntry[]
  readonly #ongoingAborted = new Map<number, OngoingAborted>()
  readonly #ongoingCommitted = new Set<number>()
  readonly #keepEntry: (entry: AbortedTransactionEntry) => void

  /**
   * @param fromOffset where the pass begins: transactions that ended before do not matter
   * @param keepEntry called for aborted transactions that the cleaned segment's index must still list
   */
  constructor(
    aborted: readonly AbortedTransactionEntry[],
    fromOffset: number,
    codecs: Codecs,
    keepEntry: (entry: AbortedTransactionEntry) => void,
  ) {
    this.#aborted = aborted
      .filter((entry) => entry.lastOffset >= fromOffset)
      .sort((a, b) => a.firstOffset - b.firstOffset)
    this.#codecs = codecs
    this.#keepEntry = keepEntry
  }

  /** @returns whether the data batch belongs to an aborted transaction and can be dropped */
  meetData(view: DataView, at: number): boolean {
    this.#begin(batchLastOffset(view, at))
    if (!isTransactional(batchAttributes(view, at))) return false
    const producerId = batchProducerId(view, at)
    const aborted = this.#ongoingAborted.get(producerId)
    if (aborted === undefined || !covers(aborted.entry, batchBaseOffset(view, at))) {
      this.#ongoingCommitted.add(producerId)
      return false
    }
    aborted.met = true
    return true
  }

  /** @returns whether no batch of the marker's transaction is left, so that it can be dropped (after its horizon) */
  meetMarker(bytes: Uint8Array, view: DataView, at: number): boolean {
    this.#begin(batchLastOffset(view, at))
    const batch = openBatch(bytes, view, at, { codecs: this.#codecs, verifyCrc: false })
    const [record] = controlRecordsOf(batch)
    const producerId = batchProducerId(view, at)
    if (record?.type === 'commit') return !this.#ongoingCommitted.delete(producerId)
    if (record?.type !== 'abort') return false // A control batch of another kind stays for ever.
    const aborted = this.#ongoingAborted.get(producerId)
    this.#ongoingAborted.delete(producerId)
    if (aborted === undefined || !aborted.met) return true
    this.#keepEntry(aborted.entry)
    return false
  }

  #begin(offset: number): void {
    while (this.#aborted.length > 0 && this.#aborted[0]!.firstOffset <= offset) {
      const entry = this.#aborted.shift()!
      this.#ongoingAborted.set(entry.producerId, { entry, met: false })
    }
  }
}

/** A batch behind the marker belongs to the producer's next transaction, also when the marker itself is gone. */
function covers(entry: AbortedTransactionEntry, offset: number): boolean {
  return entry.firstOffset <= offset && offset < entry.lastOffset
}
