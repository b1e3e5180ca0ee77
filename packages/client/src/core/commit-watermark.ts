/**
 * What of one partition may be committed: everything before the oldest record that is not done, however the records
 * behind it finish. One watermark lives as long as one assignment of the partition; a commit after that has no source.
 *
 * Invariant: `committable` never goes back, and never passes a record that was delivered and is not done.
 */
import { assert } from '@braidlog/base'

/** A delivered run of offsets, up to but not including `nextOffset`. */
export class Span {
  readonly nextOffset: number
  readonly epoch: number
  isDone = false
  /** Offsets behind the records that were delivered one by one, and which of those are done. */
  #ends: number[] | undefined
  #finished: boolean[] | undefined
  #firstOpen = 0
  /** Where records that finish in order stand; -1 before the first. */
  #inOrderTo = -1

  constructor(nextOffset: number, epoch: number) {
    this.nextOffset = nextOffset
    this.epoch = epoch
  }

  /** Announces a record that will be completed by itself. @returns its index for `finishRecord` */
  add(offset: number): number {
    this.#ends ??= []
    this.#finished ??= []
    this.#finished.push(false)
    return this.#ends.push(offset + 1) - 1
  }

  finishRecord(index: number): void {
    const finished = this.#finished!
    finished[index] = true
    while (finished[this.#firstOpen] === true) this.#firstOpen++
  }

  /** Every record before `nextOffset` is done: for those that are worked on one after the other. */
  finishTo(nextOffset: number): void {
    if (nextOffset > this.#inOrderTo) this.#inOrderTo = nextOffset
  }

  /** Offset behind the last record of the unbroken run of finished ones; -1 when there is none. */
  get finishedTo(): number {
    return this.#firstOpen === 0 ? this.#inOrderTo : Math.max(this.#inOrderTo, this.#ends![this.#firstOpen - 1]!)
  }
}

export interface Committable {
  readonly offset: number
  readonly epoch: number
}

export class CommitWatermark {
  #spans: Span[] = []
  #first = 0
  #offset: number
  #epoch = -1

  /** @param startOffset where reading began; -1 when unknown */
  constructor(startOffset: number) {
    this.#offset = startOffset
  }

  /** Number of spans that are delivered and not done. */
  get openCount(): number {
    return this.#spans.length - this.#first
  }

  /** A delivery of everything before `nextOffset`. */
  deliver(nextOffset: number, epoch: number): Span {
    const last = this.#spans.at(-1)
    assert(last === undefined || last.nextOffset <= nextOffset, 'deliveries go up')
    const span = new Span(nextOffset, epoch)
    this.#spans.push(span)
    return span
  }

  /** Offsets that hold nothing for the application are done as soon as what is before them is. */
  pass(nextOffset: number, epoch: number): void {
    this.finish(this.deliver(nextOffset, epoch))
  }

  finish(span: Span): void {
    span.isDone = true
    this.#advance()
  }

  /** One record of the span is done; the span is done when `finish` says so. */
  finishRecord(span: Span, index: number): void {
    span.finishRecord(index)
  }

  /** The offset to commit: the next one to be read after a restart. */
  get committable(): Committable {
    const open = this.#spans[this.#first]
    if (open !== undefined && open.finishedTo > this.#offset) return { offset: open.finishedTo, epoch: open.epoch }
    return { offset: this.#offset, epoch: this.#epoch }
  }

  /** The application moved the position: what was delivered before is void. */
  restart(offset: number): void {
    this.#spans = []
    this.#first = 0
    this.#offset = offset
    this.#epoch = -1
  }

  #advance(): void {
    const spans = this.#spans
    while (this.#first < spans.length && spans[this.#first]!.isDone) {
      const span = spans[this.#first++]!
      this.#offset = span.nextOffset
      this.#epoch = span.epoch
    }
    if (this.#first === spans.length) {
      spans.length = 0
      this.#first = 0
    } else if (this.#first >= 64) {
      spans.splice(0, this.#first)
      this.#first = 0
    }
  }
}
