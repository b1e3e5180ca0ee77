/** `braidlog start`: a node as configured by a `server.properties` file, `KAFKA_*` variables and flags. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { collect, local, parseCount, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { parseConfigs } from '../values.ts'
import { loadSchemaFormats } from '../schema-formats.ts'
import { SUPERVISED } from '../supervised.ts'
import { until } from './dev.ts'
import { defineRegistry } from './start-registry.ts'

export function define(cli: Cli) {
  return (
    local('start', 'start a node from a server.properties file')
      .addCommand(defineRegistry(cli))
      // What both have, such as --log-level, belongs to the one it stands behind.
      .enablePositionalOptions()
      .argument('[properties]', 'server.properties, as Apache Kafka has it')
      .option('-d, --data <directory>', 'data directory; overrides log.dirs')
      .option('-c, --config <key=value>', 'any key of server.properties; overrides the file; may be repeated', collect)
      .option('--brokers <count>', 'so many nodes on this machine, each a process, under this one command', parseCount)
      .option('-p, --port <port>', 'with --brokers: port of the first node; the others follow', parseCount, 9092)
      .option('--no-format', 'fail on an empty data directory instead of formatting it')
      .option('--cluster-id <id>', 'cluster id when formatting; a random one unless given')
      .option('--log-level <level>', 'debug, info, warn or error', 'info')
      .action((file, flags) =>
        cli.execute('start', flags, async (context) => {
          const properties = file === undefined ? undefined : readText(resolve(cli.io.cwd, file))
          const data = flags.data ?? cli.io.env['BRAIDLOG_DATA'] ?? (file === undefined ? '.braidlog' : undefined)
          if (flags.brokers !== undefined) {
            const { runLocalCluster } = await import('../run-local-cluster.ts')
            await runLocalCluster(context, {
              directory: resolve(cli.io.cwd, data ?? '.braidlog'),
              brokerCount: flags.brokers,
              port: flags.port,
              config: parseConfigs(flags.config),
              clusterId: flags.clusterId,
              logLevel: flags.logLevel,
              ...(properties === undefined ? {} : { properties }),
            })
            return
          }
          const [{ startServer }, { programLogger }] = await Promise.all([
            import('@braidlog/server'),
            import('../program-logger.ts'),
          ])
          const logger = programLogger(flags.logLevel)
          const server = await startServer({
            ...(properties === undefined ? {} : { properties }),
            environment: cli.io.env,
            config: {
              ...(data === undefined ? {} : { 'log.dirs': resolve(cli.io.cwd, data) }),
              ...parseConfigs(flags.config),
            },
            format: flags.format ? (flags.clusterId === undefined ? true : { clusterId: flags.clusterId }) : false,
            logger,
            schemaFormats: loadSchemaFormats,
          })
          for (const warning of server.warnings) context.terminal.warn(warning)
          await context.terminal.write(
            `Braidlog node ${server.nodeId} of cluster ${server.clusterId} listens on ${[
              ...server.listeners,
              ...server.controllerListeners,
            ]
              .map((listener) => `${listener.name}://${listener.host}:${listener.port}`)
              .join(
                ', ',
              )}; ${server.metricsUrl === undefined ? '' : `metrics at ${server.metricsUrl}; `}data in ${server.directory}\n`,
          )
          await until(server.stopped, supervised(context))
          await server.close()
        }),
      )
  )
}

/** Tells the process that watches over this one that it serves. @returns the signal to stop, also when that one is gone */
function supervised({ io, signal }: Context): AbortSignal {
  if (io.env[SUPERVISED] === undefined || process.send === undefined) return signal
  const gone = new AbortController()
  process.once('disconnect', () => gone.abort(new Error('the process that started this node is gone')))
  // Watching must not keep a node alive that has stopped.
  process.channel?.unref()
  process.send('ready')
  return AbortSignal.any([signal, gone.signal])
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`)
  }
}
