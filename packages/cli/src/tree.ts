/**
 * The tree of commands: `braidlog <noun> <verb>`.
 *
 * Only the module of the noun that was asked for is loaded; the others are known by name and description. Global flags
 * may stand before the noun: they are moved behind the verb before commander sees them.
 */
import { Command, type CommandUnknownOpts } from '@commander-js/extra-typings'
import type { Cli } from './command.ts'

interface Noun {
  readonly name: string
  readonly alias?: string
  readonly description: string
  /** Loads the module that defines the command. */
  readonly load: () => Promise<{ define(cli: Cli): CommandUnknownOpts }>
}

/** In the order of the help page. */
export const NOUNS: readonly Noun[] = [
  {
    name: 'dev',
    description: 'start the platform for development, here and now',
    load: () => import('./commands/dev.ts'),
  },
  {
    name: 'start',
    description: 'start a node from a server.properties file',
    load: () => import('./commands/start.ts'),
  },
  {
    name: 'storage',
    description: 'format, inspect and dump data directories',
    load: () => import('./commands/storage.ts'),
  },
  {
    name: 'topic',
    description: 'list, describe, create, change and delete topics',
    load: () => import('./commands/topic.ts'),
  },
  { name: 'produce', description: 'send records from stdin or files', load: () => import('./commands/produce.ts') },
  { name: 'consume', description: 'print records of topics', load: () => import('./commands/consume.ts') },
  {
    name: 'group',
    description: 'list, describe, reset and delete consumer groups',
    load: () => import('./commands/group.ts'),
  },
  {
    name: 'cluster',
    description: 'brokers, controller, log directories and health',
    load: () => import('./commands/cluster.ts'),
  },
  { name: 'broker', description: 'list brokers, forget one', load: () => import('./commands/broker.ts') },
  {
    name: 'quorum',
    description: 'the controllers: leader, voters, how far each has come',
    load: () => import('./commands/quorum.ts'),
  },
  { name: 'config', description: 'read and change configurations', load: () => import('./commands/config.ts') },
  {
    name: 'schema',
    description: 'register, read, check and delete schemas',
    load: () => import('./commands/schema.ts'),
  },
  { name: 'perf', description: 'measure producing and consuming', load: () => import('./commands/perf.ts') },
  { name: 'doctor', description: 'find out why something does not work', load: () => import('./commands/doctor.ts') },
  { name: 'explain', description: 'what an error code or name means', load: () => import('./commands/explain.ts') },
  {
    name: 'completion',
    description: 'shell completion for bash, zsh and fish',
    load: () => import('./commands/completion.ts'),
  },
]

export const VERSION = '0.1.0'

/** Loads every noun: for completion and `--help-json`. */
export async function fullProgram(cli: Cli): Promise<Command> {
  return buildProgram(cli, NOUNS)
}

/** The program with the modules of `loaded` in it; the rest of it only has names. */
export async function buildProgram(
  cli: Cli,
  loaded: readonly Noun[],
  writeErr: (text: string) => void = (text) => cli.io.stderr.write(text),
): Promise<Command> {
  const program = new Command('braidlog')
    .description('The event-streaming stack for TypeScript teams, speaking the Apache Kafka protocol.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
    // Options belong to the command they stand behind: `start` and `start registry` have some of the same name.
    .enablePositionalOptions()
    .showHelpAfterError('Run it with --help for what it takes.')
    .addHelpText('after', '\nFlags such as -b host:port may stand before or after the command.\nTry: braidlog dev')
  for (const noun of NOUNS) {
    if (loaded.includes(noun)) {
      const command = (await noun.load()).define(cli)
      program.addCommand(noun.alias === undefined ? command : command.alias(noun.alias))
    } else {
      program.command(noun.name).description(noun.description)
    }
  }
  applyEverywhere(program, (command) => {
    command
      .exitOverride()
      .helpCommand(false)
      .configureOutput({
        writeOut: (text) => cli.io.stdout.write(text),
        writeErr,
        getOutHelpWidth: () => 100,
        getErrHelpWidth: () => 100,
        getOutHasColors: () => false,
        getErrHasColors: () => false,
      })
  })
  return program
}

function applyEverywhere(command: CommandUnknownOpts, apply: (command: CommandUnknownOpts) => void): void {
  apply(command)
  for (const child of command.commands) applyEverywhere(child, apply)
}

const VALUE_FLAGS = new Set([
  '-b',
  '--bootstrap-server',
  '-X',
  '--property',
  '--command-config',
  '--profile',
  '--timeout',
  '-o',
  '--output',
])

/** Moves flags that stand before the noun behind everything else. @returns the noun and the arguments for commander. */
export function hoistFlags(args: readonly string[]): { noun: string | undefined; args: string[] } {
  let at = 0
  while (at < args.length && args[at]!.startsWith('-') && args[at] !== '--') {
    if (/^(?:-h|--help|--version|--help-json)$/.test(args[at]!)) return { noun: undefined, args: [...args] }
    at += VALUE_FLAGS.has(args[at]!) ? 2 : 1
  }
  const leading = args.slice(0, at)
  const rest = args.slice(at)
  const end = rest.indexOf('--')
  const behind = end < 0 ? [...rest, ...leading] : [...rest.slice(0, end), ...leading, ...rest.slice(end)]
  return { noun: rest[0], args: behind }
}
