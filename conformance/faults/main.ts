/** `npm run faults`: campaigns as long as one likes, and the figures of docs/reference/failover.md. */
import { parseArgs } from 'node:util'
import { ensurePinnedNode } from '../../tools/pinned-node.ts'
import { CampaignResult, runCampaign, type CampaignFailure, type LoadName } from './campaign.ts'
import { TOPOLOGIES, type Against, type Topology } from './cluster.ts'
import { FAULTS, isFaultName, type FaultName } from './nemesis.ts'
import { whyNoNamespaces } from './network.ts'
import { RECORDS_PER_SECOND, RUNS, type Run } from './plan.ts'
import { record } from './report.ts'
import { percentilesOf, summarise } from './summary.ts'
import { TIMEOUTS, type Timeouts } from './timeouts.ts'

ensurePinnedNode()

const USAGE = `npm run faults -- --runs kills,hangs --record
npm run faults -- [--faults kill=200,pause=50] [--against kafka] [--timeouts default] [--topology separate]
  --runs      what docs/reference/failover.md shows, one run after the other; all, or of:
${RUNS.map(({ faults, minutes, name }) => `                ${name.padEnd(14)} ${String(faults.length).padStart(3)} faults, about ${minutes} minutes`).join('\n')}
  --faults    what happens, how often, in this order: ${Object.keys(FAULTS).join(', ')}
  --against   braidlog or kafka: Apache Kafka under the same script
  --timeouts  tuned for quick failover, or default
  --topology  combined: each node is broker and controller; separate: three controllers beside three brokers
  --rate      records a second by each client
  --loads     the clients: braidlog, librdkafka, java
  --minutes   no fault is injected later than that after the beginning
  --record    keeps the figures of each run, in place of those that the same run had, and writes docs/reference/failover.md
  --add       with --record: beside those that the same run had
A fault that is not survived is told and counted, and the others go on. Exit code 0: all were, and no history is wrong.
`
const LOAD_NAMES: readonly string[] = ['braidlog', 'librdkafka', 'java'] satisfies LoadName[]

const { values } = parseArgs({
  options: {
    runs: { type: 'string' },
    against: { type: 'string', default: 'braidlog' },
    timeouts: { type: 'string', default: 'tuned' },
    topology: { type: 'string', default: 'combined' },
    loads: { type: 'string', default: 'braidlog,librdkafka,java' },
    faults: { type: 'string', default: 'kill=10,pause=5,minority=5' },
    rate: { type: 'string', default: String(RECORDS_PER_SECOND) },
    minutes: { type: 'string', default: 'Infinity' },
    record: { type: 'boolean', default: false },
    add: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(USAGE)
  process.exit(0)
}
const why = whyNoNamespaces()
if (why !== undefined) fail(why)
const loads = values.loads.split(',').map(parseLoad)
const runs = values.runs === undefined ? [runOfOptions()] : parseRuns(values.runs)
const untilMs = performance.now() + parseNumber('minutes', values.minutes) * 60_000
const say = (line: string): void => void process.stdout.write(`${line}\n`)

let areSound = true
for (const run of runs) {
  say(`— ${run.name}: ${run.faults.length} faults`)
  areSound = (await runAndSummarise(run)) && areSound
}
process.exit(areSound ? 0 : 1)

/** @returns whether everything was survived, with right histories */
async function runAndSummarise(run: Run): Promise<boolean> {
  const result = new CampaignResult()
  const startedMs = performance.now()
  const options = { ...run, timeouts: TIMEOUTS[run.timeouts], loads, untilMs, say }
  let broken: CampaignFailure | undefined
  try {
    await runCampaign(options, result)
  } catch (error) {
    broken = { what: 'the campaign', message: String((error as Error).stack) }
    result.failures.push(broken)
  }
  const summary = summarise(run, result, (performance.now() - startedMs) / 1000)
  for (const { client, fault, faultCount, gapsMs } of summary.gaps)
    say(JSON.stringify({ client, fault, faultCount, gapCount: gapsMs.length, ...percentilesOf(gapsMs) }))
  for (const history of summary.histories) say(JSON.stringify(history))
  for (const { what, message } of result.failures) say(`failed: ${what}: ${message}`)
  const wrong = result.clients.filter(({ report }) => !report.valid).length
  say(
    `${run.name}: ${result.faultCount} faults survived in ${summary.seconds} s, ${result.failures.length} failed, ${wrong} histories wrong`,
  )
  if (values.record && broken === undefined && result.faultCount > 0) record(summary, { inPlace: !values.add })
  return result.isSound
}

function parseRuns(text: string): readonly Run[] {
  if (text === 'all') return RUNS
  return text.split(',').map((name) => RUNS.find((run) => run.name === name) ?? fail(`--runs ${name}: no such run`))
}

/** A run that has no name but what it does. */
function runOfOptions(): Run {
  const { against, faults, timeouts, topology } = values
  if (against !== 'braidlog' && against !== 'kafka') fail(`--against ${against}: braidlog or kafka`)
  if (!Object.hasOwn(TIMEOUTS, timeouts)) fail(`--timeouts ${timeouts}: tuned or default`)
  if (!Object.hasOwn(TOPOLOGIES, topology)) fail(`--topology ${topology}: combined or separate`)
  return {
    name: faults,
    against: against as Against,
    topology: topology as Topology,
    timeouts: timeouts as Timeouts['name'],
    recordsPerSecond: parseNumber('rate', values.rate),
    faults: faults.split(',').flatMap(parseFault),
    minutes: Infinity,
  }
}

function parseFault(text: string): FaultName[] {
  const [name = '', count = '1'] = text.split('=')
  if (!isFaultName(name)) fail(`--faults ${name}: one of ${Object.keys(FAULTS).join(', ')}`)
  return Array.from({ length: parseNumber('faults', count) }, () => name)
}

function parseNumber(option: string, text: string): number {
  const number = Number(text)
  if (!(number > 0)) fail(`--${option} ${text}: a number above 0`)
  return number
}

function parseLoad(name: string): LoadName {
  if (!LOAD_NAMES.includes(name)) fail(`--loads ${name}: ${LOAD_NAMES.join(', ')}`)
  return name as LoadName
}

function fail(message: string): never {
  process.stderr.write(`${message}\n${USAGE}`)
  process.exit(2)
}
