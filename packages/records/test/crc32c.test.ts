/** CRC-32C against published vectors and against a loop over bits. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { crc32c } from '../src/crc32c.ts'
import { oracleCrc32c, utf8 } from './oracle.ts'

test('the vectors of RFC 3720 hold', () => {
  assert.equal(crc32c(new Uint8Array(32)), 0x8a9136aa)
  assert.equal(crc32c(new Uint8Array(32).fill(0xff)), 0x62a8ab43)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => i)), 0x46dd794e)
  assert.equal(crc32c(Uint8Array.from({ length: 32 }, (_, i) => 31 - i)), 0x113fdb5c)
  assert.equal(crc32c(utf8('123456789')), 0xe3069283)
})

test('any piece of any bytes has the checksum that the oracle finds', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(200), fc.nat(200), (bytes, a, b) => {
      const start = Math.min(a, b, bytes.length)
      const end = Math.min(Math.max(a, b), bytes.length)
      assert.equal(crc32c(bytes, start, end), oracleCrc32c(bytes.subarray(start, end)))
    }),
  )
})

test('a checksum continues where another ended', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 100 }), fc.nat(100), (bytes, cut) => {
      const first = crc32c(bytes, 0, Math.min(cut, bytes.length))
      assert.equal(crc32c(bytes, Math.min(cut, bytes.length), bytes.length, first), crc32c(bytes))
    }),
  )
})
