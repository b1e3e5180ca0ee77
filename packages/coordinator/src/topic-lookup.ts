/** What a coordinator asks of the metadata image. */
import type { Uuid } from '@braidlog/model'

export interface TopicLookup {
  topicId(name: string): Uuid | undefined
  topicName(id: Uuid): string | undefined
  /** @returns how many partitions the topic has; `undefined` when there is no such topic. */
  partitionCount(name: string): number | undefined
}
