/**
 * `npm run sim:mutants`: plants each bug of the bank, one after the other, and looks for a seed that shows it.
 *
 *     npm run sim:mutants                      each at the seed that is noted, then at others
 *     npm run sim:mutants -- --only epoch      those with this in their name
 *     npm run sim:mutants -- --search          from seed 1 on, without regard to what is noted
 *     npm run sim:mutants -- --seeds 40        so many seeds each at most (default 40)
 *     npm run sim:mutants -- --jobs 4          so many at a time (default 2)
 *     npm run sim:mutants -- --note            writes seeds that are new into the bank
 *
 * Seeds move whenever something changes in what a run does. The bugs of the quorum's own simulation, which is faster by far, follow at the end.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { parseArgs } from 'node:util'
import { profileOf } from '../cluster/faults.ts'
import { MUTANTS } from './bank.ts'
import type { Find } from './hunt.ts'
import type { Mutant } from './mutant.ts'
import { noted } from './noted.ts'

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    search: { type: 'boolean', default: false },
    note: { type: 'boolean', default: false },
    seeds: { type: 'string', default: '40' },
    jobs: { type: 'string', default: '2' },
  },
})
/** A hunt that takes longer says nothing: the machine may be busy. */
const HUNT_TIMEOUT_MS = 900_000
const packages = join(import.meta.dirname, '..', '..', '..')

const waiting = MUTANTS.filter(({ name }) => name.includes(values.only))
let caught = 0
let missed = 0
await Promise.all(Array.from({ length: Number(values.jobs) }, work))
if (values.only === '') await quorum()
process.stdout.write(`${caught} caught, ${missed} not caught\n`)
process.exitCode = missed > 0 ? 1 : 0

async function work(): Promise<void> {
  for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
    const startedMs = performance.now()
    const { seed, failure, runs } = await hunt(mutant)
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
    if (seed === undefined) missed++
    else caught++
    if (values.note && seed !== undefined && seed !== mutant.seed) note(mutant.name, seed)
    const outcome = seed === undefined ? '✖ not caught' : `✔ seed ${String(seed).padEnd(4)}`
    process.stdout.write(`${outcome} ${mutant.name} (${runs} runs, ${seconds} s)\n`)
    if (failure !== undefined) process.stdout.write(`    ${failure.slice(0, 200)}\n`)
  }
}

function note(name: string, seed: number): void {
  const directory = import.meta.dirname
  for (const file of readdirSync(directory).filter((each) => each.endsWith('-mutants.ts'))) {
    const changed = noted(readFileSync(join(directory, file), 'utf8'), name, seed)
    if (changed !== undefined) writeFileSync(join(directory, file), changed)
  }
}

async function hunt(mutant: Mutant): Promise<Find> {
  const noted = values.search || mutant.seed === undefined ? [] : [mutant.seed]
  const others = seedsFor(mutant, Number(values.seeds))
  const index = MUTANTS.indexOf(mutant)
  const script = join(packages, 'simulator', 'src', 'mutants', 'hunt.ts')
  const seeds = [...new Set([...noted, ...others])].join(',')
  const child = spawn(process.execPath, [script, String(index), seeds], { stdio: ['ignore', 'pipe', 'inherit'] })
  const timer = setTimeout(() => child.kill('SIGKILL'), HUNT_TIMEOUT_MS)
  const output = await text(child.stdout)
  clearTimeout(timer)
  const last = output.trim().split('\n').at(-1) ?? ''
  return last.startsWith('{') ? (JSON.parse(last) as Find) : { runs: 0 }
}

/** @returns the first so many seeds from 1 on that may show it */
function seedsFor({ profile }: Mutant, count: number): number[] {
  const seeds: number[] = []
  for (let seed = 1; seeds.length < count; seed++) {
    if (profile === undefined || profileOf(seed).name === profile) seeds.push(seed)
  }
  return seeds
}

/** The quorum has planted bugs of its own, which its own simulation finds. */
async function quorum(): Promise<void> {
  const child = spawn(process.execPath, [join(packages, 'raft', 'test', 'sim', 'main.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const exit = once(child, 'exit')
  const output = await text(child.stdout)
  await exit
  process.stdout.write(output)
  caught += output.split('\n').filter((line) => line.startsWith('✔')).length
  missed += output.split('\n').filter((line) => line.startsWith('✖')).length
}
