/**
 * `npm run sim -- [seed]`: simulated clusters under seeds.
 *
 *     npm run sim                                new seeds for a minute
 *     npm run sim -- 42                          one seed; its trace with --trace
 *     npm run sim -- --seeds 1:10000 --workers 2 a range, on two threads
 *     npm run sim -- --new --for 300             seeds that nobody has run, for so many seconds
 *     npm run sim -- --tempo calm                a quarter of an hour with the faults of a minute, and timeouts as in production
 *     npm run sim -- --tempo mixed               every other seed calm
 *     npm run sim -- --twice                     each seed twice, traces compared
 *     npm run sim -- --quiet                     prints failing seeds and, now and then, how far it is
 *
 * A failing seed is printed with what was violated; the command that is printed with it shows it again.
 */
import { availableParallelism } from 'node:os'
import { parseArgs } from 'node:util'
import { runCampaign } from './campaign/campaign.ts'
import { Totals } from './campaign/totals.ts'
import type { RunOptions, RunResult } from './cluster/run.ts'
import { TEMPOS, type TempoName } from './cluster/tempo.ts'

const { values, positionals } = parseArgs({
  options: {
    seeds: { type: 'string' },
    new: { type: 'boolean', default: false },
    for: { type: 'string', default: '60' },
    faults: { type: 'string', default: '46' },
    tempo: { type: 'string', default: 'dense' },
    workers: { type: 'string', default: '1' },
    trace: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
    quiet: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

/** A quiet campaign says how far it is after so many runs. */
const RUNS_PER_NEWS = 100
const faultCount = Number(values.faults)
const { tempo } = values
if (tempo !== 'mixed' && !isTempo(tempo)) throw new Error(`no tempo ${tempo}: dense, calm, or mixed`)
const workers = Math.min(Number(values.workers), availableParallelism())
if (!(workers >= 1)) throw new Error(`--workers ${values.workers}: a whole number from 1 on`)
const startedMs = performance.now()
const totals = new Totals()

if (values.trace) {
  const [{ runCluster }, { loadEverything }] = await Promise.all([
    import('./cluster/run.ts'),
    import('./world/load.ts'),
  ])
  await loadEverything()
  for (const { seed } of runs()) {
    report(await runCluster({ ...optionsOf(seed), onTrace: (line) => process.stdout.write(`${line}\n`) }))
  }
} else await runCampaign({ runs: runs(), workers, twice: values.twice, onResult: report, onFailure: reportBroken })
const { user, system } = process.cpuUsage()
process.stdout.write(totals.summary((user + system) / 1000))
process.exitCode = totals.failedSeeds.length > 0 ? 1 : 0

function* runs(): Generator<RunOptions> {
  for (const seed of seeds()) yield optionsOf(seed)
}

function* seeds(): Generator<number> {
  if (positionals.length > 0) return yield* positionals.map(Number)
  if (values.seeds !== undefined) {
    const [first, last] = values.seeds.split(':').map(Number) as [number, number]
    for (let seed = first; seed <= last; seed++) yield seed
    return
  }
  const limitMs = Number(values.for) * 1000
  const first = Date.now() >>> 0
  process.stdout.write(`new seeds, from ${first} on, for ${values.for} seconds\n`)
  for (let seed = first; performance.now() - startedMs < limitMs; seed++) yield seed
}

function optionsOf(seed: number): RunOptions {
  return { seed, faultCount, tempo: tempoOf(seed) }
}

/** Of mixed ones every other seed is calm. */
function tempoOf(seed: number): TempoName {
  if (isTempo(tempo)) return tempo
  return seed % 2 === 0 ? 'calm' : 'dense'
}

function isTempo(name: string): name is TempoName {
  return Object.hasOwn(TEMPOS, name)
}

function report(result: RunResult): void {
  totals.add(result)
  if (result.failures.length > 0) reportFailures(result.seed, result.failures)
  else if (!values.quiet) {
    process.stdout.write(
      `✔ seed ${result.seed}: ${result.faultCount} faults, ${result.acknowledgedCount} records acknowledged, ` +
        `${result.eventCount} events, trace ${result.traceHash}\n`,
    )
  } else if (totals.runCount % RUNS_PER_NEWS === 0) {
    const memory = (process.memoryUsage().rss / 2 ** 20).toFixed(0)
    process.stdout.write(
      `${totals.runCount} runs, ${totals.faultCount} faults; at seed ${result.seed}; ${memory} MiB\n`,
    )
  }
}

function reportBroken(seed: number, message: string): void {
  totals.failedSeeds.push(seed)
  reportFailures(seed, [message])
}

function reportFailures(seed: number, failures: readonly string[]): void {
  process.stdout.write(`✖ seed ${seed}\n${failures.map((each) => `    ${each}\n`).join('')}`)
  process.stdout.write(`    again: npm run sim -- ${seed} --tempo ${tempoOf(seed)} --faults ${faultCount} --trace\n`)
}
