/**
 * The order in which assignors go through members: static ones by instance id, then dynamic ones by member id. A static
 * member that restarts under a new member id keeps its place, and with it its partitions.
 *
 * Source: KIP-345. Texts compare by UTF-16 units, as in Java, so that all leaders of a group agree.
 */
import type { AssignorMember, PartitionsByTopic } from './assignor.ts'

export function inOrder(members: readonly AssignorMember[]): AssignorMember[] {
  return [...members].sort(compareMembers)
}

function compareMembers(a: AssignorMember, b: AssignorMember): number {
  if (a.groupInstanceId !== null && b.groupInstanceId !== null)
    return compareTexts(a.groupInstanceId, b.groupInstanceId)
  if (a.groupInstanceId !== null) return -1
  if (b.groupInstanceId !== null) return 1
  return compareTexts(a.memberId, b.memberId)
}

export function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/** Topics that exist and that somebody subscribes to, in order. */
export function subscribedTopics(members: readonly AssignorMember[], partitionsByTopic: PartitionsByTopic): string[] {
  const topics = new Set(members.flatMap((member) => member.topics))
  return [...topics].filter((topic) => (partitionsByTopic.get(topic) ?? 0) > 0).sort(compareTexts)
}
