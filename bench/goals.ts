/**
 * What the measurements should show: bounds on ratios to a peer of the same run, or on figures themselves.
 */
import { moreIsBetter, type Row } from './samples.ts'

export interface Goal {
  /** In words, for the page. */
  readonly text: string
  readonly metric: RegExp
  /** Which rows of the metric; all unless given. */
  readonly case?: RegExp
  /**
   * Bound of ours over the best of the others (`ratio`), or of ours alone (`figure`). It is an upper bound where less is better, else a
   * lower one.
   */
  readonly bound: { readonly ratio: number } | { readonly figure: number }
}

export interface Verdict {
  readonly goal: Goal
  readonly reached: number
  readonly rows: readonly { readonly row: Row; readonly value: number; readonly isReached: boolean }[]
}

/** Our own subjects: the plain name, and other ways to use the same thing, such as `braidlog enqueue`. */
export const isOurs = (subject: string): boolean => subject === 'braidlog' || subject.startsWith('braidlog ')

/** The best median of ours and of the others. */
export function bests(row: Row): { readonly ours: number | undefined; readonly others: number | undefined } {
  const best = moreIsBetter(row.metric) ? Math.max : Math.min
  const of = (which: (subject: string) => boolean): number | undefined => {
    const medians = Object.entries(row.subjects).flatMap(([subject, { median }]) =>
      which(subject) && Number.isFinite(median) ? [median] : [],
    )
    return medians.length === 0 ? undefined : best(...medians)
  }
  return { ours: of(isOurs), others: of((subject) => !isOurs(subject)) }
}

/** Ours over the best other; undefined where one of them is missing. */
export function ratioOf(row: Row): number | undefined {
  const { ours, others } = bests(row)
  return ours === undefined || others === undefined ? undefined : ours / others
}

/** How a goal stands; rows that lack what it needs do not count. */
export function judge(goal: Goal, rows: readonly Row[]): Verdict {
  const judged = rows
    .filter((row) => goal.metric.test(row.metric) && (goal.case === undefined || goal.case.test(row.case)))
    .flatMap((row) => {
      const value = 'ratio' in goal.bound ? ratioOf(row) : bests(row).ours
      if (value === undefined) return []
      const bound = 'ratio' in goal.bound ? goal.bound.ratio : goal.bound.figure
      return [{ row, value, isReached: moreIsBetter(row.metric) ? value >= bound : value <= bound }]
    })
  return { goal, rows: judged, reached: judged.filter(({ isReached }) => isReached).length }
}
