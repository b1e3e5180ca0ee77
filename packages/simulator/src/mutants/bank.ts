/**
 * Planted bugs: one line of a rule changed, each of a kind that systems of this sort have had. The simulator is worth
 * what it catches: `npm run sim:mutants` plants them one after the other and looks for a seed that shows each.
 *
 * A bug belongs here when it can lose, double or reorder records or commits, let replicas or nodes differ, or stop a healed
 * cluster. One that nothing can show, because another rule stands behind the broken one, does not.
 */
import { CLIENT_MUTANTS } from './client-mutants.ts'
import { CLUSTER_MUTANTS } from './cluster-mutants.ts'
import { DAMAGE_MUTANTS } from './damage-mutants.ts'
import { LOG_MUTANTS } from './log-mutants.ts'
import type { Mutant } from './mutant.ts'
import { PARTITION_MUTANTS } from './partition-mutants.ts'

export const MUTANTS: readonly Mutant[] = [
  ...PARTITION_MUTANTS,
  ...LOG_MUTANTS,
  ...CLUSTER_MUTANTS,
  ...CLIENT_MUTANTS,
  ...DAMAGE_MUTANTS,
]
