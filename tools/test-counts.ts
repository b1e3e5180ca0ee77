/**
 * How several test runs add up to one result.
 *
 * Every run appends one line of JSON to the file named by `BRAIDLOG_COUNTS`, if that is set; whoever started the runs reads it back.
 * A file serves because the runs are separate processes, some of them not Node's test runner (librdkafka's, for example).
 */
import { appendFileSync, readFileSync } from 'node:fs'

export interface TestCounts {
  readonly name: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

export const countsFileVariable = 'BRAIDLOG_COUNTS'

/** Appends `counts` for whoever started this process; does nothing when nobody asked. */
export function recordCounts(counts: TestCounts): void {
  const file = process.env[countsFileVariable]
  if (file !== undefined) appendFileSync(file, `${JSON.stringify(counts)}\n`)
}

/** Every count in `file`, in the order the runs ended; empty when no run got that far. */
export function readCounts(file: string): TestCounts[] {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    return []
  }
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as TestCounts)
}

export function sumCounts(name: string, counts: readonly TestCounts[]): TestCounts {
  let [passed, failed, skipped] = [0, 0, 0]
  for (const one of counts) {
    passed += one.passed
    failed += one.failed
    skipped += one.skipped
  }
  return { name, passed, failed, skipped }
}

/** `12 passed, 0 failed, 1 skipped`: the form that test summaries in any language share. */
export function countsLine(counts: TestCounts): string {
  return `${counts.passed} passed, ${counts.failed} failed${counts.skipped > 0 ? `, ${counts.skipped} skipped` : ''}`
}
