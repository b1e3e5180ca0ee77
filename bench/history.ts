/**
 * Results over time: one line of JSON per scenario and run in `history.jsonl`, never rewritten.
 */
import { execFileSync } from 'node:child_process'
import { appendFileSync, readFileSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import { kafkaVersion } from '../conformance/peers/kafka.ts'
import type { Row } from './samples.ts'

const file = join(import.meta.dirname, 'history.jsonl')

export interface Entry {
  readonly date: string
  /** Commit of the working tree; `+` when there were changes on top of it. */
  readonly commit: string
  readonly scenario: string
  readonly quick: boolean
  readonly rounds: number
  /** Why rows or rounds are missing, where the scenario did not come to its end. */
  readonly incomplete?: string
  readonly machine: string
  readonly node: string
  readonly kafka: string
  readonly rows: readonly Row[]
}

export function append(result: Pick<Entry, 'scenario' | 'quick' | 'rounds' | 'rows' | 'incomplete'>): Entry {
  const entry: Entry = {
    date: new Date().toISOString().slice(0, 19) + 'Z',
    commit: commit(),
    ...result,
    machine: `${availableParallelism()} × ${cpus()[0]?.model.trim() ?? 'unknown'}, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}`,
    node: process.versions.node,
    kafka: kafkaVersion,
  }
  appendFileSync(file, `${JSON.stringify(rounded(entry))}\n`)
  return entry
}

/** The newest entry of every scenario: a full run goes before a quick one, however old it is. */
export function newest(): Entry[] {
  const entries = new Map<string, Entry>()
  for (const entry of read()) {
    const earlier = entries.get(entry.scenario)
    if (earlier === undefined || !entry.quick || earlier.quick) entries.set(entry.scenario, entry)
  }
  return [...entries.values()]
}

/** Scenarios that were run to their end, not quickly, since `sinceMs`. */
export function completeSince(sinceMs: number): Set<string> {
  const since = read().filter((entry) => Date.parse(entry.date) >= sinceMs)
  return new Set(since.filter((entry) => !entry.quick && entry.incomplete === undefined).map((entry) => entry.scenario))
}

function read(): Entry[] {
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Entry)
}

/** Four digits are more than any of these figures can bear, and keep the file small. */
function rounded(entry: Entry): unknown {
  return JSON.parse(
    JSON.stringify(entry, (_, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(4)) : value)),
  )
}

export function commit(): string {
  const git = (...args: string[]): string =>
    execFileSync('git', args, { cwd: import.meta.dirname, encoding: 'utf8' }).trim()
  try {
    return (
      git('rev-parse', '--short=12', 'HEAD') + (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+')
    )
  } catch {
    return 'unknown'
  }
}
