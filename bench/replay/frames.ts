/**
 * The requests that a replay sends again and again, and the two figures it reads in the answers.
 *
 * Produce version 7 and Fetch version 4, which every broker of the last years speaks; one topic and one partition a request, so that the
 * interesting fields of an answer stand at places known beforehand.
 */
import { encodeRequest, FetchRequest, ProduceRequest } from '@braidlog/protocol'
import { BatchBuilder } from '@braidlog/records'
import { nodeCodecs } from '@braidlog/runtime'
import type { Codec } from '../clients/client.ts'
import { values } from '../values.ts'

const clientId = 'replay'

export interface BatchShape {
  readonly recordSizeBytes: number
  readonly recordCount: number
  /** Values that compress like those of applications, in a codec; else all bytes are the same and nothing is compressed. */
  readonly codec?: Codec
}

/** A batch of equal records, as any producer without idempotence would send it. */
export function batchOf({ recordSizeBytes, recordCount, codec }: BatchShape): Uint8Array {
  const builder = new BatchBuilder({ codecs: nodeCodecs, sizeBytesMax: 64 << 20, compression: codec ?? 'none' })
  const all = codec === undefined ? [new Uint8Array(recordSizeBytes).fill(0x78)] : values(recordSizeBytes)
  const nowMs = Date.now()
  for (let i = 0; i < recordCount; i++) builder.append(null, all[i % all.length]!, nowMs)
  return builder.build().slice()
}

export interface Place {
  readonly topic: string
  readonly partition: number
}

/** A whole frame. */
export function produceFrame(place: Place, acks: 1 | -1, batch: Uint8Array): Buffer {
  const body = {
    transactionalId: null,
    acks,
    timeoutMs: 30_000,
    topicData: [{ name: place.topic, partitionData: [{ index: place.partition, records: batch }] }],
  }
  return Buffer.concat(encodeRequest(ProduceRequest, { apiVersion: 7, correlationId: 0, clientId }, body))
}

export interface FetchShape {
  readonly maxBytes: number
  readonly maxWaitMs: number
}

/** A whole frame. @see fetchOffsetAt for the one field that changes */
export function fetchFrame(place: Place, offset: number, { maxBytes, maxWaitMs }: FetchShape): Buffer {
  const partition = { partition: place.partition, fetchOffset: offset, partitionMaxBytes: maxBytes }
  const body = {
    replicaId: -1,
    maxWaitMs,
    minBytes: 1,
    maxBytes,
    isolationLevel: 0,
    topics: [{ topic: place.topic, partitions: [partition] }],
  }
  return Buffer.concat(encodeRequest(FetchRequest, { apiVersion: 4, correlationId: 0, clientId }, body))
}

/** Position of the error code in an answer to `produceFrame`, counted from behind the frame's size. */
export const produceErrorAt = (topic: string): number => 4 + 4 + 2 + topic.length + 4 + 4
/** The same for `fetchFrame`. */
export const fetchErrorAt = (topic: string): number => 4 + 4 + 4 + 2 + topic.length + 4 + 4

export const fetchHighWatermarkAt = (topic: string): number => fetchErrorAt(topic) + 2

/** Behind the error code: high watermark, last stable offset, an empty list of aborted transactions, then the size of the records. */
export const fetchSizeAt = (topic: string): number => fetchErrorAt(topic) + 2 + 8 + 8 + 4

/** Bytes of a `produceFrame` before its batch, the frame's size included. */
export const produceHeadSizeBytes = ({ topic }: Place): number =>
  4 + 2 + 2 + 4 + 2 + clientId.length + 2 + 2 + 4 + 4 + 2 + topic.length + 4 + 4 + 4
