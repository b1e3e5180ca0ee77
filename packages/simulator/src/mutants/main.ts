/**
 * `npm run sim:mutants`: plants each bug of the bank in a copy of the source and looks for a seed that shows it.
 *
 *     npm run sim:mutants                     all of them
 *     npm run sim:mutants -- --only epoch     those with this in their name
 *     npm run sim:mutants -- --seeds 40       so many seeds each at most (default 60)
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { MUTANTS, type Mutant } from './bank.ts'

const root = join(import.meta.dirname, '..', '..', '..', '..')
const { values } = parseArgs({
  options: { only: { type: 'string', default: '' }, seeds: { type: 'string', default: '60' } },
})
/** A run that takes longer says nothing: the machine may be busy. */
const SEED_TIMEOUT_MS = 300_000

const copy = copyOfSource()
let caught = 0
let missed = 0
try {
  for (const mutant of MUTANTS.filter(({ name }) => name.includes(values.only))) {
    const startedMs = performance.now()
    const seed = await seedThatShows(mutant)
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0)
    if (seed === undefined) missed++
    else caught++
    process.stdout.write(
      `${seed === undefined ? '✖ not caught' : `✔ seed ${String(seed).padEnd(4)}`} ${mutant.name} (${seconds} s)\n`,
    )
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
process.stdout.write(`${caught} caught, ${missed} not caught\n`)
process.exitCode = missed > 0 ? 1 : 0

/** The packages, and links to all else that they load. */
function copyOfSource(): string {
  const directory = mkdtempSync(join(tmpdir(), 'braidlog-mutants-'))
  cpSync(join(root, 'packages'), join(directory, 'packages'), {
    recursive: true,
    filter: (path) => !/\/(?:node_modules|test|dist)$/.test(path),
  })
  cpSync(join(root, 'package.json'), join(directory, 'package.json'))
  const modules = join(directory, 'node_modules')
  mkdirSync(join(modules, '@braidlog'), { recursive: true })
  for (const name of readdirSync(join(root, 'node_modules'))) {
    if (name !== '@braidlog' && !name.startsWith('.'))
      symlinkSync(join(root, 'node_modules', name), join(modules, name))
  }
  for (const name of readdirSync(join(directory, 'packages'))) {
    symlinkSync(join(directory, 'packages', name), join(modules, '@braidlog', name))
  }
  return directory
}

async function seedThatShows(mutant: Mutant): Promise<number | undefined> {
  const file = join(copy, 'packages', mutant.file)
  const sound = readFileSync(file, 'utf8')
  writeFileSync(file, planted(sound, mutant))
  try {
    if (mutant.seed !== undefined && (await shows(mutant.seed))) return mutant.seed
    for (let seed = 1; seed <= Number(values.seeds); seed++) if (await shows(seed)) return seed
    return undefined
  } finally {
    writeFileSync(file, sound)
  }
}

/** @throws Error the line is not there, or not once: the rule has moved, and the bank has to follow */
export function planted(source: string, { name, find, replace }: Mutant): string {
  const [before, after, ...rest] = source.split(find)
  if (after === undefined || rest.length > 0)
    throw new Error(`${name}: the line to change is there ${rest.length} times`)
  return `${before}${replace}${after}`
}

async function shows(seed: number): Promise<boolean> {
  const main = join(copy, 'packages', 'simulator', 'src', 'main.ts')
  const child = spawn(process.execPath, [main, String(seed)], { stdio: 'ignore' })
  const timer = setTimeout(() => child.kill('SIGKILL'), SEED_TIMEOUT_MS)
  const [code] = (await once(child, 'exit')) as [number | null]
  clearTimeout(timer)
  return code !== 0 && code !== null
}
