/** `braidlog storage`: data directories: format one, say what it is, print what its files hold. */
import { Command } from '@commander-js/extra-typings'
import { resolve } from 'node:path'
import { collect, local, parseCount, type Cli } from '../command.ts'
import { CliError } from '../exit.ts'
import { readProperties } from '../settings.ts'
import type * as Model from '@braidlog/model'

export function define(cli: Cli) {
  return new Command('storage')
    .description('format, inspect and dump data directories')
    .addCommand(format(cli))
    .addCommand(info(cli))
    .addCommand(dumpLog(cli))
    .addCommand(randomUuidCommand(cli))
}

function format(cli: Cli) {
  return local('format', 'make an empty directory one that a node can start on')
    .argument('[properties]', 'server.properties: log.dirs, node.id, listeners and the keys of the quorum are read')
    .option('-d, --data <directory>', 'data directory; overrides log.dirs')
    .option('-n, --node-id <id>', 'node id; overrides node.id', parseCount)
    .option('-t, --cluster-id <id>', 'cluster id (22 characters of base64url); a random one unless given')
    .option('-r, --release-version <version>', 'metadata.version, such as 4.3-IV0; the latest unless given')
    .option('-f, --feature <name=level>', 'level of another feature; may be repeated', collect)
    .option('-s, --standalone', 'this node begins as the only controller; others join later')
    .option('-I, --initial-controllers <list>', 'the first controllers: id@host:port:directory-id, with commas between')
    .option('-N, --no-initial-controllers', 'this controller joins a cluster that runs')
    .option('--ignore-formatted', 'no error for a directory that is formatted already')
    .action((file, flags) =>
      cli.execute('storage format', flags, async () => {
        const [{ formatStorage }, { NodeStorage, nodeCodecs, systemClock, systemRandom }, model] = await Promise.all([
          import('@braidlog/metadata'),
          import('@braidlog/runtime'),
          import('@braidlog/model'),
        ])
        const properties = file === undefined ? new Map<string, string>() : readProperties(resolve(cli.io.cwd, file))
        const directories = (
          flags.data ??
          properties.get('log.dirs') ??
          properties.get('log.dir') ??
          '.braidlog'
        ).split(',')
        if (directories.length > 1) throw new CliError('one data directory per node: log.dirs names several')
        const directory = resolve(cli.io.cwd, directories[0]!.trim())
        const { quorumOfFlags } = await import('../initial-controllers.ts')
        const quorum = quorumOfFlags(flags, properties)
        const clusterId = flags.clusterId ?? model.randomUuid(systemRandom)
        if (model.parseUuid(clusterId) === undefined) {
          throw new CliError(`'${clusterId}' is no cluster id: 22 characters of base64url`, {
            hint: '`braidlog storage random-uuid` makes one',
          })
        }
        const result = await formatStorage({
          storage: new NodeStorage('/'),
          codecs: nodeCodecs,
          random: systemRandom,
          nowMs: systemClock.nowMs(),
          directory,
          clusterId,
          nodeId: flags.nodeId ?? Number(properties.get('node.id') ?? 1),
          ...(flags.releaseVersion === undefined
            ? {}
            : { metadataVersion: metadataVersionOf(model, flags.releaseVersion) }),
          ...(flags.feature === undefined ? {} : { features: parseFeatures(flags.feature) }),
          ...quorum,
          ignoreFormatted: flags.ignoreFormatted === true,
        })
        return {
          data: { directory, clusterId, ...result },
          text: result.formatted
            ? `Formatted ${directory} for cluster ${clusterId}.`
            : `${directory} is formatted already; nothing was changed.`,
        }
      }),
    )
}

function metadataVersionOf(model: typeof Model, text: string): number {
  const level = model.parseMetadataVersion(text)
  if (level !== undefined) return level.level
  const known = model.METADATA_VERSION_LEVELS.map(({ name }) => name).join(', ')
  throw new CliError(`'${text}' is no metadata.version we know; ${known} are`)
}

function parseFeatures(pairs: readonly string[]): Map<string, number> {
  return new Map(
    pairs.map((pair) => {
      const match = /^([a-z.]+)=(\d+)$/.exec(pair)
      if (!match) throw new CliError(`a feature is written name=level, got '${pair}'`)
      return [match[1]!, Number(match[2])] as const
    }),
  )
}

function info(cli: Cli) {
  return local('info', 'what a data directory is: cluster, node, metadata.version, topics on disk')
    .option('-d, --data <directory>', 'data directory (default: $BRAIDLOG_DATA or ./.braidlog)')
    .action((flags) =>
      cli.execute('storage info', flags, async () => {
        const [{ inspectStorage }, { NodeStorage, nodeCodecs }] = await Promise.all([
          import('@braidlog/metadata'),
          import('@braidlog/runtime'),
        ])
        const directory = resolve(cli.io.cwd, flags.data ?? cli.io.env['BRAIDLOG_DATA'] ?? '.braidlog')
        const storage = new NodeStorage('/')
        const inspection = inspectStorage(storage, directory, nodeCodecs)
        const partitions = storage.exists(directory)
          ? storage.list(directory).filter((entry) => entry.kind === 'directory' && /-\d+$/.test(entry.name)).length
          : 0
        return { data: { partitions, ...inspection } }
      }),
    )
}

function dumpLog(cli: Cli) {
  return local('dump-log', 'print batches and records of .log files, snapshots and indexes')
    .argument('<files...>', 'segments (.log), snapshots (.checkpoint), offset (.index) and time indexes (.timeindex)')
    .option('--records', 'records, not only batches')
    .option('--metadata', 'decode records as cluster metadata (the default for __cluster_metadata)')
    .option('--offsets', 'decode records as those of __consumer_offsets (the default there)')
    .action((files, flags) =>
      cli.execute('storage dump-log', flags, async (context) => {
        const { dumpFile } = await import('../dump-log.ts')
        const rows = []
        for (const file of files) {
          const options = {
            records: flags.records === true,
            ...(flags.metadata === true ? { decoder: 'metadata' as const } : {}),
            ...(flags.offsets === true ? { decoder: 'offsets' as const } : {}),
          }
          for await (const row of dumpFile(resolve(cli.io.cwd, file), options)) {
            // People and `jsonl` get rows as they are read; the other formats need all of them.
            if (context.settings.format === 'table' || context.settings.format === 'wide') {
              await context.terminal.write(`${row.text}\n`)
            } else {
              rows.push(row.data)
            }
          }
        }
        if (context.settings.format !== 'table' && context.settings.format !== 'wide') return { data: rows }
      }),
    )
}

function randomUuidCommand(cli: Cli) {
  return local('random-uuid', 'make an id for a cluster').action((flags) =>
    cli.execute('storage random-uuid', flags, async () => {
      const [{ randomUuid }, { systemRandom }] = await Promise.all([
        import('@braidlog/model'),
        import('@braidlog/runtime'),
      ])
      const uuid = randomUuid(systemRandom)
      return { data: { uuid }, text: uuid }
    }),
  )
}
