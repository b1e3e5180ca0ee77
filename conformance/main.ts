/**
 * `npm run conformance`: Braidlog under programs that we did not write.
 *
 * Every folder here that holds tests is a suite; librdkafka's own test suite is one more. Suites run one after the other, each within
 * its own time limit, and what they need (Java, Maven, kcat, librdkafka's sources, …) is found or installed by `peers/` when a suite
 * first asks. Arguments name suites: `npm run conformance -- clients librdkafka`.
 *
 * `--against kafka` runs the suites that start a server against Apache Kafka instead. That is how a suite is shown to test the protocol
 * and not our habits: one that fails there is wrong.
 */
import { spawn } from 'node:child_process'
import { globSync, mkdtempSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ensurePinnedNode, repositoryRoot } from '../tools/pinned-node.ts'
import {
  countsFileVariable,
  countsLine,
  readCounts,
  recordCounts,
  sumCounts,
  type TestCounts,
} from '../tools/test-counts.ts'
import { againstVariable } from './peers/server.ts'

ensurePinnedNode()

interface Suite {
  readonly name: string
  readonly timeoutMs: number
  readonly args: readonly string[]
}

const minuteMs = 60_000
const suiteTimeoutsMs: Readonly<Record<string, number>> = {
  clients: 12 * minuteMs,
  faults: Number(process.env['FAULTS_MINUTES'] ?? 8) * minuteMs,
  handover: 12 * minuteMs,
  librdkafka: 30 * minuteMs,
  mixed: 12 * minuteMs,
}
const suiteTimeoutDefaultMs = 8 * minuteMs
/** The longest single test waits for a Java program that starts, rebalances and ends. */
const testTimeoutMs = 3 * minuteMs

const { values, positionals } = parseArgs({
  options: {
    against: { type: 'string', default: 'braidlog' },
    name: { type: 'string' },
    verbose: { type: 'boolean', short: 'v', default: false },
  },
  allowPositionals: true,
})
if (values.against !== 'braidlog' && values.against !== 'kafka') fail(`--against ${values.against}: braidlog or kafka`)

const known = suites()
const unknown = positionals.filter((name) => !known.some((suite) => suite.name === name))
if (unknown.length > 0)
  fail(`No such suite: ${unknown.join(', ')}. There are: ${known.map((suite) => suite.name).join(', ')}`)

const results: TestCounts[] = []
for (const suite of known) {
  if (positionals.length > 0 && !positionals.includes(suite.name)) continue
  results.push(await runSuite(suite))
}
process.stdout.write(`\nConformance against ${values.against}\n`)
for (const result of results)
  process.stdout.write(`${result.failed > 0 ? '✖' : '✔'} ${result.name.padEnd(14)} ${countsLine(result)}\n`)
const total = sumCounts('conformance', results)
process.stdout.write(`conformance: ${countsLine(total)}\n`)
process.exitCode = total.failed > 0 ? 1 : 0

/** Cheapest first, so that a broken build shows early. */
function suites(): Suite[] {
  const files = globSync('conformance/*/**/*.test.ts', { cwd: repositoryRoot }).toSorted()
  const folders = Map.groupBy(files, (file) => file.split('/')[1]!)
  const order = ['messages', 'configs', 'metadata', 'handover', 'clients']
  const rank = (name: string): number => (order.includes(name) ? order.indexOf(name) : order.length)
  const fromTests = [...folders]
    .map(([name, group]) => ({
      name,
      timeoutMs: suiteTimeoutsMs[name] ?? suiteTimeoutDefaultMs,
      args: [
        '--test',
        '--test-concurrency=1',
        `--test-timeout=${testTimeoutMs}`,
        ...(values.name === undefined ? [] : [`--test-name-pattern=${values.name}`]),
        ...(values.verbose ? ['--test-reporter=spec', '--test-reporter-destination=stdout'] : []),
        `--test-reporter=${join(repositoryRoot, 'tools', 'test-reporter.ts')}`,
        '--test-reporter-destination=stdout',
        ...group,
      ],
    }))
    .toSorted((a, b) => rank(a.name) - rank(b.name))
  const librdkafka = {
    name: 'librdkafka',
    timeoutMs: suiteTimeoutsMs['librdkafka']!,
    args: ['conformance/librdkafka/main.ts'],
  }
  return [...fromTests, librdkafka]
}

/** Runs one suite in a process group of its own, which is ended as a whole when the time is up. */
async function runSuite(suite: Suite): Promise<TestCounts> {
  process.stdout.write(`\n— ${suite.name}\n`)
  const directory = mkdtempSync(join(tmpdir(), 'braidlog-suite-'))
  const countsFile = join(directory, 'counts')
  const startedMs = Date.now()
  const child = spawn(process.execPath, [...suite.args], {
    cwd: repositoryRoot,
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
    env: {
      ...process.env,
      [countsFileVariable]: countsFile,
      BRAIDLOG_COUNTS_NAME: suite.name,
      [againstVariable]: values.against,
    },
  })
  let timedOut = false
  const endGroup = (signal: NodeJS.Signals): void => {
    try {
      process.kill(-child.pid!, signal)
    } catch {
      // Nobody of the group is left.
    }
  }
  const forward = (signal: NodeJS.Signals): void => {
    endGroup(signal)
    process.exit(128 + constants.signals[signal])
  }
  process.once('SIGINT', forward)
  process.once('SIGTERM', forward)
  const timer = setTimeout(() => {
    timedOut = true
    endGroup('SIGTERM')
    setTimeout(() => endGroup('SIGKILL'), 10_000).unref()
  }, suite.timeoutMs)
  const exitCode = await new Promise<number>((resolve) => {
    child.once('error', () => resolve(127))
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal === null ? 0 : constants.signals[signal])))
  })
  clearTimeout(timer)
  endGroup('SIGKILL')
  process.removeListener('SIGINT', forward)
  process.removeListener('SIGTERM', forward)
  const counts = sumCounts(suite.name, readCounts(countsFile))
  rmSync(directory, { recursive: true, force: true })
  if (timedOut) process.stdout.write(`✖ ${suite.name} was ended after ${suite.timeoutMs / minuteMs} minutes\n`)
  const failed = exitCode === 0 ? counts.failed : Math.max(counts.failed, 1)
  const result = { ...counts, failed }
  recordCounts(result)
  process.stdout.write(`${suite.name}: ${countsLine(result)} (${Math.round((Date.now() - startedMs) / 1000)} s)\n`)
  return result
}

function fail(message: string): never {
  process.stderr.write(`${message}\n`)
  process.exit(2)
}
