/** `braidlog group`: consumer groups, their members, lag and offsets. */
import { Command } from '@commander-js/extra-typings'
import type { Admin, GroupDescription, TopicPartition } from '@braidlog/client'
import { collect, remote, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { parseTarget, planReset, type ResetRow } from '../reset.ts'

export function define(cli: Cli) {
  return new Command('group')
    .description('list, describe, reset and delete consumer groups')
    .addCommand(list(cli))
    .addCommand(describe(cli))
    .addCommand(reset(cli))
    .addCommand(remove(cli))
    .addCommand(deleteOffsets(cli))
}

function list(cli: Cli) {
  return remote('list', 'list groups')
    .alias('ls')
    .option('--state <states>', 'only these states: Stable,Empty')
    .option('--type <types>', 'only these types: classic,consumer')
    .action((flags) =>
      cli.execute('group list', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const groups = await admin.listGroups({
          ...context.call,
          ...(flags.state === undefined ? {} : { states: flags.state.split(',') }),
          ...(flags.type === undefined ? {} : { types: flags.type.split(',') }),
        })
        const data = groups.toSorted((a, b) => (a.groupId < b.groupId ? -1 : 1))
        return {
          data,
          table: {
            columns: [{ title: 'group' }, { title: 'state' }, { title: 'type' }, { title: 'protocol', wide: true }],
            rows: data.map((group) => [group.groupId, group.state, group.type, group.protocolType]),
          },
        }
      }),
    )
}

function describe(cli: Cli) {
  return remote('describe', 'state, members, and lag per partition of a group')
    .alias('desc')
    .argument('<groups...>')
    .option('--members', 'members instead of partitions')
    .option('--state', 'one line per group')
    .action((groupIds, flags) =>
      cli.execute('group describe', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const groups = await admin.describeGroups(groupIds, context.call)
        const data = []
        for (const group of groups) {
          if (group.state === 'Dead') {
            throw new CliError(`there is no group '${group.groupId}'`, {
              exitCode: 1,
              code: 'GROUP_ID_NOT_FOUND',
              hint: '`braidlog group list` shows what there is',
            })
          }
          data.push({
            groupId: group.groupId,
            state: group.state,
            protocolType: group.protocolType,
            assignor: group.protocol,
            coordinator: group.coordinator,
            members: group.members.map((member) => ({
              memberId: member.memberId,
              groupInstanceId: member.groupInstanceId,
              clientId: member.clientId,
              host: member.clientHost,
              assignment: member.assignment,
            })),
            partitions: await lagOf(admin, group, context),
          })
        }
        return { data, ...tableFor(data, flags) }
      }),
    )
}

interface PartitionRow extends TopicPartition {
  readonly committed: bigint | null
  readonly end: bigint | null
  readonly lag: bigint | null
  readonly memberId: string | null
  readonly clientId: string | null
  readonly host: string | null
}

async function lagOf(admin: Admin, group: GroupDescription, context: Context): Promise<PartitionRow[]> {
  const committed = await admin.listGroupOffsets(group.groupId, undefined, context.call)
  const rows = new Map<string, TopicPartition>()
  const owners = new Map<string, GroupDescription['members'][number]>()
  for (const offset of committed) rows.set(`${offset.topic}-${offset.partition}`, offset)
  for (const member of group.members) {
    for (const partition of member.assignment) {
      rows.set(`${partition.topic}-${partition.partition}`, partition)
      owners.set(`${partition.topic}-${partition.partition}`, member)
    }
  }
  const ends = new Map<string, bigint | null>()
  if (rows.size > 0) {
    // A topic may be gone while offsets remain: each partition then shows no end.
    const existing = new Set(
      (await admin.listTopics({ ...context.call, includeInternal: true })).map(({ name }) => name),
    )
    const asked = [...rows.values()].filter(({ topic }) => existing.has(topic))
    if (asked.length > 0) {
      const listed = await admin.listOffsets(
        asked.map(({ topic, partition }) => ({ topic, partition, at: 'latest' })),
        context.call,
      )
      for (const { topic, partition, offset } of listed) ends.set(`${topic}-${partition}`, offset)
    }
  }
  const offsets = new Map(committed.map((offset) => [`${offset.topic}-${offset.partition}`, offset.offset]))
  return [...rows.entries()]
    .map(([key, { topic, partition }]) => {
      const position = offsets.get(key) ?? null
      const end = ends.get(key) ?? null
      const owner = owners.get(key)
      return {
        topic,
        partition,
        committed: position,
        end,
        lag: position === null || end === null ? null : end > position ? end - position : 0n,
        memberId: owner?.memberId ?? null,
        clientId: owner?.clientId ?? null,
        host: owner?.clientHost ?? null,
      }
    })
    .toSorted((a, b) => (a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1))
}

