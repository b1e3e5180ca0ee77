/**
 * The frame around every command: the flags all of them take, the context an action gets, and what happens with its
 * result or error.
 */
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings'
import type { Kafka } from '@braidlog/client'
import { render, type Result } from './output.ts'
import { resolveSettings, type GlobalFlags, type Settings } from './settings.ts'
import { Terminal, type Io } from './terminal.ts'

/** What an action works with. */
export interface Context {
  readonly io: Io
  readonly terminal: Terminal
  readonly settings: Settings
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal
  /** Options of a call: the signal, and `--timeout` when given. */
  readonly call: { readonly signal: AbortSignal; readonly timeoutMs?: number }
  /** The client, connected on first use and closed when the action ends. */
  kafka(): Promise<Kafka>
}

export type Action = (context: Context) => Promise<Result | void>

/** One run of the program. */
export interface Cli {
  readonly io: Io
  readonly signal: AbortSignal
  /** Runs an action of the named command and prints its result. */
  execute(command: string, flags: GlobalFlags, action: Action): Promise<void>
}

export function createCli(io: Io, signal: AbortSignal, onCommand: (command: string, flags: GlobalFlags) => void): Cli {
  return {
    io,
    signal,
    async execute(command, flags, action) {
      onCommand(command, flags)
      const settings = await resolveSettings(flags, io.env)
      const terminal = new Terminal(io, flags.quiet === true)
      let kafka: Kafka | undefined
      const context: Context = {
        io,
        terminal,
        settings,
        signal,
        call: settings.timeoutMs === undefined ? { signal } : { signal, timeoutMs: settings.timeoutMs },
        async kafka() {
          if (kafka === undefined) {
            const [{ connect }, { assertReachable }] = await Promise.all([
              import('./connect.ts'),
              import('./reachable.ts'),
            ])
            kafka = connect(settings)
            await assertReachable(settings.bootstrapServers.value, settings.timeoutMs, signal)
          }
          return kafka
        },
      }
      try {
        const result = await action(context)
        if (result) await terminal.write(await render(command, result, settings.format, terminal.color))
      } finally {
        await kafka?.close()
      }
    },
  }
}

export const collect = (value: string, previous: string[] | undefined): string[] => [...(previous ?? []), value]

export function parseInteger(text: string): number {
  const value = Number(text.replaceAll('_', ''))
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('It must be an integer.')
  return value
}

export function parseCount(text: string): number {
  const value = parseInteger(text)
  if (value < 0) throw new InvalidArgumentError('It must not be negative.')
  return value
}

/** `500`, `500ms`, `2s`, `5m`, `1h`, `7d` → milliseconds. */
export function parseDurationMs(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)?$/.exec(text)
  if (!match) throw new InvalidArgumentError('Write a duration such as 500ms, 30s, 5m, 2h or 7d.')
  const unit = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }[match[2] ?? 'ms']!
  return Number(match[1]) * unit
}

/** A command that talks to a broker and takes every global flag. */
export function remote(name: string, description: string) {
  return connection(new Command(name).description(description)).addOption(outputOption())
}

/** Like `remote`, but `-o` stays free: `produce` and `consume` use it for offsets, as kcat does. */
export function connection(command: Command) {
  return command
    .option('-b, --bootstrap-server <servers>', 'brokers to connect to, host:port[,host:port]')
    .option('-X, --property <key=value>', 'any property of a Java or librdkafka client; may be repeated', collect)
    .option('--command-config <file>', 'client properties file')
    .option('--profile <name>', 'profile of ~/.config/braidlog/config.yaml')
    .option('--timeout <duration>', 'bound of every call, such as 10s', parseDurationMs)
    .option('-q, --quiet', 'no remarks and no progress on stderr')
}

/** A command without a broker. */
export function local(name: string, description: string) {
  return new Command(name)
    .description(description)
    .addOption(outputOption())
    .option('-q, --quiet', 'no remarks and no progress on stderr')
}

function outputOption() {
  return new Option('-o, --output <format>', 'table, wide, json, jsonl, yaml, tsv or name').default('table')
}
