/** `braidlog cluster reassign`: moves replicas between brokers, by plans in the format of Apache Kafka's own tool. */
import { readFileSync, writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from '@commander-js/extra-typings'
import { setTimeout } from 'node:timers/promises'
import type { Admin, ReassignmentDescription } from '@braidlog/client'
import { parseCount, remote, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { planReassignment, type PlacedPartition } from '../plan-reassignment.ts'
import { lookAtLogs, progressOf, totalOf, type ReassignmentProgress } from '../reassignment-progress.ts'
import { liftThrottles, throttle } from '../reassignment-throttle.ts'
import { formatBytes, formatSeconds } from '../terminal.ts'

export function defineReassign(cli: Cli) {
  return new Command('reassign')
    .description('move replicas between brokers')
    .addCommand(plan(cli))
    .addCommand(apply(cli))
    .addCommand(status(cli))
    .addCommand(cancel(cli))
}

const TABLE = [{ title: 'topic' }, { title: 'partition', align: 'right' as const }]

function plan(cli: Cli) {
  return remote('plan', 'what would move where; keep it with -o json for `apply`')
    .argument('[topics...]', 'all topics unless given')
    .option('--brokers <ids>', 'the brokers to use, such as 1,2,3; all that are up unless given')
    .option('--replication-factor <count>', 'replicas per partition; as it is unless given', Number)
    .action((names, flags) =>
      cli.execute('cluster reassign plan', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const [topics, { brokers }] = await Promise.all([
          admin.describeTopics(names.length > 0 ? names : undefined, context.call),
          admin.describeCluster(context.call),
        ])
        const wanted = flags.brokers === undefined ? undefined : parseIds(flags.brokers)
        const missing = wanted?.find((id) => !brokers.some(({ nodeId }) => nodeId === id))
        if (missing !== undefined) throw new CliError(`broker ${missing} is not up`)
        const targets = brokers.filter(({ nodeId }) => wanted === undefined || wanted.includes(nodeId))
        const before = topics.flatMap(({ name, partitions }) =>
          partitions.map(({ partition, replicas }) => ({ topic: name, partition, replicas })),
        )
        const factor = flags.replicationFactor ?? Math.max(0, ...before.map(({ replicas }) => replicas.length))
        if (!Number.isInteger(factor) || factor < 1 || factor > targets.length) {
          throw new CliError(`${factor} replicas need as many brokers; there are ${targets.length}`)
        }
        const changes = planReassignment(before, targets, flags.replicationFactor)
        const old = new Map(before.map((each) => [`${each.topic}-${each.partition}`, each.replicas]))
        return {
          data: { version: 1, partitions: changes },
          ...(changes.length === 0 && { text: 'Nothing has to move.' }),
          table: {
            columns: [...TABLE, { title: 'replicas' }, { title: 'becomes' }],
            rows: changes.map(({ topic, partition, replicas }) => [
              topic,
              partition,
              old.get(`${topic}-${partition}`)!.join(','),
              replicas.join(','),
            ]),
          },
        }
      }),
    )
}

function apply(cli: Cli) {
  return remote('apply', 'begin to move replicas as a plan says')
    .argument('<plan>', 'file of `plan -o json`, or of kafka-reassign-partitions')
    .option('--throttle <bytes>', 'most bytes per second that each broker copies for this; `status` lifts it', Number)
    .option('--undo <file>', 'write a plan that brings everything back to where it is now')
    .action((file, flags) =>
      cli.execute('cluster reassign apply', flags, async (context) => {
        const changes = readPlan(resolve(cli.io.cwd, file))
        const bytesPerSecond = flags.throttle
        if (bytesPerSecond !== undefined && !(Number.isInteger(bytesPerSecond) && bytesPerSecond > 0)) {
          throw new CliError('--throttle needs a number of bytes per second')
        }
        const admin = (await context.kafka()).admin()
        if (flags.undo !== undefined) {
          writePlan(resolve(cli.io.cwd, flags.undo), await placesOf(admin, context, changes))
        }
        if (bytesPerSecond !== undefined) await throttle(admin, context, changes, bytesPerSecond)
        await admin.alterPartitionReassignments(changes, context.call)
        return {
          data: { partitions: changes },
          text: `${changes.length} partition${changes.length === 1 ? '' : 's'} on the way; see \`braidlog cluster reassign status\`.`,
        }
      }),
    )
}

function status(cli: Cli) {
  return remote('status', 'what is being moved, how much is left; lifts the throttle of what has arrived')
    .option('--keep-throttle', 'change nothing')
    .option('--sample <ms>', 'look twice, so far apart, to see how fast it goes', parseCount, 1000)
    .action((flags) =>
      cli.execute('cluster reassign status', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const reassignments = await admin.listPartitionReassignments(undefined, context.call)
        const moving = new Set(reassignments.map(({ topic }) => topic))
        const lifted = flags.keepThrottle === true ? [] : await liftThrottles(admin, context, moving)
        const done = lifted.length === 0 ? '' : ` Lifted the throttle of ${lifted.join(', ')}.`
        if (reassignments.length === 0) return { data: [], table: NOTHING, text: `Nothing is being moved.${done}` }
        const data = await progress(admin, context, reassignments, flags.sample)
        const rows = data.map(({ adding, ...each }) => {
          const { bytesLeft, bytesPerSecond, secondsLeft } = totalOf(adding)
          return [
            each.topic,
            each.partition,
            each.replicas.join(','),
            each.addingReplicas.join(','),
            each.removingReplicas.join(','),
            bytesLeft === null ? null : formatBytes(bytesLeft),
            bytesPerSecond === null ? null : `${formatBytes(bytesPerSecond)}/s`,
            secondsLeft === null ? null : formatSeconds(secondsLeft),
          ]
        })
        return { data, before: `${describeTotal(data)}\n`, table: { ...NOTHING, rows } }
      }),
    )
}

