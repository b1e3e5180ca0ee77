/** Batch builders with their buffers, kept for the next batch: the most recently used first, whose memory is warm. */
import { BatchBuilder, type BatchBuilderOptions } from '@braidlog/records'

/** A builder that grew beyond this is not kept. */
const POOLED_BUFFER_SIZE_MAX = 1 << 20
/** Of all builders that are kept. */
const POOL_SIZE_BYTES_MAX = 8 << 20

export class BuilderPool {
  readonly #options: BatchBuilderOptions
  readonly #idle: BatchBuilder[] = []
  #idleBytes = 0

  /** @param options of every builder; buffers are the pool's */
  constructor(options: BatchBuilderOptions) {
    this.#options = options
  }

  /** An empty builder. @param sizeBytes what its buffer begins with, when it is a new one */
  take(sizeBytes: number): BatchBuilder {
    const idle = this.#idle.pop()
    if (idle === undefined) {
      const buffer = new Uint8Array(Math.min(this.#options.sizeBytesMax, sizeBytes))
      return new BatchBuilder({ ...this.#options, buffer })
    }
    this.#idleBytes -= idle.buffer.length
    return idle
  }

  /** Views of its buffer are void from here on. */
  give(builder: BatchBuilder): void {
    const sizeBytes = builder.buffer.length
    if (sizeBytes > POOLED_BUFFER_SIZE_MAX || this.#idleBytes + sizeBytes > POOL_SIZE_BYTES_MAX) return
    builder.reset()
    this.#idleBytes += sizeBytes
    this.#idle.push(builder)
  }
}
