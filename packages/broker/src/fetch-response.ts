/**
 * Writes a Fetch response by hand, every version: the generated encoder takes records as one array, here they are
 * gathered from the log's own pieces without a copy. The generated decoder is the oracle (see the tests).
 */
import type { LogRead } from '@braidlog/log'
import type { Uuid } from '@braidlog/model'
import type { FetchResult } from '@braidlog/partition'
import { FRAME_PREFIX_SIZE, responseHeaderVersion, Writer } from '@braidlog/protocol'

export interface FetchedPartition {
  readonly topic: string
  readonly topicId: Uuid
  readonly partition: number
  readonly result: FetchResult
  /** Where the consumer should go on reading (KIP-392); -1: here. */
  readonly preferredReadReplica: number
  /** Where the partition is led, for who asked the wrong node (KIP-951). */
  readonly currentLeader: { readonly leaderId: number; readonly leaderEpoch: number } | undefined
}

export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

export interface FetchResponseFields {
  readonly errorCode: number
  readonly sessionId: number
  /** Neighbours of the same topic share one topic entry. */
  readonly partitions: readonly FetchedPartition[]
  readonly nodeEndpoints: readonly NodeEndpoint[]
}

const FETCH_KEY = 1
const FLEXIBLE_MIN = 12

/** @returns the whole frame; its large chunks are the log's memory, valid until the reads are released */
export function encodeFetchResponse(
  options: { readonly apiVersion: number; readonly correlationId: number },
  response: FetchResponseFields,
): Uint8Array[] {
  const { apiVersion } = options
  const flexible = apiVersion >= FLEXIBLE_MIN
  const writer = new Writer()
  writer.int32(0)
  writer.int32(options.correlationId)
  if (responseHeaderVersion(FETCH_KEY, apiVersion) === 1) writer.uvarint(0)
  writer.int32(0)
  if (apiVersion >= 7) {
    writer.int16(response.errorCode)
    writer.int32(response.sessionId)
  }
  writeTopics(writer, apiVersion, response.partitions)
  if (flexible) writeNodeEndpoints(writer, apiVersion, response.nodeEndpoints)
  writer.setFirstInt32(writer.sizeBytes() - FRAME_PREFIX_SIZE)
  return writer.chunks()
}

function writeTopics(writer: Writer, apiVersion: number, partitions: readonly FetchedPartition[]): void {
  const flexible = apiVersion >= FLEXIBLE_MIN
  let topicCount = 0
  for (let i = 0; i < partitions.length; i++) if (beginsTopic(partitions, i)) topicCount++
  writeCount(writer, flexible, topicCount)
  for (let first = 0; first < partitions.length;) {
    let end = first + 1
    while (end < partitions.length && !beginsTopic(partitions, end)) end++
    const { topic, topicId } = partitions[first]!
    if (apiVersion >= 13) writer.uuid(topicId)
    else if (flexible) writer.compactString(topic)
    else writer.string(topic)
    writeCount(writer, flexible, end - first)
    for (let i = first; i < end; i++) writePartition(writer, apiVersion, partitions[i]!)
    if (flexible) writer.uvarint(0)
    first = end
  }
}

function beginsTopic(partitions: readonly FetchedPartition[], i: number): boolean {
  if (i === 0) return true
  const [before, here] = [partitions[i - 1]!, partitions[i]!]
  return before.topic !== here.topic || before.topicId !== here.topicId
}

function writeCount(writer: Writer, flexible: boolean, count: number): void {
  if (flexible) writer.uvarint(count + 1)
  else writer.int32(count)
}

function writePartition(writer: Writer, apiVersion: number, fetched: FetchedPartition): void {
  const flexible = apiVersion >= FLEXIBLE_MIN
  const { result } = fetched
  writer.int32(fetched.partition)
  writer.int16(result.errorCode)
  writer.int64(result.highWatermark)
  writer.int64(result.lastStableOffset)
  if (apiVersion >= 5) writer.int64(result.logStartOffset)
  const aborted = result.abortedTransactions
  if (aborted === null) {
    if (flexible) writer.uvarint(0)
    else writer.int32(-1)
  } else {
    writeCount(writer, flexible, aborted.length)
    for (const { producerId, firstOffset } of aborted) {
      writer.int64(producerId)
      writer.int64(firstOffset)
      if (flexible) writer.uvarint(0)
    }
  }
  if (apiVersion >= 11) writer.int32(fetched.preferredReadReplica)
  writeRecords(writer, flexible, result.records)
  if (flexible) writePartitionTags(writer, fetched)
}

function writeRecords(writer: Writer, flexible: boolean, read: LogRead | undefined): void {
  const sizeBytes = read?.sizeBytes ?? 0
  if (flexible) writer.uvarint(sizeBytes + 1)
  else writer.int32(sizeBytes)
  if (read !== undefined) for (const chunk of read.chunks) writer.raw(chunk)
}

function writePartitionTags(writer: Writer, { result, currentLeader }: FetchedPartition): void {
  const diverging = result.divergingEpoch
  writer.uvarint((diverging === undefined ? 0 : 1) + (currentLeader === undefined ? 0 : 1))
  if (diverging !== undefined) {
    writer.uvarint(0)
    writer.uvarint(13)
    writer.int32(diverging.leaderEpoch)
    writer.int64(diverging.endOffset)
    writer.uvarint(0)
  }
  if (currentLeader !== undefined) {
    writer.uvarint(1)
    writer.uvarint(9)
    writer.int32(currentLeader.leaderId)
    writer.int32(currentLeader.leaderEpoch)
    writer.uvarint(0)
  }
}

function writeNodeEndpoints(writer: Writer, apiVersion: number, endpoints: readonly NodeEndpoint[]): void {
  if (apiVersion < 16 || endpoints.length === 0) {
    writer.uvarint(0)
    return
  }
  writer.uvarint(1)
  const scratch = writer.scratch()
  scratch.uvarint(endpoints.length + 1)
  for (const { nodeId, host, port, rack } of endpoints) {
    scratch.int32(nodeId)
    scratch.compactString(host)
    scratch.int32(port)
    scratch.compactNullableString(rack)
    scratch.uvarint(0)
  }
  writer.taggedField(0, scratch)
}
