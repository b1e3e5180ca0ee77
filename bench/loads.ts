/**
 * Loads by programs that we did not write: librdkafka's rdkafka_performance and Apache Kafka's ProducerPerformance and
 * ConsumerPerformance; and what the server spent on them.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runTool } from '../conformance/peers/kafka.ts'
import { ensureLibrdkafka } from '../conformance/peers/librdkafka.ts'
import { run, start } from '../conformance/peers/process.ts'
import type { PeerServer } from '../conformance/peers/server.ts'
import { cpuSeconds, machineCpuSeconds } from './process-usage.ts'
import { percentile } from './statistics.ts'

/** A load takes at most this long; one that does not end is a failure of the measurement. */
const loadTimeoutMs = 300_000

export interface Load {
  readonly topic: string
  readonly records: number
  readonly recordSizeBytes: number
}

export interface ProduceLoad extends Load {
  readonly acks: 1 | 'all'
  /** librdkafka's defaults (5 ms, 1,000,000 bytes), or batches as large as they get. */
  readonly batches: 'default' | '1MiB'
}

export interface Spent {
  /** Wall time of the load itself, by the program that made it. */
  readonly seconds: number
  readonly megabytesPerSecond: number
  /** CPU seconds of the server per gigabyte of record payload. */
  readonly serverCpuSecondsPerGigabyte: number
  /** Cores that all other programs used, the load among them. */
  readonly coresOfOthers: number
}

/** Runs `load` and tells what `server` spent; `load` resolves with its own wall time in seconds. */
async function measure(server: PeerServer, sizeBytes: number, load: () => Promise<number>): Promise<Spent> {
  const startedMs = performance.now()
  const [serverBefore, machineBefore] = [cpuSeconds(server.pid), machineCpuSeconds()]
  const seconds = await load()
  const serverSpent = cpuSeconds(server.pid) - serverBefore
  const others = machineCpuSeconds() - machineBefore - serverSpent
  return {
    seconds,
    megabytesPerSecond: sizeBytes / 1e6 / seconds,
    serverCpuSecondsPerGigabyte: serverSpent / (sizeBytes / 1e9),
    coresOfOthers: others / ((performance.now() - startedMs) / 1000),
  }
}

const batchSettings: Readonly<Record<ProduceLoad['batches'], readonly string[]>> = {
  default: [],
  '1MiB': ['batch.size=1048576', 'linger.ms=50', 'batch.num.messages=100000'],
}

function settings(pairs: readonly string[]): string[] {
  return pairs.flatMap((pair) => ['-X', pair])
}

/** Produces with rdkafka_performance. */
export async function produceRdkafka(server: PeerServer, load: ProduceLoad): Promise<Spent> {
  const { performance: program, env } = await ensureLibrdkafka()
  const args = [
    ['-P', '-b', server.bootstrap, '-t', load.topic],
    ['-s', String(load.recordSizeBytes), '-c', String(load.records), '-a', load.acks === 'all' ? '-1' : '1'],
    settings([...batchSettings[load.batches], 'queue.buffering.max.messages=500000']),
  ].flat()
  return measure(server, load.records * load.recordSizeBytes, async () => {
    const { stdout } = await run(program, args, { env, timeoutMs: loadTimeoutMs })
    const last = [...stdout.matchAll(/, (\d+) delivered \(offset -?\d+, (\d+) failed\) in (\d+)ms/g)].at(-1)
    if (last === undefined || Number(last[1]) !== load.records || Number(last[2]) !== 0)
      throw new Error(`not all delivered:\n${stdout.slice(-600)}`)
    return Number(last[3]) / 1000
  })
}

/** Consumes a topic from its beginning as the only member of a group, with rdkafka_performance. */
export async function consumeRdkafka(server: PeerServer, load: Load): Promise<Spent> {
  const { performance: program, env } = await ensureLibrdkafka()
  const group = `bench-${crypto.randomUUID()}`
  const args = ['-G', group, '-b', server.bootstrap, '-t', load.topic, '-o', 'beginning', '-c', String(load.records)]
  return measure(server, load.records * load.recordSizeBytes, async () => {
    const { stdout } = await run(program, [...args, ...settings(['auto.offset.reset=earliest'])], {
      env,
      timeoutMs: loadTimeoutMs,
    })
    const last = [...stdout.matchAll(/% (\d+) messages \(\d+ bytes\) consumed in (\d+)ms/g)].at(-1)
    if (last === undefined || Number(last[1]) < load.records)
      throw new Error(`not all consumed:\n${stdout.slice(-600)}`)
    return Number(last[2]) / 1000
  })
}

