/**
 * Topics for the length of a measurement, by bare requests: no client library is in the way, and both servers see the same.
 */
import {
  CreateTopicsRequest,
  CreateTopicsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  MetadataRequest,
  MetadataResponse,
} from '@braidlog/protocol'
import { eventually } from '../conformance/peers/process.ts'
import { wirePeer } from '../conformance/groups/wire.ts'

/** Where to ask. */
export interface Bootstrap {
  readonly port: number
}

const host = '127.0.0.1'
const timeoutMs = 120_000

export interface PartitionLeader {
  readonly partition: number
  readonly port: number
}

/** Creates a topic and waits until each of its partitions has a leader. */
export async function createTopic(
  server: Bootstrap,
  topic: string,
  partitions: number,
  configs: Readonly<Record<string, string>> = {},
): Promise<PartitionLeader[]> {
  const response = await wirePeer(host, server.port).ask(
    { request: CreateTopicsRequest, response: CreateTopicsResponse },
    5,
    {
      topics: [
        {
          name: topic,
          numPartitions: partitions,
          replicationFactor: 1,
          configs: Object.entries(configs).map(([name, value]) => ({ name, value })),
        },
      ],
      timeoutMs,
    },
  )
  const { errorCode = 0, errorMessage } = response.topics[0] ?? {}
  if (errorCode !== 0) throw new Error(`topic ${topic} not created: error code ${errorCode} ${errorMessage ?? ''}`)
  return leadersOf(server, topic, partitions)
}

/** The leaders of all partitions, once there are as many as expected. */
export function leadersOf(server: Bootstrap, topic: string, partitions: number): Promise<PartitionLeader[]> {
  return eventually(
    async () => {
      const response = await wirePeer(host, server.port).ask(
        { request: MetadataRequest, response: MetadataResponse },
        7,
        { topics: [{ name: topic }], allowAutoTopicCreation: false },
      )
      const ports = new Map(response.brokers.map(({ nodeId, port }) => [nodeId, port]))
      const found = (response.topics[0]?.partitions ?? []).flatMap(({ partitionIndex, leaderId, errorCode }) => {
        const port = errorCode === 0 ? ports.get(leaderId) : undefined
        return port === undefined ? [] : [{ partition: partitionIndex, port }]
      })
      return found.length === partitions ? found : undefined
    },
    `leaders of ${topic}`,
    timeoutMs,
  )
}

export async function deleteTopic(server: Bootstrap, topic: string): Promise<void> {
  const response = await wirePeer(host, server.port).ask(
    { request: DeleteTopicsRequest, response: DeleteTopicsResponse },
    3,
    { topicNames: [topic], timeoutMs },
  )
  const errorCode = response.responses[0]?.errorCode ?? 0
  if (errorCode !== 0) throw new Error(`topic ${topic} not deleted: error code ${errorCode}`)
}

/** Runs `use` with a fresh topic, which is deleted afterwards so that no measurement pays for the files of another. */
export async function withTopic<T>(
  server: Bootstrap,
  topic: string,
  partitions: number,
  use: () => Promise<T>,
): Promise<T> {
  await createTopic(server, topic, partitions)
  try {
    return await use()
  } finally {
    await deleteTopic(server, topic)
  }
}
