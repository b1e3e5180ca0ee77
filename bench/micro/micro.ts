/** What a package offers to the micro-benchmarks: groups of variants of comparable work. */
import type { Work } from '../harness.ts'

export interface MicroBench {
  /** `package: what`. */
  readonly title: string
  /** What one iteration handles, for a rate. */
  readonly sizeBytes?: number
  /** Records, messages or batches in one iteration; figures are per one of them. Default 1. */
  readonly count?: number
  /** Opens what the work needs; called once, closed at the end. */
  readonly open: () => Promise<OpenBench> | OpenBench
}

export interface OpenBench {
  readonly variants: Readonly<Record<string, Work>>
  readonly close?: () => Promise<void>
}
