/**
 * A partition of `__consumer_offsets` as the group coordinator wants to see it: whole batches in, whole batches out, and
 * word of every step of the high watermark.
 */
import type { AppendOutcome, CoordinatorLog, CoordinatorLogListener } from '@braidlog/coordinator'
import { ErrorCode } from '@braidlog/model'
import type { DelayedProduce, Partition, WaitingRooms } from '@braidlog/partition'

/** How long an append may take to be committed before the coordinator is told to start over. */
const COMMIT_TIMEOUT_MS = 30_000

export class OffsetsLog implements CoordinatorLog {
  readonly #replica: Partition
  readonly #rooms: WaitingRooms
  readonly #listeners = new Set<CoordinatorLogListener>()
  /** Somebody waits for everything up to here; 0: nobody does. */
  #awaitedOffset = 0

  constructor(replica: Partition, rooms: WaitingRooms) {
    this.#replica = replica
    this.#rooms = rooms
  }

  startOffset(): number {
    return this.#replica.log.logStartOffset
  }

  endOffset(): number {
    return this.#replica.log.logEndOffset
  }

  highWatermark(): number {
    return this.#replica.highWatermark
  }

  append(batch: Uint8Array): AppendOutcome {
    const result = this.#replica.append(batch, 0, batch.length, { acks: -1, origin: 'coordinator' })
    if (result.errorCode !== ErrorCode.NONE) return { ok: false, error: result.errorCode }
    if (result.requiredOffset === 0 || this.#replica.isAcknowledged(result.requiredOffset)) {
      this.#committed()
    } else {
      const operation = this.#rooms.produce<OffsetsLog>(this, onCommitted)
      operation.watch(this.#replica, result.requiredOffset, 0)
      const parked = this.#rooms.parkProduce(operation, COMMIT_TIMEOUT_MS)
      if (!parked) this.#committed()
    }
    return { ok: true, endOffset: result.lastOffset + 1 }
  }

  async read(offset: number, sizeBytes: number): Promise<Uint8Array> {
    const read = await this.#replica.log.readCold({ offset, maxBytes: sizeBytes, minOneBatch: true })
    const bytes = read.toBytes()
    read.release()
    return bytes
  }

  untilCommitted(): void {
    const endOffset = this.endOffset()
    if (endOffset <= this.#awaitedOffset) return
    this.#awaitedOffset = endOffset
    const operation = this.#rooms.produce<OffsetsLog>(this, onCaughtUp)
    operation.watch(this.#replica, endOffset, 0)
    if (!this.#rooms.parkProduce(operation, COMMIT_TIMEOUT_MS)) this.caughtUp(ErrorCode.NONE)
  }

  /** What was there before has been committed, or will not be by this leader. */
  caughtUp(errorCode: ErrorCode): void {
    this.#awaitedOffset = 0
    if (errorCode === ErrorCode.NONE) this.#committed()
    // Nothing is lost by waiting on; a leader that is one no more has its coordinator closed.
    else if (errorCode === ErrorCode.REQUEST_TIMED_OUT) this.untilCommitted()
  }

  subscribe(listener: CoordinatorLogListener): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  completed(errorCode: ErrorCode): void {
    if (errorCode === ErrorCode.NONE) this.#committed()
    else for (const listener of this.#listeners) listener.onFailed(errorCode)
  }

  #committed(): void {
    for (const listener of this.#listeners) listener.onHighWatermark(this.#replica.highWatermark)
  }
}

function onCommitted(operation: DelayedProduce<OffsetsLog>): void {
  operation.context.completed(operation.errorCodeOf(0))
}

function onCaughtUp(operation: DelayedProduce<OffsetsLog>): void {
  operation.context.caughtUp(operation.errorCodeOf(0))
}
