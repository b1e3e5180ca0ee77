/**
 * Reads what has been written since the index was last brought up to date, with a client, and nothing else: so it works
 * for any cluster that speaks the protocol, and writes nothing to it.
 *
 * Uncommitted records count as well: a transaction that is open now may be committed the next moment.
 */
import type { Kafka } from '@braidlog/client'
import { HEADER_OF_KEY, HEADER_OF_VALUE } from '../serdes/wire.ts'
import { guidText } from '../core/identity.ts'
import type { PartitionBounds, SchemaName, UsageField, UsageIndex } from './usage-index.ts'

export interface UpdateOptions {
  readonly kafka: Kafka
  readonly index: UsageIndex
  /** Topics that hold no framed records: the registry's own, and what the caller knows of. */
  readonly exclude: ReadonlySet<string>
  readonly signal?: AbortSignal | undefined
  /** Of each call to the cluster. */
  readonly timeoutMs?: number | undefined
  /** Called now and then. @param left records to be read still, gaps of compaction counted */
  readonly onProgress?: ((read: number, left: number) => void) | undefined
}

/** What is read when this resolves is all that was there when it was called. May be aborted and called again. */
export async function updateUsage(options: UpdateOptions): Promise<void> {
  const { kafka, index, signal, onProgress } = options
  const bounds = await boundsOf(options)
  const behind = index.align(bounds)
  if (behind.length === 0) return
  const ends = new Map(bounds.map((each) => [`${each.topic}/${each.partition}`, each.endOffset]))
  const total = behind.reduce(
    (sum, { topic, partition, offset }) => sum + ends.get(`${topic}/${partition}`)! - offset,
    0,
  )
  await using reader = kafka.reader({ assign: behind, until: 'end', isolationLevel: 'read_uncommitted' })
  let read = 0
  for await (const batch of reader.batches(signal === undefined ? {} : { signal })) {
    const { topic, partition } = batch
    for (const record of batch) {
      const offset = Number(record.offset)
      const { headers } = record
      add('key', schemaOf(record.key, headers.get(HEADER_OF_KEY)), offset)
      add('value', schemaOf(record.value, headers.get(HEADER_OF_VALUE)), offset)
    }
    index.advance(topic, partition, Number(batch.lastOffset) + 1)
    read += batch.size
    onProgress?.(read, total - read)
    function add(field: UsageField, schema: SchemaName | undefined, offset: number): void {
      if (schema !== undefined) index.add(topic, partition, { field, schema, offset })
    }
  }
  signal?.throwIfAborted()
  // Behind the last record there may be markers, which are nobody's use of anything.
  for (const { topic, partition } of behind) index.advance(topic, partition, ends.get(`${topic}/${partition}`)!)
}

async function boundsOf({ kafka, exclude, signal, timeoutMs }: UpdateOptions): Promise<PartitionBounds[]> {
  const admin = kafka.admin()
  const call = { signal, timeoutMs }
  const listed = await admin.listTopics(call)
  const names = listed.filter(({ name, internal }) => !internal && !exclude.has(name)).map(({ name }) => name)
  if (names.length === 0) return []
  const described = await admin.describeTopics(names, call)
  const partitions = described.flatMap(({ name, topicId, partitions: each }) =>
    each.map(({ partition }) => ({ topic: name, topicId, partition })),
  )
  const at = async (spec: 'earliest' | 'latest') =>
    await admin.listOffsets(
      partitions.map(({ topic, partition }) => ({ topic, partition, at: spec })),
      { ...call, isolationLevel: 'read_uncommitted' },
    )
  const [starts, ends] = await Promise.all([at('earliest'), at('latest')])
  return partitions.map((each, i) => ({
    ...each,
    startOffset: Number(starts[i]!.offset ?? 0n),
    endOffset: Number(ends[i]!.offset ?? 0n),
  }))
}

/** @returns `undefined`: the bytes name no schema */
function schemaOf(bytes: Uint8Array | null, header: Uint8Array | string | null | undefined): SchemaName | undefined {
  if (bytes === null) return undefined
  const named = header instanceof Uint8Array ? nameIn(header) : undefined
  return named ?? nameIn(bytes)
}

function nameIn(bytes: Uint8Array): SchemaName | undefined {
  if (bytes[0] === 0 && bytes.length >= 5) {
    return `id ${(bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!}`
  }
  return bytes[0] === 1 && bytes.length >= 17 ? `guid ${guidText(bytes.subarray(1, 17))}` : undefined
}
