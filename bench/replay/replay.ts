/**
 * A load that costs little itself: requests encoded once and sent over and over by one process.
 *
 * The well-known load programs need more CPU than the server does, and choose the size and number of their requests themselves. Where
 * that hides what is measured (requests of one record, many connections, several brokers, the cost of a request), this one stands in.
 * Servers cannot tell it from a client; it does not look into records.
 */
import { join } from 'node:path'
import process from 'node:process'
import { start } from '../../conformance/peers/process.ts'
import { cpuSeconds } from '../process-usage.ts'
import type { Bootstrap, PartitionLeader } from '../topics.ts'
import type { BatchShape } from './frames.ts'
import type { LaneJob } from './lane.ts'

export interface ReplayJob {
  readonly lanes: readonly (LaneJob & { readonly connections?: number })[]
  readonly warmUpMs: number
  /** `end`: until the lanes have come to their ends by themselves; everything counts then. */
  readonly measureMs: number | 'end'
}

export interface ReplayShare {
  readonly requests: number
  readonly payloadBytes: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly p999Ms: number
}

export interface ReplayResult {
  readonly seconds: number
  /** Of the load itself. */
  readonly cpuSeconds: number
  readonly produce: ReplayShare
  readonly fetch: ReplayShare
}

/** What the servers spent meanwhile, all of them together. */
export interface Replayed extends ReplayResult {
  readonly serverCpuSeconds: number
}

/** Runs the load; server CPU is taken over the measured time only. */
export async function replay(pids: readonly number[], job: ReplayJob): Promise<Replayed> {
  const child = start(process.execPath, [join(import.meta.dirname, 'main.ts'), JSON.stringify(job)])
  const spent = (): number => pids.reduce((sum, pid) => sum + cpuSeconds(pid), 0)
  try {
    await child.line(/^ready$/m, 60_000)
    child.stdin.write('go\n')
    await child.line(/^measuring$/m, job.warmUpMs + 60_000)
    const before = spent()
    const [, json] = await child.line(/^result (.*)$/m, (job.measureMs === 'end' ? 240_000 : job.measureMs) + 60_000)
    const serverCpuSeconds = spent() - before
    await child.exited(10_000)
    return { ...(JSON.parse(json!) as ReplayResult), serverCpuSeconds }
  } finally {
    await child.kill()
  }
}

/** Lanes to every partition of a topic of one server. */
export function lanesOf<T extends object>(
  server: Bootstrap,
  topic: string,
  partitions: number,
  lane: T,
): (T & { port: number; topic: string; partition: number })[] {
  return Array.from({ length: partitions }, (_, partition) => ({ ...lane, port: server.port, topic, partition }))
}

/** Lanes to every partition of a topic, each to its leader. */
export function lanesTo<T extends object>(
  leaders: readonly PartitionLeader[],
  topic: string,
  lane: T,
): (T & { port: number; topic: string; partition: number })[] {
  return leaders.map(({ partition, port }) => ({ ...lane, port, topic, partition }))
}

/** Fills partitions with as many records as asked for, at least, in equal batches. @returns how many there are */
export async function fillTopic(
  server: Bootstrap,
  topic: string,
  partitions: number,
  { batch, records }: { readonly batch: BatchShape; readonly records: number },
): Promise<number> {
  const requestsMax = Math.ceil(records / batch.recordCount / partitions)
  const lanes = lanesOf(server, topic, partitions, { kind: 'produce', acks: -1, batch, width: 5, requestsMax } as const)
  const { produce } = await replay([], { lanes, warmUpMs: 0, measureMs: 'end' })
  return produce.requests * batch.recordCount
}
