/**
 * Range: each topic is cut into as many contiguous pieces as it has subscribers; the first ones get one partition more.
 * Topics with equally many partitions and the same subscribers are cut alike, so that partitions with the same number
 * meet in one member: what joins need.
 */
import type { Assignment, Assignor, AssignorMember, PartitionsByTopic } from './assignor.ts'
import { inOrder, subscribedTopics } from './member-order.ts'

export const rangeAssignor: Assignor = {
  name: 'range',
  rebalanceProtocol: 'eager',
  assign: assignRange,
  userData: () => null,
}

function assignRange(members: readonly AssignorMember[], partitionsByTopic: PartitionsByTopic): Assignment {
  const ordered = inOrder(members).map(({ memberId, topics }) => ({ memberId, topics: new Set(topics) }))
  const assignment: Assignment = new Map(ordered.map(({ memberId }) => [memberId, []]))
  for (const topic of subscribedTopics(members, partitionsByTopic)) {
    const subscribers = ordered.filter(({ topics }) => topics.has(topic))
    const count = partitionsByTopic.get(topic)!
    const share = Math.floor(count / subscribers.length)
    const larger = count % subscribers.length
    let partition = 0
    subscribers.forEach(({ memberId }, i) => {
      const end = partition + share + (i < larger ? 1 : 0)
      for (; partition < end; partition++) assignment.get(memberId)!.push({ topic, partition })
    })
  }
  return assignment
}
