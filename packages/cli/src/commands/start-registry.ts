/** `braidlog start registry`: a schema registry of its own, on any cluster that speaks the Apache Kafka protocol. */
import { readFile } from 'node:fs/promises'
import { collect, parseCount, parseDurationMs, remote, type Cli } from '../command.ts'
import { CliError } from '../exit.ts'
import { usageOfCluster } from '../schema/usage-source.ts'

export function defineRegistry(cli: Cli) {
  return remote('registry', 'start a schema registry that keeps its schemas in a topic of a cluster')
    .option(
      '--options <file>',
      'JSON file with any options of startRegistry(): TLS, tokens, access control; flags win over it',
    )
    .option(
      '--host <host>',
      'address to listen on, 127.0.0.1 unless given; beyond loopback somebody has to be asked who they are',
    )
    .option('-p, --port <port>', 'port to listen on, 8081 unless given', parseCount)
    .option('--advertised <host:port>', 'where other instances reach this one')
    .option('--topic <topic>', 'topic of the schemas, _schemas unless given')
    .option('--group <group>', 'instances of one group elect one that writes; schema-registry unless given')
    .option('--user <name:password>', 'basic authentication; may be repeated', collect)
    .option(
      '--usage-index <directory>',
      'refuse to delete for good what retained records name; the index of them is kept here',
    )
    .option('--store-timeout <duration>', 'bound of reading the topic and of a write', parseDurationMs)
    .option('--log-level <level>', 'debug, info, warn or error', 'info')
    .action((flags) =>
      cli.execute('start registry', flags, async (context) => {
        const [{ parseOptionsFile, startRegistry }, { programLogger }, { fromProperties }] = await Promise.all([
          import('@braidlog/schema-registry'),
          import('../program-logger.ts'),
          import('@braidlog/client'),
        ])
        const file = flags.options === undefined ? {} : parseOptionsFile(await readFile(flags.options, 'utf8'))
        const { bootstrapServers, properties } = context.settings
        const { client } = fromProperties(Object.fromEntries([...properties].map(([key, { value }]) => [key, value])))
        const kafka = { ...client, bootstrapServers: bootstrapServers.value }
        const usage =
          flags.usageIndex === undefined
            ? undefined
            : usageOfCluster({
                kafka,
                directory: flags.usageIndex,
                schemasTopic: flags.topic ?? file.topic,
              })
        const registry = await startRegistry({
          ...file,
          kafka,
          ...given({ usage }),
          ...given({
            host: flags.host,
            port: flags.port,
            topic: flags.topic,
            groupId: flags.group,
            storeTimeoutMs: flags.storeTimeout,
          }),
          logger: programLogger(flags.logLevel),
          ...(flags.advertised === undefined ? {} : { advertised: parseHostPort(flags.advertised) }),
          ...(flags.user === undefined
            ? {}
            : {
                auth: {
                  ...file.auth,
                  users: { ...file.auth?.users, ...Object.fromEntries(flags.user.map(parseUser)) },
                },
              }),
        })
        await context.terminal.write(
          `The schema registry listens on ${registry.url}; its schemas are in ${flags.topic ?? file.topic ?? '_schemas'} of ${bootstrapServers.value}\n`,
        )
        await aborted(context.signal)
        await registry.close()
        await usage?.close()
      }),
    )
}

/** Without what was not given: it must not hide what the file says. */
function given<T extends object>(flags: T): Partial<T> {
  return Object.fromEntries(Object.entries(flags).filter(([, value]) => value !== undefined)) as Partial<T>
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
