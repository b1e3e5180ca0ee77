/** One topic as one producer sees it: all that a record on its way there needs, found with one lookup. */
import type { Random } from '@braidlog/base'
import type { TopicMetadata } from './core/metadata-cache.ts'
import { OutgoingContext } from './outgoing.ts'
import { PartitionChoice } from './partition-choice.ts'
import type { ResolvedProducerOptions } from './producer-options.ts'
import type { WaitingRecord } from './waiting-records.ts'

export class ProducerTopic {
  readonly name: string
  readonly choice: PartitionChoice
  /** For one record after another: serializers are synchronous. */
  readonly context: OutgoingContext
  /** The cluster keeps its metadata fresh for this producer. */
  isWanted = false
  /** `undefined`: not known yet, or gone. */
  metadata: TopicMetadata | undefined
  /** Records that wait for the metadata, oldest first; `undefined` when nobody is looking for it. */
  forMetadata: WaitingRecord[] | undefined

  constructor(name: string, options: Pick<ResolvedProducerOptions, 'partitioner' | 'batchSizeBytes'>, random: Random) {
    this.name = name
    this.choice = new PartitionChoice(options, random)
    this.context = new OutgoingContext(name)
  }
}
