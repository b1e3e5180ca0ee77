/** `schema check --against-data`: the newest records of a topic, read with a schema that is not registered yet. */
import type { Kafka } from '@braidlog/client'
import type { ParsedSchema } from '@braidlog/schema-registry/review'
import type { Context } from '../command.ts'
import { CliError } from '../exit.ts'
import type { RegistryApi } from '../registry-api.ts'
import { parsedSchema } from './parse.ts'
import type { SchemaVersion } from './schema-verb.ts'

export interface BreakingRecord {
  readonly partition: number
  readonly offset: bigint
  /** Of the schema it was written with. */
  readonly schema: string
  readonly path: string
  readonly reason: string
}

export interface DataCheck {
  readonly topic: string
  readonly field: 'key' | 'value'
  /** Records that were read with the schema. */
  readonly checked: number
  /** Records that name no schema, or one that the registry does not know: nothing can be said of them. */
  readonly unknown: number
  readonly breakingCount: number
  /** The first of them. */
  readonly breaking: readonly BreakingRecord[]
}

/** Records that are shown at most. */
const BREAKING_MAX = 100
const NULL_FRAME = undefined

export interface DataCheckRequest {
  readonly kafka: Kafka
  readonly api: RegistryApi
  readonly context: Context
  readonly schema: ParsedSchema
  readonly topic: string
  readonly field: 'key' | 'value'
  /** How many of the newest records are looked at, over all partitions. */
  readonly count: number
}

/** Topic and field that a subject is about, by the topic's name. */
export function topicOf(subject: string, topic: string | undefined): { topic: string; field: 'key' | 'value' } {
  const [, name, field] = /^(.+)-(key|value)$/.exec(subject) ?? []
  if (topic === undefined && name === undefined) {
    throw new CliError(`${subject} names no topic`, { hint: 'say which with --topic' })
  }
  return { topic: topic ?? name!, field: field === 'key' ? 'key' : 'value' }
}

export async function checkAgainstData(request: DataCheckRequest): Promise<DataCheck> {
  const { kafka, context, topic, field, count } = request
  const { readingOf } = await import('@braidlog/schema-registry/payload')
  const starts = await newest(request)
  const readings = new Map<string, ReturnType<typeof readingOf> | undefined>()
  const breaking: BreakingRecord[] = []
  let [checked, unknown, breakingCount] = [0, 0, 0]
  const progress = context.terminal.progress({ unit: 'records', total: count })
  if (starts.length > 0) {
    await using reader = kafka.reader({ assign: starts, until: 'end' })
    for await (const batch of reader.batches({ signal: context.signal })) {
      for (const record of batch) {
        const bytes = record[field]
        if (bytes === null) continue
        const frame = frameOf(bytes, record.headers.get(`__${field}_schema_id`))
        if (frame !== NULL_FRAME && !readings.has(frame.schema)) {
          const writer = await writerOf(request.api, frame.schema)
          readings.set(frame.schema, writer === undefined ? undefined : readingOf(writer, request.schema))
        }
        const read = frame === NULL_FRAME ? undefined : readings.get(frame.schema)
        if (read === undefined || frame === NULL_FRAME) {
          unknown++
          continue
        }
        checked++
        const fault = read(bytes, frame.start, bytes.length)
        if (fault === undefined) continue
        breakingCount++
        if (breaking.length >= BREAKING_MAX) continue
        const colon = fault.indexOf(': ')
        breaking.push({
          partition: batch.partition,
          offset: record.offset,
          schema: frame.schema,
          path: fault.slice(0, colon),
          reason: fault.slice(colon + 2),
        })
      }
      progress.update(checked + unknown)
    }
  }
  progress.end()
  context.signal.throwIfAborted()
  return { topic, field, checked, unknown, breakingCount, breaking }
}

/** Where the newest `count` records begin, spread over the partitions. */
async function newest({ kafka, context, topic, count }: DataCheckRequest) {
  const admin = kafka.admin()
  const [described] = await admin.describeTopics([topic], context.call)
  const partitions = described!.partitions.map(({ partition }) => ({ topic, partition }))
  const at = async (spec: 'earliest' | 'latest') =>
    await admin.listOffsets(
      partitions.map((each) => ({ ...each, at: spec })),
      context.call,
    )
  const [firsts, ends] = await Promise.all([at('earliest'), at('latest')])
  const share = BigInt(Math.ceil(count / partitions.length))
  return partitions.flatMap((each, i) => {
    const [first, end] = [firsts[i]!.offset ?? 0n, ends[i]!.offset ?? 0n]
    const offset = end - share > first ? end - share : first
    return offset < end ? [{ ...each, offset }] : []
  })
}

interface Frame {
  readonly schema: string
  /** Where the payload begins. */
  readonly start: number
}

function frameOf(bytes: Buffer, header: Buffer | null | undefined): Frame | undefined {
  const inHeader = header === null || header === undefined ? undefined : nameIn(header)
  if (inHeader !== undefined) return { ...inHeader, start: 0 }
  return nameIn(bytes)
}

function nameIn(bytes: Buffer): Frame | undefined {
  if (bytes[0] === 0 && bytes.length >= 5) return { schema: `id ${bytes.readInt32BE(1)}`, start: 5 }
  if (bytes[0] !== 1 || bytes.length < 17) return undefined
  const guid = bytes.toString('hex', 1, 17).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5')
  return { schema: `guid ${guid}`, start: 17 }
}

async function writerOf(api: RegistryApi, schema: string): Promise<ParsedSchema | undefined> {
  const [kind, name] = schema.split(' ')
  try {
    return await parsedSchema(api, await api.send<SchemaVersion>('GET', `/schemas/${kind}s/${name}`))
  } catch (error) {
    if (error instanceof CliError && error.code === 'REGISTRY_40403') return undefined
    throw error
  }
}
