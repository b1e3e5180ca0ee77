/**
 * What the sticky assignors put beside a subscription, in Apache Kafka's formats.
 *
 * ```
 * sticky              previous assignment: array of (topic string, array of partition int32); generation int32 (v1+)
 * cooperative-sticky  generation int32
 * ```
 * Bytes that are something else count as nothing: another client's assignor of the same name is not to be trusted to
 * stop a group.
 */
import { ProtocolError, Reader, Writer } from '@braidlog/protocol/wire'
import type { TopicPartition } from './assignor.ts'
import type { Claim } from './sticky-assignment.ts'

const NOTHING: Claim = { owned: [], generationId: -1 }

export function encodeStickyUserData(owned: readonly TopicPartition[], generationId: number): Uint8Array {
  const byTopic = Map.groupBy(owned, ({ topic }) => topic)
  const writer = new Writer()
  writer.int32(byTopic.size)
  for (const [topic, partitions] of byTopic) {
    writer.string(topic)
    writer.int32(partitions.length)
    for (const { partition } of partitions) writer.int32(partition)
  }
  writer.int32(generationId)
  return writer.toBytes()
}

export function decodeStickyUserData(bytes: Uint8Array | null): Claim {
  if (bytes === null) return NOTHING
  return orNothing(() => {
    const reader = new Reader(bytes)
    const owned: TopicPartition[] = []
    for (let topics = reader.int32(); topics > 0; topics--) {
      const topic = reader.string()
      for (let partitions = reader.int32(); partitions > 0; partitions--)
        owned.push({ topic, partition: reader.int32() })
    }
    // Version 0 ends here.
    return { owned, generationId: reader.remaining() >= 4 ? reader.int32() : -1 }
  })
}

export function encodeGeneration(generationId: number): Uint8Array {
  const writer = new Writer()
  writer.int32(generationId)
  return writer.toBytes()
}

/** @returns -1 when the bytes are no generation */
export function decodeGeneration(bytes: Uint8Array | null): number {
  return bytes === null || bytes.length < 4 ? -1 : new Reader(bytes).int32()
}

function orNothing(decode: () => Claim): Claim {
  try {
    return decode()
  } catch (error) {
    if (error instanceof ProtocolError) return NOTHING
    throw error
  }
}
