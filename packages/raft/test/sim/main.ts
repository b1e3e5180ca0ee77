/** Plants each bug of the quorum and prints the seed that shows it. `npm run sim:mutants` ends with this list. */
import { findSeed, loadMutant, MUTANTS, survives } from './mutants.ts'
import { simulate } from './world.ts'

const SEED_MAX = 2000
/** What performs effects can be wrong, too: it says that one is done, and it is not. */
const SKIPPED = [
  { skip: 'persist', name: 'a vote is answered and was never stored', seedMax: 1 },
  { skip: 'flush', name: 'a log is said to be on disk and is not', seedMax: 1 },
  { skip: 'truncate', name: 'a log is said to be cut and is not', seedMax: 20 },
] as const

for (const mutant of MUTANTS) {
  const Machine = await loadMutant(mutant)
  print(mutant.name, survives(Machine, mutant.seed) ? findSeed(Machine, SEED_MAX) : mutant.seed)
}
for (const { skip, name, seedMax } of SKIPPED) {
  const seeds = Array.from({ length: seedMax }, (_, at) => at + 1)
  print(
    name,
    seeds.find((seed) => fails(() => simulate(seed, { skip }))),
  )
}

function fails(run: () => unknown): boolean {
  try {
    run()
    return false
  } catch {
    return true
  }
}

function print(name: string, seed: number | undefined): void {
  process.stdout.write(`${seed === undefined ? '✖ not caught' : `✔ seed ${String(seed).padEnd(4)}`} quorum: ${name}\n`)
}
