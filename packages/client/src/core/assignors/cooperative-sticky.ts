/**
 * Cooperative sticky: the sticky assignment in two steps, so that nobody stops consuming what it keeps. A partition that
 * changes hands is given to nobody at first; its owner, who sees it gone from its assignment, lets go of it and joins
 * again, and the rebalance that this causes gives it to its new owner.
 *
 * Source: KIP-429.
 */
import type { Assignment, Assignor, AssignorMember, PartitionsByTopic } from './assignor.ts'
import { assignSticky, type Claim } from './sticky-assignment.ts'
import { decodeGeneration, encodeGeneration } from './sticky-user-data.ts'

export const cooperativeStickyAssignor: Assignor = {
  name: 'cooperative-sticky',
  rebalanceProtocol: 'cooperative',
  assign: assignCooperatively,
  userData: (_owned, generationId) => encodeGeneration(generationId),
}

function assignCooperatively(members: readonly AssignorMember[], partitionsByTopic: PartitionsByTopic): Assignment {
  const assignment = assignSticky(members, partitionsByTopic, claimOf)
  const owners = ownersOf(members)
  for (const [memberId, partitions] of assignment) {
    const free = partitions.filter(({ topic, partition }) => {
      const owner = owners.get(`${partition} ${topic}`)
      return owner === undefined || owner.memberId === memberId
    })
    assignment.set(memberId, free)
  }
  return assignment
}

interface Owner {
  /** `undefined`: two members claim the partition with the same right, so it has to be taken from both first. */
  readonly memberId: string | undefined
  readonly generationId: number
}

/** Who consumes what: of several claims the one of the latest generation, since whoever made it was given the partition. */
function ownersOf(members: readonly AssignorMember[]): ReadonlyMap<string, Owner> {
  const owners = new Map<string, Owner>()
  for (const member of members) {
    const { memberId } = member
    const { owned, generationId } = claimOf(member)
    for (const { topic, partition } of owned) {
      const key = `${partition} ${topic}`
      const other = owners.get(key)
      if (other === undefined || other.generationId < generationId) owners.set(key, { memberId, generationId })
      else if (other.generationId === generationId && other.memberId !== memberId) {
        owners.set(key, { memberId: undefined, generationId })
      }
    }
  }
  return owners
}

/** Subscriptions up to version 1 have no generation; the assignor's own bytes do. */
function claimOf({ ownedPartitions, generationId, userData }: AssignorMember): Claim {
  return { owned: ownedPartitions, generationId: generationId >= 0 ? generationId : decodeGeneration(userData) }
}
