/**
 * `npm run sim -- [seed]`: simulated clusters under seeds.
 *
 *     npm run sim                        seeds from the clock, for a minute
 *     npm run sim -- 42                  one seed; its trace with --trace
 *     npm run sim -- --seeds 1:1000      a range
 *     npm run sim -- --seconds 300       new seeds for so long
 *     npm run sim -- --tempo calm        fifteen minutes with the faults of one, and timeouts as in production
 *     npm run sim -- --tempo mixed       every other seed calm
 *
 * A failing seed is printed with what was violated; the same command with that seed shows it again.
 */
import { parseArgs } from 'node:util'
import { runCluster, type RunOptions, type RunResult } from './cluster/run.ts'
import { TEMPOS, type TempoName } from './cluster/tempo.ts'
import { loadEverything } from './world/load.ts'

const { values, positionals } = parseArgs({
  options: {
    seeds: { type: 'string' },
    seconds: { type: 'string' },
    faults: { type: 'string', default: '40' },
    tempo: { type: 'string', default: 'dense' },
    trace: { type: 'boolean', default: false },
    twice: { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

const faultCount = Number(values.faults)
const { tempo } = values
if (tempo !== 'mixed' && !isTempo(tempo)) throw new Error(`no tempo ${tempo}: dense, calm, or mixed`)
// Hardly any error is looked at, and their stacks are a good part of what they cost.
if (!values.trace) Error.stackTraceLimit = 0
const startedMs = performance.now()
let passed = 0
let failed = 0
let faults = 0
let virtualMs = 0
let events = 0

await loadEverything()
const loaded = process.cpuUsage()
for (const seed of seeds()) {
  try {
    const result = await run(seed)
    if (values.twice) await compareWithSecond(result)
    report(result)
  } catch (error) {
    reportFailure(seed, [error instanceof Error ? error.message : String(error)])
  }
}
const cpu = process.cpuUsage(loaded)
const cpuSeconds = (cpu.user + cpu.system) / 1e6
const ratio = virtualMs / 1000 / cpuSeconds
process.stdout.write(
  `${faults} faults in ${(virtualMs / 3_600_000).toFixed(2)} cluster-hours, ${ratio.toFixed(0)} times real time per core, ` +
    `${(events / cpuSeconds / 1000).toFixed(0)} thousand events in a second of it\n` +
    `${passed} passed, ${failed} failed\n`,
)
process.exitCode = failed > 0 ? 1 : 0

function* seeds(): Generator<number> {
  if (positionals.length > 0) return yield* positionals.map(Number)
  if (values.seeds !== undefined) {
    const [first, last] = values.seeds.split(':').map(Number) as [number, number]
    for (let seed = first; seed <= last; seed++) yield seed
    return
  }
  const limitMs = Number(values.seconds ?? 60) * 1000
  for (let seed = Date.now() >>> 0; performance.now() - startedMs < limitMs; seed++) yield seed
}

async function run(seed: number): Promise<RunResult> {
  const onTrace = values.trace ? (line: string) => process.stdout.write(`${line}\n`) : undefined
  return await runCluster({ ...optionsOf(seed), ...(onTrace === undefined ? {} : { onTrace }) })
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

async function compareWithSecond(first: RunResult): Promise<void> {
  const second = await runCluster(optionsOf(first.seed))
  if (second.traceHash === first.traceHash) return
  failed++
  process.stdout.write(`✖ seed ${first.seed}: two runs differ, ${first.traceHash} and ${second.traceHash}\n`)
}

function report({ seed, failures, ...result }: RunResult): void {
  faults += result.faultCount
  virtualMs += result.virtualMs
  events += result.eventCount
  if (failures.length === 0) {
    passed++
    process.stdout.write(
      `✔ seed ${seed}: ${result.faultCount} faults, ${result.acknowledgedCount} records acknowledged, ` +
        `${result.eventCount} events, trace ${result.traceHash}\n`,
    )
    return
  }
  reportFailure(seed, failures)
}

function reportFailure(seed: number, failures: readonly string[]): void {
  failed++
  process.stdout.write(`✖ seed ${seed}\n${failures.map((each) => `    ${each}\n`).join('')}`)
  process.stdout.write(`    again: npm run sim -- ${seed} --tempo ${tempoOf(seed)} --faults ${faultCount} --trace\n`)
}