interface GroupRow {
  readonly groupId: string
  readonly state: string
  readonly assignor: string
  readonly coordinator: number
  readonly members: readonly {
    readonly memberId: string
    readonly groupInstanceId: string | null
    readonly clientId: string
    readonly host: string
    readonly assignment: readonly TopicPartition[]
  }[]
  readonly partitions: readonly PartitionRow[]
}

function tableFor(groups: readonly GroupRow[], flags: { members?: true | undefined; state?: true | undefined }) {
  if (flags.state === true) {
    return {
      table: {
        columns: [
          { title: 'group' },
          { title: 'state' },
          { title: 'assignor' },
          { title: 'members', align: 'right' as const },
          { title: 'coordinator', align: 'right' as const },
          { title: 'lag', align: 'right' as const },
        ],
        rows: groups.map((group) => [
          group.groupId,
          group.state,
          group.assignor,
          group.members.length,
          group.coordinator,
          group.partitions.reduce((sum, { lag }) => sum + (lag ?? 0n), 0n),
        ]),
      },
    }
  }
  if (flags.members === true) {
    return {
      table: {
        columns: [
          { title: 'group' },
          { title: 'member' },
          { title: 'client' },
          { title: 'host' },
          { title: 'instance', wide: true },
          { title: 'partitions', align: 'right' as const },
          { title: 'assignment', wide: true },
        ],
        rows: groups.flatMap((group) =>
          group.members.map((member) => [
            group.groupId,
            member.memberId,
            member.clientId,
            member.host,
            member.groupInstanceId,
            member.assignment.length,
            member.assignment.map(({ topic, partition }) => `${topic}-${partition}`).join(','),
          ]),
        ),
      },
    }
  }
  return {
    before: groups
      .map(
        (group) =>
          `${group.groupId}  ${group.state}, ${group.members.length} members, ${group.assignor || 'no assignor'}\n`,
      )
      .join(''),
    table: {
      columns: [
        { title: 'group', wide: true },
        { title: 'topic' },
        { title: 'partition', align: 'right' as const },
        { title: 'committed', align: 'right' as const },
        { title: 'end', align: 'right' as const },
        { title: 'lag', align: 'right' as const },
        { title: 'client' },
        { title: 'host', wide: true },
        { title: 'member', wide: true },
      ],
      rows: groups.flatMap((group) =>
        group.partitions.map((row) => [
          group.groupId,
          row.topic,
          row.partition,
          row.committed,
          row.end,
          row.lag,
          row.clientId,
          row.host,
          row.memberId,
        ]),
      ),
    },
  }
}

