/**
 * What a partition assignor of the classic group protocol is: a pure function that the leader of a group runs over all
 * members' subscriptions. Sockets, encodings and time are the group member's business.
 *
 * Invariant: every partition of every subscribed topic goes to exactly one member that subscribes to it (with the
 * cooperative protocol: to at most one, because a partition that changes hands is first taken away).
 */

export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/** One member as the leader sees it: what its `ConsumerProtocolSubscription` says. */
export interface AssignorMember {
  readonly memberId: string
  /** Static members are ordered by instance id, so that a restart under a new member id changes nothing. */
  readonly groupInstanceId: string | null
  readonly topics: readonly string[]
  /** Partitions the member says it still owns (subscription v1+); empty for older ones. */
  readonly ownedPartitions: readonly TopicPartition[]
  /** Generation in which it got them (subscription v2+); -1 when unknown. */
  readonly generationId: number
  /** The assignor's own bytes in the subscription. */
  readonly userData: Uint8Array | null
}

/** Topic name → number of partitions, for every topic that some member subscribes to and that exists. */
export type PartitionsByTopic = ReadonlyMap<string, number>

export type Assignment = Map<string, TopicPartition[]>

export interface Assignor {
  /** Name in JoinGroup; Apache Kafka's, so that both kinds of clients can share a group. */
  readonly name: string
  /** `eager`: a member gives up everything before it rejoins. `cooperative`: it keeps what it owns (KIP-429). */
  readonly rebalanceProtocol: 'eager' | 'cooperative'
  /** @returns an entry for every member, possibly empty; partitions in ascending order per topic. */
  assign(members: readonly AssignorMember[], partitionsByTopic: PartitionsByTopic): Assignment
  /** The bytes this assignor wants in the member's next subscription, about what it owned in `generationId`. */
  userData(owned: readonly TopicPartition[], generationId: number): Uint8Array | null
}
