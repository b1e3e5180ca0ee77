/** `braidlog topic`: topics and their partitions. */
import { Command } from '@commander-js/extra-typings'
import type { ConfigChange, LogDirDescription, NewTopic, TopicPartition } from '@braidlog/client'
import { collect, parseCount, remote, type Cli } from '../command.ts'
import { CliError } from '../exit.ts'
import type { Table } from '../output.ts'
import { formatBytes } from '../terminal.ts'
import { parseAssignments, parseConfigs } from '../values.ts'

export function define(cli: Cli) {
  return new Command('topic')
    .description('list, describe, create, change and delete topics')
    .addCommand(list(cli))
    .addCommand(describe(cli))
    .addCommand(create(cli))
    .addCommand(remove(cli))
    .addCommand(alterConfig(cli))
    .addCommand(addPartitions(cli))
    .addCommand(trim(cli))
}

function list(cli: Cli) {
  return remote('list', 'list topics')
    .alias('ls')
    .argument('[pattern]', 'regular expression that names must match')
    .option('-i, --internal', 'internal topics too')
    .action((pattern, flags) =>
      cli.execute('topic list', flags, async (context) => {
        const matches = pattern === undefined ? undefined : parsePattern(pattern)
        const kafka = await context.kafka()
        const topics = await kafka.admin().listTopics({ ...context.call, includeInternal: flags.internal === true })
        const shown = topics
          .filter((topic) => matches === undefined || matches.test(topic.name))
          .toSorted((a, b) => (a.name < b.name ? -1 : 1))
        return {
          data: shown,
          table: {
            columns: [
              { title: 'name' },
              { title: 'partitions', align: 'right' },
              { title: 'internal', wide: true },
              { title: 'topic id', wide: true },
            ],
            rows: shown.map((topic) => [topic.name, topic.partitions, topic.internal, topic.topicId]),
          },
        }
      }),
    )
}

function parsePattern(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (error) {
    throw new CliError(`'${pattern}' is not a regular expression: ${(error as Error).message}`)
  }
}

