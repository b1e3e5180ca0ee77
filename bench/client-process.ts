/**
 * The process that one client library is measured in: does the jobs it is given one after the other, prints a line of JSON for each.
 *
 * Jobs are bounded by time, so that a slow library costs no more of it than a fast one. Time and CPU are taken around the work alone.
 */
import process from 'node:process'
import { setImmediate as turn } from 'node:timers/promises'
import { inspect } from 'node:util'
import type { ClientUnderTest, Codec, ConsumeWay, ProduceWay, ProducerUnderTest, Target } from './clients/client.ts'
import { values } from './values.ts'
import { percentile } from './statistics.ts'

export interface ProduceJob extends Target {
  readonly kind: 'produce'
  readonly way: ProduceWay
  readonly codec: Codec
  readonly recordSizeBytes: number
  /** Sends in flight (`single`), or records per send (`batches`). */
  readonly width: number
  readonly warmUpMs: number
  readonly measureMs: number
  /**
   * Single sends that the warm-up and the measurement go on for, each, beyond their time; slow libraries stop at the limit. A percentile
   * of fewer would be a figure of chance, and one of a process that is still being compiled would be a figure of its age.
   */
  readonly atLeast?: { readonly sends: number; readonly limitMs: number }
}

export interface ConsumeJob extends Target {
  readonly kind: 'consume'
  readonly way: ConsumeWay
  /** What the topic holds: the end of it ends the measurement, if the time after the first record does not. */
  readonly records: number
  readonly measureMs: number
}

export type ClientJob = ProduceJob | ConsumeJob

export interface ClientResult {
  readonly records: number
  readonly seconds: number
  readonly cpuSeconds: number
  /** Of single sends. */
  readonly p50Ms?: number
  readonly p99Ms?: number
}

export type ClientLine = { readonly result: ClientResult } | { readonly failure: string }

const name = process.argv[2]!
const jobs = JSON.parse(process.argv[3]!) as ClientJob[]
const { client } = (await import(`./clients/${name}.ts`)) as { client: ClientUnderTest }
process.on('uncaughtException', (error) => {
  print({ failure: inspect(error).slice(0, 200) })
  process.exit(1)
})
for (const job of jobs) {
  try {
    print({ result: job.kind === 'produce' ? await produce(job) : await consume(job) })
  } catch (error) {
    print({ failure: error instanceof Error && error.message !== '' ? error.message : inspect(error).slice(0, 200) })
  }
}
process.exit(0)

function print(line: ClientLine): void {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

async function produce(job: ProduceJob): Promise<ClientResult> {
  const producer = await client.openProducer(job, job.codec, job.way)
  try {
    const work = { single, batches, enqueue }[job.way]
    await work(job, producer, job.warmUpMs)
    const [startedMs, cpu] = [performance.now(), process.cpuUsage()]
    const { records, latencies } = await work(job, producer, job.measureMs)
    const seconds = (performance.now() - startedMs) / 1000
    const { user, system } = process.cpuUsage(cpu)
    const sorted = latencies?.toSorted((a, b) => a - b)
    return {
      records,
      seconds,
      cpuSeconds: (user + system) / 1e6,
      ...(sorted === undefined ? {} : { p50Ms: percentile(sorted, 0.5), p99Ms: percentile(sorted, 0.99) }),
    }
  } finally {
    await producer.close()
  }
}

interface Done {
  readonly records: number
  readonly latencies?: number[]
}

async function single(job: ProduceJob, producer: ProducerUnderTest, forMs: number): Promise<Done> {
  const all = values(job.recordSizeBytes)
  const startedMs = performance.now()
  const [endMs, limitMs] = [startedMs + forMs, startedMs + (job.atLeast?.limitMs ?? 0)]
  const sends = job.atLeast?.sends ?? 0
  const latencies: number[] = []
  let records = 0
  const lane = async (): Promise<void> => {
    for (let sentMs = performance.now(); sentMs < endMs || (records < sends && sentMs < limitMs);) {
      await producer.sendOne(all[records++ % all.length]!)
      const nowMs = performance.now()
      if (job.width === 1) latencies.push(nowMs - sentMs)
      sentMs = nowMs
    }
  }
  await Promise.all(Array.from({ length: job.width }, lane))
  return job.width === 1 ? { records, latencies } : { records }
}

/** Five sends in flight, as many as an idempotent producer may have. */
async function batches(job: ProduceJob, producer: ProducerUnderTest, forMs: number): Promise<Done> {
  const all = values(job.recordSizeBytes)
  const endMs = performance.now() + forMs
  const batch = Array.from({ length: job.width }, (_, i) => all[i % all.length]!)
  let records = 0
  const lane = async (): Promise<void> => {
    while (performance.now() < endMs) {
      await producer.sendMany(batch)
      records += batch.length
    }
  }
  await Promise.all(Array.from({ length: 5 }, lane))
  return { records }
}

async function enqueue(job: ProduceJob, producer: ProducerUnderTest, forMs: number): Promise<Done> {
  const all = values(job.recordSizeBytes)
  const endMs = performance.now() + forMs
  let records = 0
  while (performance.now() < endMs) {
    // A stretch at a time, as a program does that has other things to do.
    for (let i = 0; i < job.width; i++) {
      if (!producer.enqueue!(all[records++ % all.length]!)) await producer.drained!()
    }
    await turn()
  }
  await producer.flush!()
  return { records }
}

/**
 * From the call until the last record. A clock that started with the first record would miss what some libraries do before it: they fetch
 * and decode many megabytes in one go. What joining the group takes is in the figures, and is known from a topic of one record.
 */
async function consume(job: ConsumeJob): Promise<ClientResult> {
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()]
  let seen = 0
  let firstMs: number | undefined
  let result: ClientResult | undefined
  await client.consume(job, job.way, (count) => {
    if (result !== undefined) return false
    seen += count
    const isEnd = seen >= job.records
    // The clock is not read for every single record.
    if (count === 1 && !isEnd && (seen & 0x3f) !== 0) return true
    const nowMs = performance.now()
    firstMs ??= nowMs
    if (!isEnd && nowMs - firstMs < job.measureMs) return true
    const { user, system } = process.cpuUsage(cpu)
    result = { records: seen, seconds: (nowMs - startedMs) / 1000, cpuSeconds: (user + system) / 1e6 }
    return false
  })
  return result!
}
