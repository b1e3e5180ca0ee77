/**
 * What is wrong with the partitions of a cluster, put so that a person can read it: one problem for all partitions of a topic
 * that lack the same thing, so that a dead broker with a thousand partitions is a few lines. Pure.
 */
import type { PartitionDescription, TopicPartition } from '@braidlog/client'

export interface Problem {
  readonly severity: 'error' | 'warning'
  readonly kind: 'broker' | 'disk' | 'offline' | 'under-min-isr' | 'under-replicated' | 'moving'
  readonly what: string
  readonly hint: string
  /** Of `offline`, `under-min-isr`, `under-replicated` and `moving`: which partitions. */
  readonly topic?: string
  readonly partitions?: readonly number[]
}

export interface TopicState {
  readonly name: string
  readonly partitions: readonly PartitionDescription[]
}

export interface ClusterState {
  readonly topics: readonly TopicState[]
  /** What is being reassigned. */
  readonly moving: readonly TopicPartition[]
  /** Registered brokers that are not up. */
  readonly fenced: readonly number[]
  /** `min.insync.replicas` by topic; 1 where it is not known. */
  readonly minInSync: ReadonlyMap<string, number>
}

/** How many lines of one kind a table shows; `-o json` has all. */
const LINES_MAX = 10

/** Most pressing first: offline, then what refuses acks=all, then what lacks copies. */
export function partitionProblems(state: ClusterState): Problem[] {
  const moving = new Set(state.moving.map(({ topic, partition }) => `${topic}-${partition}`))
  const found = new Map<string, Problem & { partitions: number[] }>()
  for (const { name, partitions } of state.topics) {
    for (const partition of partitions.toSorted((a, b) => a.partition - b.partition)) {
      const finding = look(name, partition, moving.has(`${name}-${partition.partition}`), state)
      if (finding === undefined) continue
      const key = JSON.stringify([name, finding])
      const group = found.get(key)
      if (group === undefined) found.set(key, { ...finding, topic: name, partitions: [partition.partition] })
      else group.partitions.push(partition.partition)
    }
  }
  const order = ['offline', 'under-min-isr', 'under-replicated', 'moving']
  return [...found.values()]
    .toSorted((a, b) => order.indexOf(a.kind) - order.indexOf(b.kind))
    .map((problem) => ({ ...problem, what: `${countOf(problem.partitions, problem.topic!)} ${problem.what}` }))
}

type Finding = Pick<Problem, 'severity' | 'kind' | 'what' | 'hint'>

function look(
  topic: string,
  partition: PartitionDescription,
  isMoving: boolean,
  { fenced, minInSync }: ClusterState,
): Finding | undefined {
  const { leader, replicas, isr, eligibleLeaderReplicas: eligible } = partition
  if (leader === null) {
    const able = [...new Set([...isr, ...eligible])]
    const hint =
      able.length > 0
        ? `start ${brokers(able, 'or')}: nothing is lost then`
        : `start one of ${brokers(replicas, 'or')}; if none comes back, elect what is left, at the price of records: ` +
          `braidlog cluster elect-leaders ${topic} --unclean`
    return { severity: 'error', kind: 'offline', what: 'offline: no leader, neither read nor written', hint }
  }
  const missing = replicas.filter((replica) => !isr.includes(replica)).toSorted((a, b) => a - b)
  if (missing.length === 0) return undefined
  if (isMoving) {
    const what = `being moved; not in sync yet: ${brokers(missing, 'and')}`
    return { severity: 'warning', kind: 'moving', what, hint: 'wait, or see `braidlog cluster reassign status`' }
  }
  const down = missing.filter((replica) => fenced.includes(replica))
  const behind = missing.filter((replica) => !fenced.includes(replica))
  const hint = [
    ...(down.length > 0 ? [`start ${brokers(down, 'and')}`] : []),
    ...(behind.length > 0 ? [`${brokers(behind, 'and')} must catch up: see \`braidlog topic describe ${topic}\``] : []),
  ].join('; ')
  const required = minInSync.get(topic) ?? 1
  if (isr.length < required && replicas.length >= required) {
    const what = `refusing acks=all: ${isr.length} in sync, min.insync.replicas ${required}; missing: ${brokers(missing, 'and')}`
    return { severity: 'error', kind: 'under-min-isr', what, hint }
  }
  return {
    severity: 'error',
    kind: 'under-replicated',
    what: `under-replicated; missing: ${brokers(missing, 'and')}`,
    hint,
  }
}

/** The lines of a table: at most ten of a kind, then how many more there are. */
export function problemLines(problems: readonly Problem[]): string[][] {
  const lines: string[][] = []
  for (const [kind, all] of Map.groupBy(problems, (problem) => problem.kind)) {
    const shown = all.length > LINES_MAX ? all.slice(0, LINES_MAX - 1) : all
    lines.push(...shown.map(({ severity, what, hint }) => [severity, what, hint]))
    const rest = all.slice(shown.length)
    if (rest.length === 0) continue
    const count = rest.reduce((sum, { partitions }) => sum + (partitions?.length ?? 1), 0)
    const topics = new Set(rest.map(({ topic }) => topic)).size
    const what = `and ${count} more partitions of ${topics} topics ${kind}`
    lines.push([rest[0]!.severity, what, '`braidlog cluster health -o json` lists all'])
  }
  return lines
}

/** `orders-3`, or `12 of orders (0-7, 9, 11-13)`. */
function countOf(partitions: readonly number[], topic: string): string {
  if (partitions.length === 1) return `${topic}-${partitions[0]}`
  return `${partitions.length} partitions of ${topic} (${ranges(partitions)})`
}

const RANGES_MAX = 6

/** Ascending numbers with neighbours joined: `0-3, 5, 7-8`; many gaps are cut short. */
export function ranges(numbers: readonly number[]): string {
  const parts: { from: number; to: number }[] = []
  for (const number of numbers) {
    const last = parts.at(-1)
    if (last?.to === number - 1) last.to = number
    else parts.push({ from: number, to: number })
  }
  const shown = parts.slice(0, RANGES_MAX).map(({ from, to }) => (from === to ? `${from}` : `${from}-${to}`))
  return [...shown, ...(parts.length > RANGES_MAX ? ['…'] : [])].join(', ')
}

/** `broker 3`, `brokers 1 and 3`, `brokers 1, 2 or 3`. */
function brokers(ids: readonly number[], word: 'and' | 'or'): string {
  if (ids.length === 1) return `broker ${ids[0]}`
  return `brokers ${ids.slice(0, -1).join(', ')} ${word} ${ids.at(-1)}`
}
