/** Loads by librdkafka's `rdkafka_performance`. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ensureLibrdkafka } from '../../conformance/peers/librdkafka.ts'
import { eventually, run, start } from '../../conformance/peers/process.ts'
import type { PeerServer } from '../../conformance/peers/server.ts'
import { percentile } from '../statistics.ts'
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

/** The program has a linger of its own, a whole second; 5 ms are the library's. */
const batchSettings: Readonly<Record<Batches, readonly string[]>> = {
  '16KiB': ['batch.size=16384', 'linger.ms=5'],
  default: ['linger.ms=5'],
  '1MiB': ['batch.size=1048576', 'linger.ms=50', 'batch.num.messages=100000'],
}

const settings = (pairs: readonly string[]): string[] => pairs.flatMap((pair) => ['-X', pair])

/** Produces with as many processes as asked for, which share the records. */
export async function produceRdkafka(server: PeerServer, load: ProduceLoad, producers = 1): Promise<Spent> {
  const share = Math.ceil(load.records / producers)
  return measure(server, share * producers * load.recordSizeBytes, async () => {
    const seconds = await Promise.all(Array.from({ length: producers }, () => produceOnce(server, load, share)))
    return Math.max(...seconds)
  })
}

async function produceOnce(server: PeerServer, load: ProduceLoad, records: number): Promise<number> {
  const { performance: program, env } = await ensureLibrdkafka()
  const args = [
    ['-P', '-b', server.bootstrap, '-t', load.topic],
    ['-s', String(load.recordSizeBytes), '-c', String(records), '-a', load.acks === 'all' ? '-1' : '1'],
    settings([...batchSettings[load.batches], 'queue.buffering.max.messages=500000']),
  ].flat()
  // It ends with 1 when its own queue was full for a moment, although it then waits and goes on: what it delivered is checked.
  const { stdout } = await run(program, args, { env, timeoutMs: loadTimeoutMs, exitCodes: [0, 1] })
  const last = [...stdout.matchAll(/, (\d+) delivered \(offset -?\d+, (\d+) failed\) in (\d+)ms/g)].at(-1)
  if (last === undefined || Number(last[1]) !== records || Number(last[2]) !== 0)
    throw new Error(`not all delivered:\n${stdout.slice(-600)}`)
  return Number(last[3]) / 1000
}

/** How much a consumer asks for at a time: its own defaults, or answers of at most that size. */
export type FetchSize = 'default' | '64KiB' | '1MiB'

const fetchSettings: Readonly<Record<FetchSize, readonly string[]>> = {
  default: [],
  // A fetch is never smaller than the largest message the consumer is set up for.
  '64KiB': ['message.max.bytes=65536', 'fetch.max.bytes=65536', 'fetch.message.max.bytes=65536'],
  '1MiB': ['message.max.bytes=1048576', 'fetch.max.bytes=1048576', 'fetch.message.max.bytes=1048576'],
}

function consumerArguments(server: PeerServer, load: Load, fetch: FetchSize): string[] {
  const group = `bench-${crypto.randomUUID()}`
  const args = ['-G', group, '-b', server.bootstrap, '-t', load.topic, '-c', String(load.records)]
  return [...args, ...settings(['auto.offset.reset=earliest', ...fetchSettings[fetch]])]
}

/** Consumes a topic from its beginning; each consumer is the only member of a group of its own, and reads everything. */
export async function consumeRdkafka(
  server: PeerServer,
  load: Load,
  fetch: FetchSize = 'default',
  consumers = 1,
): Promise<Spent> {
  const { performance: program, env } = await ensureLibrdkafka()
  const once = async (): Promise<number> => {
    const args = consumerArguments(server, load, fetch)
    const { stdout } = await run(program, args, { env, timeoutMs: loadTimeoutMs })
    const last = [...stdout.matchAll(/% (\d+) messages \(\d+ bytes\) consumed in (\d+)ms/g)].at(-1)
    if (last === undefined || Number(last[1]) < load.records)
      throw new Error(`not all consumed:\n${stdout.slice(-600)}`)
    return Number(last[2]) / 1000
  }
  return measure(server, consumers * sizeOf(load), async () =>
    Math.max(...(await Promise.all(Array.from({ length: consumers }, once)))),
  )
}

/** A consumer that waits at the end of the topic while a producer writes: the payload is counted once, the server does both. */
export async function tailRdkafka(server: PeerServer, load: ProduceLoad, fetch: FetchSize = 'default'): Promise<Spent> {
  const { performance: program, env } = await ensureLibrdkafka()
  const consumer = start(program, consumerArguments(server, load, fetch), { env })
  try {
    await eventually(() => (consumer.stderr().includes('assigned') ? true : undefined), 'the consumer is assigned')
    return await measure(server, sizeOf(load), async () => {
      const startedMs = performance.now()
      await produceOnce(server, load, load.records)
      if (!(await consumer.exited(60_000))) throw new Error(`the consumer did not get everything:\n${consumer.tail()}`)
      return (performance.now() - startedMs) / 1000
    })
  } finally {
    await consumer.stop()
  }
}

export interface ProbeLoad extends Load {
  readonly recordsPerSecond: number
  readonly acks: 1 | 'all'
}

export interface Probe {
  /** From the call to the acknowledgement. */
  readonly produce: Latency
  /** From the call to the delivery at a waiting consumer. */
  readonly endToEnd: Latency
}

/** Latency of single records at a steady rate, linger 0, seen by their producer and by a consumer. The first tenth is warm-up. */
export async function probeRdkafka(server: PeerServer, load: ProbeLoad): Promise<Probe> {
  const { performance: program, env } = await ensureLibrdkafka()
  const directory = mkdtempSync(join(tmpdir(), 'braidlog-latency-'))
  const produceFile = join(directory, 'produce')
  const consumeFile = join(directory, 'consume')
  const consumer = start(program, [...consumerArguments(server, load, 'default'), '-l', '-A', consumeFile], { env })
  try {
    await eventually(() => (consumer.stderr().includes('assigned') ? true : undefined), 'the consumer is assigned')
    const args = [
      ['-P', '-l', '-b', server.bootstrap, '-t', load.topic, '-A', produceFile],
      ['-s', String(load.recordSizeBytes), '-c', String(load.records), '-r', String(load.recordsPerSecond)],
      ['-a', load.acks === 'all' ? '-1' : '1', ...settings(['linger.ms=0'])],
    ].flat()
    await run(program, args, { env, timeoutMs: loadTimeoutMs })
    if (!(await consumer.exited(30_000))) throw new Error(`the consumer did not get everything:\n${consumer.tail()}`)
    return { produce: latencyOf(produceFile), endToEnd: latencyOf(consumeFile) }
  } finally {
    await consumer.stop()
    rmSync(directory, { recursive: true, force: true })
  }
}

/** Of a file with a figure in microseconds on each line. */
function latencyOf(file: string): Latency {
  const all = readFileSync(file, 'utf8').trim().split('\n').map(Number)
  const sorted = all.slice(Math.floor(all.length / 10)).toSorted((a, b) => a - b)
  const at = (fraction: number): number => percentile(sorted, fraction) / 1000
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) }
}
