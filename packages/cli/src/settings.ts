/**
 * Where a command connects, and how: from flags, `-X` properties, the environment, a profile and a properties file, in
 * that order. Nothing is guessed silently: `braidlog config show` prints each value with its source.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CliError } from './exit.ts'
import { OUTPUT_FORMATS, type OutputFormat } from './output.ts'

/** Flags that every command takes; see `withGlobals` in `command.ts`. */
export interface GlobalFlags {
  readonly bootstrapServer?: string | undefined
  readonly property?: readonly string[] | undefined
  readonly commandConfig?: string | undefined
  readonly profile?: string | undefined
  readonly timeout?: number | undefined
  readonly quiet?: boolean | undefined
  readonly output?: string | undefined
}

export interface Setting {
  readonly value: string
  readonly source: string
}

export interface Settings {
  readonly bootstrapServers: Setting
  /** Java client properties, dotted names. */
  readonly properties: ReadonlyMap<string, Setting>
  readonly timeoutMs: number | undefined
  readonly format: OutputFormat
}

const DEFAULT_BOOTSTRAP_SERVERS = 'localhost:9092'
const BOOTSTRAP_KEY = 'bootstrap.servers'

export async function resolveSettings(
  flags: GlobalFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Settings> {
  const properties = new Map<string, Setting>()
  // Weakest first; what comes later overrides.
  if (flags.commandConfig !== undefined) {
    for (const [key, value] of readProperties(flags.commandConfig)) {
      properties.set(key, { value, source: flags.commandConfig })
    }
  }
  for (const [key, value] of await readProfile(flags.profile ?? env['BRAIDLOG_PROFILE'], env)) {
    properties.set(key, { value, source: 'profile' })
  }
  for (const name of ['BOOTSTRAP_SERVERS', 'KAFKA_BOOTSTRAP_SERVERS', 'BRAIDLOG_BOOTSTRAP_SERVERS']) {
    const value = env[name]
    if (value) properties.set(BOOTSTRAP_KEY, { value, source: `environment ${name}` })
  }
  for (const pair of flags.property ?? []) {
    const at = pair.indexOf('=')
    if (at <= 0) throw new CliError(`-X takes key=value, got '${pair}'`)
    properties.set(pair.slice(0, at).trim(), { value: pair.slice(at + 1).trim(), source: '-X' })
  }
  if (flags.bootstrapServer !== undefined) {
    properties.set(BOOTSTRAP_KEY, { value: flags.bootstrapServer, source: '-b' })
  }
  const bootstrapServers = properties.get(BOOTSTRAP_KEY) ?? { value: DEFAULT_BOOTSTRAP_SERVERS, source: 'default' }
  properties.delete(BOOTSTRAP_KEY)
  return { bootstrapServers, properties, timeoutMs: flags.timeout, format: parseFormat(flags.output) }
}

function parseFormat(text: string | undefined): OutputFormat {
  const format = OUTPUT_FORMATS.find((name) => name === (text ?? 'table'))
  if (!format) throw new CliError(`-o takes one of ${OUTPUT_FORMATS.join(', ')}; got '${text}'`)
  return format
}

/** A `.properties` file: `key=value`, `key: value`, `#` and `!` comments, backslash at the end of a line joins lines. */
export function readProperties(path: string): Map<string, string> {
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`)
  }
  const properties = new Map<string, string>()
  for (const line of text.replace(/\\\r?\n\s*/g, '').split(/\r?\n/)) {
    const match = /^\s*([^#!\s=:][^=:\s]*)\s*[=:]?\s*(.*)$/.exec(line)
    if (match) properties.set(match[1]!, match[2]!.trim())
  }
  return properties
}

/** `~/.config/braidlog/config.yaml`: `current: name`, `profiles: { name: { bootstrap.servers: … } }`. */
async function readProfile(
  name: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Map<string, string>> {
  const home = env['XDG_CONFIG_HOME'] ?? (env['HOME'] === undefined ? undefined : join(env['HOME'], '.config'))
  if (home === undefined) return new Map()
  const path = join(home, 'braidlog', 'config.yaml')
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch {
    if (name === undefined) return new Map()
    throw new CliError(`there is no profile '${name}': ${path} does not exist`)
  }
  const { parse } = await import('yaml')
  const file = parse(text, { maxAliasCount: 10 }) as {
    current?: string
    profiles?: Record<string, Record<string, unknown>>
  } | null
  const chosen = name ?? file?.current
  if (chosen === undefined) return new Map()
  const profile = file?.profiles?.[chosen]
  if (!profile) throw new CliError(`${path} has no profile '${chosen}'`)
  return new Map(Object.entries(profile).map(([key, value]) => [key, String(value)]))
}
