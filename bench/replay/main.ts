/**
 * The process that `replay.ts` starts: opens its lanes, says `ready`, runs for a while when told `go`, prints what it did.
 */
import process from 'node:process'
import { setTimeout as delay } from 'node:timers/promises'
import { percentile } from '../statistics.ts'
import { Lane, type LaneJob } from './lane.ts'
import type { ReplayJob, ReplayResult, ReplayShare } from './replay.ts'

const job = JSON.parse(process.argv[2] ?? '{}') as ReplayJob
const lanes: Lane[] = []
for (const lane of job.lanes) {
  for (let i = 0; i < (lane.connections ?? 1); i++) {
    lanes.push(
      await Lane.open(lane, (error) => {
        process.stderr.write(`${error.message}\n`)
        process.exit(1)
      }),
    )
  }
}
process.stdout.write('ready\n')
for await (const _line of process.stdin) break

const over = Promise.all(lanes.map((lane) => lane.ended()))
for (const lane of lanes) lane.start()
if (job.warmUpMs > 0) await delay(job.warmUpMs)
for (const lane of lanes) lane.reset()
const [startedMs, cpu] = [performance.now(), process.cpuUsage()]
process.stdout.write('measuring\n')
await (job.measureMs === 'end' ? over : delay(job.measureMs))
const seconds = (performance.now() - startedMs) / 1000
const { user, system } = process.cpuUsage(cpu)
const result: ReplayResult = {
  seconds,
  cpuSeconds: (user + system) / 1e6,
  produce: share('produce'),
  fetch: share('fetch'),
}
process.stdout.write(`result ${JSON.stringify(result)}\n`)
await Promise.all(lanes.map((lane) => lane.stop()))
process.exit(0)

function share(kind: LaneJob['kind']): ReplayShare {
  const counts = lanes.filter((lane) => lane.job.kind === kind).map((lane) => lane.count)
  const latencies = Float64Array.from(counts.flatMap((count) => count.latencies)).sort()
  const of = (fraction: number): number => percentile(latencies, fraction) / 1000
  return {
    requests: counts.reduce((sum, count) => sum + count.requests, 0),
    payloadBytes: counts.reduce((sum, count) => sum + count.payloadBytes, 0),
    p50Ms: of(0.5),
    p99Ms: of(0.99),
    p999Ms: of(0.999),
  }
}
