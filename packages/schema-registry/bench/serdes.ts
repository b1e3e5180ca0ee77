/**
 * Speed of the serdes beside other libraries: `node packages/schema-registry/bench/serdes.ts [rounds] [calls]`.
 *
 * All run in one process and take turns, many rounds of a millisecond or so, and the best round of each counts: that is as good as it
 * gets on a machine that does other things too. Trust ratios, not the numbers.
 */
import { formats, type Contender, type Format } from './serdes/contenders.ts'
import { startStubRegistry } from './serdes/stub-registry.ts'

const rounds = Number(process.argv[2] ?? 100)
const calls = Number(process.argv[3] ?? 1_000)

export interface Timing {
  readonly format: Format['name']
  readonly contender: string
  /** Nanoseconds a call, of the best round. */
  readonly encodeNs: number
  readonly decodeNs: number
}

export async function measure(options: { readonly rounds: number; readonly calls: number }): Promise<Timing[]> {
  const registry = await startStubRegistry()
  try {
    const timings: Timing[] = []
    for (const { name, contenders } of await formats(registry.url)) {
      const best = new Map(contenders.map((each) => [each, { encodeNs: Infinity, decodeNs: Infinity }]))
      for (let round = 0; round < options.rounds; round++) {
        for (const contender of contenders) {
          const so = best.get(contender)!
          so.encodeNs = Math.min(so.encodeNs, await time(contender, 'encode', options.calls))
          so.decodeNs = Math.min(so.decodeNs, await time(contender, 'decode', options.calls))
        }
      }
      for (const [contender, so] of best) timings.push({ format: name, contender: contender.name, ...so })
    }
    return timings
  } finally {
    registry.close()
  }
}

async function time(contender: Contender, what: 'encode' | 'decode', count: number): Promise<number> {
  const isAsync = contender[what]() instanceof Promise
  const start = process.hrtime.bigint()
  if (isAsync) for (let i = 0; i < count; i++) await contender[what]()
  else for (let i = 0; i < count; i++) contender[what]()
  return Number(process.hrtime.bigint() - start) / count
}

export function table(timings: readonly Timing[]): string {
  const rows = timings.map(({ format, contender, encodeNs, decodeNs }) => {
    const own = timings.find((each) => each.format === format)!
    const ratio = (ns: number, ours: number): string => `${(ns / ours).toFixed(2)}×`
    return [
      format,
      contender,
      encodeNs.toFixed(0),
      ratio(encodeNs, own.encodeNs),
      decodeNs.toFixed(0),
      ratio(decodeNs, own.decodeNs),
    ]
  })
  const all = [['format', 'library', 'encode ns', 'to ours', 'decode ns', 'to ours'], ...rows]
  const widths = all[0]!.map((_, i) => Math.max(...all.map((row) => row[i]!.length)))
  return all
    .map((row) => row.map((cell, i) => (i < 2 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '))
    .join('\n')
}

if (import.meta.main) console.log(table(await measure({ rounds, calls })))
