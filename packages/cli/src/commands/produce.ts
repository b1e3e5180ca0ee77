/** `braidlog produce`: records from stdin or files, with kcat's habits: one record per line, key before a delimiter. */
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { resolve } from 'node:path'
import { Command, Option } from '@commander-js/extra-typings'
import type { DeliveryCallback, KafkaError, OutgoingRecord, Producer } from '@braidlog/client'
import { collect, connection, parseCount, type Cli, type Context } from '../command.ts'
import { CliError } from '../exit.ts'
import { unescape } from '../format.ts'
import { lines } from '../lines.ts'
import { OUTPUT_FORMATS } from '../output.ts'

type Outgoing = OutgoingRecord<Uint8Array | string, Uint8Array | string>

export function define(cli: Cli) {
  return connection(new Command('produce').description('send records from stdin or files'))
    .argument('[files...]', 'files to read; stdin unless given, - for stdin')
    .requiredOption('-t, --topic <topic>', 'topic to send to')
    .option('-p, --partition <partition>', 'partition; by key unless given', parseCount)
    .option('-k, --key <key>', 'the key of every record')
    .option('-K, --key-delimiter <text>', 'what stands before this is the key')
    .option('--key-field <name>', 'records are JSON objects; this field is the key (a.b reaches inside)')
    .option('--json', 'records are JSON objects {"key","value","headers","partition","timestamp"}')
    .option('-H, --header <name=value>', 'header of every record; may be repeated', collect)
    .option('-D, --delimiter <text>', 'between records', '\\n')
    .option('-Z, --null', 'an empty value is null: a tombstone')
    .addOption(
      new Option('-z, --compression <codec>', 'codec; none unless given').choices([
        'none',
        'gzip',
        'snappy',
        'lz4',
        'zstd',
      ]),
    )
    .addOption(
      new Option('--acks <acks>', 'who must have a record before it counts as sent; all unless given').choices([
        'all',
        '1',
        '0',
      ]),
    )
    .option('-c, --count <count>', 'stop after this many records', parseCount)
    .addOption(new Option('--output <format>', `of the summary: ${OUTPUT_FORMATS.join(', ')}`).choices(OUTPUT_FORMATS))
    .action((files, flags) =>
      cli.execute('produce', flags, async (context) => {
        if (
          [flags.key, flags.keyDelimiter, flags.keyField, flags.json].filter((flag) => flag !== undefined).length > 1
        ) {
          throw new CliError('the key comes from one place: -k, -K, --key-field or --json')
        }
        const { producerOptions } = await import('../connect.ts')
        const kafka = await context.kafka()
        const { acks, compression } = flags
        const producer = kafka.producer(
          producerOptions(context.settings, { acks, compression }, { batchSizeBytes: 256 * 1024, lingerMs: 5 }),
        )
        const started = performance.now()
        const records = await sendLines({
          context,
          producer,
          inputs: inputsOf(cli, files),
          toRecord: recordReader(flags),
          delimiter: Buffer.from(unescape(flags.delimiter)),
          countMax: flags.count ?? Number.POSITIVE_INFINITY,
        })
        const seconds = (performance.now() - started) / 1000
        context.terminal.note(`${records} records in ${seconds.toFixed(2)} s`)
        if (flags.output !== undefined) return { data: { topic: flags.topic, records, seconds } }
      }),
    )
}

function* inputsOf(cli: Cli, files: readonly string[]): Generator<{ name: string; stream: Readable }> {
  for (const file of files.length > 0 ? files : ['-']) {
    if (file === '-') yield { name: 'stdin', stream: cli.io.stdin }
    else yield { name: file, stream: createReadStream(resolve(cli.io.cwd, file), { highWaterMark: 1024 * 1024 }) }
  }
}

interface SendOptions {
  readonly context: Context
  readonly producer: Producer<Uint8Array | string, Uint8Array | string>
  readonly inputs: Iterable<{ readonly name: string; readonly stream: Readable }>
  readonly toRecord: (line: Buffer) => Outgoing
  readonly delimiter: Buffer
  readonly countMax: number
}

