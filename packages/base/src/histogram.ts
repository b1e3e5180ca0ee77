/**
 * How long things took: counts in buckets whose width grows with the value, so that quantiles are right to a quarter
 * whatever the scale, in a fixed kilobyte and a few nanoseconds per value.
 *
 * Values are whole microseconds. Below 4 each value has a bucket of its own; above, every power of two is split in four.
 */
import { assert } from './assert.ts'

/** log2 of the buckets that a power of two is split in. */
const SPLIT_BITS = 2
const SPLIT = 1 << SPLIT_BITS
/** Longer ones count as this long: half an hour. */
const VALUE_MAX_US = 2 ** 31 - 1
const BUCKET_COUNT = bucketOf(VALUE_MAX_US) + 1

export class DurationHistogram {
  readonly #counts = new Float64Array(BUCKET_COUNT)
  #count = 0
  #sumUs = 0
  #maxUs = 0

  /** Values recorded so far. */
  get count(): number {
    return this.#count
  }

  /** All values together. */
  get sumMs(): number {
    return this.#sumUs / 1000
  }

  /** The longest since the start or the last `forgetMax`. */
  get maxMs(): number {
    return this.#maxUs / 1000
  }

  record(durationMs: number): void {
    const us = Math.min(Math.max(0, Math.round(durationMs * 1000)), VALUE_MAX_US)
    const bucket = bucketOf(us)
    this.#counts[bucket] = this.#counts[bucket]! + 1
    this.#count++
    this.#sumUs += us
    if (us > this.#maxUs) this.#maxUs = us
  }

  /**
   * @param share in (0, 1], such as 0.99
   * @returns a bound that this share of the values does not exceed, at most a quarter too large; 0 without values
   */
  quantileMs(share: number): number {
    assert(share > 0 && share <= 1, 'a quantile is a share of the values')
    let left = Math.ceil(share * this.#count)
    for (let bucket = 0; left > 0 && bucket < BUCKET_COUNT; bucket++) {
      left -= this.#counts[bucket]!
      if (left <= 0) return endOf(bucket) / 1000
    }
    return 0
  }

  /** Buckets that hold something, ascending: how many values were at most `upToMs` and above the one before. */
  *buckets(): Generator<{ readonly upToMs: number; readonly count: number }, void, void> {
    for (let bucket = 0; bucket < BUCKET_COUNT; bucket++) {
      const count = this.#counts[bucket]!
      if (count > 0) yield { upToMs: endOf(bucket) / 1000, count }
    }
  }

  /** Begins a new period for `maxMs`. */
  forgetMax(): void {
    this.#maxUs = 0
  }
}

function bucketOf(us: number): number {
  if (us < SPLIT) return us
  const exponent = 31 - Math.clz32(us)
  return (exponent - SPLIT_BITS + 1) * SPLIT + ((us >>> (exponent - SPLIT_BITS)) & (SPLIT - 1))
}

/** The largest value of a bucket. */
function endOf(bucket: number): number {
  if (bucket < SPLIT) return bucket
  const shift = Math.floor(bucket / SPLIT) - 1
  return ((bucket % SPLIT) + SPLIT + 1) * 2 ** shift - 1
}
