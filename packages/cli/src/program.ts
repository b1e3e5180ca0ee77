/** One run of `braidlog`, from arguments to exit code. */
import { CommanderError } from 'commander'
import { createCli } from './command.ts'
import { CliError, ExitCode, reportOf, type ErrorReport } from './exit.ts'
import { renderError } from './output.ts'
import { Terminal, type Io } from './terminal.ts'
import { buildProgram, fullProgram, hoistFlags, NOUNS } from './tree.ts'

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
