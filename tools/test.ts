/**
 * `npm test`: every test that needs nothing but Node.js.
 *
 * Packages without Node in them run in one process (`--test-isolation=none`: a hundred files load in the time of three processes); the
 * others get a process per file, because they own sockets, directories and signal handlers. The suites with programs of others (Java, C,
 * Python) are `npm run conformance`.
 *
 * Arguments narrow the run: `npm test -- packages/log` by path, `npm test -- --name torn` by test name, `-v` names every test.
 */
import { spawnSync } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, sep } from 'node:path'
import { parseArgs } from 'node:util'
import { ensurePinnedNode, repositoryRoot } from './pinned-node.ts'
import { countsFileVariable, countsLine, readCounts, recordCounts, sumCounts } from './test-counts.ts'

ensurePinnedNode()

/** Packages whose tests touch neither sockets nor files nor processes. */
const purePackages = [
  'base',
  'model',
  'protocol',
  'records',
  'log',
  'metadata',
  'raft',
  'controller',
  'partition',
  'coordinator',
]

const testPatterns = ['packages/*/test/**/*.test.ts', 'tools/*.test.ts', 'examples/**/*.test.ts', 'bench/*.test.ts']

/** One hung test must not hold up a run for ever; the slowest single test takes a few seconds. */
const testTimeoutMs = 120_000

const { values, positionals } = parseArgs({
  options: { name: { type: 'string' }, verbose: { type: 'boolean', short: 'v', default: false } },
  allowPositionals: true,
})

const files = globSync(testPatterns, {
  cwd: repositoryRoot,
  exclude: (path) => path.split(sep).includes('node_modules'),
})
  .filter(
    (file) => positionals.length === 0 || positionals.some((wanted) => file.startsWith(wanted.replace(/^\.\//, ''))),
  )
  .toSorted()
const pure = files.filter((file) => purePackages.some((name) => file.startsWith(join('packages', name, 'test') + sep)))
const isolated = files.filter((file) => !pure.includes(file))

if (files.length === 0) {
  process.stderr.write(`No test file matches ${positionals.join(' ')}\n`)
  process.exit(2)
}

const directory = mkdtempSync(join(tmpdir(), 'braidlog-test-'))
const countsFile = join(directory, 'counts')
let ok = true
try {
  ok = run('pure packages', pure, ['--test-isolation=none']) && ok
  ok = run('with files, sockets and processes', isolated, ['--test-concurrency=2']) && ok
  const total = sumCounts('npm test', readCounts(countsFile))
  recordCounts(ok && total.failed === 0 ? total : { ...total, failed: Math.max(total.failed, 1) })
  process.stdout.write(
    '\nSuites with kcat, librdkafka, kafkajs, Python and Java: `npm run conformance` (not part of this run)\n',
  )
  process.stdout.write(`npm test: ${countsLine(total)}${ok ? '' : ' – FAILED'}\n`)
} finally {
  rmSync(directory, { recursive: true, force: true })
}
process.exitCode = ok ? 0 : 1

/** Runs `group` in one child; false when a test failed or the child did not get to its summary. */
function run(title: string, group: readonly string[], flags: readonly string[]): boolean {
  if (group.length === 0) return true
  process.stdout.write(`— ${title}: ${group.length} ${group.length === 1 ? 'file' : 'files'}\n`)
  const summariesBefore = readCounts(countsFile).length
  const reporters = [
    `--test-reporter=${join(import.meta.dirname, 'test-reporter.ts')}`,
    '--test-reporter-destination=stdout',
  ]
  if (values.verbose) reporters.unshift('--test-reporter=spec', '--test-reporter-destination=stdout')
  const child = spawnSync(
    process.execPath,
    [
      '--test',
      `--test-timeout=${testTimeoutMs}`,
      ...flags,
      ...reporters,
      ...(values.name === undefined ? [] : [`--test-name-pattern=${values.name}`]),
      ...group,
    ],
    {
      cwd: repositoryRoot,
      stdio: ['ignore', 'inherit', 'inherit'],
      env: { ...process.env, [countsFileVariable]: countsFile },
    },
  )
  const summaries = readCounts(countsFile).slice(summariesBefore)
  if (summaries.length === 0)
    process.stdout.write(`✖ ${title}: ended before its summary (${child.signal ?? `exit ${child.status}`})\n`)
  return child.status === 0 && summaries.length === 1 && summaries[0]?.failed === 0
}