function reset(cli: Cli) {
  return remote('reset', 'move the committed offsets of an inactive group; shows the plan unless --execute is given')
    .argument('<group>')
    .option(
      '-t, --topic <topics>',
      'topics, or topic:0,1 for some partitions; all committed ones unless given',
      collect,
    )
    .requiredOption(
      '--to <target>',
      'start, end, @time (ISO, milliseconds, or @-1h), an offset, +N, -N, group:other, file:path',
    )
    .option('--execute', 'do it; without it only the plan is shown')
    .option('--export', 'print the plan as CSV (topic,partition,offset), which file: reads back')
    .action((groupId, flags) =>
      cli.execute('group reset', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const plan = await planReset(
          admin,
          { groupId, topics: flags.topic, target: parseTarget(flags.to) },
          context.call,
        )
        if (flags.export === true) {
          return { data: plan, text: plan.map((row) => `${row.topic},${row.partition},${row.to}`).join('\n') }
        }
        if (flags.execute === true) {
          await admin.alterGroupOffsets(
            groupId,
            plan.map(({ topic, partition, to }) => ({ topic, partition, offset: to })),
            context.call,
          )
        } else {
          context.terminal.note('This is the plan. Add --execute to do it.')
        }
        return resetResult(groupId, plan, flags.execute === true)
      }),
    )
}

function resetResult(groupId: string, plan: readonly ResetRow[], executed: boolean) {
  return {
    data: { groupId, executed, offsets: plan },
    table: {
      columns: [
        { title: 'topic' },
        { title: 'partition', align: 'right' as const },
        { title: 'from', align: 'right' as const },
        { title: 'to', align: 'right' as const },
        { title: 'outcome' },
      ],
      rows: plan.map((row) => [row.topic, row.partition, row.from, row.to, executed ? 'reset' : 'would be reset']),
    },
  }
}

function remove(cli: Cli) {
  return remote('delete', 'delete groups that have no members, with their offsets')
    .alias('rm')
    .argument('<groups...>')
    .option('--execute', 'do it; without it only the plan is shown')
    .action((groupIds, flags) =>
      cli.execute('group delete', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const groups = await admin.describeGroups(groupIds, context.call)
        const data = groups.map((group) => ({
          groupId: group.groupId,
          state: group.state,
          members: group.members.length,
          outcome:
            group.state === 'Dead'
              ? 'does not exist'
              : group.members.length > 0
                ? 'has members'
                : flags.execute === true
                  ? 'deleted'
                  : 'would be deleted',
        }))
        if (flags.execute === true) await admin.deleteGroups(groupIds, context.call)
        else context.terminal.note('This is the plan. Add --execute to do it.')
        return {
          data,
          table: {
            columns: [
              { title: 'group' },
              { title: 'state' },
              { title: 'members', align: 'right' as const },
              { title: 'outcome' },
            ],
            rows: data.map((row) => [row.groupId, row.state, row.members, row.outcome]),
          },
        }
      }),
    )
}

function deleteOffsets(cli: Cli) {
  return remote('delete-offsets', 'forget the committed offsets of topics in a group')
    .argument('<group>')
    .requiredOption('-t, --topic <topics>', 'topics, or topic:0,1 for some partitions', collect)
    .option('--execute', 'do it; without it only the plan is shown')
    .action((groupId, flags) =>
      cli.execute('group delete-offsets', flags, async (context) => {
        const { selectPartitions } = await import('../reset.ts')
        const admin = (await context.kafka()).admin()
        const committed = await admin.listGroupOffsets(groupId, undefined, context.call)
        const chosen = committed.filter(selectPartitions(flags.topic))
        if (flags.execute === true && chosen.length > 0) await admin.deleteGroupOffsets(groupId, chosen, context.call)
        else if (flags.execute !== true) context.terminal.note('This is the plan. Add --execute to do it.')
        const outcome = flags.execute === true ? 'deleted' : 'would be deleted'
        return {
          data: chosen.map((row) => ({ ...row, outcome })),
          table: {
            columns: [
              { title: 'topic' },
              { title: 'partition', align: 'right' as const },
              { title: 'committed', align: 'right' as const },
              { title: 'outcome' },
            ],
            rows: chosen.map((row) => [row.topic, row.partition, row.offset, outcome]),
          },
        }
      }),
    )
}
