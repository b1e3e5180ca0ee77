/**
 * The lock file names every optional package, also those of other platforms.
 *
 * `npm ci` refuses a lock that lacks one, on every platform; npm leaves them out when it writes a lock from a registry or a tree that
 * does not have them. An entry needs no checksum: only a machine of that platform fetches the package.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { repositoryRoot } from './pinned-node.ts'

interface LockedPackage {
  readonly version?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

test('every optional dependency in package-lock.json has an entry of its own', () => {
  const text = readFileSync(join(repositoryRoot, 'package-lock.json'), 'utf8')
  const { packages } = JSON.parse(text) as { packages: Readonly<Record<string, LockedPackage>> }
  const missing = Object.entries(packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) => !(`node_modules/${name}` in packages) && !(`${path}/node_modules/${name}` in packages),
    ),
  )
  assert.deepEqual(missing, [])
})
