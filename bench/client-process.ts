/**
 * The process that one client library is measured in: a library, a workload, a topic; prints one line of JSON.
 *
 * Time and CPU are taken around the work alone, after a warm-up of a tenth of it for producers; a consumer's clock starts with its first
 * record, since joining a group says nothing about speed.
 */
import process from 'node:process'
import type { ClientUnderTest, Target } from './clients/client.ts'

export interface ClientJob extends Target {
  readonly client: string
  readonly workload: 'single' | 'batch' | 'consume-batch' | 'consume-record'
  readonly records: number
  readonly recordSizeBytes: number
  /** Sends in flight (`single`), or records per send (`batch`). */
  readonly width: number
}

export interface ClientResult {
  readonly records: number
  readonly seconds: number
  readonly cpuSeconds: number
}

const job = JSON.parse(process.argv[2] ?? '{}') as ClientJob
const { client } = (await import(`./clients/${job.client}.ts`)) as { client: ClientUnderTest }
const result = job.workload.startsWith('consume') ? await consume() : await produce()
process.stdout.write(`${JSON.stringify(result)}\n`)
process.exit(0)

async function produce(): Promise<ClientResult> {
  const producer = await client.openProducer(job)
  const value = Buffer.alloc(job.recordSizeBytes, 'x')
  const work = job.workload === 'single' ? (records: number) => single(records) : (records: number) => batches(records)
  await work(Math.ceil(job.records / 10))
  const measured = await timed(() => work(job.records))
  await producer.close()
  return { records: job.records, ...measured }

  async function single(records: number): Promise<void> {
    let left = records
    const lane = async (): Promise<void> => {
      while (left-- > 0) await producer.sendOne(value)
    }
    await Promise.all(Array.from({ length: job.width }, lane))
  }

  /** Five sends in flight, as many as an idempotent producer may have. */
  async function batches(records: number): Promise<void> {
    const values = Array.from({ length: job.width }, () => value)
    let left = Math.ceil(records / job.width)
    const lane = async (): Promise<void> => {
      while (left-- > 0) await producer.sendMany(values)
    }
    await Promise.all(Array.from({ length: 5 }, lane))
  }
}

async function consume(): Promise<ClientResult> {
  let seen = 0
  let first: { startedMs: number; cpu: NodeJS.CpuUsage; count: number } | undefined
  let last: { endedMs: number; cpu: NodeJS.CpuUsage } | undefined
  await client.consume(job, job.workload === 'consume-batch' ? 'batch' : 'record', (count) => {
    seen += count
    first ??= { startedMs: performance.now(), cpu: process.cpuUsage(), count }
    if (seen < job.records) return true
    last ??= { endedMs: performance.now(), cpu: process.cpuUsage(first.cpu) }
    return false
  })
  if (first === undefined || last === undefined) throw new Error(`consumed ${seen} of ${job.records}`)
  return {
    records: seen - first.count,
    seconds: (last.endedMs - first.startedMs) / 1000,
    cpuSeconds: (last.cpu.user + last.cpu.system) / 1e6,
  }
}

async function timed(work: () => Promise<void>): Promise<{ seconds: number; cpuSeconds: number }> {
  const [startedMs, cpu] = [performance.now(), process.cpuUsage()]
  await work()
  const seconds = (performance.now() - startedMs) / 1000
  const spent = process.cpuUsage(cpu)
  return { seconds, cpuSeconds: (spent.user + spent.system) / 1e6 }
}
