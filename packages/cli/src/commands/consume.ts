/** `braidlog consume`: records of topics on stdout, with kcat's habits. Without a group nothing is committed. */
import { Command, Option } from '@commander-js/extra-typings'
import type { Admin, Consumer, ConsumerBatch, Kafka, Reading, ReaderStart, TopicPartition } from '@braidlog/client'
import { collect, connection, parseCount, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { ByteSink, compileFormat, jsonPrinter, plainPrinter, unescape, type RecordPrinter } from '../format.ts'
import { parseOffsetRange, type OffsetRange, type StartAt } from '../offset-range.ts'

/** Gathered output is written when it is this large, and when there is nothing more to read at once. */
const WRITE_SIZE_BYTES = 128 * 1024
/** How often a group consumer looks whether it has reached the end (`-e`). */
const END_CHECK_INTERVAL_MS = 200

export function define(cli: Cli) {
  return connection(new Command('consume').description('print records of topics'))
    .argument('[topics...]')
    .option('-t, --topic <topic>', 'topic; may be repeated', collect)
    .option('-g, --group <group>', 'join this group: partitions are shared, offsets committed after printing')
    .option('-p, --partition <list>', 'only these partitions: 0,2')
    .option('-o, --offset <offset>', 'beginning, end, stored, N, -N, s@time, e@time, @from:to', collect)
    .option('-c, --count <count>', 'stop after this many records', parseCount)
    .option('-e, --exit', 'stop at the end of the partitions')
    .option('-f, --format <format>', "such as '%t-%p@%o %k %s\\n'; tokens t p o k s K S T h")
    .option('-J, --json', 'one JSON object per record')
    .option('-K, --key-delimiter <text>', 'print the key and this before the value')
    .option('-D, --delimiter <text>', 'after each record', '\\n')
    .option('-Z, --null <text>', 'how a null key or value is printed', '')
    .option('-u, --unbuffered', 'write every record at once')
    .addOption(
      new Option('--isolation <level>', 'read_committed unless given').choices([
        'read_committed',
        'read_uncommitted',
      ] as const),
    )
    .addHelpText(
      'after',
      '\nWithout -g the start is the beginning; with -g it is what the group has committed, or the end.',
    )
    .action((names, flags) =>
      cli.execute('consume', flags, async (context) => {
        const topics = [...names, ...(flags.topic ?? [])]
        if (topics.length === 0) throw new CliError('which topic? consume -t orders')
        if (flags.group !== undefined && flags.partition !== undefined) {
          throw new CliError('in a group the group decides about partitions: -p and -g do not go together')
        }
        const range = parseOffsetRange(flags.offset)
        const { consumerOptions, readerOptions } = await import('../connect.ts')
        const kafka = await context.kafka()
        const isolation = flags.isolation === undefined ? {} : { isolationLevel: flags.isolation }
        const reading =
          flags.group === undefined
            ? kafka.reader({
                ...readerOptions(context.settings),
                ...isolation,
                assign: await startsOf({ kafka, context, topics, partitions: flags.partition, range }),
                ...(flags.exit === true ? { until: 'end' as const } : {}),
              })
            : kafka.consumer({
                ...consumerOptions(context.settings),
                ...isolation,
                groupId: flags.group,
                topics,
                ...(range.start === undefined ? {} : { autoOffsetReset: groupReset(range.start) }),
              })
        const printed = await print(reading, {
          context,
          printer: printerOf(flags),
          countMax: flags.count ?? Number.POSITIVE_INFINITY,
          untilMs: range.untilMs,
          unbuffered: flags.unbuffered === true,
          exitAtEnd: flags.group !== undefined && flags.exit === true ? kafka.admin() : undefined,
        })
        if (context.signal.aborted) throw context.signal.reason
        if (flags.exit === true || flags.count !== undefined) context.terminal.note(`${printed} records`)
      }),
    )
}

function printerOf(flags: {
  json?: true | undefined
  format?: string | undefined
  keyDelimiter?: string | undefined
  delimiter: string
  null: string
}): RecordPrinter {
  if (flags.json === true) return jsonPrinter
  if (flags.format !== undefined) return compileFormat(flags.format, flags.null)
  return plainPrinter({
    keyDelimiter: flags.keyDelimiter === undefined ? undefined : unescape(flags.keyDelimiter),
    delimiter: unescape(flags.delimiter),
    nullText: flags.null,
  })
}

function groupReset(start: StartAt): 'earliest' | 'latest' {
  switch (start.kind) {
    case 'beginning':
      return 'earliest'
    case 'end':
    case 'stored':
      return 'latest'
    case 'offset':
    case 'fromEnd':
    case 'timestamp':
      throw new CliError('in a group, -o says where to start without a committed offset: beginning or end', {
        hint: '`braidlog group reset` moves committed offsets',
      })
    default:
      return start satisfies never
  }
}

/** Where a reader starts in each partition. */
async function startsOf(request: {
  kafka: Kafka
  context: Context
  topics: readonly string[]
  partitions: string | undefined
  range: OffsetRange
}): Promise<ReaderStart[]> {
  const { context, range } = request
  const admin = request.kafka.admin()
  const wanted = request.partitions?.split(',').map((text) => {
    const partition = Number(text)
    if (!Number.isInteger(partition) || partition < 0)
      throw new CliError(`-p takes partitions such as 0,2; got '${text}'`)
    return partition
  })
  const described = await admin.describeTopics(request.topics, context.call)
  const partitions = described.flatMap((topic): TopicPartition[] => {
    const existing = topic.partitions.map(({ partition }) => partition)
    const missing = wanted?.find((partition) => !existing.includes(partition))
    if (missing !== undefined) {
      throw new CliError(`${topic.name} has no partition ${missing}; it has 0 to ${existing.length - 1}`)
    }
    return existing
      .filter((partition) => wanted === undefined || wanted.includes(partition))
      .map((partition) => ({ topic: topic.name, partition }))
  })
  const start = range.start ?? { kind: 'beginning' as const }
  switch (start.kind) {
    case 'beginning':
    case 'end':
      return partitions.map((partition) => ({ ...partition, offset: start.kind as 'beginning' | 'end' }))
    case 'offset':
      return partitions.map((partition) => ({ ...partition, offset: start.offset }))
    case 'timestamp':
      return partitions.map((partition) => ({ ...partition, offset: { timestamp: start.timestampMs } }))
    case 'fromEnd': {
      const at = (spec: 'earliest' | 'latest') =>
        admin.listOffsets(
          partitions.map((partition) => ({ ...partition, at: spec })),
          context.call,
        )
      const [starts, ends] = await Promise.all([at('earliest'), at('latest')])
      return partitions.map((partition, index) => {
        const first = starts[index]!.offset ?? 0n
        const offset = (ends[index]!.offset ?? 0n) - start.count
        return { ...partition, offset: offset < first ? first : offset }
      })
    }
    case 'stored':
      throw new CliError('-o stored needs a group: -g name')
    default:
      return start satisfies never
  }
}

interface PrintOptions {
  readonly context: Context
  readonly printer: RecordPrinter
  readonly countMax: number
  readonly untilMs: number | undefined
  readonly unbuffered: boolean
  /** Set: stop when every assigned partition has been read up to what was its end. */
  readonly exitAtEnd: Admin | undefined
}

/** Prints until told to stop. A batch counts as done when its output was accepted, so a broken pipe loses nothing. */
async function print(reading: Reading<Buffer, Buffer>, options: PrintOptions): Promise<number> {
  const { context, printer, countMax, untilMs } = options
  const sink = new ByteSink()
  const ended = new AbortController()
  const signal = AbortSignal.any([context.signal, ended.signal])
  const progress = context.terminal.progress({
    unit: 'records',
    ...(Number.isFinite(countMax) ? { total: countMax } : {}),
  })
  const quietOutput = context.io.stdout.isTTY !== true
  const endWatch = options.exitAtEnd ? watchEnd(reading, options.exitAtEnd, context, ended) : undefined
  let printed = 0
  const flush = async (): Promise<void> => {
    if (sink.sizeBytes > 0) await context.terminal.write(sink.take())
  }
  try {
    for await (const batch of reading.batches({ signal })) {
      let last: bigint | undefined
      for (const record of batch) {
        if (printed >= countMax) break
        last = record.offset
        if (untilMs !== undefined && record.timestamp >= untilMs) continue
        printer(record, sink)
        printed++
        if (sink.sizeBytes >= WRITE_SIZE_BYTES || options.unbuffered) await flush()
      }
      await flush()
      if (quietOutput) progress.update(printed)
      if (printed < countMax) {
        batch.done()
      } else {
        await commitUpTo(reading, batch, last, context)
        break
      }
    }
  } catch (error) {
    if (!signal.aborted) throw error
  } finally {
    endWatch?.()
    progress.end()
    await flush()
    await reading.close()
  }
  return printed
}

/** With `-c` the last batch may be printed in part: only that part is committed. */
async function commitUpTo(
  reading: Reading<Buffer, Buffer>,
  batch: ConsumerBatch<Buffer, Buffer>,
  last: bigint | undefined,
  context: Context,
): Promise<void> {
  if (last === undefined || !('commit' in reading)) return
  const consumer = reading as Consumer<Buffer, Buffer>
  await consumer.commit([{ topic: batch.topic, partition: batch.partition, offset: last + 1n }], context.call)
}

/** Ends the loop once every assigned partition is read up to the end it had when it was first seen. @returns stop */
function watchEnd(
  reading: Reading<Buffer, Buffer>,
  admin: Admin,
  context: Context,
  ended: AbortController,
): () => void {
  const ends = new Map<string, bigint>()
  const keyOf = ({ topic, partition }: TopicPartition): string => `${topic}-${partition}`
  const consumer = reading as Consumer<Buffer, Buffer>
  let joined = false
  let checking = false
  const check = async (): Promise<void> => {
    if (checking || ended.signal.aborted) return
    checking = true
    try {
      if (!joined) {
        await consumer.joined(context.call)
        joined = true
      }
      const assigned = reading.assignment()
      const unknown = assigned.filter((partition) => !ends.has(keyOf(partition)))
      if (unknown.length > 0) {
        const listed = await admin.listOffsets(
          unknown.map((partition) => ({ ...partition, at: 'latest' })),
          context.call,
        )
        for (const row of listed) ends.set(keyOf(row), row.offset ?? 0n)
      }
      const done = assigned.every((partition) => {
        const position = reading.position(partition)
        return position !== null && position >= ends.get(keyOf(partition))!
      })
      if (done) ended.abort()
    } catch {
      // A rebalance or a moved leader: the next look decides.
    } finally {
      checking = false
    }
  }
  const timer = setInterval(() => void check(), END_CHECK_INTERVAL_MS)
  return () => clearInterval(timer)
}
