/** `braidlog dev`: the platform for development: formats an empty directory, finds a free port, says what to try next. */
import { createServer } from 'node:net'
import { join, resolve } from 'node:path'
import { collect, local, parseCount, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { parseConfigs } from '../values.ts'

const DEFAULT_PORT = 9092
const REGISTRY_PORT = 8081
/** Ports tried after a taken one. */
const PORT_ATTEMPTS_MAX = 20

export function define(cli: Cli) {
  return local('dev', 'start the platform for development: data in ./.braidlog, loopback only')
    .option('-d, --data <directory>', 'data directory (default: $BRAIDLOG_DATA or ./.braidlog)')
    .option('-p, --port <port>', `port for clients (default: ${DEFAULT_PORT}, or the next free one)`, parseCount)
    .option(
      '--registry-port <port>',
      `port of the schema registry (default: ${REGISTRY_PORT}, or the next free one)`,
      parseCount,
    )
    .option('--no-registry', 'no schema registry')
    .option('-c, --config <key=value>', 'any key of server.properties; may be repeated', collect)
    .option('--reset', 'delete the data directory first')
    .option('-y, --yes', 'do not ask before --reset')
    .option('--log-level <level>', 'debug, info, warn or error', 'warn')
    .action((flags) =>
      cli.execute('dev', flags, async (context) => {
        const directory = resolve(cli.io.cwd, flags.data ?? cli.io.env['BRAIDLOG_DATA'] ?? '.braidlog')
        if (flags.reset === true) await resetDirectory(directory, context, flags.yes === true)
        const { port, wanted } = await choosePort(flags.port, DEFAULT_PORT)
        const started = performance.now()
        const [{ startServer }, { programLogger }] = await Promise.all([
          import('@braidlog/server'),
          import('../program-logger.ts'),
        ])
        const server = await startServer({
          format: true,
          config: {
            'node.id': 1,
            'process.roles': 'broker,controller',
            'log.dirs': directory,
            listeners: `PLAINTEXT://127.0.0.1:${port}`,
            // A group in development has its first member at once; waiting for more only makes every start slow.
            'group.initial.rebalance.delay.ms': 0,
            'offsets.topic.replication.factor': 1,
            ...parseConfigs(flags.config),
          },
          environment: cli.io.env,
          logger: programLogger(flags.logLevel),
        })
        for (const warning of server.warnings) context.terminal.warn(warning)
        if (port !== wanted) context.terminal.note(`Port ${wanted} is taken; using ${port}.`)
        const registry = flags.registry ? await startRegistryBeside(server, flags, context) : undefined
        const elapsedMs = Math.round(performance.now() - started)
        const at = server.bootstrapServers
        const flag = at === `127.0.0.1:${DEFAULT_PORT}` ? '' : ` -b ${at}`
        const self = cli.io.env['npm_lifecycle_event'] === undefined ? 'braidlog' : 'npx braidlog'
        await context.terminal.write(
          [
            `Braidlog is up in ${elapsedMs} ms.`,
            '',
            `  Kafka protocol  ${at}`,
            ...(registry === undefined ? [] : [`  Schemas         ${registry.url}`]),
            `  Data            ${directory}`,
            `  Cluster         ${server.clusterId}`,
            '',
            'Try next, in another terminal:',
            `  ${self} topic create orders -p 3${flag}`,
            `  echo 'o-1:{"total":42}' | ${self} produce -t orders -K :${flag}`,
            `  ${self} consume -t orders -o beginning -e -f '%k %s\\n'${flag}`,
            '',
            'Ctrl-C stops it; the data stays.',
            '',
          ].join('\n'),
        )
        await until(server.stopped, context.signal)
        await registry?.close({ timeoutMs: 1_000 })
        await server.close()
        context.terminal.note('Stopped.')
      }),
    )
}

/** The schema registry as a client of the node, on a port of its own. */
async function startRegistryBeside(
  { bootstrapServers }: { readonly bootstrapServers: string },
  flags: { readonly registryPort?: number | undefined; readonly logLevel: string },
  context: Context,
) {
  const [{ startRegistry }, { programLogger }, { port, wanted }] = await Promise.all([
    import('@braidlog/schema-registry'),
    import('../program-logger.ts'),
    choosePort(flags.registryPort, REGISTRY_PORT),
  ])
  if (port !== wanted) context.terminal.note(`Port ${wanted} is taken; the schema registry uses ${port}.`)
  return await startRegistry({
    kafka: { bootstrapServers },
    port,
    // One node has one copy of everything, by intention.
    replicationFactor: 1,
    logger: programLogger(flags.logLevel),
  })
}

/** Waits for the signal, or for the server to fail by itself. */
export async function until(stopped: Promise<Error | undefined>, signal: AbortSignal): Promise<void> {
  const aborted = new Promise<undefined>((done) => {
    if (signal.aborted) done(undefined)
    else signal.addEventListener('abort', () => done(undefined), { once: true })
  })
  const failure = await Promise.race([stopped, aborted])
  if (failure) throw failure
}

async function resetDirectory(directory: string, context: Context, yes: boolean): Promise<void> {
  const { existsSync, rmSync } = await import('node:fs')
  if (!existsSync(directory)) return
  // Only what looks like ours is deleted: a mistyped --data must not cost a home directory.
  if (!existsSync(join(directory, 'meta.properties'))) {
    throw new CliError(`${directory} is no data directory (it has no meta.properties); it was not deleted`)
  }
  await context.terminal.confirm(`Delete ${directory} with all data?`, yes)
  rmSync(directory, { recursive: true })
}

/** A port that was asked for must be free; the default may move to the next free one. */
async function choosePort(asked: number | undefined, wanted: number): Promise<{ port: number; wanted: number }> {
  if (asked !== undefined) return { port: asked, wanted: asked }
  for (let port = wanted; port < wanted + PORT_ATTEMPTS_MAX; port++) {
    if (await isFree(port)) return { port, wanted }
  }
  throw new CliError(`ports ${wanted} to ${wanted + PORT_ATTEMPTS_MAX - 1} are all taken`, {
    exitCode: 1,
    code: 'PORT_TAKEN',
    hint: 'choose one with --port',
  })
}

function isFree(port: number): Promise<boolean> {
  return new Promise((done) => {
    const probe = createServer()
    probe.once('error', () => done(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => done(true)))
  })
}
