/** Native codecs: they agree with the plain checksum, read back what they write, and refuse bombs and damage. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import {
  BatchBuilder,
  COMPRESSION_TYPES,
  crc32c,
  openBatch,
  openBatchAsync,
  RecordsError,
  viewOf,
  type CompressionType,
} from '@braidlog/records'
import { nodeCodecs as codecs } from '../src/codecs.ts'

const compressed: readonly CompressionType[] = COMPRESSION_TYPES.filter((type) => type !== 'none')
const small = new TextEncoder().encode(JSON.stringify(Array.from({ length: 300 }, (_, id) => ({ id, name: `n${id}` }))))
/** Above every threshold from which work goes off the event loop. */
const large = Uint8Array.from({ length: 600_000 }, (_, i) => (i * i * 7919) >>> (i % 7))

/** Any code points, lone surrogates too. fast-check's own `unit: 'binary'` spends a second on its tables. */
const unicode = fc
  .array(fc.oneof(fc.nat(0x7f), fc.nat(0x7ff), fc.nat(0xffff), fc.nat(0x10ffff)), { maxLength: 60 })
  .map((points) => String.fromCodePoint(...points))

function refuses(code: RecordsError['code']): (error: unknown) => boolean {
  return (error) => error instanceof RecordsError && error.code === code
}

test('the checksum is the plain one on both sides of the switch to native code', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 0, maxLength: 900 }), fc.nat(40), (bytes, start) => {
      const from = Math.min(start, bytes.length)
      assert.equal(codecs.crc32c(bytes, from, bytes.length), crc32c(bytes, from, bytes.length))
    }),
    { numRuns: 300 },
  )
})

test('every codec reads back what it wrote, sync and async, small and large', async () => {
  for (const type of COMPRESSION_TYPES) {
    for (const bytes of [small, large, Uint8Array.of(1)]) {
      const sync = codecs.compress(type, bytes)
      const async = await codecs.compressAsync(type, bytes)
      for (const packed of [sync, async]) {
        assert.deepEqual(Buffer.compare(codecs.decompress(type, packed, bytes.length), bytes), 0, type)
        assert.deepEqual(Buffer.compare(await codecs.decompressAsync(type, packed, bytes.length), bytes), 0, type)
      }
      if (bytes === small && type !== 'none') assert.ok(sync.length < bytes.length / 2, type)
    }
  }
})

test('levels of gzip and zstd change the size', () => {
  for (const type of ['gzip', 'zstd'] as const) {
    assert.notEqual(codecs.compress(type, small, 9).length, codecs.compress(type, small, 1).length, type)
  }
})

test('snappy is written in the framing of Java and read without it too', () => {
  const framed = codecs.compress('snappy', small)
  assert.equal(Buffer.from(framed.subarray(0, 16)).toString('hex'), '82534e41505059000000000100000001')
  const raw = framed.subarray(20)
  assert.deepEqual(Buffer.compare(codecs.decompress('snappy', raw, small.length), small), 0)
})

test('lz4 is written as a frame of independent blocks, as Java demands', () => {
  const frame = codecs.compress('lz4', small)
  assert.equal(Buffer.from(frame.subarray(0, 4)).toString('hex'), '04224d18')
  assert.equal(frame[4]! & 0b1110_0000, 0b0110_0000)
})

test('a bomb is refused by its size, sync and async', async () => {
  const zeros = new Uint8Array(32 << 20)
  for (const type of compressed) {
    const bomb = codecs.compress(type, zeros)
    assert.ok(bomb.length < zeros.length / 20, type)
    assert.throws(() => codecs.decompress(type, bomb, 1 << 20), refuses('DECOMPRESSED_TOO_LARGE'), type)
    await assert.rejects(codecs.decompressAsync(type, bomb, 1 << 20), refuses('DECOMPRESSED_TOO_LARGE'), type)
    assert.throws(
      () => codecs.decompress(type, codecs.compress(type, small), small.length - 1),
      refuses('DECOMPRESSED_TOO_LARGE'),
    )
  }
})

test('data that was cut off or is none is corrupt, sync and async', async () => {
  for (const type of compressed) {
    const packed = codecs.compress(type, large)
    for (const bytes of [
      packed.subarray(0, packed.length >> 1),
      new Uint8Array(0),
      small,
      new Uint8Array(70_000).fill(7),
    ]) {
      assert.throws(() => codecs.decompress(type, bytes, 1 << 30), refuses('CORRUPT_COMPRESSED_DATA'), type)
      await assert.rejects(codecs.decompressAsync(type, bytes, 1 << 30), refuses('CORRUPT_COMPRESSED_DATA'), type)
    }
  }
})

test('any damage ends in a RecordsError or in bytes within the limit', () => {
  fc.assert(
    fc.property(fc.constantFrom(...compressed), fc.nat(), fc.integer({ min: 1, max: 255 }), (type, at, flip) => {
      const packed = Uint8Array.from(codecs.compress(type, small))
      packed[at % packed.length]! ^= flip
      try {
        assert.ok(codecs.decompress(type, packed, 2 * small.length).length <= 2 * small.length)
      } catch (error) {
        if (!(error instanceof RecordsError)) throw error
      }
    }),
    { numRuns: 300 },
  )
})

test('compressed batches are built and opened, sync and async', async () => {
  for (const compression of compressed) {
    const builder = new BatchBuilder({ codecs, sizeBytesMax: 1 << 20, compression })
    for (let i = 0; i < 100; i++) builder.append(`key-${i}`, `välue ${i}`, 1_000 + i, [{ key: 'h', value: `${i}` }])
    for (const bytes of [
      builder.build({ baseOffset: 7 }),
      builder.build({ baseOffset: 7 }, await builder.compressRecords()),
    ]) {
      for (const batch of [
        openBatch(bytes, viewOf(bytes), 0, { codecs }),
        await openBatchAsync(bytes, viewOf(bytes), 0, { codecs }),
      ]) {
        assert.equal(batch.compression, compression)
        const last = [...batch].at(-1)!
        assert.equal(batch.recordCount, 100)
        assert.equal(last.offset, 106)
        assert.equal(Buffer.from(last.value!).toString(), 'välue 99')
        assert.equal(last.detach().timestampMs, 1_099)
      }
      assert.throws(
        () => openBatch(bytes, viewOf(bytes), 0, { codecs, decompressedSizeBytesMax: 500 }),
        refuses('DECOMPRESSED_TOO_LARGE'),
      )
    }
  }
})

test('text is written like TextEncoder writes it', () => {
  fc.assert(
    fc.property(unicode, (text) => {
      const builder = new BatchBuilder({ codecs, sizeBytesMax: 4096 })
      builder.append(text, text.repeat(3), 0)
      const bytes = builder.build()
      const [record] = [...openBatch(bytes, viewOf(bytes), 0, { codecs })]
      assert.deepEqual(record!.key!.slice(), new TextEncoder().encode(text))
      assert.deepEqual(record!.value!.slice(), new TextEncoder().encode(text.repeat(3)))
    }),
    { numRuns: 300 },
  )
})