/** A consumer that waits at the end of the topic while a producer writes: the payload is counted once, the server does both. */
export async function tailRdkafka(server: PeerServer, load: ProduceLoad): Promise<Spent> {
  const { performance: program, env } = await ensureLibrdkafka()
  const group = `bench-${crypto.randomUUID()}`
  const consumer = start(
    program,
    [
      '-G',
      group,
      '-b',
      server.bootstrap,
      '-t',
      load.topic,
      '-c',
      String(load.records),
      ...settings(['auto.offset.reset=earliest']),
    ],
    { env },
  )
  try {
    const deadline = Date.now() + 30_000
    while (!consumer.stderr().includes('assigned')) {
      if (Date.now() > deadline) throw new Error(`the consumer was assigned nothing:\n${consumer.tail()}`)
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    return await measure(server, load.records * load.recordSizeBytes, async () => {
      const startedMs = performance.now()
      await produceRdkafka(server, load)
      if (!(await consumer.exited(60_000))) throw new Error(`the consumer did not get everything:\n${consumer.tail()}`)
      return (performance.now() - startedMs) / 1000
    })
  } finally {
    await consumer.stop()
  }
}

export interface Latency {
  /** Milliseconds from the call to the acknowledgement. */
  readonly p50: number
  readonly p99: number
  readonly p999: number
}

/** Latency of single records at a steady rate, with rdkafka_performance, linger 0. The first tenth is warm-up. */
export async function latencyRdkafka(
  server: PeerServer,
  load: ProduceLoad & { readonly recordsPerSecond: number },
): Promise<Latency> {
  const { performance: program, env } = await ensureLibrdkafka()
  const directory = mkdtempSync(join(tmpdir(), 'braidlog-latency-'))
  const file = join(directory, 'microseconds')
  try {
    const args = [
      ['-P', '-l', '-b', server.bootstrap, '-t', load.topic, '-A', file],
      ['-s', String(load.recordSizeBytes), '-c', String(load.records), '-r', String(load.recordsPerSecond)],
      ['-a', load.acks === 'all' ? '-1' : '1', ...settings(['linger.ms=0'])],
    ].flat()
    await run(program, args, { env, timeoutMs: loadTimeoutMs })
    const all = readFileSync(file, 'utf8').trim().split('\n').map(Number)
    const sorted = all.slice(Math.floor(all.length / 10)).toSorted((a, b) => a - b)
    return {
      p50: percentile(sorted, 0.5) / 1000,
      p99: percentile(sorted, 0.99) / 1000,
      p999: percentile(sorted, 0.999) / 1000,
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

const javaFlags = ['-Xmx512M', '-XX:+UseG1GC']

/** Produces with Apache Kafka's ProducerPerformance, at a rate or as fast as it goes. */
export async function produceJava(
  server: PeerServer,
  load: ProduceLoad & { readonly recordsPerSecond?: number },
): Promise<Spent & Latency> {
  const args = [
    ['--topic', load.topic, '--num-records', String(load.records), '--record-size', String(load.recordSizeBytes)],
    ['--throughput', String(load.recordsPerSecond ?? -1), '--bootstrap-server', server.bootstrap],
    ['--warmup-records', String(Math.floor(load.records / 10)), '--command-property', `acks=${load.acks}`],
    load.batches === 'default'
      ? []
      : ['batch.size=1048576', 'linger.ms=50', 'buffer.memory=67108864'].flatMap((pair) => [
          '--command-property',
          pair,
        ]),
  ].flat()
  let latency: Latency = { p50: NaN, p99: NaN, p999: NaN }
  const spent = await measure(server, load.records * load.recordSizeBytes, async () => {
    const { stdout } = await runTool('org.apache.kafka.tools.ProducerPerformance', args, {
      timeoutMs: loadTimeoutMs,
      jvmFlags: javaFlags,
    })
    const last = [
      ...stdout.matchAll(/ ([\d.]+) records\/sec .* (\d+) ms 50th, \d+ ms 95th, (\d+) ms 99th, (\d+) ms 99\.9th/g),
    ].at(-1)
    if (last === undefined) throw new Error(`no summary:\n${stdout.slice(-600)}`)
    latency = { p50: Number(last[2]), p99: Number(last[3]), p999: Number(last[4]) }
    return load.records / Number(last[1])
  })
  return { ...spent, ...latency }
}

/** Consumes with Apache Kafka's ConsumerPerformance; its time leaves the join of the group out. */
export async function consumeJava(server: PeerServer, load: Load): Promise<Spent> {
  const group = `group.id=bench-${crypto.randomUUID()}`
  const args = [
    ['--topic', load.topic, '--num-records', String(load.records), '--bootstrap-server', server.bootstrap],
    ['--timeout', '60000', '--hide-header'],
    ['--command-property', 'auto.offset.reset=earliest', '--command-property', group],
  ].flat()
  return measure(server, load.records * load.recordSizeBytes, async () => {
    const { stdout } = await runTool('org.apache.kafka.tools.ConsumerPerformance', args, {
      timeoutMs: loadTimeoutMs,
      jvmFlags: javaFlags,
    })
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
