/** The page of planted bugs: the rule as each breaks it, the line, and the seed that shows it. */
import { MUTANTS } from '../packages/simulator/src/mutants/bank.ts'
import { MUTANTS as QUORUM_MUTANTS } from '../packages/raft/test/sim/mutants.ts'

export function mutantsPage(note: string): string {
  const rows = [
    ...MUTANTS.map(({ name, file, seed, find }) => row(name, `packages/${file}`, seed, find)),
    ...QUORUM_MUTANTS.map(({ name, file, seed, from }) => row(name, `packages/raft/src/machine/${file}`, seed, from)),
  ]
  return [
    note,
    '# Planted bugs',
    '',
    `${rows.length} rules, each broken by changing one line, and a seed of the simulation that notices. \`npm run sim:mutants\``,
    `plants them one after the other: ${MUTANTS.length} in whole clusters, ${QUORUM_MUTANTS.length} in the quorum alone, and three`,
    'more where what performs the effects of the quorum leaves one out. How to add one is told in',
    '[the simulator](../../packages/simulator/README.md#planted-bugs).',
    '',
    '| the rule as it is broken | file | seed | the line that was changed |',
    '|---|---|---|---|',
    ...rows,
    '',
  ].join('\n')
}

function row(name: string, file: string, seed: number | undefined, line: string): string {
  const first = line.trim().split('\n')[0]!.trim().replaceAll('|', '\\|')
  const short = first.length > 70 ? `${first.slice(0, 69)}…` : first
  return `| ${name.replaceAll('|', '\\|')} | \`${file}\` | ${seed ?? ''} | \`${short}\` |`
}
