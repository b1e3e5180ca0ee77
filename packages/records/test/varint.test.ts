/** Varints against bigints, over the whole int32 and int64. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { VarintReader, varintSizeBytes, varlongSizeBytes, writeVarint, writeVarlong } from '../src/varint.ts'
import { oracleReadVarint, oracleVarint } from './oracle.ts'

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
/** Values where an encoding changes its length or a half its sign. */
const edges = [0n, 1n]
for (let bits = 5n; bits <= 63n; bits++) edges.push(2n ** bits - 1n, 2n ** bits, 2n ** bits + 1n)
const int64 = fc.oneof(
  fc.bigInt({ min: INT64_MIN, max: INT64_MAX }),
  fc.constantFrom(...edges.flatMap((edge) => [edge, -edge, -edge - 1n])).map((value) => BigInt.asIntN(64, value)),
)

test('every int32 is written as the oracle writes it and reads back', () => {
  fc.assert(
    fc.property(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), (value) => {
      const bytes = new Uint8Array(12)
      const end = writeVarint(bytes, 1, value)
      assert.deepEqual([...bytes.subarray(1, end)], oracleVarint(BigInt(value)))
      assert.equal(varintSizeBytes(value), end - 1)
      const reader = new VarintReader(bytes, 1)
      assert.equal(reader.varint(), value)
      assert.equal(reader.at, end)
      assert.equal(reader.malformed, false)
    }),
  )
})

test('every safe integer is written as the oracle writes it and reads back', () => {
  fc.assert(
    fc.property(
      int64.filter((value) => Number.isSafeInteger(Number(value)) && BigInt(Number(value)) === value),
      (value) => {
        const bytes = new Uint8Array(12)
        const end = writeVarlong(bytes, 1, Number(value))
        assert.deepEqual([...bytes.subarray(1, end)], oracleVarint(value))
        assert.equal(varlongSizeBytes(Number(value)), end - 1)
        const reader = new VarintReader(bytes, 1)
        assert.equal(reader.varlong(), value === 0n ? 0 : Number(value))
        assert.equal(reader.at, end)
      },
    ),
    { numRuns: 2_000 },
  )
})

test('every int64 reads as the number it is or as NaN, never as another number', () => {
  fc.assert(
    fc.property(int64, (value) => {
      const bytes = Uint8Array.from([...oracleVarint(value), 0x7f])
      const reader = new VarintReader(bytes)
      const read = reader.varlong()
      if (value >= -(2n ** 53n - 1n) && value <= 2n ** 53n - 1n) assert.equal(BigInt(read), value)
      else assert.equal(read, Number.NaN)
      assert.equal(reader.at, bytes.length - 1)
      assert.equal(reader.malformed, false)
      reader.reset(bytes, 0)
      assert.equal(reader.varlongBigInt(), value)
      assert.equal(reader.at, bytes.length - 1)
      assert.deepEqual(oracleReadVarint(bytes, 0), { value, at: bytes.length - 1 })
    }),
    { numRuns: 2_000 },
  )
})

test('2^31 and its neighbours take five bytes, not one', () => {
  for (const value of [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, -(2 ** 31) - 1, 2 ** 32]) {
    const bytes = new Uint8Array(10)
    const end = writeVarlong(bytes, 0, value)
    assert.equal(end, 5)
    assert.equal(new VarintReader(bytes).varlong(), value)
  }
  assert.deepEqual(oracleVarint(2n ** 31n), [0x80, 0x80, 0x80, 0x80, 0x10])
})

test('an unfinished or overlong varint is malformed', () => {
  const cases: [Uint8Array, 'varint' | 'varlong' | 'varlongBigInt'][] = [
    [new Uint8Array(0), 'varint'],
    [Uint8Array.of(0x80), 'varint'],
    [Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x1f), 'varint'],
    [Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0xff, 0x01), 'varint'],
    [new Uint8Array(0), 'varlong'],
    [new Uint8Array(9).fill(0x80), 'varlong'],
    [Uint8Array.of(...new Uint8Array(9).fill(0xff), 0x02), 'varlong'],
    [Uint8Array.of(...new Uint8Array(10).fill(0xff), 0x01), 'varlongBigInt'],
  ]
  for (const [bytes, method] of cases) {
    const reader = new VarintReader(bytes)
    reader[method]()
    assert.equal(reader.malformed, true, `${method} of [${bytes.join(' ')}]`)
  }
})
