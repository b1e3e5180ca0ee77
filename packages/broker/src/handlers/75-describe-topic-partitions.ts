/**
 * DescribeTopicPartitions (API key 75): topics and partitions in pages, with the eligible leader replicas.
 *
 * Topics come in order of their names; a response holds at most as many partitions as asked for or configured, and
 * says where the next one begins. Source: KIP-966.
 */
import { AclOperation, ErrorCode, isInternalTopic, topicNameProblem } from '@braidlog/model'
import { DescribeTopicPartitionsRequest, DescribeTopicPartitionsResponse, type Input } from '@braidlog/protocol'
import { topicOperations } from '../authorized-operations.ts'
import type { BrokerContext } from '../context.ts'
import { aliveEndpoints } from '../endpoints.ts'
import { api, type ApiHandler } from '../handler.ts'
import { describePartition } from '../partition-description.ts'

type DescribedTopic = Input<DescribeTopicPartitionsResponse['topics'][number]>
interface Cursor {
  readonly topicName: string
  readonly partitionIndex: number
}

export function describeTopicPartitionsHandler(broker: BrokerContext): ApiHandler {
  return api(
    DescribeTopicPartitionsRequest,
    DescribeTopicPartitionsResponse,
    (request, { listenerName, access }) => {
      const { image, settings } = broker
      const aliveIds = new Set(aliveEndpoints(image, listenerName).map((endpoint) => endpoint.nodeId))
      const asked = request.topics.map((topic) => topic.name)
      const mayDescribe = (name: string): boolean =>
        access === undefined || access.mayOnTopic(AclOperation.DESCRIBE, name)
      const all = asked.length > 0 ? asked : [...image.topics()].map((topic) => topic.name).filter(mayDescribe)
      const names = [...new Set(all)].sort()
      const { cursor } = request
      if (cursor !== null && (cursor.partitionIndex < 0 || (asked.length > 0 && !names.includes(cursor.topicName)))) {
        return { topics: names.map((name) => ({ errorCode: ErrorCode.INVALID_REQUEST, name })), nextCursor: null }
      }
      const topics: DescribedTopic[] = []
      let left = Math.min(Math.max(request.responsePartitionLimit, 1), settings.describedPartitionsMax)
      let nextCursor: Cursor | null = null
      for (const name of names) {
        if (cursor !== null && name < cursor.topicName) continue
        if (left === 0) {
          nextCursor = { topicName: name, partitionIndex: 0 }
          break
        }
        // Whether it exists is not said to those who may not describe it.
        if (!mayDescribe(name)) {
          topics.push({ errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED, name })
          continue
        }
        const topic = image.topic(name)
        if (topic === undefined) {
          const errorCode =
            topicNameProblem(name) === undefined
              ? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
              : ErrorCode.INVALID_TOPIC_EXCEPTION
          topics.push({ errorCode, name, topicAuthorizedOperations: topicOperations(access, name) })
          continue
        }
        const first = cursor !== null && cursor.topicName === name ? Math.max(0, cursor.partitionIndex) : 0
        const indexes = [...topic.partitions.keys()].sort((a, b) => a - b).filter((index) => index >= first)
        const shown = indexes.slice(0, left)
        left -= shown.length
        topics.push({
          name,
          topicId: topic.id,
          isInternal: isInternalTopic(name),
          partitions: shown.map((index) => {
            const partition = topic.partitions.get(index)!
            return {
              ...describePartition(index, partition, { aliveIds, image }),
              eligibleLeaderReplicas: partition.eligibleLeaderReplicas,
              lastKnownElr: partition.lastKnownElr,
            }
          }),
          topicAuthorizedOperations: topicOperations(access, name),
        })
        if (shown.length < indexes.length) {
          nextCursor = { topicName: name, partitionIndex: indexes[shown.length]! }
          break
        }
      }
      return { topics, nextCursor }
    },
    { guard: 'in handler' },
  )
}
