/**
 * Round robin: all partitions of all topics are dealt out one by one; who does not subscribe to the topic is passed over.
 * Even among members with the same subscription; uneven when subscriptions differ, and nothing stays where it was.
 */
import type { Assignment, Assignor, AssignorMember, PartitionsByTopic } from './assignor.ts'
import { inOrder, subscribedTopics } from './member-order.ts'

export const roundRobinAssignor: Assignor = {
  name: 'roundrobin',
  rebalanceProtocol: 'eager',
  assign: assignRoundRobin,
  userData: () => null,
}

function assignRoundRobin(members: readonly AssignorMember[], partitionsByTopic: PartitionsByTopic): Assignment {
  const ordered = inOrder(members).map(({ memberId, topics }) => ({ memberId, topics: new Set(topics) }))
  const assignment: Assignment = new Map(ordered.map(({ memberId }) => [memberId, []]))
  let turn = 0
  for (const topic of subscribedTopics(members, partitionsByTopic)) {
    for (let partition = 0; partition < partitionsByTopic.get(topic)!; partition++) {
      // Somebody subscribes to the topic, so this ends.
      while (!ordered[turn]!.topics.has(topic)) turn = (turn + 1) % ordered.length
      assignment.get(ordered[turn]!.memberId)!.push({ topic, partition })
      turn = (turn + 1) % ordered.length
    }
  }
  return assignment
}
