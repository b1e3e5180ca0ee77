/** `npm run faults`: a campaign as long as one likes, and the figures of docs/reference/failover.md. */
import { parseArgs } from 'node:util'
import { ensurePinnedNode } from '../../tools/pinned-node.ts'
import { CampaignResult, runCampaign, type LoadName } from './campaign.ts'
import type { Against } from './cluster.ts'
import { FAULTS, isFaultName, type FaultName } from './nemesis.ts'
import { whyNoNamespaces } from './network.ts'
import { record } from './report.ts'
import { summarise } from './summary.ts'
import { TIMEOUTS, type Timeouts } from './timeouts.ts'

ensurePinnedNode()

const USAGE = `npm run faults -- [--faults kill=200,pause=50] [--against kafka] [--timeouts default] [--loads braidlog,java]
  --faults    what happens, how often, in this order: ${Object.keys(FAULTS).join(', ')}
  --against   braidlog or kafka: Apache Kafka under the same script
  --timeouts  tuned for quick failover, or default
  --loads     the clients: braidlog, librdkafka, java
  --rate      records a second by each client
  --record    keeps the figures, and writes docs/reference/failover.md
`
const LOAD_NAMES: readonly string[] = ['braidlog', 'librdkafka', 'java'] satisfies LoadName[]

const { values } = parseArgs({
  options: {
    against: { type: 'string', default: 'braidlog' },
    timeouts: { type: 'string', default: 'tuned' },
    loads: { type: 'string', default: 'braidlog,librdkafka,java' },
    faults: { type: 'string', default: 'kill=10,pause=5,minority=5' },
    rate: { type: 'string', default: '300' },
    record: { type: 'boolean', default: false },
    help: { type: 'boolean', short: 'h', default: false },
  },
})
if (values.help) {
  process.stdout.write(USAGE)
  process.exit(0)
}
const why = whyNoNamespaces()
if (why !== undefined) fail(why)
if (values.against !== 'braidlog' && values.against !== 'kafka') fail(`--against ${values.against}: braidlog or kafka`)
if (!Object.hasOwn(TIMEOUTS, values.timeouts)) fail(`--timeouts ${values.timeouts}: tuned or default`)
const options = {
  against: values.against as Against,
  timeouts: TIMEOUTS[values.timeouts as Timeouts['name']],
  faults: values.faults.split(',').flatMap(parseFault),
  loads: values.loads.split(',').map(parseLoad),
  recordsPerSecond: Number(values.rate),
  say: (line: string): void => void process.stdout.write(`${line}\n`),
}
const result = new CampaignResult()
const startedMs = performance.now()
let failure: Error | undefined
try {
  await runCampaign(options, result)
} catch (error) {
  failure = error as Error
}
const summary = summarise(options, result, (performance.now() - startedMs) / 1000)
for (const gaps of summary.gaps) process.stdout.write(`${JSON.stringify(gaps)}\n`)
for (const history of summary.histories) process.stdout.write(`${JSON.stringify(history)}\n`)
const isValid = result.clients.every(({ report }) => report.valid)
const passed = failure === undefined && isValid
process.stdout.write(`${result.cycleMs.length} faults in ${summary.seconds} s, ${passed ? 0 : 1} failed\n`)
if (failure !== undefined) process.stderr.write(`${failure.message}\n`)
if (passed && values.record) record(summary)
process.exit(passed ? 0 : 1)

function parseFault(text: string): FaultName[] {
  const [name = '', count = '1'] = text.split('=')
  if (!isFaultName(name)) fail(`--faults ${name}: one of ${Object.keys(FAULTS).join(', ')}`)
  return Array.from({ length: Number(count) }, () => name)
}

function parseLoad(name: string): LoadName {
  if (!LOAD_NAMES.includes(name)) fail(`--loads ${name}: ${LOAD_NAMES.join(', ')}`)
  return name as LoadName
}

function fail(message: string): never {
  process.stderr.write(`${message}\n${USAGE}`)
  process.exit(2)
}
