/** `braidlog start registry`: a schema registry of its own, on any cluster that speaks the Apache Kafka protocol. */
import { collect, parseCount, parseDurationMs, remote, type Cli } from '../command.ts'
import { CliError } from '../exit.ts'

export function defineRegistry(cli: Cli) {
  return remote('registry', 'start a schema registry that keeps its schemas in a topic of a cluster')
    .option('--host <host>', 'address to listen on; beyond loopback it needs --user', '127.0.0.1')
    .option('-p, --port <port>', 'port to listen on', parseCount, 8081)
    .option('--advertised <host:port>', 'where other instances reach this one')
    .option('--topic <topic>', 'topic of the schemas', '_schemas')
    .option('--group <group>', 'instances of one group elect one that writes', 'schema-registry')
    .option('--user <name:password>', 'basic authentication; may be repeated', collect)
    .option('--store-timeout <duration>', 'bound of reading the topic and of a write', parseDurationMs, 60_000)
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .action((flags) =>
      cli.execute('start registry', flags, async (context) => {
        const [{ startRegistry }, { programLogger }, { fromProperties }] = await Promise.all([
          import('@braidlog/schema-registry'),
          import('../program-logger.ts'),
          import('@braidlog/client'),
        ])
        const { bootstrapServers, properties } = context.settings
        const { client } = fromProperties(Object.fromEntries([...properties].map(([key, { value }]) => [key, value])))
        const registry = await startRegistry({
          kafka: { ...client, bootstrapServers: bootstrapServers.value },
          host: flags.host,
          port: flags.port,
          topic: flags.topic,
          groupId: flags.group,
          storeTimeoutMs: flags.storeTimeout,
          logger: programLogger(flags.logLevel),
          ...(flags.advertised === undefined ? {} : { advertised: parseHostPort(flags.advertised) }),
          ...(flags.user === undefined ? {} : { auth: { users: Object.fromEntries(flags.user.map(parseUser)) } }),
        })
        await context.terminal.write(
          `The schema registry listens on ${registry.url}; its schemas are in ${flags.topic} of ${bootstrapServers.value}\n`,
        )
        await aborted(context.signal)
        await registry.close()
      }),
    )
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}

function parseHostPort(text: string): { host: string; port: number } {
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(text) ?? []
  if (host === undefined) throw new CliError(`--advertised takes host:port, got '${text}'`)
  return { host, port: Number(port) }
}

function parseUser(text: string): [string, string] {
  const at = text.indexOf(':')
  if (at <= 0) throw new CliError('--user takes name:password')
  return [text.slice(0, at), text.slice(at + 1)]
}
