/** Frames: cut out of a stream, and put around requests and responses. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import {
  ApiVersionsRequest,
  ApiVersionsResponse,
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FrameSplitter,
  MetadataRequest,
  ProtocolError,
  Reader,
  readRequestHeader,
} from '../src/index.ts'

const concat = (chunks: readonly Uint8Array[]): Uint8Array => Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))

test('frames come out whole and in order, however the stream is cut', () => {
  const frames = fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 8 })
  fc.assert(
    fc.property(frames, fc.infiniteStream(fc.integer({ min: 1, max: 30 })), (expected, sizes) => {
      const stream = concat(expected.map((frame) => Uint8Array.from([0, 0, 0, frame.length, ...frame])))
      const splitter = new FrameSplitter(1000)
      const received: Uint8Array[] = []
      for (let at = 0; at < stream.length;) {
        const size = sizes.next().value as number
        // The splitter may keep nothing of a chunk: its bytes are overwritten, as a socket's slab is.
        const chunk = stream.slice(at, at + size)
        received.push(...splitter.push(chunk).map((frame) => frame.slice()))
        chunk.fill(0xee)
        at += size
      }
      assert.deepEqual(received, expected)
      assert.equal(splitter.pendingBytes(), 0)
    }),
  )
})

test('a frame larger than the limit is refused at its prefix, a negative one as well', () => {
  const refusal = (code: string) => (error: unknown) => error instanceof ProtocolError && error.code === code
  assert.throws(() => new FrameSplitter(100).push(Uint8Array.of(0, 0, 0, 101)), refusal('FRAME_TOO_LARGE'))
  assert.throws(() => new FrameSplitter(100).push(Uint8Array.of(0x80, 0, 0, 0)), refusal('INVALID_LENGTH'))
  assert.deepEqual(new FrameSplitter(100).push(Uint8Array.of(0, 0, 0, 100)), [])
})

test('an announced size reserves nothing: the buffer follows the bytes that arrived', () => {
  const splitter = new FrameSplitter(2 ** 30)
  splitter.push(Uint8Array.of(0x3f, 0xff, 0xff, 0xff))
  splitter.push(new Uint8Array(1000))
  assert.equal(splitter.pendingBytes(), 1004)
})

test('a request travels with the header that its version asks for', () => {
  for (const [apiVersion, headerSize] of [
    [8, 8 + 2 + 3],
    [12, 8 + 2 + 3 + 1],
  ] as const) {
    const options = { apiVersion, correlationId: 5, clientId: 'abc' }
    const frame = concat(encodeRequest(MetadataRequest, options, { topics: [{ name: 't' }] }))
    assert.equal(new DataView(frame.buffer).getInt32(0), frame.length - 4)
    const reader = new Reader(frame.subarray(4))
    const header = readRequestHeader(reader)
    assert.deepEqual(header, { requestApiKey: 3, requestApiVersion: apiVersion, correlationId: 5, clientId: 'abc' })
    assert.equal(reader.at, headerSize)
    assert.equal(MetadataRequest.readToEnd(reader, apiVersion).topics![0]!.name, 't')
  }
})

test('a response to ApiVersions has header version 0 in every version', () => {
  const frame = concat(encodeResponse(ApiVersionsResponse, { apiVersion: 3, correlationId: 9 }, { errorCode: 0 }))
  assert.deepEqual([...frame.subarray(4, 10)], [0, 0, 0, 9, 0, 0])
  assert.equal(decodeResponse(ApiVersionsResponse, 3, frame.subarray(4)).correlationId, 9)
})

test('the header of an ApiVersions request of a later release can be read', () => {
  const options = { apiVersion: 3, correlationId: 1, clientId: null }
  const frame = concat(encodeRequest(ApiVersionsRequest, options, { clientSoftwareName: 'x' })).subarray(4)
  frame[3] = 77
  assert.equal(readRequestHeader(new Reader(frame)).requestApiVersion, 77)
})

test('an unknown API key is a protocol error', () => {
  const frame = Uint8Array.of(0x12, 0x34, 0, 0, 0, 0, 0, 0, 0, 0)
  assert.throws(
    () => readRequestHeader(new Reader(frame)),
    (error) => error instanceof ProtocolError && error.code === 'UNKNOWN_API',
  )
})