const NOTHING = {
  columns: [
    ...TABLE,
    { title: 'replicas' },
    { title: 'adding' },
    { title: 'removing' },
    { title: 'left', align: 'right' as const },
    { title: 'speed', align: 'right' as const },
    { title: 'time left', align: 'right' as const },
  ],
  rows: [],
}

async function progress(
  admin: Admin,
  context: Context,
  moving: readonly ReassignmentDescription[],
  sampleMs: number,
): Promise<ReassignmentProgress[]> {
  const [topics, { brokers }] = await Promise.all([
    admin.describeTopics([...new Set(moving.map(({ topic }) => topic))], context.call),
    admin.describeCluster(context.call),
  ])
  const partitions = new Map(
    topics.flatMap((topic) => topic.partitions.map((each) => [`${topic.name}-${each.partition}`, each] as const)),
  )
  const placeOf = (topic: string, partition: number) => partitions.get(`${topic}-${partition}`)
  const asked = new Set(
    moving.flatMap(({ topic, partition, addingReplicas }) => [placeOf(topic, partition)?.leader, ...addingReplicas]),
  )
  const ids = brokers.filter(({ nodeId, fenced }) => !fenced && asked.has(nodeId)).map(({ nodeId }) => nodeId)
  const before = await lookAtLogs(admin, context, ids)
  await setTimeout(sampleMs, undefined, { signal: context.signal })
  return progressOf(moving, placeOf, [before, await lookAtLogs(admin, context, ids)])
}

function describeTotal(data: readonly ReassignmentProgress[]): string {
  const { bytesLeft, bytesPerSecond, secondsLeft } = totalOf(data.flatMap(({ adding }) => adding))
  if (bytesLeft === null)
    return 'How much is left is not known: a broker does not answer, or a partition has no leader.'
  const left = `${formatBytes(bytesLeft)} left`
  if (secondsLeft === null) return `${left}, and nothing arrives.`
  return `${left}: about ${formatSeconds(secondsLeft)} at ${formatBytes(bytesPerSecond!)}/s.`
}

