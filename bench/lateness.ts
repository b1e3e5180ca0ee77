/** How late the timers of heartbeats and elections are while nodes have as much to do as can be found. */
import { lanesTo, replay } from './replay/replay.ts'
import type { ThreeBrokers } from './three-brokers.ts'

const partitions = 6

/** All that keeps an event loop long, and how late it let the timers be on which a node's life in the cluster depends. */
export async function latenessWhileBusy(cluster: ThreeBrokers, seconds: number): Promise<Record<string, number>> {
  const before = await cluster.metrics()
  const large = { kind: 'produce', acks: -1, width: 5, batch: { recordCount: 1000, recordSizeBytes: 1024 } } as const
  const gzip = { ...large, batch: { recordCount: 600, recordSizeBytes: 1024, codec: 'gzip' } } as const
  await cluster.withTopic('large', { partitions }, (toLarge) =>
    cluster.withTopic('recompressed', { partitions, configs: { 'compression.type': 'lz4' } }, async (toLz4) => {
      const lanes = [...lanesTo(toLarge, 'large', large), ...lanesTo(toLz4, 'recompressed', gzip)]
      let isOver = false
      const making = async (): Promise<void> => {
        while (!isOver) await cluster.withTopic('wide', { partitions: 300 }, () => Promise.resolve())
      }
      const load = replay(cluster.pids, { lanes, warmUpMs: 300, measureMs: seconds * 1000 })
      await Promise.all([load.finally(() => (isOver = true)), making()])
    }),
  )
  const after = await cluster.metrics()
  /** The highest bucket of any node that counted something meanwhile. */
  const most = (histogram: string, label: string): number => {
    let boundMs = 0
    for (const [at, counts] of after.entries()) {
      let below = 0
      for (const [key, value] of counts) {
        if (!key.startsWith(`${histogram}_bucket{`) || !key.includes(label)) continue
        const count = value - (before[at]!.get(key) ?? 0)
        const bound = /le="([^"]+)"/.exec(key)![1]!
        if (count > below) boundMs = Math.max(boundMs, bound === '+Inf' ? Infinity : Number(bound) * 1000)
        below = count
      }
    }
    return boundMs
  }
  return {
    'quorum timer late by at most, ms': most('braidlog_timer_lateness_seconds', 'timer="quorum"'),
    'heartbeat timer late by at most, ms': most('braidlog_timer_lateness_seconds', 'timer="heartbeat"'),
    'longest turn at most, ms': most('braidlog_turn_duration_seconds', 'listener="broker"'),
  }
}
