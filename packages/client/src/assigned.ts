/**
 * One partition of a consumer's present assignment: its signal, its watermark, what of it is with the application.
 * A later assignment of the same partition is another object, so nothing of this one can be committed by mistake.
 */
import { CommitWatermark } from './core/commit-watermark.ts'
import type { Start } from './core/fetch-partition.ts'
import type { DeliveredBatch } from './delivered-batch.ts'
import type { KafkaError } from './errors.ts'

export class Assigned {
  readonly topic: string
  readonly partition: number
  readonly watermark = new CommitWatermark(-1)
  readonly #controller = new AbortController()
  /** Where the application moved it before fetching began. */
  start: Start | undefined
  /** The last offset that the coordinator acknowledged. */
  committedOffset = -1
  isPaused = false
  /** What `signal` says, at less cost. */
  isAborted = false
  /** Nothing may be committed any more. */
  isGone = false
  /** Batches with the application, those of them with handlers that we call, and whoever waits for their return. */
  #busy = 0
  #handled = 0
  #idleListeners: (() => void)[] = []

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  get key(): string {
    return `${this.topic}/${this.partition}`
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  abort(reason: KafkaError): void {
    this.isAborted = true
    this.#controller.abort(reason)
  }

  /** From here on the batch knows its span; what it says about one from before a seek, or of another assignment, is void. */
  delivered(batch: DeliveredBatch): void {
    const { watermark } = this
    batch.delivery = { watermark, span: watermark.deliver(batch.nextOffset, batch.leaderEpoch), assigned: this }
  }

  /**
   * The application works on something of the partition.
   * @param isHandler in a handler that we called, not in a loop of its own
   * @returns to be called when it has finished
   */
  occupy(isHandler: boolean): () => void {
    this.#busy++
    if (isHandler) this.#handled++
    let isFinished = false
    return () => {
      if (isFinished) return
      isFinished = true
      this.#busy--
      if (isHandler) this.#handled--
      for (const listener of this.#idleListeners.splice(0)) listener()
    }
  }

  /** Resolves when the application works on nothing of the partition, or no handler does. */
  async idle(onlyHandlers: boolean): Promise<void> {
    while ((onlyHandlers ? this.#handled : this.#busy) > 0) {
      await new Promise<void>((resolve) => this.#idleListeners.push(resolve))
    }
  }

  /** What would be committed now; `undefined` when that is committed already. */
  get uncommitted(): { readonly offset: number; readonly epoch: number } | undefined {
    const { offset, epoch } = this.watermark.committable
    return this.isGone || offset < 0 || offset === this.committedOffset ? undefined : { offset, epoch }
  }
}
