/**
 * How far replicas that are being moved have come: what each new one has on its disk against what its leader has
 * (DescribeLogDirs), looked at twice to see how fast it grows. What a broker does not tell is `null`, never zero.
 */
import type { Admin, ReassignmentDescription } from '@braidlog/client'
import type { Context } from './command.ts'

export interface ReplicaProgress {
  readonly broker: number
  readonly sizeBytes: number | null
  /** Of the leader's log less of this one. */
  readonly bytesLeft: number | null
  readonly bytesPerSecond: number | null
  /** As fast as just now; `null` also when it does not grow. */
  readonly secondsLeft: number | null
}

export interface ReassignmentProgress extends ReassignmentDescription {
  readonly leader: number | null
  readonly leaderSizeBytes: number | null
  readonly adding: readonly ReplicaProgress[]
}

/** Sizes of logs in one look, by `broker/topic/partition`. A broker that is not in it did not answer. */
export interface Look {
  readonly atMs: number
  readonly brokers: ReadonlySet<number>
  readonly sizes: ReadonlyMap<string, number>
}

export interface Placed {
  readonly leader: number | null
  readonly isr: readonly number[]
}

/** @param placeOf where a partition is led and in sync */
export function progressOf(
  moving: readonly ReassignmentDescription[],
  placeOf: (topic: string, partition: number) => Placed | undefined,
  [before, after]: readonly [Look, Look],
): ReassignmentProgress[] {
  return moving.map((each) => {
    const { topic, partition, addingReplicas } = each
    const { leader = null, isr = [] } = placeOf(topic, partition) ?? {}
    const size = (look: Look, broker: number) => sizeOf(look, broker, topic, partition)
    const leaderSizeBytes = leader === null ? null : size(after, leader)
    const adding = addingReplicas.map((broker): ReplicaProgress => {
      const [earlier, sizeBytes] = [size(before, broker), size(after, broker)]
      const grown = earlier === null || sizeBytes === null ? null : Math.max(0, sizeBytes - earlier)
      const bytesPerSecond = grown === null ? null : Math.round((grown * 1000) / Math.max(1, after.atMs - before.atMs))
      const known = leaderSizeBytes === null || sizeBytes === null ? null : Math.max(0, leaderSizeBytes - sizeBytes)
      // Who is in sync waits for the others, or for the controller.
      const bytesLeft = isr.includes(broker) ? 0 : known
      return { broker, sizeBytes, bytesLeft, bytesPerSecond, secondsLeft: secondsOf(bytesLeft, bytesPerSecond) }
    })
    return { ...each, leader, leaderSizeBytes, adding }
  })
}

/** Of several replicas together: they share the network and the disks of their leaders. */
export function totalOf(replicas: readonly ReplicaProgress[]): Omit<ReplicaProgress, 'broker' | 'sizeBytes'> {
  const sum = (values: readonly (number | null)[]) =>
    values.reduce((total, value) => (total === null || value === null ? null : total + value), 0 as number | null)
  const bytesLeft = sum(replicas.map((each) => each.bytesLeft))
  const bytesPerSecond = sum(replicas.map((each) => each.bytesPerSecond))
  return { bytesLeft, bytesPerSecond, secondsLeft: secondsOf(bytesLeft, bytesPerSecond) }
}

function secondsOf(bytesLeft: number | null, bytesPerSecond: number | null): number | null {
  if (bytesLeft === 0) return 0
  return bytesLeft === null || bytesPerSecond === null || bytesPerSecond === 0
    ? null
    : Math.ceil(bytesLeft / bytesPerSecond)
}

/** A broker that answers and has no such log has nothing of it yet. */
function sizeOf({ brokers, sizes }: Look, broker: number, topic: string, partition: number): number | null {
  return brokers.has(broker) ? (sizes.get(`${broker}/${topic}/${partition}`) ?? 0) : null
}

/** Asks each broker; one that does not answer is left out. */
export async function lookAtLogs(admin: Admin, { call }: Context, brokers: readonly number[]): Promise<Look> {
  const sizes = new Map<string, number>()
  const answered = new Set<number>()
  await Promise.all(
    brokers.map(async (broker) => {
      const directories = await admin.describeLogDirs([broker], call).catch(() => undefined)
      if (directories === undefined) return
      answered.add(broker)
      for (const { topic, partition, sizeBytes, isFuture } of directories.flatMap(({ replicas }) => replicas))
        if (!isFuture) sizes.set(`${broker}/${topic}/${partition}`, sizeBytes)
    }),
  )
  return { atMs: performance.now(), brokers: answered, sizes }
}
