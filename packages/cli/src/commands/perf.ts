/** `braidlog perf`: how fast this cluster takes and gives records, seen from here. */
import { createHistogram, type RecordableHistogram } from 'node:perf_hooks'
import { Command } from '@commander-js/extra-typings'
import type { Reading } from '@braidlog/client'
import { parseCount, remote, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { formatBytes, formatCount } from '../terminal.ts'

export function define(cli: Cli) {
  return new Command('perf')
    .description('measure producing and consuming')
    .addCommand(produce(cli))
    .addCommand(consume(cli))
}

/** Distinct values sent in turn: one value alone would compress to nothing. */
const VALUE_COUNT = 64

function produce(cli: Cli) {
  return remote('produce', 'send random records and report rate and latency')
    .argument('<topic>')
    .option('-n, --records <count>', 'records to send', parseCount, 1_000_000)
    .option('-s, --size <bytes>', 'size of a value', parseCount, 100)
    .option('-r, --rate <records>', 'records per second; as many as go unless given', parseCount)
    .option('--acks <acks>', 'all (unless given), 1 or 0')
    .option('-z, --compression <codec>', 'none (unless given), gzip, snappy, lz4 or zstd')
    .option('--linger <ms>', 'linger.ms; 0 unless given', parseCount)
    .option('--batch-size <bytes>', 'batch.size; 262144 unless given', parseCount)
    .action((topic, flags) =>
      cli.execute('perf produce', flags, async (context) => {
        const { producerOptions } = await import('../connect.ts')
        const kafka = await context.kafka()
        const { acks, compression, linger: lingerMs, batchSize: batchSizeBytes } = flags
        const producer = kafka.producer(
          producerOptions(
            context.settings,
            { acks, compression, lingerMs, batchSizeBytes },
            { batchSizeBytes: 256 * 1024 },
          ),
        )
        const values = Array.from({ length: VALUE_COUNT }, () => randomText(flags.size))
        const latency = createHistogram()
        const progress = context.terminal.progress({ unit: 'records', total: flags.records })
        let failure: Error | undefined
        const started = performance.now()
        const cpuStart = process.cpuUsage()
        for (let sent = 0; sent < flags.records && !failure && !context.signal.aborted; sent++) {
          if (flags.rate !== undefined) await pace(started, sent, flags.rate)
          const sentAt = performance.now()
          // One closure a record is the price of one latency a record: the report says what CPU it took.
          const free = producer.enqueue({ topic, value: values[sent % VALUE_COUNT]! }, (error) => {
            if (error) failure ??= error
            else latency.record(Math.max(1, Math.round((performance.now() - sentAt) * 1000)))
          })
          if (!free) await producer.drained({ signal: context.signal })
          if (sent % 1000 === 0) progress.update(latency.count)
        }
        await producer.flush({ signal: context.signal })
        await producer.close()
        progress.end()
        if (failure) throw failure
        return report('produce', {
          started,
          cpuStart,
          sizeBytes: latency.count * flags.size,
          records: latency.count,
          latency,
        })
      }),
    )
}

/** Lets the schedule catch up. Sleeps in whole milliseconds, so records go out in small bursts. */
async function pace(started: number, sent: number, rate: number): Promise<void> {
  const aheadMs = (sent / rate) * 1000 - (performance.now() - started)
  if (aheadMs >= 1) await new Promise((done) => setTimeout(done, aheadMs))
}

function randomText(sizeBytes: number): Buffer {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789'
  const bytes = Buffer.allocUnsafe(sizeBytes)
  for (let at = 0; at < sizeBytes; at++) bytes[at] = letters.charCodeAt(Math.floor(Math.random() * letters.length))
  return bytes
}

function consume(cli: Cli) {
  return remote('consume', 'read a topic from its beginning and report the rate')
    .argument('<topic>')
    .option('-n, --records <count>', 'stop after this many records', parseCount)
    .option('-g, --group <group>', 'read as this group')
    .action((topic, flags) =>
      cli.execute('perf consume', flags, async (context) => {
        const kafka = await context.kafka()
        const reading =
          flags.group === undefined
            ? kafka.reader({ assign: [topic], ...(flags.records === undefined ? { until: 'end' as const } : {}) })
            : kafka.consumer({ groupId: flags.group, topics: [topic], autoOffsetReset: 'earliest' })
        if (flags.group !== undefined && flags.records === undefined)
          throw new CliError('with -g say how many: -n 1000000')
        return measureReading(reading, flags.records ?? Number.POSITIVE_INFINITY, context)
      }),
    )
}

async function measureReading(reading: Reading<Buffer, Buffer>, recordsMax: number, context: Context) {
  const progress = context.terminal.progress({
    unit: 'records',
    ...(Number.isFinite(recordsMax) ? { total: recordsMax } : {}),
  })
  let records = 0
  let sizeBytes = 0
  let started = performance.now()
  let cpuStart = process.cpuUsage()
  for await (const batch of reading.batches({ signal: context.signal })) {
    if (records === 0) {
      started = performance.now()
      cpuStart = process.cpuUsage()
    }
    for (const record of batch) {
      records++
      sizeBytes += record.rawValue?.length ?? 0
    }
    batch.done()
    progress.update(records)
    if (records >= recordsMax) break
  }
  await reading.close()
  progress.end()
  return report('consume', { started, cpuStart, records, sizeBytes })
}

function report(
  what: 'produce' | 'consume',
  run: {
    started: number
    cpuStart: NodeJS.CpuUsage
    records: number
    sizeBytes: number
    latency?: RecordableHistogram
  },
) {
  const seconds = (performance.now() - run.started) / 1000
  const cpu = process.cpuUsage(run.cpuStart)
  const cpuSeconds = (cpu.user + cpu.system) / 1e6
  const latencyMs = run.latency
    ? Object.fromEntries(
        [50, 95, 99, 99.9].map((percent) => [`p${percent}`, run.latency!.percentile(percent) / 1000] as const),
      )
    : undefined
  const data = {
    records: run.records,
    sizeBytes: run.sizeBytes,
    seconds,
    recordsPerSecond: run.records / seconds,
    bytesPerSecond: run.sizeBytes / seconds,
    clientCpuMicrosecondsPerRecord: (cpuSeconds * 1e6) / Math.max(1, run.records),
    ...(latencyMs === undefined ? {} : { latencyMs }),
  }
  const lines = [
    `${what}: ${formatCount(run.records)} records, ${formatBytes(run.sizeBytes)} in ${seconds.toFixed(2)} s`,
    `  rate     ${formatCount(data.recordsPerSecond)} records/s, ${formatBytes(data.bytesPerSecond)}/s`,
    `  CPU      ${data.clientCpuMicrosecondsPerRecord.toFixed(2)} µs per record in this client`,
  ]
  if (latencyMs) {
    lines.push(
      `  latency  ${Object.entries(latencyMs)
        .map(([name, ms]) => `${name} ${ms.toFixed(2)} ms`)
        .join(', ')}`,
    )
  }
  return { data, text: lines.join('\n') }
}
