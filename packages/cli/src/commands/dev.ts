/** `braidlog dev`: the platform for development: formats an empty directory, finds a free port, says what to try next. */
import { createServer, type AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { collect, local, parseCount, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { usageOfCluster } from '../schema/usage-source.ts'
import { loadSchemaFormats } from '../schema-formats.ts'
import { isFree } from '../free-port.ts'
import { parseConfigs } from '../values.ts'

const DEFAULT_PORT = 9092
const REGISTRY_PORT = 8081
const METRICS_PORT = 9404
const REGISTRY_REPLICAS_MAX = 3
/** Ports tried after a taken one. */
const PORT_ATTEMPTS_MAX = 20

export function define(cli: Cli) {
  return local('dev', 'start the platform for development: data in ./.braidlog, loopback only')
    .option('-d, --data <directory>', 'data directory (default: $BRAIDLOG_DATA or ./.braidlog)')
    .option('--brokers <count>', 'so many nodes, each a process with its own port and directory', parseCount)
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
        if (flags.brokers !== undefined) return await runSeveral(flags.brokers, directory, flags, context)
        const { port, wanted } = await choosePort(flags.port, DEFAULT_PORT)
        const registryPort = flags.registry ? await choosePort(flags.registryPort, REGISTRY_PORT) : undefined
        // Who takes any port wants to stand in nobody's way.
        const metricsPort = await choosePort(flags.port === 0 ? 0 : undefined, METRICS_PORT)
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
            'braidlog.metrics.listener': `127.0.0.1:${metricsPort.port}`,
            ...guardedBy(registryPort),
            ...parseConfigs(flags.config),
          },
          environment: cli.io.env,
          logger: programLogger(flags.logLevel),
          schemaFormats: loadSchemaFormats,
        })
        for (const warning of server.warnings) context.terminal.warn(warning)
        if (port !== wanted) context.terminal.note(`Port ${wanted} is taken; using ${port}.`)
        const registry =
          registryPort === undefined
            ? undefined
            : await startRegistryBeside(
                { bootstrapServers: server.bootstrapServers, brokerCount: 1 },
                registryPort,
                flags,
                context,
              )
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
            ...(server.metricsUrl === undefined ? [] : [`  Metrics         ${server.metricsUrl}`]),
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

interface SeveralFlags {
  readonly port?: number | undefined
  readonly registry: boolean
  readonly registryPort?: number | undefined
  readonly config?: string[] | undefined
  readonly logLevel: string
}

async function runSeveral(
  brokerCount: number,
  directory: string,
  flags: SeveralFlags,
  context: Context,
): Promise<void> {
  const { runLocalCluster } = await import('../run-local-cluster.ts')
  const registryPort = flags.registry ? await choosePort(flags.registryPort, REGISTRY_PORT) : undefined
  await runLocalCluster(context, {
    directory,
    brokerCount,
    port: flags.port ?? DEFAULT_PORT,
    metricsPort: METRICS_PORT,
    config: { 'group.initial.rebalance.delay.ms': 0, ...guardedBy(registryPort), ...parseConfigs(flags.config) },
    logLevel: flags.logLevel,
    async onUp({ nodes, bootstrapServers, clusterId }, elapsedMs) {
      const registry =
        registryPort === undefined
          ? undefined
          : await startRegistryBeside({ bootstrapServers, brokerCount }, registryPort, flags, context)
      const [first] = nodes
      const flag = first!.port === DEFAULT_PORT ? '' : ` -b 127.0.0.1:${first!.port}`
      const self = context.io.env['npm_lifecycle_event'] === undefined ? 'braidlog' : 'npx braidlog'
      await context.terminal.write(
        [
          `${brokerCount} Braidlog nodes are up in ${elapsedMs} ms.`,
          '',
          ...nodes.map(({ nodeId, port, controllerPort, directory: data }) => {
            const role = controllerPort === undefined ? 'broker' : 'broker, controller'
            return `  node ${nodeId}  127.0.0.1:${port}  ${role.padEnd(18)}  ${data}`
          }),
          '',
          `  Kafka protocol  ${bootstrapServers}`,
          ...(registry === undefined ? [] : [`  Schemas         ${registry.url}`]),
          `  Metrics         ${nodes.map((node) => `http://127.0.0.1:${node.metricsPort}/metrics`).join(' ')}`,
          `  Cluster         ${clusterId}`,
          '',
          'Try next, in another terminal:',
          `  ${self} topic create orders -p ${2 * brokerCount}${flag}`,
          `  ${self} topic describe orders${flag}`,
          `  ${self} cluster info${flag}`,
          '',
          'Ctrl-C stops all of them; the data stays.',
          '',
        ].join('\n'),
      )
      return async () => {
        await registry?.close({ timeoutMs: 1_000 })
      }
    },
  })
}

/** Topics that ask for the schemas of their records are checked against the registry beside the node. */
function guardedBy(registryPort: ChosenPort | undefined): Record<string, string> {
  return registryPort === undefined ? {} : { 'confluent.schema.registry.url': `http://127.0.0.1:${registryPort.port}` }
}

/** The schema registry as a client of the node, on a port of its own. */
async function startRegistryBeside(
  { bootstrapServers, brokerCount }: { readonly bootstrapServers: string; readonly brokerCount: number },
  { port, wanted }: ChosenPort,
  flags: { readonly logLevel: string },
  context: Context,
) {
  const [{ startRegistry }, { programLogger }] = await Promise.all([
    import('@braidlog/schema-registry'),
    import('../program-logger.ts'),
  ])
  if (port !== wanted) context.terminal.note(`Port ${wanted} is taken; the schema registry uses ${port}.`)
  const usage = usageOfCluster({ kafka: { bootstrapServers } })
  const registry = await startRegistry({
    kafka: { bootstrapServers },
    port,
    usage,
    // One node has one copy of everything, by intention; several have as many as is usual.
    replicationFactor: Math.min(brokerCount, REGISTRY_REPLICAS_MAX),
    logger: programLogger(flags.logLevel),
  })
  return {
    url: registry.url,
    close: async (options: { readonly timeoutMs: number }) => {
      await registry.close(options)
      await usage.close()
    },
  }
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
  const isOurs = ['', 'node-1'].some((node) => existsSync(join(directory, node, 'meta.properties')))
  if (!isOurs) {
    throw new CliError(`${directory} is no data directory (it has no meta.properties); it was not deleted`)
  }
  await context.terminal.confirm(`Delete ${directory} with all data?`, yes)
  rmSync(directory, { recursive: true })
}

interface ChosenPort {
  readonly port: number
  /** What was looked at first. */
  readonly wanted: number
}

/** A port that was asked for must be free; the default may move to the next free one. */
async function choosePort(asked: number | undefined, wanted: number): Promise<ChosenPort> {
  if (asked === 0 && wanted === REGISTRY_PORT) {
    // The node is told where its registry will be before that one listens.
    const port = await unusedPort()
    return { port, wanted: port }
  }
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

/** A port that the operating system chooses, free again. */
function unusedPort(): Promise<number> {
  return new Promise((done, fail) => {
    const probe = createServer()
    probe.once('error', fail)
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo
      probe.close(() => done(port))
    })
  })
}
