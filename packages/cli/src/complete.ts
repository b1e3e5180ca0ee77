/**
 * Candidates for the word at the cursor, one per line with a tab before its description: commands and flags from the
 * program itself, topics and groups from the broker, subjects from the registry. Silent about every failure: a shell must
 * not print errors on Tab.
 */
import type { Argument, CommandUnknownOpts, Option } from '@commander-js/extra-typings'
import type { Cli } from './command.ts'
import { fullProgram, hoistFlags } from './tree.ts'

const LOOKUP_TIMEOUT_MS = 1_000

export async function complete(cli: Cli, words: readonly string[]): Promise<void> {
  const current = words.at(-1) ?? ''
  const before = hoistFlags(words.slice(0, -1)).args
  let command: CommandUnknownOpts = await fullProgram(cli)
  let positional = 0
  let flag: Option | undefined
  for (const word of before) {
    if (flag) {
      flag = undefined
    } else if (word.startsWith('-')) {
      const option = command.options.find((candidate) => candidate.short === word || candidate.long === word)
      flag = option?.required === true ? option : undefined
    } else {
      const child = command.commands.find(
        (candidate) => candidate.name() === word || candidate.aliases().includes(word),
      )
      if (child) command = child
      else positional++
    }
  }
  const candidates = await candidatesFor({ cli, command, positional, flag, current, before })
  for (const [name, description] of candidates) {
    if (name.startsWith(current)) cli.io.stdout.write(`${name}\t${description}\n`)
  }
}

interface Cursor {
  readonly cli: Cli
  readonly command: CommandUnknownOpts
  readonly positional: number
  readonly flag: Option | undefined
  readonly current: string
  readonly before: readonly string[]
}

type Candidate = readonly [name: string, description: string]

async function candidatesFor(cursor: Cursor): Promise<Candidate[]> {
  const { command, flag, current } = cursor
  if (flag) {
    if (flag.argChoices) return flag.argChoices.map((choice) => [choice, ''] as const)
    if (flag.long === '--subject') return lookUpSubjects(cursor)
    return flag.long === '--topic' ? lookUp(cursor, 'topics') : flag.long === '--group' ? lookUp(cursor, 'groups') : []
  }
  if (current.startsWith('-')) {
    return command.options
      .filter((option) => !option.hidden)
      .map((option) => [option.long ?? option.short ?? '', option.description] as const)
  }
  if (command.commands.length > 0) {
    return command.commands.map((child) => [child.name(), child.description()] as const)
  }
  const argument = argumentAt(command, cursor.positional)
  if (!argument) return []
  const name = argument.name()
  if (name.startsWith('subject')) return lookUpSubjects(cursor)
  return /^topics?$/.test(name) ? lookUp(cursor, 'topics') : /^groups?$/.test(name) ? lookUp(cursor, 'groups') : []
}

function argumentAt(command: CommandUnknownOpts, at: number): Argument | undefined {
  const all = command.registeredArguments
  return all[at] ?? (all.at(-1)?.variadic === true ? all.at(-1) : undefined)
}

async function lookUp(cursor: Cursor, what: 'topics' | 'groups'): Promise<Candidate[]> {
  try {
    const { resolveSettings } = await import('./settings.ts')
    const { connect } = await import('./connect.ts')
    const at = cursor.before.findIndex((word) => word === '-b' || word === '--bootstrap-server')
    const settings = await resolveSettings(
      { bootstrapServer: at < 0 ? undefined : cursor.before[at + 1] },
      cursor.cli.io.env,
    )
    const kafka = connect(settings)
    const call = { signal: cursor.cli.signal, timeoutMs: LOOKUP_TIMEOUT_MS }
    try {
      const admin = kafka.admin()
      return what === 'topics'
        ? (await admin.listTopics(call)).map((topic) => [topic.name, `${topic.partitions} partitions`] as const)
        : (await admin.listGroups(call)).map((group) => [group.groupId, group.state] as const)
    } finally {
      await kafka.close(call)
    }
  } catch {
    return []
  }
}

async function lookUpSubjects({ cli, before }: Cursor): Promise<Candidate[]> {
  try {
    const { registryApi } = await import('./registry-api.ts')
    const at = before.findIndex((word) => word === '-r' || word === '--registry')
    const signal = AbortSignal.any([cli.signal, AbortSignal.timeout(LOOKUP_TIMEOUT_MS)])
    const api = registryApi({ url: at < 0 ? undefined : before[at + 1], env: cli.io.env, signal })
    return (await api.send<string[]>('GET', '/subjects')).map((subject) => [subject, 'subject'] as const)
  } catch {
    return []
  }
}

/** The whole tree of commands as JSON, for documentation and tools. */
export function helpJson(program: CommandUnknownOpts): string {
  interface Tree {
    name: string
    description: string
    arguments: { name: string; required: boolean; variadic: boolean; description: string }[]
    options: { flags: string; description: string; default?: unknown }[]
    commands: Tree[]
  }
  const tree = (command: CommandUnknownOpts): Tree => ({
    name: command.name(),
    description: command.description(),
    arguments: command.registeredArguments.map((argument) => ({
      name: argument.name(),
      required: argument.required,
      variadic: argument.variadic,
      description: argument.description,
    })),
    options: command.options
      .filter((option) => !option.hidden)
      .map((option) => ({
        flags: option.flags,
        description: option.description,
        ...(option.defaultValue === undefined ? {} : { default: option.defaultValue }),
      })),
    commands: command.commands.map((child) => tree(child)),
  })
  return `${JSON.stringify(tree(program), null, 2)}\n`
}
