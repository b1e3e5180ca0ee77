/** How values are written on the command line: configurations, assignments, moments. */
import { CliError } from './exit.ts'

/** `key=value` pairs. An empty value is a value. */
export function parseConfigs(pairs: readonly string[] | undefined): Record<string, string> {
  const configs: Record<string, string> = {}
  for (const pair of pairs ?? []) {
    const at = pair.indexOf('=')
    if (at <= 0) throw new CliError(`a configuration is written key=value, got '${pair}'`)
    configs[pair.slice(0, at).trim()] = pair.slice(at + 1)
  }
  return configs
}

/** `1:2,2:3`: two partitions, the first on brokers 1 and 2, the second on 2 and 3. */
export function parseAssignments(text: string): number[][] {
  return text.split(',').map((partition) =>
    partition.split(':').map((broker) => {
      const id = Number(broker)
      if (!Number.isInteger(id) || id < 0 || broker.trim() === '') {
        throw new CliError(`a replica assignment is written 1:2,2:3 (brokers per partition), got '${text}'`)
      }
      return id
    }),
  )
}

const UNITS_MS: Readonly<Record<string, number>> = { ms: 1, s: 1e3, m: 6e4, h: 3.6e6, d: 8.64e7, w: 6.048e8 }

/**
 * A moment: milliseconds since the epoch, an ISO date, or how long ago (`90s`, `-1h`, `7d`).
 * @param nowMs for relative moments; the clock unless given
 */
export function parseTimestampMs(text: string, nowMs: number = Date.now()): number {
  const ago = /^-?(\d+(?:\.\d+)?)(ms|s|m|h|d|w)$/.exec(text)
  if (ago) return Math.round(nowMs - Number(ago[1]) * UNITS_MS[ago[2]!]!)
  if (/^\d{9,}$/.test(text)) return Number(text)
  const parsed = Date.parse(text)
  if (Number.isNaN(parsed)) {
    throw new CliError(
      `'${text}' is no moment: write milliseconds, an ISO date such as 2026-01-31T12:00:00Z, or 2h, 7d`,
    )
  }
  return parsed
}
