/**
 * npm packages that are too large to be everybody's dependencies: installed in pinned versions into a folder of their own under
 * `.cache/` when a suite first asks, without their install scripts.
 */
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { cacheDirectory } from './kafka.ts'
import { run } from './process.ts'

/** Packages by the name of their folder. */
const folders = {
  /** 171 MB: it brings the clients of three clouds' key management. */
  'npm-confluent': ['@confluentinc/schemaregistry@1.10.1'],
} as const
type FolderName = keyof typeof folders

/** @returns `require` as the packages of that folder see it */
export async function npmPackages(name: FolderName): Promise<NodeJS.Require> {
  const home = join(cacheDirectory, name)
  const stamp = join(home, 'packages')
  const wanted = folders[name].join('\n')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    rmSync(home, { recursive: true, force: true })
    mkdirSync(home, { recursive: true })
    writeFileSync(join(home, 'package.json'), '{ "private": true }\n')
    await run('npm', ['install', '--ignore-scripts', '--no-audit', '--no-fund', '--save-exact', ...folders[name]], {
      cwd: home,
      timeoutMs: 300_000,
    })
    writeFileSync(stamp, wanted)
  }
  return createRequire(join(home, 'package.json'))
}
