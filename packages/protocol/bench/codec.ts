/**
 * Nanoseconds to read and write the messages of the hot path, generated and interpreted.
 *
 * `node packages/protocol/bench/codec.ts`: contestants take turns, fixed iterations, the best round counts.
 * Trust ratios, not single figures.
 */
import type { Fields, InferFields, Input } from '../src/declare.ts'
import { interpretRead, interpretWrite } from '../src/interpreter.ts'
import { FetchRequest, FetchResponse, MetadataResponse, ProduceRequest, ProduceResponse } from '../src/messages.ts'
import type { Message } from '../src/message.ts'
import { Reader } from '../src/reader.ts'
import { Writer } from '../src/writer.ts'

const ROUNDS = 7

interface Case {
  readonly name: string
  readonly message: Message
  readonly version: number
  readonly value: Record<string, unknown>
  readonly iterations: number
}

const produced = new Uint8Array(16_384)
const partitions = (count: number): number[] => Array.from({ length: count }, (_, i) => i)

const cases: Case[] = [
  measured('Produce request, 1 partition, 16 KiB', ProduceRequest, 11, 40_000, {
    acks: -1,
    timeoutMs: 30_000,
    topicData: [{ name: 'orders', partitionData: [{ index: 0, records: produced }] }],
  }),
  measured('Produce response, 1 partition', ProduceResponse, 11, 40_000, {
    responses: [{ name: 'orders', partitionResponses: [{ index: 0, baseOffset: 123_456_789, logStartOffset: 0 }] }],
  }),
  measured('Fetch request, 12 partitions', FetchRequest, 17, 10_000, {
    maxWaitMs: 500,
    minBytes: 1,
    topics: [
      {
        topicId: 'q1Sj1rQ8R1m0F1n0H1tq4g' as never,
        partitions: partitions(12).map((partition) => ({ partition, fetchOffset: 1000, partitionMaxBytes: 1 << 20 })),
      },
    ],
  }),
  measured('Fetch response, 12 partitions, 16 KiB each', FetchResponse, 17, 10_000, {
    responses: [
      {
        topicId: 'q1Sj1rQ8R1m0F1n0H1tq4g' as never,
        partitions: partitions(12).map((partitionIndex) => ({
          partitionIndex,
          highWatermark: 2000,
          records: produced,
        })),
      },
    ],
  }),
  measured('Metadata response, 3 brokers, 100 partitions', MetadataResponse, 12, 2_000, {
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

function measured<F extends Fields>(
  name: string,
  message: Message<F>,
  version: number,
  iterations: number,
  value: Input<InferFields<F>>,
): Case {
  return {
    name,
    message: message as Message<never> as Message,
    version,
    value: value as Record<string, unknown>,
    iterations,
  }
}

export interface Figures {
  readonly name: string
  /** Nanoseconds per message. */
  readonly readNs: number
  readonly readInterpretedNs: number
  readonly writeNs: number
  readonly writeInterpretedNs: number
}

/** @param effort 1 for figures worth reading; less only shows that everything runs */
export function measureCodecs(effort: number): Figures[] {
  return cases.map((each) => measure(each, Math.ceil(each.iterations * effort), Math.ceil(ROUNDS * effort)))
}

function measure({ name, message, version, value }: Case, iterations: number, rounds: number): Figures {
  const bytes = message.encode(value, version)
  const contestants = [
    () => message.read(new Reader(bytes), version),
    () => interpretRead(message, new Reader(bytes), version),
    () => write((writer) => message.write(writer, value, version)),
    () => write((writer) => interpretWrite(message, writer, value, version)),
  ]
  const best = contestants.map(() => Infinity)
  for (let round = 0; round < rounds; round++) {
    for (const [i, contestant] of contestants.entries()) {
      const startMs = performance.now()
      for (let n = 0; n < iterations; n++) contestant()
      best[i] = Math.min(best[i]!, ((performance.now() - startMs) * 1e6) / iterations)
    }
  }
  const [readNs, readInterpretedNs, writeNs, writeInterpretedNs] = best as [number, number, number, number]
  return { name, readNs, readInterpretedNs, writeNs, writeInterpretedNs }
}

function write(work: (writer: Writer) => void): Uint8Array[] {
  const writer = new Writer()
  work(writer)
  return writer.chunks()
}

if (import.meta.main) {
  const cell = (value: number | string): string =>
    String(typeof value === 'number' ? Math.round(value) : value).padStart(12)
  console.log('ns per message'.padEnd(46) + ['read', 'interpreted', 'write', 'interpreted'].map(cell).join(''))
  for (const { name, readNs, readInterpretedNs, writeNs, writeInterpretedNs } of measureCodecs(1)) {
    console.log(name.padEnd(46) + [readNs, readInterpretedNs, writeNs, writeInterpretedNs].map(cell).join(''))
  }
}
