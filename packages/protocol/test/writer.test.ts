/** Wire types to bytes: chunks, views, sizes, and what is refused. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ProtocolError } from '../src/errors.ts'
import { Reader } from '../src/reader.ts'
import { VIEW_SIZE_MIN, Writer } from '../src/writer.ts'

const refusal = (error: unknown): boolean => error instanceof ProtocolError

function written(write: (writer: Writer) => void): number[] {
  const writer = new Writer()
  write(writer)
  return [...writer.toBytes()]
}

function concat(chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]))
}

test('large byte values come out as the very arrays that went in', () => {
  const large = new Uint8Array(VIEW_SIZE_MIN)
  const writer = new Writer()
  writer.int32(1)
  writer.byteString(large)
  writer.int32(2)
  const chunks = writer.chunks()
  assert.equal(chunks.length, 3)
  assert.equal(chunks[1], large)
  assert.equal(chunks[0]!.length, 8)
})

test('small byte values are copied', () => {
  const small = Uint8Array.of(1, 2, 3)
  const writer = new Writer()
  writer.byteString(small)
  small[0] = 9
  assert.deepEqual([...concat(writer.chunks())], [0, 0, 0, 3, 1, 2, 3])
})

test('chunks and toBytes agree, and chunks are not written over by later writers', () => {
  const step = fc.oneof(
    fc.integer().map((value) => (writer: Writer) => writer.int32(value)),
    fc.string({ maxLength: 60 }).map((text) => (writer: Writer) => writer.compactString(text)),
    fc
      .integer({ min: 0, max: 5000 })
      .map((size) => (writer: Writer) => writer.byteString(new Uint8Array(size).fill(size))),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const first = new Writer()
      const second = new Writer()
      for (const write of steps) {
        write(first)
        write(second)
      }
      const size = first.sizeBytes()
      const chunks = first.chunks()
      const bytes = second.toBytes()
      const third = new Writer()
      for (let i = 0; i < 100; i++) third.int32(-1)
      third.toBytes()
      assert.equal(bytes.length, size)
      assert.deepEqual(concat(chunks), bytes)
    }),
    { numRuns: 50 },
  )
})

test('the first four bytes can be set at the end, also when they are in a chunk of their own', () => {
  const writer = new Writer()
  writer.int32(0)
  writer.raw(new Uint8Array(VIEW_SIZE_MIN))
  writer.setFirstInt32(7)
  assert.deepEqual([...writer.chunks()[0]!], [0, 0, 0, 7])
  assert.deepEqual(
    written((each) => {
      each.int32(0)
      each.setFirstInt32(8)
    }),
    [0, 0, 0, 8],
  )
})

test('text in UTF-8 has its size in bytes in front', () => {
  assert.deepEqual(
    written((writer) => writer.string('é')),
    [0, 2, 0xc3, 0xa9],
  )
  assert.deepEqual(
    written((writer) => writer.compactString('ab')),
    [3, 0x61, 0x62],
  )
  assert.deepEqual(written((writer) => writer.compactString('é'.repeat(100))).slice(0, 3), [0xc9, 0x01, 0xc3])
})

test('a string may take 32767 bytes and no more', () => {
  assert.equal(written((writer) => writer.string('x'.repeat(0x7fff))).length, 0x7fff + 2)
  assert.throws(() => written((writer) => writer.string('x'.repeat(0x8000))), refusal)
  assert.throws(() => written((writer) => writer.compactString('é'.repeat(0x4000))), refusal)
})

test('values outside their type are refused', () => {
  const wrong: ((writer: Writer) => void)[] = [
    (writer) => writer.int8(128),
    (writer) => writer.int16(-32769),
    (writer) => writer.uint16(-1),
    (writer) => writer.int32(2 ** 31),
    (writer) => writer.int32(0.5),
    (writer) => writer.uint32(-1),
    (writer) => writer.int64(2 ** 53),
    (writer) => writer.int64(NaN),
    (writer) => writer.uuid('short'),
    (writer) => writer.string(null as unknown as string),
    (writer) => writer.byteString('text' as unknown as Uint8Array),
  ]
  for (const write of wrong) assert.throws(() => written(write), refusal)
})

test('numbers come back from their bytes', () => {
  fc.assert(
    fc.property(fc.maxSafeInteger(), fc.integer({ min: 0, max: 0xffffffff }), (int64, uvarint) => {
      const bytes = written((writer) => {
        writer.int64(int64)
        writer.uvarint(uvarint)
      })
      const reader = new Reader(Uint8Array.from(bytes))
      assert.equal(reader.int64(), int64)
      assert.equal(reader.uvarint(), uvarint)
    }),
  )
})

test('a tagged field of large parts keeps its size and its bytes', () => {
  const large = new Uint8Array(3000).fill(7)
  const writer = new Writer()
  for (let round = 0; round < 2; round++) {
    const scratch = writer.scratch()
    scratch.compactByteString(large)
    scratch.compactString('end')
    writer.taggedField(round, scratch)
  }
  const reader = new Reader(writer.toBytes())
  for (let round = 0; round < 2; round++) {
    assert.equal(reader.uvarint(), round)
    assert.equal(reader.uvarint(), 2 + 3000 + 4)
    assert.deepEqual(reader.compactByteString(), large)
    assert.equal(reader.compactString(), 'end')
  }
})

test('a writer that was ended takes no more bytes', () => {
  const writer = new Writer()
  writer.int32(1)
  writer.chunks()
  assert.throws(() => writer.int32(2), /ended/)
})

test('messages with tagged fields go on in the slabs that those before them have left', () => {
  const slabs = new Set<ArrayBufferLike>()
  for (let message = 0; message < 100; message++) {
    const writer = new Writer()
    writer.int32(message)
    const tagged = writer.scratch()
    tagged.int32(message)
    slabs.add(tagged.view.buffer).add(writer.view.buffer)
    writer.taggedField(0, tagged)
    writer.chunks()
  }
  assert.ok(slabs.size <= 3, `${slabs.size} slabs`)
})
