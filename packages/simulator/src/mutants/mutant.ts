/** A planted bug: one line of a rule changed, of a kind that systems of this sort have had. */
export interface Mutant {
  /** The rule as it is broken. */
  readonly name: string
  /** In `packages/`. */
  readonly file: string
  /** Stands in the file exactly once. */
  readonly find: string
  readonly replace: string
  /** Only runs with this profile of faults can show it. */
  readonly profile?: string
  /** A seed that has shown it; tried first. */
  readonly seed?: number
}
