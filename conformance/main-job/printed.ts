/**
 * What a consumer printed into a file, one record a line as `partition offset key value`, read back and held against the log lines.
 *
 * Invariant: every whole line is compared byte for byte with the line its number says it is; a line that a killed process left half
 * written at the end is no record.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { lineOf, userOf } from './log-lines.ts'

/** For `braidlog consume -f` and kcat alike. */
export const printedFormat = '%p %o %k %s\\n'

export interface Printed {
  readonly count: number
  /** Per record in printing order. */
  readonly partitions: Uint32Array
  readonly offsets: Uint32Array
  /** Which log line it is. */
  readonly numbers: Uint32Array
}

const newline = 0x0a
const sequenceField = '"sequence":'

/** Reads a file and checks every line of it for itself: key and value are those of the log line. */
export function readPrinted(path: string): Printed {
  const bytes = readFileSync(path)
  const partitions: number[] = []
  const offsets: number[] = []
  const numbers: number[] = []
  for (let start = 0, end = bytes.indexOf(newline); end >= 0; start = end + 1, end = bytes.indexOf(newline, start)) {
    const text = bytes.toString('utf8', start, end)
    const [partition, offset] = text.split(' ', 2) as [string, string]
    const number = Number.parseInt(text.slice(text.indexOf(sequenceField) + sequenceField.length), 10)
    assert.equal(
      text,
      `${partition} ${offset} ${userOf(number)} ${lineOf(number)}`,
      `${path}, record ${numbers.length}`,
    )
    partitions.push(Number(partition))
    offsets.push(Number(offset))
    numbers.push(number)
  }
  return {
    count: numbers.length,
    partitions: Uint32Array.from(partitions),
    offsets: Uint32Array.from(offsets),
    numbers: Uint32Array.from(numbers),
  }
}

/** Every log line was printed exactly once, offsets of a partition are without gaps, and every key is in the order of the file. */
export function assertExact(printed: Printed, lineCount: number): void {
  assert.equal(printed.count, lineCount, 'as many records as lines')
  const seen = new Uint8Array(lineCount)
  const nextOffsets: number[] = []
  const lastOfUser = new Map<string, number>()
  for (let index = 0; index < printed.count; index++) {
    const partition = printed.partitions[index]!
    const number = printed.numbers[index]!
    assert.equal(printed.offsets[index], nextOffsets[partition] ?? 0, `next offset of partition ${partition}`)
    nextOffsets[partition] = printed.offsets[index]! + 1
    assert.equal(seen[number], 0, `line ${number} is printed once`)
    seen[number] = 1
    const user = userOf(number)
    assert.ok(number > (lastOfUser.get(user) ?? -1), `line ${number} of ${user} after ${lastOfUser.get(user)}`)
    lastOfUser.set(user, number)
  }
}

/**
 * What the members of one group printed, together: every line at least once; a line more than once only if `killed` had printed it
 * before it was killed; and in what one process printed, every partition and every key goes forward only.
 * @returns how many records were printed more than once
 */
export function assertAtLeastOnce(members: readonly Printed[], killed: Printed, lineCount: number): number {
  const times = new Uint8Array(lineCount)
  for (const [process, printed] of members.entries()) {
    const lastOffsets: number[] = []
    const lastOfUser = new Map<string, number>()
    for (let index = 0; index < printed.count; index++) {
      const partition = printed.partitions[index]!
      const offset = printed.offsets[index]!
      const number = printed.numbers[index]!
      const user = userOf(number)
      assert.ok(offset > (lastOffsets[partition] ?? -1), `process ${process}: partition ${partition} goes forward`)
      assert.ok(number > (lastOfUser.get(user) ?? -1), `process ${process}: ${user} goes forward`)
      lastOffsets[partition] = offset
      lastOfUser.set(user, number)
      times[number]!++
    }
  }
  const lost = times.indexOf(0)
  assert.equal(lost, -1, `line ${lost} was printed`)
  const byKilled = new Set(killed.numbers)
  let repeated = 0
  for (const [number, count] of times.entries()) {
    if (count === 1) continue
    repeated++
    assert.ok(byKilled.has(number), `line ${number} was printed ${count} times, and never by the one that was killed`)
  }
  return repeated
}
