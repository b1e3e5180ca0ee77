/** A node for tests, in memory and on a free port, and the small things that every test of it needs. */
import { MemoryStorage } from '@braidlog/base'
import {
  CreateTopicsRequest,
  CreateTopicsResponse,
  FetchRequest,
  FetchResponse,
  ProduceRequest,
  ProduceResponse,
} from '@braidlog/protocol'
import { BatchBuilder, batches, type CompressionType } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import { startServer, type Server, type ServerOptions } from '@braidlog/server'
import { WireClient } from '../../broker/test/wire.ts'

export interface TestNode extends AsyncDisposable {
  readonly server: Server
  readonly storage: MemoryStorage
  readonly client: WireClient
  connect(): Promise<WireClient>
}

export async function startNode(
  config: Readonly<Record<string, string | number | boolean>> = {},
  options: Partial<ServerOptions> = {},
): Promise<TestNode> {
  const storage = (options.storage as MemoryStorage | undefined) ?? new MemoryStorage()
  const server = await startServer({
    format: true,
    ...options,
    storage,
    config: {
      'log.dirs': '/data',
      listeners: 'PLAINTEXT://127.0.0.1:0',
      'group.initial.rebalance.delay.ms': 0,
      'offsets.topic.num.partitions': 2,
      ...config,
    },
  })
  const connect = (): Promise<WireClient> => WireClient.connect(server.listeners[0]!.port)
  const client = await connect()
  return {
    server,
    storage,
    client,
    connect,
    async [Symbol.asyncDispose]() {
      client.close()
      await server.close()
    },
  }
}

export async function createTopic(
  client: WireClient,
  name: string,
  options: {
    partitions?: number
    replicationFactor?: number
    /** Replicas by partition, instead of the two counts. */
    assignment?: readonly (readonly number[])[]
    configs?: Record<string, string>
  } = {},
) {
  const configs = Object.entries(options.configs ?? {}).map(([key, value]) => ({ name: key, value }))
  const { partitions = 1, replicationFactor = 1, assignment } = options
  const response = await client.call(CreateTopicsRequest, CreateTopicsResponse, 7, {
    topics: [
      {
        name,
        numPartitions: assignment === undefined ? partitions : -1,
        replicationFactor: assignment === undefined ? replicationFactor : -1,
        assignments: (assignment ?? []).map((brokerIds, partitionIndex) => ({
          partitionIndex,
          brokerIds: [...brokerIds],
        })),
        configs,
      },
    ],
    timeoutMs: 5000,
  })
  return response.topics[0]!
}

export interface BatchOptions {
  readonly compression?: CompressionType
  readonly timestampMs?: number
  readonly producerId?: number
  readonly producerEpoch?: number
  readonly baseSequence?: number
  readonly transactional?: boolean
  readonly key?: string | null
}

export function batchOf(values: readonly string[], options: BatchOptions = {}): Uint8Array {
  const { compression = 'none', timestampMs = Date.now(), key = null, ...fields } = options
  const builder = new BatchBuilder({ codecs: nodeCodecs, sizeBytesMax: 1 << 24, compression })
  for (const value of values) builder.append(key, value, timestampMs)
  return Uint8Array.prototype.slice.call(builder.build(fields))
}

/** Produces one batch by topic name. @returns the partition's part of the response */
export async function produce(
  client: WireClient,
  topic: string,
  records: Uint8Array | null,
  options: { partition?: number; acks?: number; version?: number } = {},
) {
  const { partition = 0, acks = -1, version = 12 } = options
  const response = await client.call(ProduceRequest, ProduceResponse, version, {
    acks,
    timeoutMs: 5000,
    topicData: [{ name: topic, partitionData: [{ index: partition, records }] }],
  })
  return response.responses[0]!.partitionResponses[0]!
}

export interface FetchedRecord {
  readonly offset: number
  readonly value: string | null
}

export async function fetch(
  client: WireClient,
  topic: string,
  options: { partition?: number; offset?: number; maxWaitMs?: number; minBytes?: number; maxBytes?: number } = {},
) {
  const { partition = 0, offset = 0, maxWaitMs = 0, minBytes = 1, maxBytes = 1 << 20 } = options
  const response = await client.call(FetchRequest, FetchResponse, 12, {
    maxWaitMs,
    minBytes,
    maxBytes,
    topics: [{ topic, partitions: [{ partition, fetchOffset: offset, partitionMaxBytes: maxBytes }] }],
  })
  const answer = response.responses[0]!.partitions[0]!
  return { ...answer, values: recordsOf(answer.records!) }
}

export function recordsOf(bytes: Uint8Array): FetchedRecord[] {
  const records: FetchedRecord[] = []
  for (const batch of batches(bytes, { codecs: nodeCodecs })) {
    for (const record of batch) {
      records.push({ offset: record.offset, value: record.value && Buffer.from(record.value).toString() })
    }
  }
  return records
}
