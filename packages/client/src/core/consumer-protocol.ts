/**
 * The blobs inside JoinGroup and SyncGroup of consumer groups: a version (int16), then the message.
 *
 * Readers understand every later version as the newest they know: fields are only ever added at the end.
 */
import { ConsumerProtocolAssignment, ConsumerProtocolSubscription } from '@braidlog/protocol/stored/consumer-protocol'
import { Reader, Writer } from '@braidlog/protocol/wire'
import type { AssignorMember, TopicPartition } from './assignors/assignor.ts'

export const PROTOCOL_TYPE = 'consumer'

export function encodeSubscription(subscription: {
  readonly topics: readonly string[]
  readonly owned: readonly TopicPartition[]
  readonly generation: number
  readonly userData: Uint8Array | null
}): Uint8Array {
  const version = ConsumerProtocolSubscription.versionMax
  const writer = new Writer()
  writer.int16(version)
  ConsumerProtocolSubscription.write(
    writer,
    {
      topics: [...subscription.topics].sort(),
      userData: subscription.userData,
      ownedPartitions: byTopic(subscription.owned),
      generationId: subscription.generation,
      rackId: null,
    },
    version,
  )
  return writer.toBytes()
}

/** @throws ProtocolError when the blob is malformed */
export function decodeSubscription(
  bytes: Uint8Array,
): Pick<AssignorMember, 'topics' | 'ownedPartitions' | 'generationId' | 'userData'> {
  const reader = new Reader(bytes)
  const version = Math.min(reader.int16(), ConsumerProtocolSubscription.versionMax)
  const { topics, ownedPartitions, generationId, userData } = ConsumerProtocolSubscription.read(reader, version)
  return { topics, ownedPartitions: flat(ownedPartitions), generationId, userData }
}

export function encodeAssignment(partitions: readonly TopicPartition[]): Uint8Array {
  // Nothing was added since version 0; every client can read it.
  const version = 0
  const writer = new Writer()
  writer.int16(version)
  ConsumerProtocolAssignment.write(writer, { assignedPartitions: byTopic(partitions), userData: null }, version)
  return writer.toBytes()
}

/** An empty blob is an empty assignment. @throws ProtocolError when the blob is malformed */
export function decodeAssignment(bytes: Uint8Array): TopicPartition[] {
  if (bytes.length === 0) return []
  const reader = new Reader(bytes)
  const version = Math.min(reader.int16(), ConsumerProtocolAssignment.versionMax)
  return flat(ConsumerProtocolAssignment.read(reader, version).assignedPartitions)
}

function byTopic(partitions: readonly TopicPartition[]): { topic: string; partitions: number[] }[] {
  const topics = new Map<string, number[]>()
  for (const { topic, partition } of partitions) {
    const list = topics.get(topic)
    if (list === undefined) topics.set(topic, [partition])
    else list.push(partition)
  }
  return [...topics].map(([topic, list]) => ({ topic, partitions: list.sort((a, b) => a - b) }))
}

function flat(topics: readonly { readonly topic: string; readonly partitions: readonly number[] }[]): TopicPartition[] {
  return topics.flatMap(({ topic, partitions }) => partitions.map((partition) => ({ topic, partition })))
}
