/** Planted bugs around disks that do not hold what was written. */
import type { Mutant } from './mutant.ts'

const damagedReplicas = 'broker/src/replication/damaged-replicas.ts'
const recovery = 'log/src/recovery.ts'

export const DAMAGE_MUTANTS: readonly Mutant[] = [
  {
    name: 'what is looked at as a whole is not held against its checksums',
    file: 'log/src/log.ts',
    find: 'if (fault === BatchFault.None) continue',
    replace: 'if (fault >= BatchFault.None) continue',
    profile: 'damage',
    seed: 94,
  },
  {
    name: 'a damaged replica is cut off while it is in sync',
    file: damagedReplicas,
    find: "return isInSync || leader === nodeId || !isLost ? 'leave' : 'repair'",
    replace: "return leader === nodeId ? 'leave' : 'repair'",
    profile: 'damage',
    seed: 1234,
  },
  {
    name: 'a damaged replica stays in sync, and leads',
    file: damagedReplicas,
    find: "return step === 'leave' || step === 'repair' || step === 'rejoin'",
    replace: "return step === 'repair' || step === 'rejoin'",
    profile: 'damage',
    seed: 74,
  },
  {
    name: 'a replica that was cut off may be elected before it has caught up',
    file: damagedReplicas,
    find: "return isInSync || !eligibleLeaderReplicas.includes(nodeId) ? 'whole' : 'rejoin'",
    replace: "return eligibleLeaderReplicas.length >= 0 ? 'whole' : 'rejoin'",
    profile: 'damage',
    seed: 234,
  },
  {
    name: 'after damage to the epochs only those of the last segments are known',
    file: recovery,
    find: 'const first = all || known === undefined ? 0 : firstToRecover(',
    replace: 'const first = all ? 0 : firstToRecover(',
    profile: 'damage',
    seed: 14,
  },
]
