/** From what an application sends to what a batch takes, and from what went wrong to what the application is told. */
import type { HeaderInput, Payload } from '@braidlog/records'
import type { ProducerBatch } from './core/producer-batch.ts'
import { KafkaError } from './errors.ts'
import type { HeadersInput, HeaderValue, RecordMetadata } from './record.ts'
import type { SerdeContext, Serializer } from './serde.ts'
import type { Topic } from './topic.ts'

/** A record names its topic in `topic`, a typed topic itself in `name`. */
export function isTopic(value: object): value is Topic<unknown, unknown> {
  const { topic, name } = value as { readonly topic?: unknown; readonly name?: unknown }
  return topic === undefined && name !== undefined
}

/** What serializers see of the record they write, and where they leave the headers they add. */
export class OutgoingContext implements SerdeContext {
  readonly topic: string
  isKey = true
  added: HeaderInput[] | undefined

  constructor(topic: string) {
    this.topic = topic
  }

  addHeader(name: string, value: HeaderValue): void {
    this.added ??= []
    this.added.push({ key: name, value })
  }
}

export function serialize<T>(serde: Serializer<T>, value: T, context: OutgoingContext, isKey: boolean): Payload {
  context.isKey = isKey
  let result: Uint8Array | string
  try {
    result = serde.serialize(value, context)
  } catch (cause) {
    if (KafkaError.is(cause)) throw cause
    throw new KafkaError(
      'SERIALIZATION_FAILED',
      `${context.topic}: the ${isKey ? 'key' : 'value'} cannot be serialized${reasonOf(cause)}`,
      {
        cause,
      },
    )
  }
  if (typeof result === 'string' || result instanceof Uint8Array) return result
  throw new KafkaError(
    'SERIALIZATION_FAILED',
    `${context.topic}: the serializer of the ${isKey ? 'key' : 'value'} must return bytes or a string, not ${typeof result}`,
  )
}

/** Errors of serdes say what is wrong with the value; other errors are bugs and stay in `cause`. */
function reasonOf(cause: unknown): string {
  return cause instanceof Error && 'code' in cause ? `: ${cause.message}` : ''
}

export function headersOf(input: HeadersInput): HeaderInput[] {
  const headers: HeaderInput[] = []
  if (Array.isArray(input)) {
    for (const [key, value] of input as readonly (readonly [string, Payload])[]) headers.push({ key, value })
    return headers
  }
  for (const [key, value] of Object.entries(input)) {
    if (value === undefined) continue
    if (Array.isArray(value)) for (const each of value as readonly Payload[]) headers.push({ key, value: each })
    else headers.push({ key, value: value as Payload })
  }
  return headers
}

export function whenDone(batch: ProducerBatch): Promise<void> {
  return new Promise((resolve) => (batch.settled ? resolve() : batch.whenDone(resolve)))
}

/** Whatever went wrong with a record, as a KafkaError. */
export function sendError(error: unknown): KafkaError {
  if (KafkaError.is(error)) return error
  if (error instanceof Error && error.name === 'RecordsError') {
    const code = (error as { readonly code?: string }).code
    if (code === 'RECORD_TOO_LARGE') return new KafkaError('MESSAGE_TOO_LARGE', error.message, { cause: error })
    if (code === 'NUMBER_OUT_OF_RANGE') return new KafkaError('INVALID_TIMESTAMP', error.message, { cause: error })
  }
  if (error instanceof Error && error.name === 'AbortError') {
    return new KafkaError('ABORTED', 'send: aborted by its signal', { cause: error })
  }
  return new KafkaError('SERIALIZATION_FAILED', error instanceof Error ? error.message : String(error), {
    cause: error,
    // Of a serde that could not fetch what it needs: the registry may be back soon.
    retriable: (error as { readonly retriable?: unknown } | null)?.retriable === true,
  })
}

export function batchError(topic: string, results: readonly (RecordMetadata | KafkaError)[]): KafkaError {
  const details = results.map((result, index) => {
    const failed = KafkaError.is(result)
    return {
      item: `record ${index}`,
      topic,
      partition: failed ? undefined : result.partition,
      offset: failed ? undefined : result.offset,
      error: failed ? result : null,
    }
  })
  const failed = details.filter((detail) => detail.error !== null)
  const first = failed[0]!.error!
  const same = failed.every((detail) => detail.error!.code === first.code)
  return new KafkaError(
    same ? first.code : 'PARTIAL_FAILURE',
    `sendBatch to ${topic}: ${failed.length} of ${details.length} records failed; first: ${first.message}`,
    { retriable: failed.every((detail) => detail.error!.retriable), details, cause: first },
  )
}
