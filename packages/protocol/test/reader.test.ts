/** Wire types from bytes, well-formed and not. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { uuidFromBytes, ZERO_UUID } from '@braidlog/model'
import fc from 'fast-check'
import { ProtocolError, type ProtocolErrorCode } from '../src/errors.ts'
import { Reader } from '../src/reader.ts'
import { Writer } from '../src/writer.ts'

const reader = (...bytes: number[]): Reader => new Reader(Uint8Array.from(bytes))
const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

function refused(code: ProtocolErrorCode, read: () => unknown): void {
  assert.throws(read, (error) => error instanceof ProtocolError && error.code === code)
}

test('integers are big-endian and signed unless their name says otherwise', () => {
  assert.equal(reader(0xff).int8(), -1)
  assert.equal(reader(0xff, 0xfe).int16(), -2)
  assert.equal(reader(0xff, 0xfe).uint16(), 0xfffe)
  assert.equal(reader(0x80, 0, 0, 0).int32(), -0x80000000)
  assert.equal(reader(0x80, 0, 0, 0).uint32(), 0x80000000)
  assert.equal(reader(0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe).int64(), -2)
  assert.equal(reader(0x3f, 0xf8, 0, 0, 0, 0, 0, 0).float64(), 1.5)
})

test('the ends of the 64-bit range are infinite, what a number cannot hold is refused', () => {
  assert.equal(reader(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).int64(), Infinity)
  assert.equal(reader(0x80, 0, 0, 0, 0, 0, 0, 0).int64(), -Infinity)
  assert.equal(reader(0, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff).int64(), Number.MAX_SAFE_INTEGER)
  refused('INVALID_VALUE', () => reader(0, 0x20, 0, 0, 0, 0, 0, 0).int64())
  refused('INVALID_VALUE', () => reader(0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe).int64())
})

test('a varint of 32 bits takes five bytes; longer ones and larger ones are refused', () => {
  assert.equal(reader(0xff, 0xff, 0xff, 0xff, 0x0f).uvarint(), 0xffffffff)
  refused('INVALID_VARINT', () => reader(0xff, 0xff, 0xff, 0xff, 0x1f).uvarint())
  refused('INVALID_VARINT', () => reader(0x80, 0x80, 0x80, 0x80, 0x80, 0x01).uvarint())
  refused('TRUNCATED', () => reader(0x80).uvarint())
  refused('TRUNCATED', () => reader().uvarint())
})

test('null is a length of -1, or 0 when compact; only nullable reads take it', () => {
  assert.equal(reader(0xff, 0xff).nullableString(), null)
  assert.equal(reader(0).compactNullableString(), null)
  assert.equal(reader(0xff, 0xff, 0xff, 0xff).nullableByteString(), null)
  assert.equal(reader(0).compactNullableByteString(), null)
  refused('UNEXPECTED_NULL', () => reader(0xff, 0xff).string())
  refused('UNEXPECTED_NULL', () => reader(0).compactString())
  refused('UNEXPECTED_NULL', () => reader(0).compactByteString())
  refused('INVALID_LENGTH', () => reader(0xff, 0xfe).nullableString())
})

test('a length beyond the bytes is refused before anything is allocated', () => {
  refused('TRUNCATED', () => reader(0x7f, 0xff, 0xff, 0xff).byteString())
  refused('TRUNCATED', () => reader(0x7f, 0xff).string())
  refused('INVALID_LENGTH', () => reader(0x7f, 0xff, 0xff, 0xff, 0).arrayLength(1))
  refused('INVALID_LENGTH', () => reader(0xff, 0xff, 0xff, 0xff, 0x0f).compactArrayLength(1))
  refused('INVALID_LENGTH', () => reader(0, 0, 0, 2, 0, 0, 0).arrayLength(2))
  assert.equal(reader(0, 0, 0, 2, 0, 0, 0, 0).arrayLength(2), 2)
})

test('bytes are views of the input, not copies', () => {
  const input = Uint8Array.of(0, 0, 0, 2, 7, 8)
  const view = new Reader(input).byteString()
  input[4] = 9
  assert.deepEqual([...view], [9, 8])
})

test('a reader of a part of an array sees only that part', () => {
  const input = Uint8Array.of(1, 2, 3, 4, 5, 6)
  const part = new Reader(input, 1, 4)
  assert.equal(part.int16(), 0x0203)
  refused('TRUNCATED', () => part.int16())
  assert.equal(part.int8(), 4)
  assert.equal(new Reader(input.subarray(2)).int16(), 0x0304)
})

test('malformed UTF-8 becomes U+FFFD, and a byte order mark stays', () => {
  assert.equal(reader(0, 3, 0x61, 0xff, 0x62).string(), 'a\ufffdb')
  assert.equal(reader(0, 4, 0xef, 0xbb, 0xbf, 0x61).string(), '\ufeffa')
})

test('strings of equal bytes read alike whatever was read before', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 110 }), { minLength: 1, maxLength: 20 }), (texts) => {
      const writer = new Writer()
      for (const text of [...texts, ...texts]) writer.compactString(text)
      const strings = new Reader(writer.toBytes())
      for (const text of [...texts, ...texts]) assert.equal(strings.compactString(), text)
    }),
  )
})

test('uuids of equal bytes read alike whatever was read before', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 16, maxLength: 16 }), { minLength: 1, maxLength: 20 }), (all) => {
      for (const bytes of [...all, new Uint8Array(16), ...all]) {
        assert.equal(new Reader(bytes).uuid(), uuidFromBytes(bytes))
      }
    }),
  )
  assert.equal(new Reader(new Uint8Array(16)).uuid(), ZERO_UUID)
})

test('a string longer than an int16 can say is refused, compact or not', () => {
  const long = utf8('x'.repeat(0x8000))
  const writer = new Writer()
  writer.uvarint(long.length + 1)
  writer.raw(long)
  refused('INVALID_LENGTH', () => new Reader(writer.toBytes()).compactString())
})
