/**
 * Limits how fast replicas that are being moved catch up, and takes the limits away when nothing moves any more, by the
 * configuration that `kafka-reassign-partitions --throttle` uses too (KIP-73): who has the records is limited as a leader,
 * who gets them as a follower.
 */
import type { Admin } from '@braidlog/client'
import type { Context } from './command.ts'
import type { PlacedPartition } from './plan-reassignment.ts'

const SIDES = ['leader', 'follower'] as const
const RATES = SIDES.map((side) => `${side}.replication.throttled.rate`)
const REPLICAS = SIDES.map((side) => `${side}.replication.throttled.replicas`)

export interface ThrottledTopic {
  readonly topic: string
  /** `partition:broker` each. */
  readonly leaders: readonly string[]
  readonly followers: readonly string[]
}

/** @param before where the replicas are now, of at least the partitions that move */
export function throttledTopics(
  before: readonly PlacedPartition[],
  changes: readonly PlacedPartition[],
): ThrottledTopic[] {
  const placed = new Map(before.map((each) => [`${each.topic}-${each.partition}`, each.replicas]))
  const topics = new Map<string, { leaders: string[]; followers: string[] }>()
  for (const { topic, partition, replicas } of changes) {
    const from = placed.get(`${topic}-${partition}`) ?? []
    const added = replicas.filter((id) => !from.includes(id))
    if (added.length === 0) continue
    const entry = topics.get(topic) ?? { leaders: [], followers: [] }
    topics.set(topic, entry)
    entry.leaders.push(...from.map((id) => `${partition}:${id}`))
    entry.followers.push(...added.map((id) => `${partition}:${id}`))
  }
  return [...topics].map(([topic, { leaders, followers }]) => ({ topic, leaders, followers }))
}

/** Sets the limits that moving `changes` needs. @param bytesPerSecond of each broker, as a leader and as a follower */
export async function throttle(
  admin: Admin,
  context: Context,
  changes: readonly PlacedPartition[],
  bytesPerSecond: number,
): Promise<void> {
  const topics = await admin.describeTopics([...new Set(changes.map(({ topic }) => topic))], context.call)
  const before = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partition, replicas }) => ({ topic: name, partition, replicas })),
  )
  const limited = throttledTopics(before, changes)
  const brokers = new Set(limited.flatMap(({ leaders, followers }) => [...leaders, ...followers].map(brokerOf)))
  await admin.incrementalAlterConfigs(
    [
      ...limited.map(({ topic, leaders, followers }) => ({
        type: 'topic' as const,
        name: topic,
        changes: [leaders, followers].map((list, i) => ({
          name: REPLICAS[i]!,
          op: 'set' as const,
          value: list.join(','),
        })),
      })),
      ...[...brokers].map((name) => ({
        type: 'broker' as const,
        name,
        changes: RATES.map((rate) => ({ name: rate, op: 'set' as const, value: bytesPerSecond })),
      })),
    ],
    context.call,
  )
}

/**
 * Takes the limits away from topics of which nothing moves, and from the brokers when nothing moves at all.
 * @returns the topics that had some
 */
export async function liftThrottles(admin: Admin, context: Context, moving: ReadonlySet<string>): Promise<string[]> {
  const names = (await admin.listTopics({ ...context.call, includeInternal: true })).map(({ name }) => name)
  const still = names.filter((name) => !moving.has(name))
  if (still.length === 0) return []
  const described = await admin.describeConfigs(
    still.map((name) => ({ type: 'topic' as const, name, names: REPLICAS })),
    context.call,
  )
  const lifted = described
    .filter(({ entries }) => entries.some(({ source, value }) => source === 'topic' && value !== ''))
    .map(({ name }) => name)
  if (lifted.length === 0) return []
  const { brokers } = await admin.describeCluster(context.call)
  const unlimited = moving.size > 0 ? [] : brokers
  await admin.incrementalAlterConfigs(
    [
      ...lifted.map((name) => ({
        type: 'topic' as const,
        name,
        changes: REPLICAS.map((key) => ({ name: key, op: 'delete' as const })),
      })),
      ...unlimited.map(({ nodeId }) => ({
        type: 'broker' as const,
        name: String(nodeId),
        changes: RATES.map((key) => ({ name: key, op: 'delete' as const })),
      })),
    ],
    context.call,
  )
  return lifted
}

function brokerOf(replica: string): string {
  return replica.slice(replica.indexOf(':') + 1)
}
