/**
 * Keeps two processes off one data directory: `.lock` holds the process id of the owner.
 *
 * Node has no file locks, so ownership is: the file exists, and the process it names is alive and is not somebody who
 * got the same id after a crash (its start time is noted too, where the system tells it). What a crash has left behind
 * is taken over; two that do so at the same moment are told apart by an exclusive create.
 */
import * as fs from 'node:fs'
import * as path from 'node:path'
import { osErrorCode, storageError } from '@braidlog/runtime'
import { ServerError } from './errors.ts'

export const LOCK_FILE = '.lock'

interface Owner {
  readonly pid: number
  /** When the process was started, in the system's own unit; '' where it cannot be told. */
  readonly started: string
}

/** Directories locked by this process: its own id in the file would look like ownership. */
const heldHere = new Set<string>()

/** @returns a function that gives the lock back @throws ServerError `DIRECTORY_LOCKED`, `DIRECTORY_UNUSABLE` */
export function lockDirectory(directory: string): () => void {
  const file = path.join(realPathOf(directory), LOCK_FILE)
  if (heldHere.has(file)) throw locked(directory, 'this process')
  for (let attempt = 0; attempt < 3; attempt++) {
    try {
      const descriptor = fs.openSync(file, 'wx', 0o644)
      fs.writeSync(descriptor, `${process.pid} ${startOf(process.pid)}\n`)
      fs.closeSync(descriptor)
      heldHere.add(file)
      return () => {
        heldHere.delete(file)
        fs.rmSync(file, { force: true })
      }
    } catch (error) {
      if (osErrorCode(error) !== 'EEXIST') {
        throw unusable(storageError('lock', file, error))
      }
    }
    const owner = readOwner(file)
    if (owner !== undefined && isAlive(owner)) throw locked(directory, `process ${owner.pid}`)
    // Left by a crash, or by an Apache Kafka that was here before: its lock file is empty and released with its process.
    discardStale(directory, file)
  }
  throw locked(directory, 'another process that starts at this moment')
}

function realPathOf(directory: string): string {
  try {
    return fs.realpathSync(directory)
  } catch (error) {
    throw unusable(storageError('use', directory, error))
  }
}

function unusable(cause: Error): ServerError {
  return new ServerError('DIRECTORY_UNUSABLE', cause.message, { key: 'log.dirs', cause })
}

/** Moves the file aside first: another process may have taken it over since it was read. */
function discardStale(directory: string, file: string): void {
  const aside = `${file}.${process.pid}`
  try {
    fs.renameSync(file, aside)
  } catch {
    return
  }
  const owner = readOwner(aside)
  const isFresh = owner !== undefined && isAlive(owner)
  if (isFresh) fs.renameSync(aside, file)
  else fs.rmSync(aside, { force: true })
  if (isFresh) throw locked(directory, `process ${owner.pid}`)
}

function readOwner(file: string): Owner | undefined {
  try {
    const [pid = '', started = ''] = fs.readFileSync(file, 'utf8').trim().split(' ')
    return /^\d+$/.test(pid) ? { pid: Number(pid), started } : undefined
  } catch {
    return undefined
  }
}

function isAlive({ pid, started }: Owner): boolean {
  if (pid === process.pid) return false
  try {
    process.kill(pid, 0)
  } catch (error) {
    // EPERM: it is there, and belongs to somebody else.
    if (osErrorCode(error) !== 'EPERM') return false
  }
  const status = statusOf(pid)
  // A process that has ended and whose parent has not asked for its exit code yet still has its id.
  if (status?.state === 'Z' || status?.state === 'X') return false
  return status === undefined || started === '' || status.started === started
}

function startOf(pid: number): string {
  return statusOf(pid)?.started ?? ''
}

/** Fields 3 and 22 of `/proc/<pid>/stat`: the state, and the ticks from boot to the start of the process. */
function statusOf(pid: number): { readonly state: string; readonly started: string } | undefined {
  try {
    const stat = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] ?? '', started: fields[19] ?? '' }
  } catch {
    return undefined
  }
}

function locked(directory: string, owner: string): ServerError {
  return new ServerError(
    'DIRECTORY_LOCKED',
    `${directory} is in use by ${owner}; stop it, or choose another directory with log.dirs`,
    { key: 'log.dirs' },
  )
}
