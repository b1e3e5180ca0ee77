/**
 * Runs scenarios one after the other and writes down each as soon as it is over.
 *
 * Invariant: nothing that was measured is lost. A scenario that fails or is interrupted leaves an entry with the samples it had, marked as
 * incomplete; the ones before it have been written already.
 */
import process from 'node:process'
import { append } from './history.ts'
import { rowsOf, type Row, type Sample, type Scenario } from './samples.ts'

export interface RunOptions {
  readonly quick: boolean
  readonly rounds: number
  /** For all scenarios together, shared out by their `minutes`; what one leaves goes to those after it. */
  readonly budgetMinutes: number | undefined
  /** Whether the results go into the history. */
  readonly keep: boolean
  readonly write: (text: string) => void
  /** Called with what each scenario yielded. */
  readonly finished: (scenario: Scenario, rows: readonly Row[]) => void
}

/** @returns names of the scenarios that failed */
export async function runScenarios(scenarios: readonly Scenario[], options: RunOptions): Promise<string[]> {
  const endMs = options.budgetMinutes === undefined ? Infinity : performance.now() + options.budgetMinutes * 60_000
  const failed: string[] = []
  for (const [index, scenario] of scenarios.entries()) {
    const weights = scenarios.slice(index).reduce((sum, { minutes }) => sum + minutes, 0)
    const startedMs = performance.now()
    const shareMs = Number.isFinite(endMs) ? ((endMs - startedMs) * scenario.minutes) / weights : Infinity
    options.write(`\n— ${scenario.name}${Number.isFinite(shareMs) ? `, ${Math.round(shareMs / 1000)} s` : ''}\n`)
    const failure = await runOne(scenario, startedMs + shareMs, options)
    if (failure !== undefined) failed.push(scenario.name)
    options.write(`  ${scenario.name} took ${Math.round((performance.now() - startedMs) / 1000)} s\n`)
  }
  return failed
}

async function runOne(scenario: Scenario, endMs: number, options: RunOptions): Promise<unknown> {
  const samples: Sample[] = []
  let isWritten = false
  const finish = (incomplete?: string): void => {
    if (isWritten || samples.length === 0) return
    isWritten = true
    const rows = rowsOf(samples)
    const rounds = Math.max(
      ...rows.flatMap((row) => Object.values(row.subjects).map((subject) => subject.rounds.length)),
    )
    const { name } = scenario
    if (options.keep)
      append({
        scenario: name,
        quick: options.quick,
        rounds,
        rows,
        ...(incomplete === undefined ? {} : { incomplete }),
      })
    options.finished(scenario, rows)
  }
  const interrupted = (): void => finish('interrupted')
  process.once('exit', interrupted)
  try {
    await scenario.run({
      quick: options.quick,
      rounds: options.rounds,
      pace: { leftMs: () => endMs - performance.now() },
      say: (text) => options.write(`  ${text}\n`),
      record(what, metrics) {
        for (const [metric, value] of Object.entries(metrics)) samples.push({ ...what, metric, value })
      },
    })
    finish()
    return undefined
  } catch (error) {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    options.write(`  ${scenario.name} failed: ${text}\n`)
    finish((error instanceof Error ? error.message : text).split('\n')[0]!.slice(0, 200))
    return error
  } finally {
    process.off('exit', interrupted)
  }
}
