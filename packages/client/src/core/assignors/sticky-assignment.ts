/**
 * The assignment behind both sticky assignors: as balanced as subscriptions allow, then with as few moves as possible.
 *
 * 1. Members keep what they owned: of each partition, the claim of the highest generation counts; equal claims cancel
 *    each other, because one of the two is mistaken and nobody knows which.
 * 2. Members that subscribe to the same topics give up what exceeds their fair share.
 * 3. What is free goes to whoever has least, topics with the fewest subscribers first.
 * 4. Where subscriptions differ, partitions move on from those who have two or more beyond another who could take them.
 *
 * Invariant (the documented rule of Apache Kafka's sticky assignors): either all members' counts differ by at most one,
 * or whoever has two or more fewer than another cannot be given any of that other's partitions.
 */
import { assert } from '@braidlog/base'
import type { Assignment, AssignorMember, PartitionsByTopic, TopicPartition } from './assignor.ts'
import { compareTexts, inOrder, subscribedTopics } from './member-order.ts'

/** What a member says it owned, and when. */
export interface Claim {
  readonly owned: readonly TopicPartition[]
  readonly generationId: number
}

interface Holder {
  readonly memberId: string
  readonly topics: ReadonlySet<string>
  /** Topic → partitions. */
  readonly held: Map<string, Set<number>>
  count: number
}

export function assignSticky(
  members: readonly AssignorMember[],
  partitionsByTopic: PartitionsByTopic,
  claimOf: (member: AssignorMember) => Claim,
): Assignment {
  const ordered = inOrder(members)
  const holders = ordered.map(({ memberId, topics }): Holder => {
    return { memberId, topics: new Set(topics), held: new Map(), count: 0 }
  })
  const topics = subscribedTopics(ordered, partitionsByTopic)
  const subscribers = new Map(topics.map((topic) => [topic, holders.filter((holder) => holder.topics.has(topic))]))
  keepOwned(holders, ordered.map(claimOf), partitionsByTopic)
  const isUniform = topics.every((topic) => subscribers.get(topic)!.length === holders.length)
  if (isUniform) giveUpExcess(holders, topics, partitionsByTopic)
  assignFree(topics, subscribers, partitionsByTopic)
  if (!isUniform) while (evenOut(holders, subscribers));
  return new Map(holders.map((holder) => [holder.memberId, partitionsOf(holder)]))
}

function keepOwned(holders: readonly Holder[], claims: readonly Claim[], partitionsByTopic: PartitionsByTopic): void {
  /** `undefined`: claimed twice with the same right. */
  const owners = new Map<string, Map<number, { readonly holder: Holder | undefined; readonly generationId: number }>>()
  claims.forEach(({ owned, generationId }, i) => {
    const claimant = holders[i]!
    for (const { topic, partition } of owned) {
      const exists = partition >= 0 && partition < (partitionsByTopic.get(topic) ?? 0)
      if (!exists || !claimant.topics.has(topic)) continue
      let ofTopic = owners.get(topic)
      if (ofTopic === undefined) owners.set(topic, (ofTopic = new Map()))
      const other = ofTopic.get(partition)
      if (other !== undefined && other.holder !== claimant && other.generationId >= generationId) {
        if (other.generationId === generationId) ofTopic.set(partition, { holder: undefined, generationId })
        continue
      }
      ofTopic.set(partition, { holder: claimant, generationId })
    }
  })
  for (const [topic, ofTopic] of owners) {
    for (const [partition, { holder }] of ofTopic) if (holder !== undefined) hold(holder, topic, partition)
  }
}

/** Shares differ by one at most; the larger ones go to those who would otherwise give up more. */
function giveUpExcess(
  holders: readonly Holder[],
  topics: readonly string[],
  partitionsByTopic: PartitionsByTopic,
): void {
  const total = topics.reduce((sum, topic) => sum + partitionsByTopic.get(topic)!, 0)
  const share = Math.floor(total / Math.max(holders.length, 1))
  let larger = total - share * holders.length
  for (const holder of holders) {
    let allowed = share
    if (holder.count > share && larger > 0) {
      larger--
      allowed++
    }
    let excess = holder.count - allowed
    for (const { topic, partition } of partitionsOf(holder).reverse()) {
      if (excess-- <= 0) break
      release(holder, topic, partition)
    }
  }
}

function assignFree(
  topics: readonly string[],
  subscribers: ReadonlyMap<string, readonly Holder[]>,
  partitionsByTopic: PartitionsByTopic,
): void {
  const byScarcity = [...topics].sort((a, b) => subscribers.get(a)!.length - subscribers.get(b)!.length)
  for (const topic of byScarcity) {
    const candidates = subscribers.get(topic)!
    const taken = new Set(candidates.flatMap((holder) => [...(holder.held.get(topic) ?? [])]))
    for (let partition = 0; partition < partitionsByTopic.get(topic)!; partition++) {
      if (!taken.has(partition)) hold(fewest(candidates), topic, partition)
    }
  }
}

/**
 * Goes once through all members, those with most first, and moves partitions from whoever has two or more beyond another
 * who could take them. Each move makes the sum of squares of the counts smaller, so this comes to an end.
 * @returns false when there was nothing to move
 */
function evenOut(holders: readonly Holder[], subscribers: ReadonlyMap<string, readonly Holder[]>): boolean {
  let hasMoved = false
  for (const from of [...holders].sort((a, b) => b.count - a.count)) {
    for (const { topic, partition } of partitionsOf(from).reverse()) {
      const to = fewest(subscribers.get(topic)!)
      if (to.count + 2 > from.count) continue
      release(from, topic, partition)
      hold(to, topic, partition)
      hasMoved = true
    }
  }
  return hasMoved
}

function fewest(holders: readonly Holder[]): Holder {
  let best = holders[0]
  assert(best !== undefined, 'somebody subscribes to the topic')
  for (const holder of holders) if (holder.count < best.count) best = holder
  return best
}

function hold(holder: Holder, topic: string, partition: number): void {
  const partitions = holder.held.get(topic)
  if (partitions === undefined) holder.held.set(topic, new Set([partition]))
  else partitions.add(partition)
  holder.count++
}

function release(holder: Holder, topic: string, partition: number): void {
  const partitions = holder.held.get(topic)!
  partitions.delete(partition)
  if (partitions.size === 0) holder.held.delete(topic)
  holder.count--
}

function partitionsOf(holder: Holder): TopicPartition[] {
  return [...holder.held]
    .sort(([a], [b]) => compareTexts(a, b))
    .flatMap(([topic, partitions]) => [...partitions].sort((a, b) => a - b).map((partition) => ({ topic, partition })))
}
