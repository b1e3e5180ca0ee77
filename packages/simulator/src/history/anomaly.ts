/**
 * What can be wrong with a history. The names are those of the published Kafka workloads, where there is one.
 *
 * What is never allowed depends on what the clients did: a group takes partitions away and hands them out again, so after
 * a `subscribe` a consumer may see a record twice or, having lost the partition, not at all.
 */

export const ANOMALIES = {
  'never-sent': 'a value was polled that nobody sent to that key',
  'inconsistent-offsets': 'one offset of a key held two values',
  duplicate: 'one value was at two offsets',
  'lost-write': 'an acknowledged value was never polled, although a later one of its key was',
  unseen: 'an acknowledged value was never polled, and nothing behind it either',
  'aborted-read': 'a value was polled whose send certainly failed',
  'poll-skip': 'a consumer went past a value between two polls',
  'int-poll-skip': 'a consumer went past a value within one poll',
  'nonmonotonic-poll': 'a consumer went back between two polls',
  'int-nonmonotonic-poll': 'a consumer went back within one poll',
  'nonmonotonic-send': "a producer's later send got a lower offset",
  'int-nonmonotonic-send': 'within one send, a later record got a lower offset',
} as const

export type AnomalyName = keyof typeof ANOMALIES

export interface Anomaly {
  readonly name: AnomalyName
  readonly key: number
  /** The value that is missing, doubled, skipped to or out of order. */
  readonly value: number
  /** One line for people: offsets, processes, times. */
  readonly detail: string
}
