/**
 * What a measurement yields: samples, gathered over rounds, reduced to medians and ratios; and what a scenario is.
 */
import type { Goal } from './goals.ts'
import { median } from './statistics.ts'

export interface Sample {
  /** What was done, such as `1 KiB, default batches, acks=all`. */
  readonly case: string
  /** Who did it: `braidlog`, `kafka`, or the name of a client. */
  readonly subject: string
  /** Name and unit, such as `server CPU s/GB`. */
  readonly metric: string
  readonly value: number
}

export interface Row {
  readonly case: string
  readonly metric: string
  /** Median and all rounds by subject. */
  readonly subjects: Readonly<Record<string, { readonly median: number; readonly rounds: readonly number[] }>>
}

/** Metrics of which more is better; of all others less is. */
export const moreIsBetter = (metric: string): boolean => /[MG]B\/s|records\/s|requests\/s/.test(metric)

/** One row per case and metric, in the order of first appearance. */
export function rowsOf(samples: readonly Sample[]): Row[] {
  const rows = new Map<string, { case: string; metric: string; subjects: Map<string, number[]> }>()
  for (const sample of samples) {
    const key = `${sample.case}\n${sample.metric}`
    let row = rows.get(key)
    if (row === undefined) rows.set(key, (row = { case: sample.case, metric: sample.metric, subjects: new Map() }))
    const values = row.subjects.get(sample.subject)
    if (values === undefined) row.subjects.set(sample.subject, [sample.value])
    else values.push(sample.value)
  }
  return [...rows.values()].map((row) => ({
    case: row.case,
    metric: row.metric,
    subjects: Object.fromEntries(
      [...row.subjects].map(([subject, rounds]) => [subject, { median: median(rounds), rounds }]),
    ),
  }))
}

export interface Scenario {
  readonly name: string
  /** Heading of its table. */
  readonly title: string
  /** What is done and measured, in sentences. */
  readonly about: string
  /** When a record counts as written, on both sides alike. Absent where nothing is written. */
  readonly durability?: 'page-cache' | 'flush'
  /** Shown elsewhere than among the tables. Profiles run only when they are named. */
  readonly page?: 'scaling' | 'profiles'
  /** Minutes that a few rounds of it take: its share when the whole run has a budget. */
  readonly minutes: number
  /** What it should show. */
  readonly goals?: readonly Goal[]
  /** Metrics that the page also draws. */
  readonly plots?: readonly string[]
  run(options: ScenarioOptions): Promise<void>
}

export interface ScenarioOptions {
  /** Fewer rounds and smaller loads: minutes instead of an hour, for the direction only. */
  readonly quick: boolean
  /** At most; fewer when the time is up. */
  readonly rounds: number
  readonly pace: Pace
  /** A line on progress. */
  readonly say: (text: string) => void
  /** Keeps what was measured: also when the scenario fails afterwards, or is interrupted. */
  readonly record: (
    what: { readonly case: string; readonly subject: string },
    metrics: Readonly<Record<string, number>>,
  ) => void
}

/** How much time is left for a scenario. */
export interface Pace {
  /** Milliseconds until it should be over; Infinity without a budget. */
  leftMs(): number
}

/**
 * Calls `round` with 1, 2, … up to the number of rounds. Another round begins only if one as long as the longest so far still fits, but
 * there is always one.
 */
export async function inRounds(options: ScenarioOptions, round: (number: number) => Promise<void>): Promise<void> {
  let longestMs = 0
  for (let number = 1; number <= options.rounds; number++) {
    if (number > 1 && options.pace.leftMs() < longestMs) {
      options.say(`no time for round ${number}`)
      return
    }
    const startedMs = performance.now()
    await round(number)
    longestMs = Math.max(longestMs, performance.now() - startedMs)
  }
}

/** Forwards in odd rounds, backwards in even ones, so that nobody always comes first. */
export function inTurns<T>(all: readonly T[], round: number): readonly T[] {
  return round % 2 === 1 ? all : all.toReversed()
}
