/**
 * Writes metrics as text that Prometheus reads: families of samples with labels, and histograms.
 *
 * Invariant: each family is written once, with all its samples together; names and labels are of the allowed alphabet, or
 * escaped.
 * Source: the Prometheus text exposition format, version 0.0.4.
 */
import { assert, type DurationHistogram } from '@braidlog/base'

export const METRICS_CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8'

export type Labels = Readonly<Record<string, string | number>>
export type Sample = readonly [labels: Labels, value: number]

/** Upper bounds of every histogram's buckets, in seconds. */
const BUCKETS_S = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const

export class PrometheusText {
  readonly #lines: string[] = []
  readonly #names = new Set<string>()

  gauge(name: string, help: string, value: number | readonly Sample[]): void {
    this.#family(name, 'gauge', help)
    this.#samples(name, value)
  }

  /** @param name ends with `_total` */
  counter(name: string, help: string, value: number | readonly Sample[]): void {
    assert(name.endsWith('_total'), 'a counter is named for it')
    this.#family(name, 'counter', help)
    this.#samples(name, value)
  }

  /** A value counts for the bucket that surely holds it: at most a quarter of its size too high. */
  histogram(name: string, help: string, all: readonly (readonly [Labels, DurationHistogram])[]): void {
    this.#family(name, 'histogram', help)
    for (const [labels, histogram] of all) {
      const counts = BUCKETS_S.map(() => 0)
      for (const { upToMs, count } of histogram.buckets()) {
        const bucket = BUCKETS_S.findIndex((boundS) => upToMs <= boundS * 1000)
        if (bucket >= 0) counts[bucket]! += count
      }
      let sum = 0
      for (const [bucket, boundS] of BUCKETS_S.entries()) {
        sum += counts[bucket]!
        this.#sample(`${name}_bucket`, { ...labels, le: boundS }, sum)
      }
      this.#sample(`${name}_bucket`, { ...labels, le: '+Inf' }, histogram.count)
      this.#sample(`${name}_sum`, labels, histogram.sumMs / 1000)
      this.#sample(`${name}_count`, labels, histogram.count)
    }
  }

  toString(): string {
    return `${this.#lines.join('\n')}\n`
  }

  #family(name: string, type: string, help: string): void {
    assert(/^[a-z_][a-z0-9_]*$/.test(name), 'a metric has a plain name')
    assert(!this.#names.has(name), 'a family is written once')
    this.#names.add(name)
    this.#lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`)
  }

  #samples(name: string, value: number | readonly Sample[]): void {
    if (typeof value === 'number') this.#sample(name, {}, value)
    else for (const [labels, each] of value) this.#sample(name, labels, each)
  }

  #sample(name: string, labels: Labels, value: number): void {
    const pairs = Object.entries(labels).map(([key, text]) => `${key}="${escape(String(text))}"`)
    this.#lines.push(`${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${format(value)}`)
  }
}

const escape = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n').replaceAll('"', '\\"')

function format(value: number): string {
  if (Number.isNaN(value)) return 'NaN'
  if (!Number.isFinite(value)) return value > 0 ? '+Inf' : '-Inf'
  return String(value)
}
