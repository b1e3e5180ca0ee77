/**
 * `npm run bench`: measurements against Apache Kafka and against other JavaScript clients.
 *
 * `npm run bench -- broker-produce latency` runs some scenarios, without names all of them (about an hour). `--quick` takes minutes;
 * `--rounds N` is the most rounds of each; `--budget MINUTES` shares that time out; `--resume HOURS` leaves out what was measured to its
 * end in the last hours; `profiles` makes flame graphs; `report` only writes the pages anew. The machine should do nothing else meanwhile.
 */
import { parseArgs } from 'node:util'
import { ensurePinnedNode } from '../tools/pinned-node.ts'
import { completeSince } from './history.ts'
import { ratioText, reportFile, writeReport } from './report.ts'
import { runScenarios } from './run.ts'
import type { Row } from './samples.ts'
import { scenarios } from './scenarios.ts'
import { threeDigits } from './statistics.ts'

ensurePinnedNode()

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string' },
    budget: { type: 'string' },
    resume: { type: 'string' },
    help: { type: 'boolean', short: 'h', default: false },
    /** Leaves history and page as they are. */
    'dry-run': { type: 'boolean', default: false },
  },
  allowPositionals: true,
})

if (values.help) {
  const width = Math.max(...scenarios.map(({ name }) => name.length))
  process.stdout.write(
    'Usage: npm run bench -- [scenario …] [options]\n\n' +
      '  --quick            two rounds, short ones\n' +
      '  --rounds N         the most rounds of each scenario\n' +
      '  --budget MINUTES   shares the time out\n' +
      '  --resume HOURS     leaves out what was measured to its end in the last hours\n' +
      '  --dry-run          leaves history and page as they are\n\n' +
      'Scenarios, with the minutes that one round takes; all but the profiles unless named. "profiles" stands for those, and\n' +
      '"report" writes the pages anew.\n\n' +
      scenarios
        .map(({ name, minutes, title }) => `  ${name.padEnd(width)}  ${minutes.toFixed(1).padStart(4)}  ${title}\n`)
        .join(''),
  )
  process.exit(0)
}

const names = positionals.flatMap((name) => {
  if (name === 'report') return []
  return name === 'profiles' ? scenarios.filter(({ page }) => page === 'profiles').map((each) => each.name) : [name]
})
const unknown = names.filter((name) => !scenarios.some((scenario) => scenario.name === name))
if (unknown.length > 0)
  fail(`No such scenario: ${unknown.join(', ')}. There are: ${scenarios.map(({ name }) => name).join(', ')}, report`)
const rounds = number('rounds', values.rounds) ?? (values.quick ? 2 : 5)
const budgetMinutes = number('budget', values.budget)
const resumeHours = number('resume', values.resume)
const isDone = resumeHours === undefined ? new Set() : completeSince(Date.now() - resumeHours * 3_600_000)

const chosen = positionals.includes('report')
  ? []
  : scenarios.filter(
      ({ name, page }) => (names.length === 0 ? page !== 'profiles' : names.includes(name)) && !isDone.has(name),
    )
const failed = await runScenarios(chosen, {
  quick: values.quick,
  rounds,
  budgetMinutes,
  keep: !values['dry-run'],
  write: (text) => void process.stdout.write(text),
  finished(_scenario, rows) {
    for (const row of rows) process.stdout.write(`${line(row)}\n`)
    if (!values['dry-run']) writeReport(scenarios)
  },
})
if (!values['dry-run']) {
  writeReport(scenarios)
  process.stdout.write(`\nWritten: ${reportFile}\n`)
}
if (failed.length > 0) fail(`Failed: ${failed.join(', ')}`, 1)

function line(row: Row): string {
  const cells = Object.entries(row.subjects).map(([subject, { median }]) => `${subject} ${threeDigits(median)}`)
  return `${row.case.padEnd(60)} ${row.metric.padEnd(24)} ${cells.join('  ')}  ratio ${ratioText(row)}`
}

function number(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const value = Number(text)
  if (!(value > 0)) fail(`--${name} ${text}: a number above 0`)
  return value
}

function fail(message: string, exitCode = 2): never {
  process.stderr.write(`${message}\n`)
  process.exit(exitCode)
}
