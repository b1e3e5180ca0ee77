/** Where a group's offsets go when they are reset: targets as people write them, and the plan that follows. */
import { readFileSync } from 'node:fs'
import type { Admin, CallOptions, TopicPartition } from '@braidlog/client'
import { CliError } from './exit.ts'
import { parseTimestampMs } from './values.ts'

export type ResetTarget =
  | { readonly kind: 'start' | 'end' }
  | { readonly kind: 'timestamp'; readonly timestampMs: number }
  | { readonly kind: 'offset'; readonly offset: bigint }
  | { readonly kind: 'shift'; readonly by: bigint }
  | { readonly kind: 'group'; readonly groupId: string }
  | { readonly kind: 'file'; readonly path: string }

export interface ResetRow extends TopicPartition {
  /** `null`: nothing was committed. */
  readonly from: bigint | null
  readonly to: bigint
}

export function parseTarget(text: string): ResetTarget {
  if (text === 'start' || text === 'earliest' || text === 'beginning') return { kind: 'start' }
  if (text === 'end' || text === 'latest') return { kind: 'end' }
  if (text.startsWith('@')) return { kind: 'timestamp', timestampMs: parseTimestampMs(text.slice(1)) }
  if (text.startsWith('group:')) return { kind: 'group', groupId: text.slice('group:'.length) }
  if (text.startsWith('file:')) return { kind: 'file', path: text.slice('file:'.length) }
  if (/^[+-]\d+$/.test(text)) return { kind: 'shift', by: BigInt(text) }
  if (/^\d+$/.test(text)) return { kind: 'offset', offset: BigInt(text) }
  throw new CliError(
    `'${text}' is no place to reset to: start, end, @time, an offset, +N, -N, group:other or file:path`,
  )
}

/** `orders` selects a topic, `orders:0,2` two of its partitions. No selection selects everything. */
export function selectPartitions(selection: readonly string[] | undefined): (partition: TopicPartition) => boolean {
  if (selection === undefined) return () => true
  const chosen = new Map(
    selection.map((text) => {
      const at = text.lastIndexOf(':')
      if (at < 0) return [text, null] as const
      const partitions = text
        .slice(at + 1)
        .split(',')
        .map(Number)
      if (partitions.some((partition) => !Number.isInteger(partition) || partition < 0)) {
        throw new CliError(`partitions are written topic:0,1; got '${text}'`)
      }
      return [text.slice(0, at), new Set(partitions)] as const
    }),
  )
  return ({ topic, partition }) => {
    const partitions = chosen.get(topic)
    return partitions === null || partitions?.has(partition) === true
  }
}

/** Reads what is committed and what exists, and computes where every selected partition would go. Changes nothing. */
export async function planReset(
  admin: Admin,
  request: { readonly groupId: string; readonly topics: readonly string[] | undefined; readonly target: ResetTarget },
  call: CallOptions,
): Promise<ResetRow[]> {
  const { groupId, target } = request
  const selected = selectPartitions(request.topics)
  const committed = new Map(
    (await admin.listGroupOffsets(groupId, undefined, call)).map((offset) => [keyOf(offset), offset.offset]),
  )
  const explicit = await explicitOffsets(admin, target, call)
  const partitions = explicit
    ? explicit.filter(selected)
    : await candidates(admin, request.topics, committed, selected, call)
  if (partitions.length === 0) {
    throw new CliError(`nothing to reset: group '${groupId}' has no committed offsets for that`, {
      exitCode: 1,
      hint: 'name topics with -t to give a group its first offsets',
    })
  }
  const at = async (spec: 'earliest' | 'latest' | { timestamp: number }): Promise<(bigint | null)[]> =>
    (
      await admin.listOffsets(
        partitions.map(({ topic, partition }) => ({ topic, partition, at: spec })),
        call,
      )
    ).map((listed) => listed.offset)
  const [starts, ends] = await Promise.all([at('earliest'), at('latest')])
  const timed = target.kind === 'timestamp' ? await at({ timestamp: target.timestampMs }) : []
  return partitions.map((partition, index) => {
    const start = starts[index] ?? 0n
    const end = ends[index] ?? 0n
    const from = committed.get(keyOf(partition)) ?? null
    const wanted = explicit
      ? (partition as TopicPartition & { offset: bigint }).offset
      : wantedOffset(target, { start, end, from, timed: timed[index] ?? null })
    // Like Apache Kafka's tool: what lies outside the log is brought to its nearer end.
    const to = wanted < start ? start : wanted > end ? end : wanted
    return { topic: partition.topic, partition: partition.partition, from, to }
  })
}

const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`

function wantedOffset(
  target: ResetTarget,
  at: { start: bigint; end: bigint; from: bigint | null; timed: bigint | null },
): bigint {
  switch (target.kind) {
    case 'start':
      return at.start
    case 'end':
      return at.end
    case 'timestamp':
      return at.timed ?? at.end
    case 'offset':
      return target.offset
    case 'shift':
      if (at.from === null) throw new CliError('+N and -N need a committed offset to start from')
      return at.from + target.by
    case 'group':
    case 'file':
      throw new CliError('offsets of a group or file are explicit')
    default:
      return target satisfies never
  }
}

async function explicitOffsets(
  admin: Admin,
  target: ResetTarget,
  call: CallOptions,
): Promise<(TopicPartition & { offset: bigint })[] | undefined> {
  if (target.kind === 'group') return admin.listGroupOffsets(target.groupId, undefined, call)
  if (target.kind !== 'file') return undefined
  let text: string
  try {
    text = readFileSync(target.path, 'utf8')
  } catch (error) {
    throw new CliError(`cannot read ${target.path}: ${(error as Error).message}`)
  }
  return text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line, index) => {
      const match = /^"?([^",]+)"?\s*,\s*(\d+)\s*,\s*(\d+)\s*$/.exec(line)
      if (!match) throw new CliError(`${target.path}:${index + 1} is not topic,partition,offset`)
      return { topic: match[1]!, partition: Number(match[2]), offset: BigInt(match[3]!) }
    })
}

async function candidates(
  admin: Admin,
  topics: readonly string[] | undefined,
  committed: ReadonlyMap<string, bigint>,
  selected: (partition: TopicPartition) => boolean,
  call: CallOptions,
): Promise<TopicPartition[]> {
  if (topics === undefined) {
    return [...committed.keys()].map((key) => {
      const at = key.lastIndexOf('-')
      return { topic: key.slice(0, at), partition: Number(key.slice(at + 1)) }
    })
  }
  const names = [...new Set(topics.map((text) => text.replace(/:[\d,]*$/, '')))]
  const described = await admin.describeTopics(names, call)
  return described
    .flatMap((topic) => topic.partitions.map(({ partition }) => ({ topic: topic.name, partition })))
    .filter(selected)
}
