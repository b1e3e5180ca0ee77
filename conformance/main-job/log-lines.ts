/**
 * The log file of the main job: JSON lines that can be made again from their number, so that a check needs no second copy.
 *
 * Invariant: line `n` is always the same 100 to 200 bytes, carries its number as `sequence`, and belongs to the key `userOf(n)`. Keys
 * are uneven, as in life: a few write often, many seldom.
 */
import { closeSync, openSync, writeSync } from 'node:fs'

const userCount = 5_003
const levels = ['debug', 'info', 'info', 'info', 'warn'] as const
const paths = ['/orders', '/orders/checkout', '/login', '/search?q=Grüße', '/health', '/carts/items'] as const
const writeSizeBytes = 1 << 20

/** Mixes the bits of a number; enough to look uneven, and the same on every machine. */
function mix(value: number): number {
  let bits = Math.imul(value ^ 0x9e3779b9, 0x85ebca6b)
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35)
  return (bits ^ (bits >>> 16)) >>> 0
}

export function userOf(number: number): string {
  const share = (mix(number) % 65_536) / 65_536
  return `user-${Math.floor(share * share * userCount)}`
}

export function lineOf(number: number): string {
  const bits = mix(number + 0x5bd1)
  return JSON.stringify({
    time: new Date(1_760_000_000_000 + number * 7).toISOString(),
    sequence: number,
    user: userOf(number),
    level: levels[bits % levels.length],
    path: paths[(bits >>> 8) % paths.length],
    status: (bits >>> 16) % 50 === 0 ? 500 : 200,
    durationMs: (bits >>> 12) % 1_500,
    ...((bits & 3) === 0 ? { trace: bits.toString(16).padStart(8, '0').repeat(4) } : {}),
  })
}

/** Writes lines 0 to `count - 1`. @returns the size of the file in bytes */
export function writeLogFile(path: string, count: number): number {
  const file = openSync(path, 'w')
  try {
    let sizeBytes = 0
    let text = ''
    for (let number = 0; number < count; number++) {
      text += `${lineOf(number)}\n`
      if (text.length < writeSizeBytes && number < count - 1) continue
      sizeBytes += writeSync(file, text)
      text = ''
    }
    return sizeBytes
  } finally {
    closeSync(file)
  }
}
