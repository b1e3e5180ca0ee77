/**
 * How fast replicas that catch up may be sent, or may fetch, what they lack: bytes per second over the last few seconds. A
 * machine.
 *
 *     samples   |--- 1 s ---|--- 1 s ---|- now
 *     rate      bytes in the samples kept / time since the oldest began, one sample's length at least
 *
 * Bound: `sampleCount` samples.
 * Source: KIP-73; `ReplicationQuotaManager` and `SimpleRate` of Apache Kafka.
 */
export interface QuotaWindow {
  /** `replication.quota.window.num` */
  readonly sampleCount: number
  /** `replication.quota.window.size.seconds` */
  readonly sampleMs: number
}

interface Sample {
  readonly startMs: number
  sizeBytes: number
}

export class ReplicationQuota {
  readonly #window: QuotaWindow
  #samples: Sample[] = []
  /** Infinity: no limit. */
  bytesPerSecondMax = Infinity

  constructor(window: QuotaWindow) {
    this.#window = window
  }

  record(sizeBytes: number, nowMs: number): void {
    if (sizeBytes === 0) return
    this.#expire(nowMs)
    const last = this.#samples.at(-1)
    if (last !== undefined && nowMs - last.startMs < this.#window.sampleMs) last.sizeBytes += sizeBytes
    else this.#samples.push({ startMs: nowMs, sizeBytes })
  }

  /** What has been recorded is more than the limit allows. */
  isExceeded(nowMs: number): boolean {
    return this.bytesPerSecondMax !== Infinity && this.delayMs(nowMs) > 0
  }

  /** When to look again: 0 when there is room now. */
  delayMs(nowMs: number): number {
    this.#expire(nowMs)
    const oldest = this.#samples[0]
    if (oldest === undefined || this.bytesPerSecondMax === Infinity) return 0
    const { sampleMs } = this.#window
    const totalBytes = this.#samples.reduce((sum, each) => sum + each.sizeBytes, 0)
    const passedMs = Math.max(nowMs - oldest.startMs, sampleMs)
    const neededMs = (totalBytes / this.bytesPerSecondMax) * 1000
    return neededMs <= passedMs ? 0 : Math.min(neededMs - passedMs, sampleMs)
  }

  #expire(nowMs: number): void {
    const { sampleCount, sampleMs } = this.#window
    const keptFromMs = nowMs - sampleCount * sampleMs
    if (this.#samples.length > 0 && this.#samples[0]!.startMs <= keptFromMs)
      this.#samples = this.#samples.filter(({ startMs }) => startMs > keptFromMs)
  }
}
