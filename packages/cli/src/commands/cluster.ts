/** `braidlog cluster`: brokers, controller, features, log directories, and whether all is well. */
import { Command } from '@commander-js/extra-typings'
import type { Admin } from '@braidlog/client'
import { partitionProblems, problemLines, type Problem, type TopicState } from '../cluster-health.ts'
import { remote, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { formatBytes } from '../terminal.ts'
import { defineReassign } from './cluster-reassign.ts'
import { defineUpgrade } from './cluster-upgrade.ts'
import { describeQuorum } from './quorum.ts'

export function define(cli: Cli) {
  return new Command('cluster')
    .description('brokers, controller, log directories and health')
    .addCommand(info(cli))
    .addCommand(health(cli))
    .addCommand(logDirs(cli))
    .addCommand(features(cli))
    .addCommand(defineUpgrade(cli))
    .addCommand(quorum(cli))
    .addCommand(electLeaders(cli))
    .addCommand(defineReassign(cli))
}

function info(cli: Cli) {
  return remote('info', 'cluster id, controller and brokers').action((flags) =>
    cli.execute('cluster info', flags, async (context) => {
      const admin = (await context.kafka()).admin()
      const cluster = await admin.describeCluster(context.call)
      return {
        data: cluster,
        before: `cluster ${cluster.clusterId}\n`,
        table: {
          columns: [
            { title: 'broker', align: 'right' },
            { title: 'host' },
            { title: 'port', align: 'right' },
            { title: 'rack' },
            { title: 'role' },
          ],
          rows: cluster.brokers.map((broker) => [
            broker.nodeId,
            broker.host,
            broker.port,
            broker.rack,
            [broker.nodeId === cluster.controller ? 'controller' : '', broker.fenced ? 'fenced' : '']
              .filter(Boolean)
              .join(', '),
          ]),
        },
      }
    }),
  )
}

function health(cli: Cli) {
  return remote('health', 'what is wrong in the cluster; exit code 1 when something is').action((flags) =>
    cli.execute('cluster health', flags, async (context) => {
      const admin = (await context.kafka()).admin()
      const problems = await findProblems(admin, context)
      const errors = problems.filter(({ severity }) => severity === 'error')
      const result = {
        data: { healthy: errors.length === 0, problems },
        ...(problems.length === 0
          ? { text: 'healthy: every partition has a leader and all its replicas, every broker is up' }
          : {
              table: {
                columns: [{ title: 'severity' }, { title: 'what' }, { title: 'what to do' }],
                rows: problemLines(problems),
              },
            }),
      }
      if (errors.length > 0) {
        const { render } = await import('../output.ts')
        await context.terminal.write(
          await render('cluster health', result, context.settings.format, context.terminal.color),
        )
        throw new CliError(`${errors.length} problem${errors.length === 1 ? '' : 's'} found`, {
          exitCode: 1,
          code: 'UNHEALTHY',
          reported: true,
        })
      }
      return result
    }),
  )
}

/** Fenced brokers, partitions without leader or copies, disks that are nearly full or failed. */
async function findProblems(admin: Admin, context: Context): Promise<Problem[]> {
  const problems: Problem[] = []
  const cluster = await admin.describeCluster({ ...context.call, includeFenced: true })
  const fenced = cluster.brokers.filter((broker) => broker.fenced).map(({ nodeId }) => nodeId)
  for (const nodeId of fenced) {
    const hint = 'start it, or look into its log: it does not send heartbeats'
    problems.push({ severity: 'error', kind: 'broker', what: `broker ${nodeId} is fenced`, hint })
  }
  const moving = await admin.listPartitionReassignments(undefined, context.call)
  const topics = await admin.describeTopicPartitions(undefined, context.call)
  const minInSync = await minInSyncOf(admin, topics, context)
  problems.push(...partitionProblems({ topics, moving, fenced, minInSync }))
  for (const directory of await admin.describeLogDirs(undefined, context.call)) {
    const where = `${directory.path} of broker ${directory.broker}`
    if (directory.error !== null) {
      const what = `${where} has failed: ${directory.error}`
      problems.push({ severity: 'error', kind: 'disk', what, hint: 'replace the disk' })
    } else if (directory.totalBytes && directory.usableBytes !== null) {
      const share = directory.usableBytes / directory.totalBytes
      if (share < 0.1) {
        problems.push({
          severity: share < 0.02 ? 'error' : 'warning',
          kind: 'disk',
          what: `${where} has ${formatBytes(directory.usableBytes)} left`,
          hint: 'lower retention.ms or retention.bytes of large topics, or add space',
        })
      }
    }
  }
  return problems
}

/** Asked only about topics that lack copies: a healthy cluster costs nothing more. */
async function minInSyncOf(
  admin: Admin,
  topics: readonly TopicState[],
  { call }: Context,
): Promise<ReadonlyMap<string, number>> {
  const key = 'min.insync.replicas'
  const lacking = topics.filter(({ partitions }) =>
    partitions.some(({ isr, replicas }) => isr.length < replicas.length),
  )
  if (lacking.length === 0) return new Map()
  const resources = lacking.map(({ name }) => ({ type: 'topic' as const, name, names: [key] }))
  const described = await admin.describeConfigs(resources, call)
  return new Map(described.map(({ name, entries }) => [name, Number(entries[0]?.value ?? 1)]))
}

function logDirs(cli: Cli) {
  return remote('logdirs', 'log directories and what lies in them')
    .option('-p, --partitions', 'one line per partition')
    .action((flags) =>
      cli.execute('cluster logdirs', flags, async (context) => {
        const data = await (await context.kafka()).admin().describeLogDirs(undefined, context.call)
        const size = (bytes: number | null): string | null => (bytes === null ? null : formatBytes(bytes))
        return {
          data,
          table:
            flags.partitions === true
              ? {
                  columns: [
                    { title: 'broker', align: 'right' },
                    { title: 'topic' },
                    { title: 'partition', align: 'right' },
                    { title: 'size', align: 'right' },
                    { title: 'path', wide: true },
                  ],
                  rows: data.flatMap((directory) =>
                    directory.replicas.map((replica) => [
                      directory.broker,
                      replica.topic,
                      replica.partition,
                      size(replica.sizeBytes),
                      directory.path,
                    ]),
                  ),
                }
              : {
                  columns: [
                    { title: 'broker', align: 'right' },
                    { title: 'path' },
                    { title: 'partitions', align: 'right' },
                    { title: 'used', align: 'right' },
                    { title: 'free', align: 'right' },
                    { title: 'total', align: 'right' },
                    { title: 'error' },
                  ],
                  rows: data.map((directory) => [
                    directory.broker,
                    directory.path,
                    directory.replicas.length,
                    size(directory.replicas.reduce((sum, replica) => sum + replica.sizeBytes, 0)),
                    size(directory.usableBytes),
                    size(directory.totalBytes),
                    directory.error,
                  ]),
                },
        }
      }),
    )
}

function features(cli: Cli) {
  return remote('features', 'finalized and supported feature levels').action((flags) =>
    cli.execute('cluster features', flags, async (context) => {
      const data = await (await context.kafka()).admin().describeFeatures(context.call)
      return {
        data,
        table: {
          columns: [
            { title: 'feature' },
            { title: 'finalized', align: 'right' },
            { title: 'supported min', align: 'right' },
            { title: 'supported max', align: 'right' },
          ],
          rows: data.features.map((feature) => [
            feature.name,
            feature.finalized,
            feature.supportedMin,
            feature.supportedMax,
          ]),
        },
      }
    }),
  )
}

function quorum(cli: Cli) {
  return remote('quorum', 'the same as `quorum status`').action((flags) =>
    cli.execute('cluster quorum', flags, async (context) => {
      return describeQuorum(await (await context.kafka()).admin().describeQuorum(context.call))
    }),
  )
}

function electLeaders(cli: Cli) {
  return remote('elect-leaders', 'give leadership back to preferred replicas, or find leaders at the price of records')
    .argument('[partitions...]', 'topic or topic:partition; all partitions unless given')
    .option('--unclean', 'where a partition has no leader: any replica, also one that lacks records')
    .option('-y, --yes', 'do not ask before --unclean')
    .action((names, flags) =>
      cli.execute('cluster elect-leaders', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const partitions = names.length === 0 ? undefined : await resolvePartitions(admin, names, context)
        if (flags.unclean === true) {
          await context.terminal.confirm(
            'Elect replicas that may lack records? They are lost then.',
            flags.yes === true,
          )
        }
        const kind = flags.unclean === true ? 'unclean' : 'preferred'
        await admin.electLeaders(kind, partitions, context.call)
        return { data: { kind, partitions: partitions ?? 'all' }, text: 'Leaders are where they should be.' }
      }),
    )
}

async function resolvePartitions(admin: Admin, names: readonly string[], context: Context) {
  const wanted = names.map((name) => {
    const match = /^([^:]+)(?::(\d+))?$/.exec(name)
    if (match === null) throw new CliError(`write topic or topic:partition; got '${name}'`)
    return { topic: match[1]!, partition: match[2] === undefined ? undefined : Number(match[2]) }
  })
  const whole = wanted.filter(({ partition }) => partition === undefined).map(({ topic }) => topic)
  const topics = whole.length === 0 ? [] : await admin.describeTopics(whole, context.call)
  return [
    ...wanted.flatMap(({ topic, partition }) => (partition === undefined ? [] : [{ topic, partition }])),
    ...topics.flatMap(({ name, partitions }) => partitions.map(({ partition }) => ({ topic: name, partition }))),
  ]
}
