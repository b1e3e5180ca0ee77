/**
 * `braidlog <noun> <verb> [args] [flags]`: which commands there are, and one run from arguments to exit code.
 *
 * Only the module of the noun that was asked for is loaded; the others are known by name and description. Global flags
 * may stand before the noun: they are moved behind the verb before commander sees them.
 */
import { Command, CommanderError, type CommandUnknownOpts } from '@commander-js/extra-typings'
import { createCli, type Cli } from './command.ts'
import { CliError, ExitCode, reportOf, type ErrorReport } from './exit.ts'
import { renderError } from './output.ts'
import { Terminal, type Io } from './terminal.ts'

interface Noun {
  readonly name: string
  readonly alias?: string
  readonly description: string
  /** Loads the module that defines the command. */
  readonly load: () => Promise<{ define(cli: Cli): CommandUnknownOpts }>
}

const NOUNS: readonly Noun[] = [
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
  { name: 'config', description: 'read and change configurations', load: () => import('./commands/config.ts') },
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

async function buildProgram(
  cli: Cli,
  loaded: readonly Noun[],
  writeErr: (text: string) => void = (text) => cli.io.stderr.write(text),
): Promise<Command> {
  const program = new Command('braidlog')
    .description('The event-streaming stack for TypeScript teams, speaking the Apache Kafka protocol.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .helpCommand(false)
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

/** Runs the program once. Never throws. @returns the exit code */
export async function run(argv: readonly string[], io: Io, signal: AbortSignal): Promise<ExitCode> {
  let running = { command: 'braidlog', json: argv.some((arg, at) => isJsonFlag(arg, argv[at + 1])) }
  const cli = createCli(io, signal, (command, flags) => {
    running = { command, json: flags.output === 'json' || flags.output === 'jsonl' }
  })
  try {
    const { noun, args } = hoistFlags(argv)
    if (noun === '__complete') {
      const { complete } = await import('./complete.ts')
      await complete(cli, args.slice(1))
      return ExitCode.Done
    }
    if (argv.includes('--help-json')) {
      const { helpJson } = await import('./complete.ts')
      io.stdout.write(helpJson(await fullProgram(cli)))
      return ExitCode.Done
    }
    const program = await buildProgram(
      cli,
      NOUNS.filter(({ name, alias }) => name === noun || (alias !== undefined && alias === noun)),
      // What is wrong with the arguments is part of the envelope, for programs that read envelopes.
      running.json ? () => {} : undefined,
    )
    if (noun === undefined && args.length === 0) {
      program.outputHelp()
      return ExitCode.Done
    }
    await program.parseAsync(args, { from: 'user' })
    return ExitCode.Done
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return ExitCode.Done
      if (!running.json) return ExitCode.Usage
      const message = error.message.replace(/^error: /, '')
      return printError(io, running, { exitCode: ExitCode.Usage, code: 'USAGE', message })
    }
    if (isBrokenPipe(error)) return ExitCode.Done
    if (error instanceof CliError && error.reported && running.json) return error.exitCode
    return printError(io, running, reportOf(error, signal.aborted))
  }
}

function isJsonFlag(arg: string, next: string | undefined): boolean {
  return /^(?:-o|--output)$/.test(arg) ? next === 'json' || next === 'jsonl' : /^(?:-o|--output=)jsonl?$/.test(arg)
}

const isBrokenPipe = (error: unknown): boolean => (error as { code?: unknown } | null)?.code === 'EPIPE'

function printError(io: Io, running: { command: string; json: boolean }, report: ErrorReport): ExitCode {
  if (running.json) {
    io.stdout.write(renderError(running.command, report))
    return report.exitCode
  }
  if (report.exitCode === ExitCode.Interrupted) return report.exitCode
  const terminal = new Terminal(io, false)
  terminal.error(report.message)
  for (const { item, message } of report.details ?? []) io.stderr.write(`  ${item}: ${message}\n`)
  if (report.hint !== undefined) io.stderr.write(`hint: ${report.hint}\n`)
  return report.exitCode
}