function cancel(cli: Cli) {
  return remote('cancel', 'leave replicas where they were')
    .argument('[plan]', 'only what this plan moves; all that is being moved unless given')
    .option('-y, --yes', 'do not ask')
    .action((file, flags) =>
      cli.execute('cluster reassign cancel', flags, async (context) => {
        const admin = (await context.kafka()).admin()
        const moving = await beingMoved(admin, context, file === undefined ? undefined : resolve(cli.io.cwd, file))
        if (moving.length === 0) return { data: { partitions: [] }, text: 'Nothing is being moved.' }
        await context.terminal.confirm(`Cancel the moves of ${moving.length} partitions?`, flags.yes === true)
        await admin.alterPartitionReassignments(
          moving.map(({ topic, partition }) => ({ topic, partition, replicas: null })),
          context.call,
        )
        return { data: { partitions: moving }, text: `Cancelled the moves of ${moving.length} partitions.` }
      }),
    )
}

async function beingMoved(admin: Admin, context: Context, file: string | undefined) {
  const moving = await admin.listPartitionReassignments(undefined, context.call)
  if (file === undefined) return moving
  const planned = new Set(readPlan(file).map(({ topic, partition }) => `${topic}-${partition}`))
  return moving.filter(({ topic, partition }) => planned.has(`${topic}-${partition}`))
}

/** Where the partitions of a plan are now. */
async function placesOf(
  admin: Admin,
  { call }: Context,
  changes: readonly PlacedPartition[],
): Promise<PlacedPartition[]> {
  const topics = await admin.describeTopics([...new Set(changes.map(({ topic }) => topic))], call)
  const places = topics.flatMap(({ name, partitions }) =>
    partitions.map(({ partition, replicas }) => ({ topic: name, partition, replicas })),
  )
  return places.filter((place) =>
    changes.some(({ topic, partition }) => topic === place.topic && partition === place.partition),
  )
}

/** In the format of Apache Kafka's own tool; a plan that is there already is not lost. */
function writePlan(path: string, partitions: readonly PlacedPartition[]): void {
  try {
    writeFileSync(path, `${JSON.stringify({ version: 1, partitions }, undefined, 2)}\n`, { flag: 'wx' })
  } catch (error) {
    throw new CliError(`cannot write ${path}: ${(error as Error).message}; nothing was moved`)
  }
}

/** @throws CliError when the file is no plan */
function readPlan(path: string): PlacedPartition[] {
  let content: unknown
  try {
    content = JSON.parse(readFileSync(path, 'utf8'))
  } catch (error) {
    throw new CliError(`cannot read the plan ${path}: ${(error as Error).message}`)
  }
  // `-o json` puts what a command found under `data`.
  const found = content as { data?: unknown; partitions?: unknown }
  const { partitions } = (found.data ?? found) as { partitions?: unknown }
  if (!Array.isArray(partitions) || !partitions.every(isPlaced)) {
    throw new CliError(`${path} is no plan: it needs "partitions", each with topic, partition and replicas`)
  }
  return partitions.map(({ topic, partition, replicas }) => ({ topic, partition, replicas }))
}

function isPlaced(value: unknown): value is PlacedPartition {
  const { topic, partition, replicas } = (value ?? {}) as Record<string, unknown>
  const isId = (id: unknown): boolean => Number.isInteger(id) && (id as number) >= 0
  return typeof topic === 'string' && isId(partition) && Array.isArray(replicas) && replicas.every(isId)
}

function parseIds(text: string): number[] {
  return text.split(',').map((each) => {
    const id = Number(each)
    if (!/^\d+$/.test(each.trim())) throw new CliError(`broker ids are numbers with commas between; got '${text}'`)
    return id
  })
}
