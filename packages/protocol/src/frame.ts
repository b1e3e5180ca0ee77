/**
 * Frames: what travels on a connection.
 *
 * ```
 * | size int32 | header | body |      size counts the bytes after itself
 * ```
 *
 * Requests and responses look alike; the headers differ, and their versions follow from the message and its version
 * (`api.ts`). Source: Apache Kafka's protocol guide.
 */
import { headerVersionOfRequest, headerVersionOfResponse } from './api.ts'
import type { Fields, InferFields, Input } from './declare.ts'
import { ProtocolError } from './errors.ts'
import type { Message } from './message.ts'
import { Reader } from './reader.ts'
import { RequestHeader, ResponseHeader } from './stored/headers.ts'
import { Writer } from './writer.ts'

/** Bytes of the size in front of a frame. */
export const FRAME_PREFIX_SIZE = 4

/**
 * The size of the frame whose prefix begins at `at`, prefix not counted.
 * @param sizeMax the most that the receiver accepts
 * @returns -1 while the prefix is incomplete
 * @throws ProtocolError for a negative or larger size: the connection cannot go on
 */
export function frameSize(bytes: Uint8Array, at: number, end: number, sizeMax: number): number {
  if (end - at < FRAME_PREFIX_SIZE) return -1
  const size = prefixOf(bytes, at)
  if (size < 0) throw new ProtocolError('INVALID_LENGTH', `a frame of ${size} bytes; the peer does not speak Kafka`)
  if (size > sizeMax) {
    throw new ProtocolError('FRAME_TOO_LARGE', `a frame of ${size} bytes; at most ${sizeMax} are accepted`)
  }
  return size
}

function prefixOf(bytes: Uint8Array, at = 0): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!
}

/** The buffer of an incomplete frame is at most this many times as large as what has arrived of it. */
const GROWTH = 4

/**
 * Cuts a stream of chunks into frames. Holds at most one incomplete frame; its buffer grows with the bytes that have
 * arrived, never with what the prefix announces.
 */
export class FrameSplitter {
  readonly #sizeMax: number
  #pending: Uint8Array = new Uint8Array(0)
  #pendingSize = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** Bytes of the incomplete frame. */
  pendingBytes(): number {
    return this.#pendingSize
  }

  /**
   * @returns the frames that are complete now, without their prefixes; views of `chunk` unless a frame came in pieces
   * @throws ProtocolError when a prefix is out of range; the splitter is of no use afterwards
   */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = []
    let at = 0
    if (this.#pendingSize > 0) {
      at = this.#completePending(chunk, frames)
      if (this.#pendingSize > 0) return frames
    }
    for (;;) {
      const size = frameSize(chunk, at, chunk.length, this.#sizeMax)
      if (size === -1 || chunk.length - at - FRAME_PREFIX_SIZE < size) break
      const start = at + FRAME_PREFIX_SIZE
      at = start + size
      frames.push(chunk.subarray(start, at))
    }
    if (at < chunk.length) this.#keep(chunk, at, chunk.length)
    return frames
  }

  /** Moves bytes of `chunk` to the incomplete frame. @returns how many it took. */
  #completePending(chunk: Uint8Array, frames: Uint8Array[]): number {
    let at = 0
    if (this.#pendingSize < FRAME_PREFIX_SIZE) {
      at = Math.min(FRAME_PREFIX_SIZE - this.#pendingSize, chunk.length)
      this.#keep(chunk, 0, at)
    }
    const size = frameSize(this.#pending, 0, this.#pendingSize, this.#sizeMax)
    if (size === -1) return at
    const missing = FRAME_PREFIX_SIZE + size - this.#pendingSize
    const taken = Math.min(missing, chunk.length - at)
    this.#keep(chunk, at, at + taken)
    if (taken === missing) {
      frames.push(this.#pending.subarray(FRAME_PREFIX_SIZE, FRAME_PREFIX_SIZE + size))
      this.#pending = new Uint8Array(0)
      this.#pendingSize = 0
    }
    return at + taken
  }

  #keep(chunk: Uint8Array, start: number, end: number): void {
    const size = this.#pendingSize + end - start
    if (size > this.#pending.length) {
      const announced = this.#pendingSize < FRAME_PREFIX_SIZE ? size : FRAME_PREFIX_SIZE + prefixOf(this.#pending)
      const grown = new Uint8Array(Math.max(size, Math.min(announced, GROWTH * this.#pendingSize)))
      grown.set(this.#pending.subarray(0, this.#pendingSize))
      this.#pending = grown
    }
    this.#pending.set(chunk.subarray(start, end), this.#pendingSize)
    this.#pendingSize = size
  }
}

export interface RequestOptions {
  readonly apiVersion: number
  readonly correlationId: number
  readonly clientId: string | null
}

/** @returns the whole frame, prefix included, as chunks for one gathered write */
export function encodeRequest<F extends Fields>(
  request: Message<F>,
  options: RequestOptions,
  body: Input<InferFields<F>>,
): Uint8Array[] {
  const { apiVersion, correlationId, clientId } = options
  const key = request.key!
  const writer = new Writer()
  writer.int32(0)
  const header = { requestApiKey: key, requestApiVersion: apiVersion, correlationId, clientId }
  RequestHeader.write(writer, header, headerVersionOfRequest(request, apiVersion))
  request.write(writer, body, apiVersion)
  return endFrame(writer)
}

export interface ResponseOptions {
  readonly apiVersion: number
  readonly correlationId: number
}

/** @returns the whole frame, prefix included, as chunks for one gathered write */
export function encodeResponse<F extends Fields>(
  response: Message<F>,
  options: ResponseOptions,
  body: Input<InferFields<F>>,
): Uint8Array[] {
  const { apiVersion, correlationId } = options
  const writer = new Writer()
  writer.int32(0)
  ResponseHeader.write(writer, { correlationId }, headerVersionOfResponse(response, apiVersion))
  response.write(writer, body, apiVersion)
  return endFrame(writer)
}

/**
 * Reads a response frame (without its prefix).
 * @throws ProtocolError
 */
export function decodeResponse<F extends Fields>(
  response: Message<F>,
  apiVersion: number,
  frame: Uint8Array,
): { correlationId: number; body: InferFields<F> } {
  const reader = new Reader(frame)
  const { correlationId } = ResponseHeader.read(reader, headerVersionOfResponse(response, apiVersion))
  return { correlationId, body: response.readToEnd(reader, apiVersion) }
}

function endFrame(writer: Writer): Uint8Array[] {
  writer.setFirstInt32(writer.sizeBytes() - FRAME_PREFIX_SIZE)
  return writer.chunks()
}
