/**
 * Which partition a record goes to: murmur2 of the key exactly as Apache Kafka's Java client computes it, and the uniform
 * sticky choice for records without a key (KIP-480, KIP-794): one partition until it got `batchSizeBytes`, then another
 * at random, so that batches fill up and the load evens out.
 */
import { below, type Random } from '@braidlog/base'

export interface PartitionerInput {
  readonly topic: string
  /** The serialized key. */
  readonly key: Uint8Array | null
  readonly value: Uint8Array | string | null
}

/** A partitioner of the application. `available` has the partitions that have a leader now. */
export type Partitioner = (
  record: PartitionerInput,
  partitions: { readonly count: number; readonly available: readonly number[] },
) => number

/** murmur2 of `bytes[0, length)`, 32 bits, seed 0x9747b28c. @returns a signed 32-bit integer, as Java's does. */
export function murmur2(bytes: Uint8Array, length: number = bytes.length): number {
  const m = 0x5bd1e995
  let hash = 0x9747b28c ^ length
  let at = 0
  for (; at + 4 <= length; at += 4) {
    let k = bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24)
    k = Math.imul(k, m)
    k ^= k >>> 24
    k = Math.imul(k, m)
    hash = Math.imul(hash, m) ^ k
  }
  const rest = length - at
  if (rest === 3) hash ^= bytes[at + 2]! << 16
  if (rest >= 2) hash ^= bytes[at + 1]! << 8
  if (rest >= 1) hash = Math.imul(hash ^ bytes[at]!, m)
  hash ^= hash >>> 13
  hash = Math.imul(hash, m)
  return hash ^ (hash >>> 15)
}

/** The partition of a key among `count`, as Java's default partitioner has it (sign bit masked, not made positive). */
export function partitionOfKey(key: Uint8Array, count: number, length: number = key.length): number {
  return (murmur2(key, length) & 0x7fffffff) % count
}

/** The sticky choice of one topic. */
export class StickyPartition {
  #partition = -1
  #sizeBytes = 0

  /** The partition to use now; a new one once the present one is full or has no leader. */
  choose(count: number, available: readonly number[], random: Random): number {
    if (this.#partition < 0 || this.#partition >= count) this.#next(count, available, random)
    return this.#partition
  }

  /** Accounts for a record of `sizeBytes`; moves on after `batchSizeBytes`. */
  used(sizeBytes: number, batchSizeBytes: number): void {
    this.#sizeBytes += sizeBytes
    if (this.#sizeBytes >= batchSizeBytes) this.#partition = -1
  }

  /** The partition lost its leader: do not stick to it. */
  leave(partition: number): void {
    if (this.#partition === partition) this.#partition = -1
  }

  #next(count: number, available: readonly number[], random: Random): void {
    this.#sizeBytes = 0
    this.#partition = available.length > 0 ? available[below(random, available.length)]! : below(random, count)
  }
}

/** Turns of one topic over its available partitions. */
export class RoundRobinPartition {
  #turn: number

  constructor(start: number) {
    this.#turn = start
  }

  choose(count: number, available: readonly number[]): number {
    const turn = this.#turn
    this.#turn = (turn + 1) & 0x7fffffff
    return available.length > 0 ? available[turn % available.length]! : turn % count
  }
}
