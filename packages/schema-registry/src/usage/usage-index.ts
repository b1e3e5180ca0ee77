/**
 * Which schemas the records of a cluster name: for each partition, key or value, and schema, the first and the last offset.
 *
 * An index is grown by records in the order of their offsets, and cut where retention has cut the log. It says too much
 * rather than too little: a schema counts as used between its first and last record even if compaction has removed some.
 * Bound: `SCHEMAS_PER_PARTITION_MAX` schemas a partition; one with more (its records are no framed ones, but happen to
 * begin with a zero byte) is marked, and nothing is claimed about what it does not hold.
 */

/** `id 7` or `guid 0011…`. */
export type SchemaName = `id ${number}` | `guid ${string}`

export type UsageField = 'key' | 'value'

/** Records of one partition that name one schema. */
export interface SchemaUse {
  readonly schema: SchemaName
  readonly topic: string
  readonly partition: number
  readonly field: UsageField
  readonly firstOffset: number
  readonly lastOffset: number
}

export interface PartitionBounds {
  readonly topic: string
  /** A topic of the same name that was created anew has another. */
  readonly topicId: string
  readonly partition: number
  readonly startOffset: number
  readonly endOffset: number
}

export const SCHEMAS_PER_PARTITION_MAX = 10_000

/** First and last offset by field and schema: `v id 7`. */
type Uses = Map<string, [firstOffset: number, lastOffset: number]>

interface PartitionUsage {
  topicId: string
  /** The first offset that has not been looked at. */
  nextOffset: number
  overflowed: boolean
  uses: Uses
}

/** The index as JSON. */
export interface UsageSnapshot {
  readonly version: 1
  readonly partitions: readonly {
    readonly topic: string
    readonly topicId: string
    readonly partition: number
    readonly nextOffset: number
    readonly overflowed: boolean
    readonly uses: readonly (readonly [name: string, firstOffset: number, lastOffset: number])[]
  }[]
}

export class UsageIndex {
  readonly #topics = new Map<string, Map<number, PartitionUsage>>()

  static from(snapshot: UsageSnapshot): UsageIndex {
    const index = new UsageIndex()
    for (const { topic, partition, topicId, nextOffset, overflowed, uses } of snapshot.partitions) {
      const entries: Uses = new Map(uses.map(([name, first, last]) => [name, [first, last]]))
      index.#partitionsOf(topic).set(partition, { topicId, nextOffset, overflowed, uses: entries })
    }
    return index
  }

  /**
   * Brings the index in line with what is there now: topics that are gone are forgotten, and what retention has deleted.
   * @returns where reading has to go on, for partitions that have more
   */
  align(bounds: readonly PartitionBounds[]): { topic: string; partition: number; offset: number }[] {
    const names = new Set(bounds.map(({ topic }) => topic))
    for (const topic of this.#topics.keys()) if (!names.has(topic)) this.#topics.delete(topic)
    const behind: { topic: string; partition: number; offset: number }[] = []
    for (const { topic, topicId, partition, startOffset, endOffset } of bounds) {
      const partitions = this.#partitionsOf(topic)
      let usage = partitions.get(partition)
      // Another topic, or a log that was cut back: what was read there is not there any more.
      if (usage === undefined || usage.topicId !== topicId || usage.nextOffset > endOffset) {
        usage = { topicId, nextOffset: startOffset, overflowed: false, uses: new Map() }
        partitions.set(partition, usage)
      }
      cutBelow(usage.uses, startOffset)
      usage.nextOffset = Math.max(usage.nextOffset, startOffset)
      if (usage.nextOffset < endOffset) behind.push({ topic, partition, offset: usage.nextOffset })
    }
    return behind
  }

  /** A record names a schema. Offsets of one partition never go back. */
  add(topic: string, partition: number, use: { field: UsageField; schema: SchemaName; offset: number }): void {
    const usage = this.#topics.get(topic)!.get(partition)!
    const name = `${use.field} ${use.schema}`
    const known = usage.uses.get(name)
    if (known !== undefined) known[1] = use.offset
    else if (usage.uses.size < SCHEMAS_PER_PARTITION_MAX) usage.uses.set(name, [use.offset, use.offset])
    else usage.overflowed = true
  }

  /** Everything below has been looked at. */
  advance(topic: string, partition: number, nextOffset: number): void {
    const usage = this.#topics.get(topic)!.get(partition)!
    usage.nextOffset = Math.max(usage.nextOffset, nextOffset)
  }

  uses(): SchemaUse[] {
    const all: SchemaUse[] = []
    for (const [topic, partitions] of this.#topics) {
      for (const [partition, { uses }] of partitions) {
        for (const [name, [firstOffset, lastOffset]] of uses) {
          const space = name.indexOf(' ')
          const field = name.slice(0, space) as UsageField
          const schema = name.slice(space + 1) as SchemaName
          all.push({ schema, topic, partition, field, firstOffset, lastOffset })
        }
      }
    }
    return all
  }

  /** Topics of which not all schemas are in the index. */
  overflowedTopics(): string[] {
    return [...this.#topics]
      .filter(([, partitions]) => [...partitions.values()].some(({ overflowed }) => overflowed))
      .map(([topic]) => topic)
  }

  snapshot(): UsageSnapshot {
    const partitions = [...this.#topics].flatMap(([topic, each]) =>
      [...each].map(([partition, { uses, ...usage }]) => ({
        topic,
        partition,
        ...usage,
        uses: [...uses].map(([name, [first, last]]) => [name, first, last] as const),
      })),
    )
    return { version: 1, partitions }
  }

  #partitionsOf(topic: string): Map<number, PartitionUsage> {
    let partitions = this.#topics.get(topic)
    if (partitions === undefined) {
      partitions = new Map()
      this.#topics.set(topic, partitions)
    }
    return partitions
  }
}

function cutBelow(uses: Uses, startOffset: number): void {
  for (const [name, use] of uses) {
    if (use[1] < startOffset) uses.delete(name)
    else use[0] = Math.max(use[0], startOffset)
  }
}
