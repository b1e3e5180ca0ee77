/** How often a process asks the disk to write, counted by the kernel (`perf stat`, root only). */
import { findProgram } from '../conformance/peers/debian.ts'
import { start } from '../conformance/peers/process.ts'

const event = 'syscalls:sys_enter_fdatasync'

/** Counts during `use`. @returns undefined where it cannot be counted */
export async function countingSyncs<T>(
  pid: number,
  use: () => Promise<T>,
): Promise<{ readonly result: T; readonly syncs: number | undefined }> {
  if (findProgram('perf') === undefined) return { result: await use(), syncs: undefined }
  const perf = start('perf', ['stat', '-x', ',', '-e', event, '-p', String(pid)])
  let result: T
  try {
    result = await use()
  } finally {
    process.kill(perf.pid, 'SIGINT')
    if (!(await perf.exited(5000))) await perf.kill()
  }
  const count = perf.stderr().match(/^(\d+),/m)
  return { result, syncs: count === null ? undefined : Number(count[1]) }
}