/** Sends every line. @returns how many records were acknowledged. @throws the first failure, once all have an outcome */
async function sendLines(options: SendOptions): Promise<number> {
  const { context, producer, countMax } = options
  const progress = context.terminal.progress({ unit: 'records' })
  let sent = 0
  let acknowledged = 0
  let failure: KafkaError | undefined
  const settle: DeliveryCallback = (error) => {
    if (error === null) acknowledged++
    else failure ??= error
  }
  try {
    for (const { name, stream } of options.inputs) {
      let line = 0
      try {
        for await (const chunk of lines(stream, options.delimiter, context.signal)) {
          for (const bytes of chunk) {
            line++
            if (sent >= countMax || failure) break
            sent++
            if (!producer.enqueue(options.toRecord(bytes), settle)) {
              await producer.drained({ signal: context.signal })
            }
          }
          progress.update(acknowledged)
          if (sent >= countMax || failure) break
        }
      } catch (error) {
        if (error instanceof CliError) throw new CliError(`${name}, record ${line}: ${error.message}`)
        const code = (error as NodeJS.ErrnoException).code
        if (code === 'ENOENT' || code === 'EISDIR' || code === 'EACCES') {
          throw new CliError(`cannot read ${name}: ${(error as Error).message}`)
        }
        throw error
      }
      if (sent >= countMax || failure) break
    }
    await producer.flush({ signal: context.signal })
  } finally {
    progress.end()
    await producer.close()
  }
  if (failure) {
    context.terminal.note(`${acknowledged} of ${sent} records were acknowledged before the first failure was seen`)
    throw failure
  }
  return acknowledged
}

/** How a line becomes a record. */
function recordReader(flags: {
  topic: string
  partition?: number | undefined
  key?: string | undefined
  keyDelimiter?: string | undefined
  keyField?: string | undefined
  json?: true | undefined
  header?: string[] | undefined
  null?: true | undefined
}): (line: Buffer) => Outgoing {
  const common = {
    topic: flags.topic,
    ...(flags.partition === undefined ? {} : { partition: flags.partition }),
    ...(flags.header === undefined ? {} : { headers: flags.header.map(parseHeader) }),
  }
  const valueOf = (bytes: Buffer): Buffer | null => (flags.null === true && bytes.length === 0 ? null : bytes)
  if (flags.json === true) return (line) => ({ ...common, ...parseEnvelope(line) })
  if (flags.keyField !== undefined) {
    const path = flags.keyField.split('.')
    return (line) => ({ ...common, key: fieldOf(line, path), value: line })
  }
  if (flags.keyDelimiter !== undefined) {
    const delimiter = Buffer.from(unescape(flags.keyDelimiter))
    if (delimiter.length === 0) throw new CliError('-K needs a delimiter')
    return (line) => {
      const at = line.indexOf(delimiter)
      if (at < 0) return { ...common, key: null, value: valueOf(line) }
      return { ...common, key: line.subarray(0, at), value: valueOf(line.subarray(at + delimiter.length)) }
    }
  }
  const key = flags.key ?? null
  return (line) => ({ ...common, key, value: valueOf(line) })
}

function parseHeader(text: string): [string, string | null] {
  const at = text.indexOf('=')
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)]
}

function parseJson(line: Buffer): unknown {
  try {
    return JSON.parse(line.toString())
  } catch (error) {
    throw new CliError(`not JSON: ${(error as Error).message}`)
  }
}

function fieldOf(line: Buffer, path: readonly string[]): string | null {
  let value = parseJson(line)
  for (const name of path) {
    if (value === null || typeof value !== 'object') return null
    value = (value as Record<string, unknown>)[name]
  }
  if (value === null || value === undefined) return null
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function parseEnvelope(line: Buffer): Omit<Outgoing, 'topic'> {
  const envelope = parseJson(line)
  if (envelope === null || typeof envelope !== 'object' || !('value' in envelope || 'payload' in envelope)) {
    throw new CliError('a JSON record is an object with a value')
  }
  const { key, value, payload, headers, partition, timestamp } = envelope as Record<string, unknown>
  const text = (field: unknown): string | null =>
    field === null || field === undefined ? null : typeof field === 'string' ? field : JSON.stringify(field)
  return {
    key: text(key),
    value: text(value === undefined ? payload : value),
    ...(headers === null || headers === undefined
      ? {}
      : {
          headers: Object.entries(headers as Record<string, unknown>).map(
            ([name, each]) => [name, text(each)] as const,
          ),
        }),
    ...(typeof partition === 'number' ? { partition } : {}),
    ...(typeof timestamp === 'number' ? { timestamp } : {}),
  }
}
