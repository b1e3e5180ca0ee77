/**
 * librdkafka's own test suite against a broker: the most used client that is not Java, tested by its authors.
 *
 * `tests.json` lists every test of theirs that needs a broker, with the reason for each one that is not run; the only reasons are
 * features that we do not have. One process per test number or subtest, several at a time, because most of them wait. One that fails
 * beside others is repeated once alone: their time limits assume a machine that does nothing else.
 *
 * `npm run conformance -- librdkafka` runs all. `node conformance/librdkafka/main.ts 0030 0045` runs some and prints what they said.
 */
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensurePinnedNode } from '../../tools/pinned-node.ts'
import { countsLine, recordCounts } from '../../tools/test-counts.ts'
import { ensureJava } from '../peers/java.ts'
import { classPath } from '../peers/kafka.ts'
import { ensureLibrdkafka, type Librdkafka } from '../peers/librdkafka.ts'
import { run } from '../peers/process.ts'
import { against, startPeerServer, type PeerServer } from '../peers/server.ts'

ensurePinnedNode()

interface Entry {
  /** The broker configuration it wants; `default` creates topics that a client asks for, `noautocreate` does not. */
  readonly scenario?: 'noautocreate'
  /** Why it is not run. */
  readonly skip?: string
  /** Only subtests whose name has one of these in it are run, each in a process of its own. */
  readonly subtests?: readonly string[]
  /** The version that the test is told the broker has; default the one whose protocol we speak. */
  readonly kafkaVersion?: string
  /** What is left out, where a part of the test is run. */
  readonly note?: string
}

/** One process of librdkafka's runner: the tests of one number, or some subtests of them. */
interface Unit {
  readonly number: string
  readonly scenario: Scenario
  readonly names: readonly string[]
  readonly kafkaVersion: string
  readonly subtests: string | undefined
}

type Scenario = 'default' | 'noautocreate'

interface Outcome {
  readonly name: string
  readonly state: 'passed' | 'failed' | 'skipped'
  readonly durationS: number
  readonly detail: string
}

const entries = JSON.parse(readFileSync(join(import.meta.dirname, 'tests.json'), 'utf8')) as Readonly<
  Record<string, Entry>
>

const kafkaVersionDefault = '4.3.0'

/** A process is ended after this; the longest ones take two minutes beside others. */
const unitTimeoutMs = 6 * 60_000

/** Most tests wait for timeouts and rebalances, so that more of them than cores fit. */
const concurrency = Math.max(2, availableParallelism() * 3)

const only = process.argv.slice(2)
const librdkafka = await ensureLibrdkafka()
const work = mkdtempSync(join(tmpdir(), 'braidlog-librdkafka-'))
const outcomes: Outcome[] = []
try {
  await writeKafkaScripts(join(work, 'kafka', 'bin'))
  // A test runs in a folder of its own beside this link: 0053 reads ../src/statistics_schema.json.
  symlinkSync(join(librdkafka.home, 'src'), join(work, 'src'))
  for (const scenario of ['default', 'noautocreate'] as const) {
    const units = unitsOf(scenario)
    if (units.length === 0) continue
    const server = await startPeerServer({
      properties: {
        'num.partitions': 4,
        'auto.create.topics.enable': scenario === 'default',
        // Some tests add entries that forbid; all else is for everyone.
        'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
        'allow.everyone.if.no.acl.found': true,
        // Apache Kafka's default: 0113 counts on members that join one generation together.
        'group.initial.rebalance.delay.ms': 3000,
      },
    })
    try {
      outcomes.push(...(await runUnits(units, server)))
    } finally {
      if (outcomes.some((outcome) => outcome.state === 'failed'))
        process.stdout.write(`The server said:\n${server.log()}\n`)
      await server.stop()
    }
  }
} finally {
  rmSync(work, { recursive: true, force: true })
}
report()

