/**
 * A process of its own for one planted bug: changes the line while the module is loaded, then runs seeds until one shows
 * the bug. The last line that it prints is a {@link Find} as JSON.
 *
 *     node packages/simulator/src/mutants/hunt.ts 12 41,42,43
 */
import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'
import { MUTANTS } from './bank.ts'
import { planted } from './planted.ts'

/** What a hunt has found; `seed` is absent when no run noticed anything. */
export interface Find {
  readonly seed?: number
  /** The first thing that was wrong. */
  readonly failure?: string
  readonly runs: number
}

const [index, seeds] = process.argv.slice(2)
const mutant = MUTANTS[Number(index)]!
let isPlanted = false
registerHooks({
  load(url, context, next) {
    if (!url.endsWith(`/packages/${mutant.file}`)) return next(url, context)
    isPlanted = true
    const source = planted(readFileSync(fileURLToPath(url), 'utf8'), mutant)
    return { format: 'module-typescript', source, shortCircuit: true }
  },
})

let runs = 0
let current: number | undefined
const report = (find: Find): void => {
  process.stdout.write(`${JSON.stringify(find)}\n`, () => process.exit(0))
}
// A node that runs into an assertion has noticed, too.
for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
  process.on(event, (error: unknown) => {
    const failure = error instanceof Error ? error.message : String(error)
    report(current === undefined ? { failure, runs } : { seed: current, failure, runs })
  })
}

const { runCluster } = await import('../cluster/run.ts')
const { loadEverything } = await import('../world/load.ts')
await loadEverything()
if (!isPlanted) throw new Error(`${mutant.file} is not loaded by a cluster`)
for (const seed of (seeds ?? '').split(',').map(Number)) {
  current = seed
  runs++
  const { failures } = await runCluster({ seed })
  if (failures.length > 0) {
    report({ seed, failure: failures[0]!, runs })
    break
  }
  current = undefined
}
if (current === undefined) report({ runs })
