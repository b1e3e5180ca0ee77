/**
 * Where consuming starts and ends, as kcat and rpk write it: `beginning`, `end`, `stored`, `42`, `-10` (the last ten),
 * `@time` or `s@time` (from a moment), `e@time` (up to a moment), `@from:to`.
 */
import { CliError } from './exit.ts'
import { parseTimestampMs } from './values.ts'

export type StartAt =
  | { readonly kind: 'beginning' | 'end' | 'stored' }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'fromEnd'; readonly count: bigint }
  | { readonly kind: 'timestamp'; readonly timestampMs: number }

export interface OffsetRange {
  readonly start: StartAt | undefined
  /** Records at or after it are left out. */
  readonly untilMs: number | undefined
}

export function parseOffsetRange(texts: readonly string[] | undefined): OffsetRange {
  let start: StartAt | undefined
  let untilMs: number | undefined
  for (const text of texts ?? []) {
    if (text.startsWith('e@')) {
      untilMs = parseTimestampMs(text.slice(2))
      continue
    }
    const timed = /^s?@(.+)$/.exec(text)
    if (timed) {
      // A colon also stands in ISO times: only one that splits the text into two moments separates from and to.
      const [from, to] = splitMoments(timed[1]!)
      start = { kind: 'timestamp', timestampMs: parseTimestampMs(from) }
      if (to !== undefined && to !== 'end') untilMs = parseTimestampMs(to)
      continue
    }
    start = parseStart(text)
  }
  return { start, untilMs }
}

function parseStart(text: string): StartAt {
  if (text === 'beginning' || text === 'earliest' || text === 'start') return { kind: 'beginning' }
  if (text === 'end' || text === 'latest') return { kind: 'end' }
  if (text === 'stored') return { kind: 'stored' }
  if (/^\d+$/.test(text)) return { kind: 'offset', offset: BigInt(text) }
  if (/^-\d+$/.test(text)) return { kind: 'fromEnd', count: BigInt(text.slice(1)) }
  throw new CliError(
    `'${text}' is no place to start: beginning, end, stored, an offset, -N (the last N), s@time, e@time, @from:to`,
  )
}

function splitMoments(text: string): [string, string | undefined] {
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    const from = text.slice(0, at)
    const to = text.slice(at + 1)
    if (isMoment(from) && (to === 'end' || isMoment(to))) return [from, to]
  }
  return [text, undefined]
}

function isMoment(text: string): boolean {
  // `Date.parse` is generous: `2026-01-31T12` alone would pass, so a time of day must have its minutes.
  if (/T\d{1,2}$/.test(text)) return false
  try {
    parseTimestampMs(text)
    return true
  } catch {
    return false
  }
}
