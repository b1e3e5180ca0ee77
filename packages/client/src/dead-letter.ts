/** Records nobody could handle: their own bytes in another topic, with headers that tell where they came from and why. */
import type { DeliveredRecord } from './delivered-record.ts'
import type { Producer } from './producer.ts'

/**
 * The last error says why; its `code` goes along, and so do the texts in `facts` of whatever caused it (schema ids, a path
 * in the schema), each as a header of its own.
 */
export async function bury(
  producer: Producer<Uint8Array | string, Uint8Array | string>,
  topic: string,
  record: DeliveredRecord,
  error: unknown,
): Promise<void> {
  const headers: [string, Uint8Array | string | null][] = [...record.headers].map(([name, value]) => [name, value])
  headers.push(
    ['dlq.topic', record.topic],
    ['dlq.partition', String(record.partition)],
    ['dlq.offset', String(record.offset)],
    ['dlq.timestamp', String(record.timestamp)],
    ['dlq.error', error instanceof Error ? error.message : String(error)],
  )
  const code = (error as { readonly code?: unknown } | null)?.code
  if (typeof code === 'string') headers.push(['dlq.code', code])
  for (const [name, fact] of Object.entries(factsOf(error))) headers.push([`dlq.${name}`, fact])
  await producer.send({ topic, key: record.rawKey, value: record.rawValue, headers })
}

function factsOf(error: unknown): Readonly<Record<string, string>> {
  for (let at = error, depth = 0; at instanceof Error && depth < CAUSES_MAX; at = at.cause, depth++) {
    const { facts } = at as { readonly facts?: Readonly<Record<string, string>> }
    if (facts !== undefined) return facts
  }
  return {}
}

const CAUSES_MAX = 10
