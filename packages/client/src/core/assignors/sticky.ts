/**
 * Sticky: balanced, and members get back what they had. Eager: everything is given up for a rebalance, so what a member
 * had is remembered in its user data, not in its owned partitions.
 *
 * Source: KIP-54, KIP-341.
 */
import type { Assignor } from './assignor.ts'
import { assignSticky } from './sticky-assignment.ts'
import { decodeStickyUserData, encodeStickyUserData } from './sticky-user-data.ts'

export const stickyAssignor: Assignor = {
  name: 'sticky',
  rebalanceProtocol: 'eager',
  assign: (members, partitionsByTopic) =>
    assignSticky(members, partitionsByTopic, ({ userData }) => decodeStickyUserData(userData)),
  // Before its first assignment a member has nothing to remember.
  userData: (owned, generationId) => (generationId < 0 ? null : encodeStickyUserData(owned, generationId)),
}