function unitsOf(scenario: Scenario): Unit[] {
  const names = Object.entries(entries)
    .filter(([name, entry]) => {
      if ((entry.scenario ?? 'default') !== scenario) return false
      return only.length > 0 ? only.some((wanted) => name.startsWith(wanted)) : entry.skip === undefined
    })
    .map(([name]) => name)
  const byNumber = Map.groupBy(names, (name) => name.split('_')[0]!)
  return [...byNumber].flatMap(([number, group]) => {
    const { kafkaVersion = kafkaVersionDefault, subtests = [undefined] } = entries[group[0]!]!
    return subtests.map((one): Unit => ({ number, scenario, names: group, kafkaVersion, subtests: one }))
  })
}

/** Runs the units, and says of each test what it came to once the last of its units has ended. */
async function runUnits(units: readonly Unit[], server: PeerServer): Promise<Outcome[]> {
  const left = Map.groupBy(units, (unit) => unit.number)
  const merged = new Map<string, Outcome>()
  const done: Outcome[] = []
  const again: Unit[] = []
  const finish = (unit: Unit, outcomes: readonly Outcome[]): void => {
    for (const outcome of outcomes) {
      const earlier = merged.get(outcome.name)
      const durationS = outcome.durationS + (earlier?.durationS ?? 0)
      merged.set(outcome.name, { ...(earlier?.state === 'failed' ? earlier : outcome), durationS })
    }
    const others = left.get(unit.number)!.filter((one) => one !== unit)
    left.set(unit.number, others)
    if (others.length > 0) return
    for (const name of unit.names) {
      const outcome = merged.get(name)!
      show(outcome)
      done.push(outcome)
    }
  }
  // The longest first, or one of them is alone at the end while the other places are empty.
  const queue = units.toSorted((a, b) => Number(b.subtests !== undefined) - Number(a.subtests !== undefined))
  const worker = async (): Promise<void> => {
    for (let unit = queue.shift(); unit !== undefined; unit = queue.shift()) {
      const outcomes = await runUnit(unit, server)
      if (only.length === 0 && outcomes.some(({ state }) => state === 'failed')) {
        process.stdout.write(
          `… ${unit.names.join(', ')}${unit.subtests === undefined ? '' : ` (${unit.subtests})`}: will be repeated alone\n`,
        )
        again.push(unit)
      } else finish(unit, outcomes)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
  for (const unit of again) finish(unit, await runUnit(unit, server))
  return done
}

/** Runs one process of the runner and reads the report that it writes. */
async function runUnit(unit: Unit, server: PeerServer): Promise<Outcome[]> {
  const { subtests } = unit
  const { testsDirectory, env }: Librdkafka = librdkafka
  const directory = mkdtempSync(join(work, `${unit.number}-`))
  const conf = join(directory, 'test.conf')
  const report = join(directory, 'report.json')
  writeFileSync(conf, `bootstrap.servers=${server.bootstrap}\ntest.timeout.multiplier=3\ntest.topic.random=true\n`)
  const startedMs = Date.now()
  let said = ''
  try {
    const result = await run(join(testsDirectory, 'test-runner'), ['-p1', '-L', '-s', unit.scenario], {
      cwd: directory,
      env: {
        ...env,
        CI: undefined,
        TESTS: unit.number,
        SUBTESTS: subtests,
        TEST_KAFKA_VERSION: unit.kafkaVersion,
        TEST_CONSUMER_GROUP_PROTOCOL: 'classic',
        TEST_REPORT: report,
        RDKAFKA_TEST_CONF: conf,
        KAFKA_PATH: join(work, 'kafka'),
        BROKERS: server.bootstrap,
      },
      timeoutMs: unitTimeoutMs,
      exitCodes: Array.from({ length: 256 }, (_, code) => code),
    })
    said = result.stdout + result.stderr
  } catch (error) {
    said = error instanceof Error ? error.message : String(error)
  }
  const states = readReport(report)
  const durationS = (Date.now() - startedMs) / 1000
  if (only.length > 0) process.stdout.write(said)
  return unit.names.map((name) => {
    const state = states.get(name)
    // A filter that matches nothing would pass without having run anything.
    if (subtests !== undefined && !new RegExp(`${subtests}\\S*.*: PASS`).test(said) && state === 'PASSED') {
      return { name, state: 'failed', durationS, detail: `no subtest ${subtests} ran` }
    }
    if (state === 'PASSED') return { name, state: 'passed', durationS, detail: '' }
    if (state === 'SKIPPED') return { name, state: 'skipped', durationS, detail: reasonIn(said, name) }
    return { name, state: 'failed', durationS, detail: `${state ?? 'no report'}\n${excerpt(said)}` }
  })
}

/** The runner's report is nearly JSON: the messages in it are not escaped, so that only names and states are read. */
function readReport(file: string): Map<string, string> {
  let text = ''
  try {
    text = readFileSync(file, 'utf8')
  } catch {
    // It died before it wrote one.
  }
  return new Map([...text.matchAll(/"name": "([^"]+)", "state": "([^"]+)"/g)].map((match) => [match[1]!, match[2]!]))
}

function reasonIn(said: string, name: string): string {
  return (
    withoutColours(said).match(new RegExp(`\\[${name}\\s[^\\]]*\\].*?SKIPPING TEST: ([^\\n]*)`))?.[0] ??
    'the runner skipped it'
  )
}

/** The lines that tell why, else the last ones. */
function excerpt(said: string): string {
  const lines = withoutColours(said).split('\n')
  const at = lines.findIndex((line) => line.includes('TEST FAILURE'))
  const part = at === -1 ? lines.slice(-15) : lines.slice(Math.max(0, at - 12), at + 14)
  return part.map((line) => `    ${line}`).join('\n')
}

function withoutColours(text: string): string {
  // oxlint-disable-next-line no-control-regex -- terminal colours begin with the escape character
  return text.replace(/\u001b\[[0-9;]*m/g, '')
}

function show({ name, state, durationS, detail }: Outcome): void {
  const mark = state === 'passed' ? '✔' : state === 'skipped' ? '–' : '✖'
  process.stdout.write(`${mark} ${name} (${durationS.toFixed(1)} s)${detail === '' ? '' : ` ${detail}`}\n`)
}

/**
 * Some tests call scripts of an Apache Kafka installation through KAFKA_PATH to make topics with a given configuration; these run the
 * same Java programs from the jars.
 */
async function writeKafkaScripts(bin: string): Promise<void> {
  const { java } = await ensureJava()
  const jars = await classPath()
  mkdirSync(bin, { recursive: true })
  for (const [script, mainClass] of [
    ['kafka-topics.sh', 'org.apache.kafka.tools.TopicCommand'],
    ['kafka-acls.sh', 'org.apache.kafka.tools.AclCommand'],
  ] as const) {
    const path = join(bin, script)
    writeFileSync(path, `#!/bin/sh\nexec '${java}' -XX:TieredStopAtLevel=1 -cp '${jars}' ${mainClass} "$@"\n`)
    chmodSync(path, 0o755)
  }
}

function report(): void {
  const notRun = Object.entries(entries).filter(([, entry]) => entry.skip !== undefined)
  if (only.length === 0) {
    process.stdout.write(`\nNot run: ${notRun.length} of ${Object.keys(entries).length} tests that need a broker\n`)
    for (const [reason, group] of Map.groupBy(notRun, ([, entry]) => entry.skip!)) {
      process.stdout.write(`  ${reason}: ${group.map(([name]) => name).join(', ')}\n`)
    }
  }
  for (const [name, { note }] of Object.entries(entries))
    if (note !== undefined) process.stdout.write(`  ${name} ${note}\n`)
  const count = (state: Outcome['state']): number => outcomes.filter((outcome) => outcome.state === state).length
  const counts = {
    name: `librdkafka's tests against ${against}`,
    passed: count('passed'),
    failed: count('failed'),
    skipped: count('skipped') + (only.length === 0 ? notRun.length : 0),
  }
  recordCounts(counts)
  process.stdout.write(`librdkafka: ${countsLine(counts)}\n`)
  process.exitCode = counts.failed === 0 && counts.passed > 0 ? 0 : 1
}
