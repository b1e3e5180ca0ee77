/**
 * Micro-benchmarks: variants of one piece of work compared in one process.
 *
 * Rounds are interleaved (a, b, a, b, …) and every round runs a fixed number of iterations, so that a machine that slows down halfway
 * slows down both; the minimum of a variant's rounds is reported, since noise only ever adds. Times are CPU times of this process,
 * which other processes disturb less than the clock on the wall.
 */
import process from 'node:process'

/** One iteration. It returns something that depends on the work, so that the work is not optimised away. */
export type Work = () => unknown

export interface CompareOptions {
  /** Default 7. */
  readonly rounds?: number
  /** Per round. Default: as many as take about 50 ms in a first trial. */
  readonly iterations?: number
  /** Bytes that one iteration handles, for a rate. */
  readonly sizeBytes?: number
}

export interface Measured {
  readonly name: string
  readonly iterations: number
  /** CPU time of one iteration in the best round. */
  readonly nanoseconds: number
  /** How much slower than the best variant; 1 for that one. */
  readonly ratio: number
  readonly gigabytesPerSecond: number | undefined
}

const trialMs = 50

let sink: unknown

/** Measures every variant; the results come in the order of the variants. */
export function compare(variants: Readonly<Record<string, Work>>, options: CompareOptions = {}): Measured[] {
  const rounds = options.rounds ?? 7
  const entries = Object.entries(variants).map(([name, work]) => ({
    name,
    work,
    iterations: options.iterations ?? iterationsFor(work),
    best: Infinity,
  }))
  for (let round = 0; round < rounds; round++) {
    // Every other round backwards, so that no variant always runs on the heap that another one left.
    for (const entry of round % 2 === 0 ? entries : entries.toReversed()) {
      entry.best = Math.min(entry.best, cpuNanoseconds(entry.work, entry.iterations) / entry.iterations)
    }
  }
  const fastest = Math.min(...entries.map(({ best }) => best))
  return entries.map(({ name, iterations, best }) => ({
    name,
    iterations,
    nanoseconds: best,
    ratio: best / fastest,
    gigabytesPerSecond: options.sizeBytes === undefined ? undefined : options.sizeBytes / best,
  }))
}

/** Measures and prints a table under a heading. */
export function bench(
  title: string,
  variants: Readonly<Record<string, Work>>,
  options: CompareOptions = {},
): Measured[] {
  const measured = compare(variants, options)
  const width = Math.max(...measured.map(({ name }) => name.length))
  process.stdout.write(`\n${title}\n`)
  for (const { name, nanoseconds, ratio, gigabytesPerSecond } of measured) {
    const rate = gigabytesPerSecond === undefined ? '' : `${gigabytesPerSecond.toFixed(2).padStart(9)} GB/s`
    process.stdout.write(
      `  ${name.padEnd(width)} ${nanoseconds.toFixed(1).padStart(12)} ns ${ratio.toFixed(2).padStart(7)} ×${rate}\n`,
    )
  }
  return measured
}

/** Doubles the count until a trial is long enough to be measured; this is the warm-up too. */
function iterationsFor(work: Work): number {
  for (let iterations = 1; ; iterations *= 2) {
    if (cpuNanoseconds(work, iterations) >= trialMs * 1e6 || iterations >= 2 ** 30) return iterations
  }
}

function cpuNanoseconds(work: Work, iterations: number): number {
  const before = process.cpuUsage()
  for (let iteration = 0; iteration < iterations; iteration++) sink = work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) * 1000
}

/** Whatever the last iteration returned; reading it is what keeps the work alive. */
export function lastResult(): unknown {
  return sink
}
