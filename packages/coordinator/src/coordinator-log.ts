/**
 * The log partition a coordinator lives on, as the coordinator needs it. The broker implements it over its replica of
 * `__consumer_offsets`; tests implement it in memory.
 *
 * Bytes on purpose: the coordinator builds and reads whole record batches itself, so an implementation only passes
 * them on.
 */
import type { ErrorCode } from '@braidlog/model'

export type AppendOutcome =
  | { readonly ok: true; /** The offset after the last record appended. */ readonly endOffset: number }
  | { readonly ok: false; readonly error: ErrorCode }

export interface CoordinatorLog {
  /** The first offset there is. */
  startOffset(): number
  /** The offset the next record will get. A load replays up to here. */
  endOffset(): number
  /** Everything below it is committed (and durable, where acknowledged means durable). */
  highWatermark(): number
  /**
   * Appends one record batch (magic 2, base offset 0: the log patches base offset and leader epoch) as the leader.
   * The call is synchronous and all or nothing; a failure that is known only later is told by the high watermark never
   * passing the batch, and by {@link CoordinatorLogListener.onFailed}.
   * The bytes belong to the coordinator and are valid during the call only.
   */
  append(batch: Uint8Array): AppendOutcome
  /**
   * Reads whole batches, the first of which holds `offset` or follows it; may return fewer or more bytes than asked
   * (a batch is never split), and none only at the end of the log. Not limited by the high watermark.
   */
  read(offset: number, sizeBytes: number): Promise<Uint8Array>
  /**
   * Has {@link CoordinatorLogListener.onHighWatermark} called once everything that is in the log now is committed. What this
   * coordinator has appended tells so by itself; what its predecessor has left, a new leader has yet to commit.
   */
  untilCommitted(): void
  /** Tells the listener from now on. @returns a function that ends it. */
  subscribe(listener: CoordinatorLogListener): () => void
}

export interface CoordinatorLogListener {
  /** The high watermark has moved to `offset`, past what was appended or waited for. May be called inside `append`. */
  onHighWatermark(offset: number): void
  /** What was appended may be lost (a failed sync, a truncation): the coordinator throws its state away and reloads. */
  onFailed(error: ErrorCode): void
}
