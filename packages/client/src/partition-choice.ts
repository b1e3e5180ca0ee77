/** How a producer chooses the partition of a record: by the record itself, by key, by turn, or by the application. */
import type { Random } from '@braidlog/base'
import type { Payload } from '@braidlog/records'
import type { TopicMetadata } from './core/metadata-cache.ts'
import { partitionOfKey, RoundRobinPartition, StickyPartition, type Partitioner } from './core/partitioner.ts'
import { KafkaError } from './errors.ts'
import type { ResolvedProducerOptions } from './producer-options.ts'

/** What the sticky partition counts for a record besides its value. */
const RECORD_OVERHEAD_SIZE_BYTES = 16

/** The choices of one producer in one topic. */
export class PartitionChoice {
  readonly #options: Pick<ResolvedProducerOptions, 'partitioner' | 'batchSizeBytes'>
  readonly #random: Random
  readonly #sticky = new StickyPartition()
  #turns: RoundRobinPartition | undefined

  constructor(options: Pick<ResolvedProducerOptions, 'partitioner' | 'batchSizeBytes'>, random: Random) {
    this.#options = options
    this.#random = random
  }

  /** @param given the partition that the record names, if it does @throws KafkaError `INVALID_PARTITIONS` */
  choose(metadata: TopicMetadata, key: Payload, value: Payload, given: number | undefined): number {
    const count = metadata.partitions.length
    if (given !== undefined) {
      if (Number.isInteger(given) && given >= 0 && given < count) return given
      throw new KafkaError('INVALID_PARTITIONS', `${metadata.name} has partitions 0 to ${count - 1}, not ${given}`)
    }
    const { partitioner } = this.#options
    if (typeof partitioner === 'function') return askApplication(partitioner, metadata, key, value)
    if (partitioner === 'roundRobin') {
      this.#turns ??= new RoundRobinPartition(this.#random.uint32() & 0xffff)
      return this.#turns.choose(count, metadata.available)
    }
    if (key === null) return this.#sticky.choose(count, metadata.available, this.#random)
    if (typeof key !== 'string') return partitionOfKey(key, count)
    return partitionOfKey(scratchFor(key), count, encodeScratch(key))
  }

  /** A record without key or partition went to the sticky partition. */
  used(value: Payload): void {
    this.#sticky.used((value === null ? 0 : value.length) + RECORD_OVERHEAD_SIZE_BYTES, this.#options.batchSizeBytes)
  }

  /** The partition has no leader: nothing sticks to it. */
  leave(partition: number): void {
    this.#sticky.leave(partition)
  }
}

function askApplication(partitioner: Partitioner, metadata: TopicMetadata, key: Payload, value: Payload): number {
  const count = metadata.partitions.length
  const bytes = typeof key === 'string' ? Buffer.from(key) : key
  const chosen = partitioner({ topic: metadata.name, key: bytes, value }, { count, available: metadata.available })
  if (Number.isInteger(chosen) && chosen >= 0 && chosen < count) return chosen
  throw new KafkaError('INVALID_PARTITIONS', `the partitioner chose ${chosen} of ${count} partitions`)
}

/** Where a text key becomes bytes to be hashed; reused. */
let scratch = Buffer.allocUnsafe(1024)

function scratchFor(key: string): Buffer {
  if (scratch.length < key.length * 3) scratch = Buffer.allocUnsafe(key.length * 3)
  return scratch
}

function encodeScratch(key: string): number {
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i)
    if (unit >= 0x80) return scratch.write(key)
    scratch[i] = unit
  }
  return key.length
}
