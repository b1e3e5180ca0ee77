/** Messages of the hot path, read and written by the codecs that are compiled from their declarations, and interpreted as a yardstick. */
import {
  FetchRequest,
  FetchResponse,
  MetadataResponse,
  ProduceRequest,
  ProduceResponse,
  Reader,
  Writer,
  type Fields,
  type InferFields,
  type Input,
  type Message,
} from '@braidlog/protocol'
import { interpretRead, interpretWrite } from '../../packages/protocol/src/interpreter.ts'
import type { MicroBench } from './micro.ts'

const records = new Uint8Array(16_384)
const topicId = 'q1Sj1rQ8R1m0F1n0H1tq4g' as never
const partitions = (count: number): number[] => Array.from({ length: count }, (_, index) => index)

function codec<F extends Fields>(
  title: string,
  message: Message<F>,
  version: number,
  value: Input<InferFields<F>>,
): MicroBench {
  return {
    title: `protocol: ${title}`,
    open() {
      const bytes = message.encode(value, version)
      return {
        variants: {
          read: () => message.read(new Reader(bytes), version),
          write() {
            const writer = new Writer()
            message.write(writer, value, version)
            return writer.chunks()
          },
          'read, interpreted': () => interpretRead(message as Message, new Reader(bytes), version),
          'write, interpreted'() {
            const writer = new Writer()
            interpretWrite(message as Message, writer, value as Record<string, unknown>, version)
            return writer.chunks()
          },
        },
      }
    },
  }
}

export const protocolBenches: readonly MicroBench[] = [
  codec('Produce request, one partition', ProduceRequest, 11, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: 'orders', partitionData: [{ index: 0, records }] }],
  }),
  codec('Produce response, one partition', ProduceResponse, 11, {
    responses: [{ name: 'orders', partitionResponses: [{ index: 0, baseOffset: 123_456_789, logStartOffset: 0 }] }],
  }),
  codec('Fetch request, 12 partitions', FetchRequest, 17, {
    maxWaitMs: 500,
    minBytes: 1,
    topics: [
      {
        topicId,
        partitions: partitions(12).map((partition) => ({ partition, fetchOffset: 1000, partitionMaxBytes: 1 << 20 })),
      },
    ],
  }),
  codec('Fetch response, 12 partitions', FetchResponse, 17, {
    responses: [
      {
        topicId,
        partitions: partitions(12).map((partitionIndex) => ({ partitionIndex, highWatermark: 2000, records })),
      },
    ],
  }),
  codec('Metadata response, 3 brokers, 100 partitions', MetadataResponse, 12, {
    brokers: [1, 2, 3].map((nodeId) => ({ nodeId, host: 'broker.example', port: 9092, rack: null })),
    clusterId: 'cluster',
    topics: [
      {
        name: 'orders',
        partitions: partitions(100).map((partitionIndex) => ({
          partitionIndex,
          leaderId: 1,
          replicaNodes: [1, 2, 3],
          isrNodes: [1, 2, 3],
        })),
      },
    ],
  }),
]
