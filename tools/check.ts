/**
 * `npm run check`: everything about the sources that needs no running.
 *
 * Types (the whole repository, then the folders that must not know Node.js), lint with type information, formatting, and the rules of
 * `tools/tidy.test.ts`. All of them run even when one fails, and the last lines name those that did. `npm run check -- types lint`
 * runs only some.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePinnedNode, repositoryRoot } from './pinned-node.ts'
import { recordCounts } from './test-counts.ts'

ensurePinnedNode()

interface Check {
  readonly name: string
  /** A program of node_modules/.bin, or `node` for the running one, with its arguments. */
  readonly command: readonly [string, ...string[]]
  readonly repair: string
}

const checks: readonly Check[] = [
  { name: 'types', command: ['tsc', '-p', 'tsconfig.json'], repair: 'npm run types' },
  { name: 'machine types', command: ['tsc', '-p', 'tsconfig.machines.json'], repair: 'npm run types' },
  { name: 'lint', command: ['oxlint', '--type-aware'], repair: 'npm run lint' },
  { name: 'format', command: ['oxfmt', '--check'], repair: 'npm run format' },
  {
    name: 'tidy',
    command: ['node', '--test', '--test-reporter=dot', 'tools/tidy.test.ts'],
    repair: 'npm test -- tools -v',
  },
]

const wanted = process.argv.slice(2)
const chosen = checks.filter((check) => wanted.length === 0 || wanted.some((name) => check.name.includes(name)))
const failed = chosen.filter((check) => !passes(check))
for (const check of chosen) {
  process.stdout.write(
    failed.includes(check) ? `✖ ${check.name.padEnd(14)} see above; alone: ${check.repair}\n` : `✔ ${check.name}\n`,
  )
}
recordCounts({ name: 'npm run check', passed: chosen.length - failed.length, failed: failed.length, skipped: 0 })
process.exitCode = failed.length === 0 && chosen.length > 0 ? 0 : 1

function passes(check: Check): boolean {
  const [program, ...args] = check.command
  const path = program === 'node' ? process.execPath : join(repositoryRoot, 'node_modules', '.bin', program)
  if (!existsSync(path)) {
    process.stdout.write(`${check.name}: ${program} is not installed, run \`npm ci\`\n`)
    return false
  }
  return spawnSync(path, args, { cwd: repositoryRoot, stdio: ['ignore', 'inherit', 'inherit'] }).status === 0
}
