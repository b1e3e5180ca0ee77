/**
 * One partition in the fetcher: where reading stands, what is fetched ahead.
 *
 * | phase      | position                  | leaves it by                                                        |
 * |------------|---------------------------|---------------------------------------------------------------------|
 * | locating   | to be looked up           | the answer of ListOffsets → fetching                                |
 * | validating | known, perhaps cut off    | the answer of OffsetForLeaderEpoch → fetching, locating, or failed (KIP-320) |
 * | fetching   | known                     | a newer leader epoch → validating; out of range → locating or failed |
 * | failed     | known or not              | `seek`                                                              |
 *
 * Invariant: offsets of chunks, then `fetchOffset`, go up without overlap; an answer to a request from before a seek
 * (another `version`) changes nothing.
 */
import { assert } from '@braidlog/base'
import { ZERO_UUID, type Uuid } from '@braidlog/model/nouns'
import type { KafkaError } from '../errors.ts'
import type { FetchedChunk } from './fetched-chunk.ts'
import type { FetchedFrame } from './fetched-frame.ts'

export type LocateTarget = 'beginning' | 'end' | { readonly timestamp: number }

export interface Position {
  readonly offset: number
  /** Leader epoch of the record before the offset; -1 when unknown. */
  readonly epoch: number
}

export type Start = Position | LocateTarget

export type Phase = 'locating' | 'validating' | 'fetching' | 'failed'

export class FetchPartition {
  readonly topic: string
  readonly partition: number
  topicId: Uuid = ZERO_UUID
  phase: Phase = 'locating'
  target: LocateTarget = 'beginning'
  /** Where the next fetch begins. */
  fetchOffset = -1
  fetchEpoch = -1
  /** Leader epoch under which the position is known to be right. */
  validatedEpoch = -1
  isPaused = false
  /** Fetched ahead, oldest first. */
  readonly chunks: FetchedChunk[] = []
  bufferedBytes = 0
  /** Of the chunk that is being handed out, or was last, until the application asks for more. */
  handedOut: FetchedFrame | undefined
  /** Goes up with everything that makes answers under way void. */
  version = 0
  /** Goes up when chunks that were handed out are void as well: with a seek, and when the partition is taken away. */
  moves = 0
  /** The request about this partition that is in flight: only its answer counts. */
  busyWith: { readonly node: number } | undefined
  /** The replica that the leader has named to read from (KIP-392), and for how long that is believed. */
  preferred: { readonly node: number; readonly untilMs: number } | undefined
  retryAtMs = -Infinity
  failures = 0
  highWatermark = -1
  lastStableOffset = -1
  logStartOffset = -1
  /** Offset behind the last chunk that was handed out. */
  #handedOutTo = -1
  error: KafkaError | undefined

  constructor(topic: string, partition: number) {
    this.topic = topic
    this.partition = partition
  }

  /** The next offset to be handed out; -1 while it is being looked up. */
  get position(): number {
    const first = this.chunks[0]
    if (first !== undefined) return first.cursor
    return this.phase === 'locating' ? this.#handedOutTo : this.fetchOffset
  }

  moveTo(start: Start): void {
    this.version++
    this.moves++
    this.chunks.length = 0
    this.bufferedBytes = 0
    this.handedOut = undefined
    this.retryAtMs = -Infinity
    this.failures = 0
    this.error = undefined
    this.#handedOutTo = -1
    if (typeof start === 'object' && 'offset' in start) {
      this.fetchOffset = start.offset
      this.fetchEpoch = start.epoch
      // A position that came with an epoch may be older than a truncation: have it confirmed.
      this.phase = start.epoch >= 0 ? 'validating' : 'fetching'
      this.validatedEpoch = -1
    } else {
      this.fetchOffset = -1
      this.fetchEpoch = -1
      this.phase = 'locating'
      this.target = start
    }
  }

  /** The position is found. */
  located(offset: number, epoch: number): void {
    this.fetchOffset = offset
    this.fetchEpoch = epoch
    this.phase = 'fetching'
    this.failures = 0
  }

  /** Looks the position up anew; what is fetched ahead stays valid. */
  locate(target: LocateTarget): void {
    this.version++
    this.#handedOutTo = this.position
    this.phase = 'locating'
    this.target = target
  }

  push(chunk: FetchedChunk): void {
    assert(chunk.fetchOffset === this.fetchOffset, 'chunks follow one another')
    this.chunks.push(chunk)
    this.bufferedBytes += chunk.sizeBytes
    this.fetchOffset = chunk.nextOffset
    if (chunk.lastEpoch >= 0) this.fetchEpoch = chunk.lastEpoch
  }

  take(): FetchedChunk | undefined {
    const chunk = this.chunks.shift()
    if (chunk === undefined) return undefined
    this.bufferedBytes -= chunk.sizeBytes
    this.handedOut = chunk.frame
    this.#handedOutTo = chunk.nextOffset
    return chunk
  }

  /** Drops what was fetched from `offset` on: the log was cut there. */
  truncate(offset: number, epoch: number): void {
    this.version++
    while (this.chunks.length > 0 && this.chunks.at(-1)!.nextOffset > offset) {
      this.bufferedBytes -= this.chunks.pop()!.sizeBytes
    }
    this.fetchOffset = Math.min(offset, this.fetchOffset)
    if (this.chunks.length > 0) this.fetchOffset = this.chunks.at(-1)!.nextOffset
    this.fetchEpoch = epoch
    this.phase = 'fetching'
  }

  fail(error: KafkaError): void {
    this.version++
    this.phase = 'failed'
    this.error = error
  }
}
