/** The Produce request of some batches, and what its answer says about each. */
import { ZERO_UUID } from '@braidlog/model/nouns'
import type { ProduceResponse } from '@braidlog/protocol'
import type { MetadataCache } from './core/metadata-cache.ts'
import type { ProducerBatch } from './core/producer-batch.ts'

type TopicData = { name: string; topicId: typeof ZERO_UUID; partitionData: { index: number; records: Uint8Array }[] }

/** @returns the body, and whether every topic has an id, which versions from 13 on need */
export function requestBody(
  batches: readonly ProducerBatch[],
  records: readonly Uint8Array[],
  metadata: MetadataCache,
): { readonly body: { readonly transactionalId: null; readonly topicData: TopicData[] }; readonly hasIds: boolean } {
  const topics = new Map<string, TopicData>()
  for (let i = 0; i < batches.length; i++) {
    const { topic, partition } = batches[i]!
    let data = topics.get(topic)
    if (data === undefined) {
      data = { name: topic, topicId: metadata.topic(topic)?.topicId ?? ZERO_UUID, partitionData: [] }
      topics.set(topic, data)
    }
    data.partitionData.push({ index: partition, records: records[i]! })
  }
  const topicData = [...topics.values()]
  return { body: { transactionalId: null, topicData }, hasIds: topicData.every((each) => each.topicId !== ZERO_UUID) }
}

type Answer = ProduceResponse['responses'][number]['partitionResponses'][number]

/** @returns `undefined` when the broker says nothing about the batch, which is against the protocol */
export function answerOf(batch: ProducerBatch, response: ProduceResponse, metadata: MetadataCache): Answer | undefined {
  const topicId = metadata.topic(batch.topic)?.topicId
  for (const topic of response.responses) {
    if (topic.name !== batch.topic && (topic.topicId === ZERO_UUID || topic.topicId !== topicId)) continue
    for (const partition of topic.partitionResponses) if (partition.index === batch.partition) return partition
  }
  return undefined
}
