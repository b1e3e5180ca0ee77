/**
 * ListOffsets (API key 2): the offset at a timestamp, or at one of the named places of a partition.
 *
 * Each named place is known since some version; an older request that uses it is refused.
 * Source: KIP-79, KIP-207, KIP-734 (max timestamp), KIP-405 and KIP-1005 (tiers).
 */
import { AclOperation, ErrorCode } from '@braidlog/model'
import {
  EARLIEST_LOCAL_TIMESTAMP,
  EARLIEST_PENDING_UPLOAD_TIMESTAMP,
  LATEST_TIERED_TIMESTAMP,
  MAX_TIMESTAMP,
  type Isolation,
} from '@braidlog/partition'
import { ListOffsetsRequest, ListOffsetsResponse, type Input } from '@braidlog/protocol'
import { servePartly, type Guard } from '../access.ts'
import type { BrokerContext } from '../context.ts'
import { api, type ApiHandler } from '../handler.ts'

const KNOWN_SINCE: ReadonlyMap<number, number> = new Map([
  [MAX_TIMESTAMP, 7],
  [EARLIEST_LOCAL_TIMESTAMP, 8],
  [LATEST_TIERED_TIMESTAMP, 9],
  [EARLIEST_PENDING_UPLOAD_TIMESTAMP, 11],
])

/** Below it are places that only newer versions of the protocol may name. */
const NAMED_PLACE_MIN = EARLIEST_PENDING_UPLOAD_TIMESTAMP

/** Older responses have no leader epoch. */
const LEADER_EPOCH_MIN_VERSION = 4

const guard: Guard<ListOffsetsRequest, Input<ListOffsetsResponse>> = async (request, access, serve) => ({
  topics: await servePartly(
    request.topics,
    ({ name }) => access.mayOnTopic(AclOperation.DESCRIBE, name),
    async (topics) => (await serve({ ...request, topics })).topics,
    ({ name, partitions }) => ({
      name,
      partitions: partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED,
      })),
    }),
  ),
})

export function listOffsetsHandler(broker: BrokerContext): ApiHandler {
  return api(
    ListOffsetsRequest,
    ListOffsetsResponse,
    async (request, { apiVersion }) => {
      const isolation: Isolation = request.isolationLevel === 1 ? 'read-committed' : 'read-uncommitted'
      const seen = new Set<string>()
      const repeated = new Set<string>()
      for (const { name, partitions } of request.topics) {
        for (const { partitionIndex } of partitions) {
          const key = `${partitionIndex}:${name}`
          if (seen.has(key)) repeated.add(key)
          seen.add(key)
        }
      }
      const one = async (name: string, asked: (typeof request.topics)[number]['partitions'][number]) => {
        const { partitionIndex, timestamp, currentLeaderEpoch } = asked
        const failed = (errorCode: ErrorCode) => ({ partitionIndex, errorCode })
        if (repeated.has(`${partitionIndex}:${name}`)) return failed(ErrorCode.INVALID_REQUEST)
        if (timestamp < NAMED_PLACE_MIN || (KNOWN_SINCE.get(timestamp) ?? 0) > apiVersion) {
          return failed(ErrorCode.UNSUPPORTED_VERSION)
        }
        const topic = broker.image.topic(name)
        const replica = topic && broker.replicas.get(topic.id, partitionIndex)
        if (replica === undefined) return failed(broker.replicas.errorByName(topic, partitionIndex))
        const found =
          request.replicaId >= 0
            ? replica.listOffsetForReplica(timestamp, currentLeaderEpoch)
            : await replica.listOffset(timestamp, isolation, currentLeaderEpoch)
        return {
          partitionIndex,
          errorCode: found.errorCode,
          timestamp: found.timestampMs,
          offset: found.offset,
          leaderEpoch: apiVersion >= LEADER_EPOCH_MIN_VERSION ? found.leaderEpoch : -1,
        }
      }
      const topics = await Promise.all(
        request.topics.map(async ({ name, partitions }) => ({
          name,
          partitions: await Promise.all(partitions.map((asked) => one(name, asked))),
        })),
      )
      return { topics }
    },
    { guard },
  )
}
