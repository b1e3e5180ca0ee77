/** Loads by Apache Kafka's own ProducerPerformance, ConsumerPerformance and EndToEndLatency. */
import { runTool } from '../../conformance/peers/kafka.ts'
import type { PeerServer } from '../../conformance/peers/server.ts'
import {
  loadTimeoutMs,
  measure,
  sizeOf,
  type Batches,
  type Latency,
  type Load,
  type ProduceLoad,
  type Spent,
} from './measure.ts'

const options = { timeoutMs: loadTimeoutMs, jvmFlags: ['-Xmx512M', '-XX:+UseG1GC'] }

const batchSettings: Readonly<Record<Batches, readonly string[]>> = {
  '16KiB': [],
  default: [],
  '1MiB': ['batch.size=1048576', 'linger.ms=50', 'buffer.memory=67108864'],
}

const properties = (pairs: readonly string[]): string[] => pairs.flatMap((pair) => ['--command-property', pair])

/** Produces with ProducerPerformance, at a rate or as fast as it goes. */
export async function produceJava(
  server: PeerServer,
  load: ProduceLoad & { readonly recordsPerSecond?: number },
): Promise<Spent & Latency> {
  const args = [
    ['--topic', load.topic, '--num-records', String(load.records), '--record-size', String(load.recordSizeBytes)],
    ['--throughput', String(load.recordsPerSecond ?? -1), '--bootstrap-server', server.bootstrap],
    ['--warmup-records', String(Math.floor(load.records / 10))],
    properties([`acks=${load.acks}`, ...batchSettings[load.batches]]),
  ].flat()
  let latency: Latency = { p50: NaN, p99: NaN, p999: NaN }
  const spent = await measure(server, sizeOf(load), async () => {
    const { stdout } = await runTool('org.apache.kafka.tools.ProducerPerformance', args, options)
    const last = [
      ...stdout.matchAll(/ ([\d.]+) records\/sec .* (\d+) ms 50th, \d+ ms 95th, (\d+) ms 99th, (\d+) ms 99\.9th/g),
    ].at(-1)
    if (last === undefined) throw new Error(`no summary:\n${stdout.slice(-600)}`)
    latency = { p50: Number(last[2]), p99: Number(last[3]), p999: Number(last[4]) }
    return load.records / Number(last[1])
  })
  return { ...spent, ...latency }
}

/** Consumes with ConsumerPerformance; its time leaves the join of the group out. */
export async function consumeJava(server: PeerServer, load: Load): Promise<Spent> {
  const group = `group.id=bench-${crypto.randomUUID()}`
  const args = [
    ['--topic', load.topic, '--num-records', String(load.records), '--bootstrap-server', server.bootstrap],
    ['--timeout', '60000', '--hide-header', ...properties(['auto.offset.reset=earliest', group])],
  ].flat()
  return measure(server, sizeOf(load), async () => {
    const { stdout } = await runTool('org.apache.kafka.tools.ConsumerPerformance', args, options)
    const fields = stdout
      .trim()
      .split('\n')
      .at(-1)!
      .split(',')
      .map((field) => field.trim())
    const fetchMs = Number(fields[7])
    if (!(fetchMs > 0)) throw new Error(`no summary:\n${stdout.slice(-600)}`)
    return fetchMs / 1000
  })
}

/** One record after the other, each sent when the one before it has been consumed, with EndToEndLatency. */
export async function endToEndJava(server: PeerServer, load: Load): Promise<Latency> {
  const args = [
    ['--bootstrap-server', server.bootstrap, '--topic', load.topic, '--producer-acks', 'all'],
    ['--num-records', String(load.records), '--record-size', String(load.recordSizeBytes)],
  ].flat()
  const { stdout } = await runTool('org.apache.kafka.tools.EndToEndLatency', args, options)
  const match = stdout.match(/50th = ([\d.]+), 99th = ([\d.]+), 99\.9th = ([\d.]+)/)
  if (match === null) throw new Error(`no percentiles:\n${stdout.slice(-600)}`)
  return { p50: Number(match[1]), p99: Number(match[2]), p999: Number(match[3]) }
}
