/**
 * What a measurement yields: samples, gathered over rounds, reduced to medians and ratios.
 */
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
export const moreIsBetter = (metric: string): boolean => /MB\/s|records\/s/.test(metric)

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

/** Samples of one case from an object of metrics. */
export function samplesOf(
  what: { case: string; subject: string },
  metrics: Readonly<Record<string, number>>,
): Sample[] {
  return Object.entries(metrics).map(([metric, value]) => ({ ...what, metric, value }))
}

export interface Scenario {
  readonly name: string
  /** Heading of its table. */
  readonly title: string
  /** What is done and measured, in sentences. */
  readonly about: string
  run(options: ScenarioOptions): Promise<Sample[]>
}

export interface ScenarioOptions {
  /** Fewer rounds and smaller loads: minutes instead of an hour, for the direction only. */
  readonly quick: boolean
  readonly rounds: number
  /** A line on progress. */
  readonly say: (text: string) => void
}
