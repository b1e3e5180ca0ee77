/**
 * Partition assignors of the classic group protocol: pure functions from the members' subscriptions to who gets what.
 * The member that the coordinator made leader runs the one that all members support.
 */
export type AssignorName = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky'

/** A member as the assignor sees it. */
export interface AssignorMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly topics: readonly string[]
  /** What the member says it owns (subscription v1+), and since which generation (v2+; -1 when unknown). */
  readonly ownedPartitions: readonly { readonly topic: string; readonly partition: number }[]
  readonly generation: number
  readonly rackId: string | null
  /** The assignor's own bytes from the last round (`sticky` keeps the assignment and generation there). */
  readonly userData: Uint8Array | null
}

/** Member id → its partitions, sorted by topic and number. Members without partitions have an empty list. */
export type Assignment = Map<string, { topic: string; partition: number }[]>

export interface Assignor {
  readonly name: AssignorName
  /** `cooperative`: members keep what they own during the rebalance (KIP-429). */
  readonly protocol: 'eager' | 'cooperative'
  /** Bytes for the subscription's user data, from the assignment of the last round. */
  userData(
    owned: readonly { readonly topic: string; readonly partition: number }[],
    generation: number,
  ): Uint8Array | null
  /** @param partitionsByTopic number of partitions of every topic that exists */
  assign(members: readonly AssignorMember[], partitionsByTopic: ReadonlyMap<string, number>): Assignment
}
