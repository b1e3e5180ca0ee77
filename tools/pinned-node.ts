/**
 * The Node.js that this repository is developed and tested with.
 *
 * It comes with `npm install` as one of the root's optional dependencies (one binary per platform), and npm scripts find it before any
 * `node` of the system. An entry point that was started some other way calls `ensurePinnedNode()` and goes on under the right one.
 * Invariant: a test result never depends on which `node` happened to be first on the PATH.
 */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'

export const repositoryRoot = join(import.meta.dirname, '..')

/** The oldest Node.js accepted where no pinned binary exists for the platform: the first 24 release whose type stripping is stable. */
const versionMin = [24, 12] as const

/** Path of the pinned binary; absent until `npm ci` ran, and on platforms that have none. */
export const pinnedNodePath = join(
  repositoryRoot,
  'node_modules',
  '.bin',
  process.platform === 'win32' ? 'node.cmd' : 'node',
)

/** The version pinned for this platform, such as `24.21.0`, or undefined where the platform has no package. */
export function pinnedVersion(): string | undefined {
  const root = JSON.parse(readFileSync(join(repositoryRoot, 'package.json'), 'utf8')) as {
    optionalDependencies?: Record<string, string>
  }
  const platform = process.platform === 'win32' ? 'win' : process.platform
  return root.optionalDependencies?.[`node-${platform}-${process.arch}`]
}

/** Returns when this process runs on the pinned Node.js; otherwise runs the same command line under it and exits with its code. */
export function ensurePinnedNode(): void {
  const wanted = pinnedVersion()
  if (wanted === process.versions.node) return
  if (wanted !== undefined && existsSync(pinnedNodePath)) {
    if (process.env['BRAIDLOG_PINNED_NODE'] === wanted) {
      fail(`node_modules/.bin/node is ${process.versions.node}, package.json pins ${wanted}: run \`npm ci\``)
    }
    const child = spawnSync(pinnedNodePath, [...process.execArgv, ...process.argv.slice(1)], {
      stdio: 'inherit',
      env: { ...process.env, BRAIDLOG_PINNED_NODE: wanted },
    })
    process.exit(child.status ?? 128 + (child.signal === null ? 0 : constants.signals[child.signal]))
  }
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  if (major > versionMin[0] || (major === versionMin[0] && minor >= versionMin[1])) return
  fail(
    `Node.js ${process.versions.node} is too old: run \`npm ci\` (it brings ${wanted ?? versionMin.join('.')}) and use the npm scripts`,
  )
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}