function describe(cli: Cli) {
  return remote('describe', 'partitions, leaders, replicas, offsets and changed configuration of topics')
    .alias('desc')
    .argument('<topics...>')
    .option('-c, --configs', 'the whole configuration, defaults too')
    .action((names, flags) =>
      cli.execute('topic describe', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const [topics, configs, sizes] = await Promise.all([
          admin.describeTopicPartitions(names, context.call),
          admin.describeConfigs(
            names.map((name) => ({ type: 'topic' as const, name })),
            context.call,
          ),
          replicasOnDisk(() => admin.describeLogDirs(undefined, context.call)),
        ])
        const partitions = topics.flatMap((topic) =>
          topic.partitions
            .filter((partition) => partition.leader !== null)
            .map(({ partition }) => ({ topic: topic.name, partition })),
        )
        const at = async (spec: 'earliest' | 'latest'): Promise<Map<string, bigint | null>> => {
          const offsets = await admin.listOffsets(
            partitions.map((partition) => ({ ...partition, at: spec })),
            context.call,
          )
          return new Map(offsets.map((listed) => [keyOf(listed), listed.offset]))
        }
        const [starts, ends] = partitions.length
          ? await Promise.all([at('earliest'), at('latest')])
          : [new Map(), new Map()]
        const data = topics.map((topic, index) => ({
          name: topic.name,
          topicId: topic.topicId,
          internal: topic.internal,
          configs: Object.fromEntries(
            configs[index]!.entries.filter((entry) => flags.configs === true || entry.source === 'topic').map(
              (entry) => [entry.name, entry.value],
            ),
          ),
          partitions: topic.partitions.map((partition) => {
            const key = keyOf({ topic: topic.name, partition: partition.partition })
            return {
              partition: partition.partition,
              leader: partition.leader,
              leaderEpoch: partition.leaderEpoch,
              replicas: partition.replicas,
              isr: partition.isr,
              eligibleLeaderReplicas: partition.eligibleLeaderReplicas,
              lag: lagOf(sizes.get(key), partition.isr.length < partition.replicas.length),
              startOffset: starts.get(key) ?? null,
              endOffset: ends.get(key) ?? null,
              sizeBytes: leaderSize(sizes.get(key), partition.leader),
            }
          }),
        }))
        return { data, table: partitionTable(data), ...describeText(data, flags.output) }
      }),
    )
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`

interface ReplicaOnDisk {
  readonly broker: number
  readonly sizeBytes: number
  readonly offsetLag: number
}

/** Sizes and lags are a courtesy: a broker that will not tell them does not spoil the description. */
async function replicasOnDisk(
  describeLogDirs: () => Promise<readonly LogDirDescription[]>,
): Promise<Map<string, ReplicaOnDisk[]>> {
  const found = new Map<string, ReplicaOnDisk[]>()
  try {
    for (const { broker, replicas } of await describeLogDirs()) {
      for (const { sizeBytes, offsetLag, ...at } of replicas) {
        const list = found.get(keyOf(at)) ?? []
        found.set(keyOf(at), list)
        list.push({ broker, sizeBytes, offsetLag })
      }
    }
  } catch {
    found.clear()
  }
  return found
}

function leaderSize(replicas: readonly ReplicaOnDisk[] = [], leader: number | null): number | null {
  return (replicas.find(({ broker }) => broker === leader) ?? replicas[0])?.sizeBytes ?? null
}

/** Records that the replica furthest behind lacks; only of interest where one is not in sync. */
function lagOf(replicas: readonly ReplicaOnDisk[] = [], isBehind: boolean): number | null {
  return isBehind && replicas.length > 0 ? Math.max(...replicas.map(({ offsetLag }) => offsetLag)) : null
}

interface Described {
  readonly name: string
  readonly topicId: string
  readonly configs: Readonly<Record<string, string | null>>
  readonly partitions: readonly {
    readonly partition: number
    readonly leader: number | null
    readonly leaderEpoch: number
    readonly replicas: readonly number[]
    readonly isr: readonly number[]
    readonly eligibleLeaderReplicas: readonly number[]
    readonly lag: number | null
    readonly startOffset: bigint | null
    readonly endOffset: bigint | null
    readonly sizeBytes: number | null
  }[]
}

function partitionTable(topics: readonly Described[]): Table {
  // Columns of trouble, shown when there is some.
  const hasElr = topics.some(({ partitions }) => partitions.some((each) => each.eligibleLeaderReplicas.length > 0))
  const hasLag = topics.some(({ partitions }) => partitions.some((each) => each.lag !== null))
  return {
    columns: [
      { title: 'topic' },
      { title: 'partition', align: 'right' },
      { title: 'leader', align: 'right' },
      { title: 'replicas' },
      { title: 'isr' },
      ...(hasElr ? [{ title: 'elr' }] : []),
      ...(hasLag ? [{ title: 'lag', align: 'right' as const }] : []),
      { title: 'start', align: 'right' },
      { title: 'end', align: 'right' },
      { title: 'size', align: 'right' },
      { title: 'epoch', align: 'right', wide: true },
    ],
    rows: topics.flatMap((topic) =>
      topic.partitions.map((partition) => [
        topic.name,
        partition.partition,
        partition.leader ?? 'none',
        partition.replicas.join(','),
        partition.isr.join(','),
        ...(hasElr ? [partition.eligibleLeaderReplicas.join(',')] : []),
        ...(hasLag ? [partition.lag] : []),
        partition.startOffset,
        partition.endOffset,
        partition.sizeBytes === null ? null : formatBytes(partition.sizeBytes),
        partition.leaderEpoch,
      ]),
    ),
  }
}

/** Above the table of partitions, people want to see the configuration: only where the format is for people. */
function describeText(topics: readonly Described[], format: string): { before?: string } {
  if (format !== 'table' && format !== 'wide') return {}
  const lines = topics.flatMap((topic) => [
    `${topic.name}  id ${topic.topicId}, ${topic.partitions.length} partition${topic.partitions.length === 1 ? '' : 's'}`,
    ...Object.entries(topic.configs).map(([name, value]) => `  ${name}=${value}`),
  ])
  return { before: `${lines.join('\n')}\n` }
}

function create(cli: Cli) {
  return remote('create', 'create topics')
    .argument('<topics...>')
    .option('-p, --partitions <count>', "partitions; the broker's default unless given", parseCount)
    .option('-r, --replicas <count>', "replicas; the broker's default unless given", parseCount)
    .option('-c, --config <key=value>', 'topic configuration', collect)
    .option('--replica-assignment <list>', 'brokers per partition: 1:2,2:1 means two partitions')
    .option('--if-not-exists', 'no error for a topic that exists')
    .option('--dry-run', 'let the broker check, create nothing')
    .action((names, flags) =>
      cli.execute('topic create', flags, async (context) => {
        const configs = parseConfigs(flags.config)
        const topics = names.map((name): NewTopic => ({
          name,
          ...(flags.partitions === undefined ? {} : { partitions: flags.partitions }),
          ...(flags.replicas === undefined ? {} : { replicationFactor: flags.replicas }),
          ...(flags.replicaAssignment === undefined ? {} : { assignments: parseAssignments(flags.replicaAssignment) }),
          configs,
        }))
        const admin = (await context.kafka()).admin()
        const data = []
        // One call per topic where existing ones are forgiven: the outcome of each is then its own.
        for (const group of flags.ifNotExists === true ? topics.map((topic) => [topic]) : [topics]) {
          try {
            const created = await admin.createTopics(group, { ...context.call, validateOnly: flags.dryRun === true })
            data.push(
              ...created.map((topic) => ({
                name: topic.name,
                topicId: topic.topicId,
                partitions: topic.partitions,
                replicationFactor: topic.replicationFactor,
                outcome: flags.dryRun === true ? 'would be created' : 'created',
              })),
            )
          } catch (error) {
            if (flags.ifNotExists !== true || (error as { code?: string }).code !== 'TOPIC_ALREADY_EXISTS') throw error
            data.push({
              name: group[0]!.name,
              topicId: null,
              partitions: null,
              replicationFactor: null,
              outcome: 'exists',
            })
          }
        }
        return {
          data,
          table: {
            columns: [
              { title: 'name' },
              { title: 'partitions', align: 'right' },
              { title: 'replicas', align: 'right' },
              { title: 'outcome' },
              { title: 'topic id', wide: true },
            ],
            rows: data.map((topic) => [
              topic.name,
              topic.partitions,
              topic.replicationFactor,
              topic.outcome,
              topic.topicId,
            ]),
          },
        }
      }),
    )
}

function remove(cli: Cli) {
  return remote('delete', 'delete topics and all their records')
    .alias('rm')
    .argument('<topics...>')
    .option('--if-exists', 'no error for a topic that does not exist')
    .option('--dry-run', 'say what would be deleted, delete nothing')
    .option('-y, --yes', 'do not ask')
    .action((names, flags) =>
      cli.execute('topic delete', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const existing = new Map(
          (await admin.listTopics({ ...context.call, includeInternal: true })).map((topic) => [topic.name, topic]),
        )
        const missing = names.filter((name) => !existing.has(name))
        if (missing.length > 0 && flags.ifExists !== true) {
          throw new CliError(`there is no topic ${missing.map((name) => `'${name}'`).join(', ')}`, {
            exitCode: 1,
            code: 'UNKNOWN_TOPIC_OR_PARTITION',
            hint: '`braidlog topic list` shows what there is; --if-exists forgives',
          })
        }
        const found = names.filter((name) => existing.has(name))
        if (flags.dryRun !== true && found.length > 0) {
          await context.terminal.confirm(`Delete ${found.join(', ')} with all records?`, flags.yes === true)
          await admin.deleteTopics(found, context.call)
        }
        const outcome = (name: string): string =>
          existing.has(name) ? (flags.dryRun === true ? 'would be deleted' : 'deleted') : 'does not exist'
        const data = names.map((name) => ({ name, outcome: outcome(name) }))
        return {
          data,
          table: {
            columns: [{ title: 'name' }, { title: 'outcome' }],
            rows: data.map((row) => [row.name, row.outcome]),
          },
        }
      }),
    )
}

function alterConfig(cli: Cli) {
  return remote('alter-config', 'change the configuration of topics')
    .argument('<topics...>')
    .option('-s, --set <key=value>', 'set a key', collect)
    .option('-d, --delete <key>', 'back to the default', collect)
    .option('--append <key=value>', 'add to a list', collect)
    .option('--subtract <key=value>', 'take from a list', collect)
    .option('--dry-run', 'let the broker check, change nothing')
    .action((names, flags) =>
      cli.execute('topic alter-config', flags, async (context) => {
        const changes: ConfigChange[] = [
          ...Object.entries(parseConfigs(flags.set)).map(([name, value]) => ({ name, op: 'set' as const, value })),
          ...(flags.delete ?? []).map((name) => ({ name, op: 'delete' as const })),
          ...Object.entries(parseConfigs(flags.append)).map(([name, value]) => ({
            name,
            op: 'append' as const,
            value,
          })),
          ...Object.entries(parseConfigs(flags.subtract)).map(([name, value]) => ({
            name,
            op: 'subtract' as const,
            value,
          })),
        ]
        if (changes.length === 0) throw new CliError('nothing to change: add --set, --delete, --append or --subtract')
        const admin = (await context.kafka()).admin()
        await admin.incrementalAlterConfigs(
          names.map((name) => ({ type: 'topic' as const, name, changes })),
          { ...context.call, validateOnly: flags.dryRun === true },
        )
        const outcome = flags.dryRun === true ? 'would be changed' : 'changed'
        return {
          data: names.map((name) => ({ name, changes, outcome })),
          table: {
            columns: [
              { title: 'topic' },
              { title: 'key' },
              { title: 'change' },
              { title: 'value' },
              { title: 'outcome' },
            ],
            rows: names.flatMap((name) =>
              changes.map((change) => [name, change.name, change.op, change.value as string | undefined, outcome]),
            ),
          },
        }
      }),
    )
}

function addPartitions(cli: Cli) {
  return remote('add-partitions', 'raise the number of partitions of topics')
    .argument('<topics...>')
    .requiredOption('-p, --partitions <count>', 'partitions afterwards', parseCount)
    .option('--dry-run', 'let the broker check, change nothing')
    .action((names, flags) =>
      cli.execute('topic add-partitions', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        await admin.createPartitions(
          names.map((topic) => ({ topic, count: flags.partitions })),
          { ...context.call, validateOnly: flags.dryRun === true },
        )
        context.terminal.note(
          'Keys are spread over more partitions now: records of one key before and after may differ in partition.',
        )
        const outcome = flags.dryRun === true ? 'would be raised' : 'raised'
        return {
          data: names.map((name) => ({ name, partitions: flags.partitions, outcome })),
          table: {
            columns: [{ title: 'name' }, { title: 'partitions', align: 'right' }, { title: 'outcome' }],
            rows: names.map((name) => [name, flags.partitions, outcome]),
          },
        }
      }),
    )
}

function trim(cli: Cli) {
  return remote('trim', 'delete the oldest records of a topic, up to an offset or a moment')
    .argument('<topic>')
    .option('-p, --partitions <list>', 'only these partitions: 0,2')
    .option('--before-offset <offset>', 'delete records below this offset', parseCount)
    .option('--before-time <time>', 'delete records older than this: ISO date, milliseconds, or 2h, 7d')
    .option('--all', 'delete every record')
    .option('--dry-run', 'say what would be deleted, delete nothing')
    .option('-y, --yes', 'do not ask')
    .action((name, flags) =>
      cli.execute('topic trim', flags, async (context) => {
        const given = [flags.beforeOffset, flags.beforeTime, flags.all].filter((flag) => flag !== undefined)
        if (given.length !== 1) throw new CliError('say up to where: one of --before-offset, --before-time, --all')
        const { parseTimestampMs } = await import('../values.ts')
        const admin = (await context.kafka()).admin()
        const [topic] = await admin.describeTopics([name], context.call)
        const wanted = flags.partitions?.split(',').map(Number)
        const partitions = topic!.partitions
          .map(({ partition }) => ({ topic: name, partition }))
          .filter(({ partition }) => wanted === undefined || wanted.includes(partition))
        if (wanted !== undefined && partitions.length !== wanted.length) {
          throw new CliError(`${name} has partitions 0 to ${topic!.partitions.length - 1}`)
        }
        const starts = await admin.listOffsets(
          partitions.map((partition) => ({ ...partition, at: 'earliest' })),
          context.call,
        )
        const ends = await admin.listOffsets(
          partitions.map((partition) => ({ ...partition, at: 'latest' })),
          context.call,
        )
        const targets =
          flags.beforeTime === undefined
            ? partitions.map((_, at) => (flags.all === true ? ends[at]!.offset! : BigInt(flags.beforeOffset!)))
            : (
                await admin.listOffsets(
                  partitions.map((partition) => ({
                    ...partition,
                    at: { timestamp: parseTimestampMs(flags.beforeTime!) },
                  })),
                  context.call,
                )
              ).map((listed, at) => listed.offset ?? ends[at]!.offset!)
        const plan = partitions.map((partition, at) => ({
          ...partition,
          from: starts[at]!.offset!,
          to: targets[at]! < starts[at]!.offset! ? starts[at]!.offset! : targets[at]!,
        }))
        const count = plan.reduce((sum, { from, to }) => sum + (to - from), 0n)
        if (flags.dryRun !== true && count > 0n) {
          await context.terminal.confirm(`Delete up to ${count} records of ${name}?`, flags.yes === true)
          await admin.deleteRecords(
            plan.map(({ topic, partition, to }) => ({ topic, partition, beforeOffset: to })),
            context.call,
          )
        }
        const outcome = flags.dryRun === true ? 'would be trimmed' : 'trimmed'
        return {
          data: plan.map((row) => ({ ...row, outcome: row.to > row.from ? outcome : 'unchanged' })),
          table: {
            columns: [
              { title: 'topic' },
              { title: 'partition', align: 'right' },
              { title: 'start before', align: 'right' },
              { title: 'start after', align: 'right' },
              { title: 'outcome' },
            ],
            rows: plan.map((row) => [
              row.topic,
              row.partition,
              row.from,
              row.to,
              row.to > row.from ? outcome : 'unchanged',
            ]),
          },
        }
      }),
    )
}
