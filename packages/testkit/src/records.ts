/** Records in and out of a test: plain values, with a serde by name. */
import {
  bytes,
  json,
  type Kafka,
  string,
  type ConsumerRecord,
  type HeadersInput,
  type Producer,
  type RecordMetadata,
  type Serde,
} from '@braidlog/client'
import { TestkitError } from './errors.ts'
import { tellState } from './until.ts'

/** `string`: UTF-8. `json`: parsed and printed JSON. `bytes`: as they are. */
export type SerdeName = 'string' | 'json' | 'bytes'
export type ValueOf<S extends SerdeName> = S extends 'bytes' ? Buffer : S extends 'string' ? string : unknown

export interface TestInput {
  readonly key?: string | Uint8Array | null
  readonly value: unknown
  readonly headers?: HeadersInput
  readonly timestamp?: number
  readonly partition?: number
}

export interface ProduceOptions {
  /** Of the values. Default: texts and bytes as they are. */
  readonly serde?: SerdeName
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** A record that stands by itself: copied out of its batch. */
export interface TestRecord<V = string> {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: number
  /** As UTF-8 text. */
  readonly key: string | null
  readonly value: V | null
  /** The last header of each name, as UTF-8 text. */
  readonly headers: Readonly<Record<string, string | null>>
}

export interface ConsumeOptions<S extends SerdeName = 'string'> {
  /** Waits for so many records and returns no more. Default: all that there are now. */
  readonly count?: number
  /** Of the values. Default `string`. */
  readonly serde?: S
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

function serdeOf(name: SerdeName): Serde<unknown> {
  switch (name) {
    case 'string':
      return string() as Serde<unknown>
    case 'json':
      return json<unknown>()
    case 'bytes':
      return bytes() as Serde<unknown>
    default:
      throw new TestkitError('INVALID_OPTION', `serde is string, json or bytes, not ${String(name satisfies never)}`)
  }
}

/** Sends the records and waits for their acknowledgements. */
export async function produce(
  producer: Producer<Uint8Array | string, Uint8Array | string>,
  topic: string,
  inputs: readonly TestInput[],
  options: ProduceOptions & { readonly timeoutMs: number },
): Promise<RecordMetadata[]> {
  const serde = options.serde === undefined ? undefined : serdeOf(options.serde)
  const context = { topic, isKey: false }
  const records = inputs.map((input, i) => ({
    ...input,
    value: input.value === null ? null : (serde?.serialize(input.value, context) ?? asPayload(input.value, i)),
  }))
  return producer.sendBatch(topic, records, { timeoutMs: options.timeoutMs, signal: options.signal })
}

function asPayload(value: unknown, index: number): Uint8Array | string {
  if (typeof value === 'string' || value instanceof Uint8Array) return value
  throw new TestkitError(
    'INVALID_OPTION',
    `the value of record ${index} is no text and no bytes: pass { serde: 'json' }`,
  )
}

/**
 * Reads a topic from the beginning, all partitions, without a group.
 * @throws TestkitError `TIMED_OUT` with the records found, the topic's offsets, all topics and all groups
 */
export async function consume<S extends SerdeName = 'string'>(
  kafka: Kafka,
  topic: string,
  options: ConsumeOptions<S> & { readonly timeoutMs: number },
): Promise<TestRecord<ValueOf<S>>[]> {
  const { count, timeoutMs } = options
  const found: TestRecord<ValueOf<S>>[] = []
  if (count === 0) return found
  const timeout = AbortSignal.timeout(timeoutMs)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
  const reader = kafka.reader<unknown, unknown>({
    assign: [topic],
    key: string() as Serde<unknown>,
    value: serdeOf(options.serde ?? 'string'),
    ...(count === undefined && { until: 'end' as const }),
  })
  try {
    for await (const record of reader.records({ signal })) {
      found.push(plain(record) as TestRecord<ValueOf<S>>)
      if (found.length === count) break
    }
  } catch (error) {
    if (!timeout.aborted) throw error
  } finally {
    await reader.close({ timeoutMs })
  }
  options.signal?.throwIfAborted()
  if (timeout.aborted && found.length !== count) throw await missing(kafka, topic, options, found)
  return found
}

function plain(record: ConsumerRecord<unknown, unknown>): TestRecord<unknown> {
  const { topic, partition, offset, timestamp } = record
  const headers: Record<string, string | null> = {}
  for (const [name, value] of record.headers) headers[name] = value === null ? null : value.toString()
  const value = record.value
  return {
    topic,
    partition,
    offset,
    timestamp,
    key: record.key as string | null,
    // Bytes are views of the batch: a test keeps them.
    value: Buffer.isBuffer(value) ? Buffer.from(value) : value,
    headers,
  }
}

const SHOWN_MAX = 10

async function missing(
  kafka: Kafka,
  topic: string,
  options: { readonly count?: number; readonly timeoutMs: number },
  found: readonly TestRecord<unknown>[],
): Promise<TestkitError> {
  const shown = found.slice(0, SHOWN_MAX).map((one) => {
    const value = Buffer.isBuffer(one.value) ? one.value.toString('hex') : JSON.stringify(one.value)
    return `${topic}-${one.partition}@${one.offset} key ${JSON.stringify(one.key)} value ${value}`
  })
  if (found.length > SHOWN_MAX) shown.push(`… and ${found.length - SHOWN_MAX} more`)
  const state = await tellState(kafka.admin(), topic, options.timeoutMs)
  const wanted = options.count === undefined ? 'the end of' : `${options.count} records on`
  return new TestkitError(
    'TIMED_OUT',
    [`waited ${options.timeoutMs} ms for ${wanted} ${topic} and found ${found.length}`, ...shown, ...state].join(
      '\n  ',
    ),
  )
}
