/** A log partition in memory, with a high watermark that the test moves and appends that the test lets fail. */
import { ErrorCode } from '@braidlog/model'
import { batchNextOffset, setBatchBaseOffset, setBatchLeaderEpoch, viewOf } from '@braidlog/records'
import type { AppendOutcome, CoordinatorLog, CoordinatorLogListener } from '@braidlog/coordinator'

export class MemoryLog implements CoordinatorLog {
  readonly batches: { readonly baseOffset: number; readonly nextOffset: number; readonly bytes: Uint8Array }[] = []
  /** Commit at once, as a single replica without group commit does. */
  autoCommit = true
  failNext: ErrorCode | undefined
  reads = 0
  #highWatermark = 0
  /** Up to where somebody wants to hear of commits. */
  #awaitedOffset = 0
  #listener: CoordinatorLogListener | undefined

  startOffset(): number {
    return 0
  }

  endOffset(): number {
    return this.batches.at(-1)?.nextOffset ?? 0
  }

  highWatermark(): number {
    return this.#highWatermark
  }

  append(batch: Uint8Array): AppendOutcome {
    const error = this.failNext
    this.failNext = undefined
    if (error !== undefined) return { ok: false, error }
    const bytes = batch.slice()
    const view = viewOf(bytes)
    setBatchBaseOffset(view, 0, this.endOffset())
    setBatchLeaderEpoch(view, 0, 1)
    this.batches.push({ baseOffset: this.endOffset(), nextOffset: batchNextOffset(view, 0), bytes })
    this.untilCommitted()
    if (this.autoCommit) this.commit()
    return { ok: true, endOffset: this.endOffset() }
  }

  async read(offset: number, sizeBytes: number): Promise<Uint8Array> {
    this.reads++
    const from = this.batches.findIndex(({ nextOffset }) => nextOffset > offset)
    const chunk: number[] = []
    for (const { bytes } of this.batches.slice(from)) {
      if (chunk.length > 0 && chunk.length + bytes.length > sizeBytes) break
      for (const byte of bytes) chunk.push(byte)
    }
    return Uint8Array.from(chunk)
  }

  untilCommitted(): void {
    this.#awaitedOffset = this.endOffset()
  }

  subscribe(listener: CoordinatorLogListener): () => void {
    this.#listener = listener
    this.#awaitedOffset = 0
    return () => {
      if (this.#listener === listener) this.#listener = undefined
    }
  }

  /** Moves the high watermark to `offset`, or to the end. */
  commit(offset = this.endOffset()): void {
    const isAwaited = this.#highWatermark < this.#awaitedOffset
    this.#highWatermark = offset
    if (isAwaited) this.#listener?.onHighWatermark(offset)
  }

  /** Loses everything above the high watermark, as a failed sync does. */
  lose(): void {
    while ((this.batches.at(-1)?.nextOffset ?? 0) > this.#highWatermark) this.batches.pop()
    this.#listener?.onFailed(ErrorCode.KAFKA_STORAGE_ERROR)
  }
}
