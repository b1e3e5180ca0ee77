/**
 * `npm run bench`: measurements against Apache Kafka and against other JavaScript clients.
 *
 * `npm run bench -- broker-produce latency` runs some scenarios, without names all of them (about an hour); `--quick` takes minutes;
 * `--rounds N` overrides the number of rounds; `report` only writes the page anew. The machine should do nothing else meanwhile.
 */
import { parseArgs } from 'node:util'
import { ensurePinnedNode } from '../tools/pinned-node.ts'
import { append } from './history.ts'
import { ratio, reportFile, writeReport } from './report.ts'
import { rowsOf, type Scenario } from './samples.ts'
import { brokerConsume } from './scenarios/broker-consume.ts'
import { brokerProduce } from './scenarios/broker-produce.ts'
import { clientConsume, clientProduce } from './scenarios/client.ts'
import { latency } from './scenarios/latency.ts'
import { memoryUse, restart, startup } from './scenarios/lifecycle.ts'
import { threeDigits } from './statistics.ts'

ensurePinnedNode()

const scenarios: readonly Scenario[] = [
  brokerProduce,
  brokerConsume,
  latency,
  startup,
  memoryUse,
  restart,
  clientProduce,
  clientConsume,
]

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    /** Leaves history and page as they are. */
    'dry-run': { type: 'boolean', default: false },
  },
  allowPositionals: true,
})
const names = positionals.filter((name) => name !== 'report')
const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (unknown.length > 0) {
  process.stderr.write(
    `No such scenario: ${unknown.join(', ')}. There are: ${scenarios.map(({ name }) => name).join(', ')}, report\n`,
  )
  process.exit(2)
}
const rounds = Number(values.rounds ?? (values.quick ? 2 : 5))
if (!Number.isInteger(rounds) || rounds < 1) {
  process.stderr.write(`--rounds ${values.rounds}: a whole number from 1\n`)
  process.exit(2)
}

for (const scenario of scenarios) {
  if (positionals.includes('report') || (names.length > 0 && !names.includes(scenario.name))) continue
  process.stdout.write(`\n— ${scenario.name}\n`)
  const say = (text: string): void => void process.stdout.write(`  ${text}\n`)
  const rows = rowsOf(await scenario.run({ quick: values.quick, rounds, say }))
  for (const row of rows) {
    const cells = Object.entries(row.subjects).map(([subject, { median }]) => `${subject} ${threeDigits(median)}`)
    process.stdout.write(`${row.case.padEnd(60)} ${row.metric.padEnd(24)} ${cells.join('  ')}  ratio ${ratio(row)}\n`)
  }
  if (!values['dry-run']) append({ scenario: scenario.name, quick: values.quick, rounds, rows })
}
if (!values['dry-run']) {
  writeReport(scenarios)
  process.stdout.write(`\nWritten: ${reportFile}\n`)
}
