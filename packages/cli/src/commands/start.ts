/** `braidlog start`: a node as configured by a `server.properties` file, `KAFKA_*` variables and flags. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { collect, local, type Cli } from '../command.ts'
import { CliError } from '../exit.ts'
import { parseConfigs } from '../values.ts'
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
      .option('--no-format', 'fail on an empty data directory instead of formatting it')
      .option('--cluster-id <id>', 'cluster id when formatting; a random one unless given')
      .option('--log-level <level>', 'debug, info, warn or error', 'info')
      .action((file, flags) =>
        cli.execute('start', flags, async (context) => {
          const properties = file === undefined ? undefined : readText(resolve(cli.io.cwd, file))
          const data = flags.data ?? cli.io.env['BRAIDLOG_DATA'] ?? (file === undefined ? '.braidlog' : undefined)
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
          })
          for (const warning of server.warnings) context.terminal.warn(warning)
          await context.terminal.write(
            `Braidlog node ${server.nodeId} of cluster ${server.clusterId} listens on ${server.listeners
              .map((listener) => `${listener.name}://${listener.host}:${listener.port}`)
              .join(', ')}; data in ${server.directory}\n`,
          )
          await until(server.stopped, context.signal)
          await server.close()
        }),
      )
  )
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read ${path}: ${(error as Error).message}`)
  }
}
