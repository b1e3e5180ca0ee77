/**
 * Programs that come as Debian packages: found, or installed where that is possible.
 *
 * A suite must run on a machine that has nothing yet (CI) and must not surprise on one that belongs to somebody: packages are installed
 * only by root, and anybody else is told the command.
 */
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { run } from './process.ts'

/** Thrown when a peer is absent and cannot be installed; a suite then says so and counts as failed. */
export class PeerMissingError extends Error {
  readonly code = 'PEER_MISSING'
  constructor(what: string, repair: string, cause?: unknown) {
    super(`${what} is missing. ${repair}`, { cause })
    this.name = 'PeerMissingError'
  }
}

/** The first `program` on the PATH, or undefined. */
export function findProgram(program: string): string | undefined {
  for (const folder of (process.env['PATH'] ?? '').split(delimiter)) {
    if (folder !== '' && existsSync(join(folder, program))) return join(folder, program)
  }
  return undefined
}

let updated: Promise<unknown> | undefined

/** Makes sure that the packages are installed; the lists are refreshed at most once per process, and only when something is missing. */
export async function ensurePackages(names: readonly string[]): Promise<void> {
  const missing: string[] = []
  for (const name of names) if (!(await isInstalled(name))) missing.push(name)
  if (missing.length === 0) return
  const repair = `Install it with: apt-get install ${missing.join(' ')}`
  if (findProgram('apt-get') === undefined || process.getuid?.() !== 0)
    throw new PeerMissingError(missing.join(', '), repair)
  const env = { DEBIAN_FRONTEND: 'noninteractive' }
  // A lock held by another apt of this machine (a first-boot job, a neighbour) is waited for, not an error.
  const lock = ['-o', 'DPkg::Lock::Timeout=300']
  try {
    updated ??= run('apt-get', [...lock, '-q', 'update'], { env, timeoutMs: 300_000 })
    await updated
    await run('apt-get', [...lock, '-q', '-y', '--no-install-recommends', 'install', ...missing], {
      env,
      timeoutMs: 600_000,
    })
  } catch (error) {
    throw new PeerMissingError(missing.join(', '), repair, error)
  }
}

async function isInstalled(name: string): Promise<boolean> {
  if (findProgram('dpkg-query') === undefined) return false
  const { stdout } = await run('dpkg-query', ['-W', '-f', '${Status}', name], { exitCodes: [0, 1] })
  return stdout.includes('install ok installed')
}

/** The program, after installing the package that has it if need be. */
export async function ensureProgram(program: string, packageName: string): Promise<string> {
  const found = findProgram(program)
  if (found !== undefined) return found
  await ensurePackages([packageName])
  const installed = findProgram(program)
  if (installed === undefined) throw new PeerMissingError(program, `Debian's ${packageName} did not bring it`)
  return installed
}
