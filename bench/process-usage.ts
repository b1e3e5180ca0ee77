/**
 * What a process has used, read from /proc (Linux).
 *
 * `stat` counts the whole process, threads that have ended included, in ticks of 10 ms: fine for loads of a second and more.
 */
import { readdirSync, readFileSync } from 'node:fs'

/** Ticks per second of the times in /proc/PID/stat; fixed on every Linux that Node.js supports. */
const ticksPerSecond = 100

/** CPU seconds, user and system, of all threads since the process began. */
export function cpuSeconds(pid: number): number {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The second field is the program's name in parentheses and may hold anything.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond
}

/** Resident memory now, and at most so far. */
export function memory(pid: number): { residentBytes: number; residentBytesMax: number } {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8')
  const kibibytes = (key: string): number => Number(text.match(new RegExp(`^${key}:\\s+(\\d+) kB`, 'm'))?.[1] ?? NaN)
  return { residentBytes: kibibytes('VmRSS') * 1024, residentBytesMax: kibibytes('VmHWM') * 1024 }
}

/** CPU seconds that every process of the machine has used; what others took is this less one's own. */
export function machineCpuSeconds(): number {
  const fields = readFileSync('/proc/stat', 'utf8').split('\n')[0]!.trim().split(/\s+/).slice(1).map(Number)
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = fields
  return (user + nice + system + irq + softirq + steal) / ticksPerSecond
}

export function threadCount(pid: number): number {
  return readdirSync(`/proc/${pid}/task`).length
}
