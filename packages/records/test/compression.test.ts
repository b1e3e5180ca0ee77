/** What is pure about compression: snappy's framing and the measuring of LZ4 frames. Native codecs: runtime's tests. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { lz4FrameSizeBytes, RecordsError, snappyBlocks, xerialFrame, xerialInputs } from '../src/index.ts'

/** A raw snappy block of literals only: size, then per literal of at most 60 bytes a tag and the bytes. */
function literalBlock(bytes: Uint8Array): Uint8Array {
  const out: number[] = []
  for (let rest = bytes.length; ; rest >>>= 7) {
    out.push(rest < 0x80 ? rest : (rest & 0x7f) | 0x80)
    if (rest < 0x80) break
  }
  for (let at = 0; at < bytes.length; at += 60) {
    const piece = bytes.subarray(at, at + 60)
    out.push((piece.length - 1) << 2, ...piece)
  }
  return Uint8Array.from(out)
}

function refuses(code: RecordsError['code']): (error: unknown) => boolean {
  return (error) => error instanceof RecordsError && error.code === code
}

test('a xerial stream has the header and block sizes that Java reads', () => {
  const block = literalBlock(Uint8Array.of(7, 8))
  assert.deepEqual(
    [...xerialFrame([block])],
    [0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 4, 2, 4, 7, 8],
  )
})

test('the blocks of a stream are found again: framed, concatenated and bare', () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ minLength: 1, maxLength: 150 }), { minLength: 1, maxLength: 4 }), (pieces) => {
      const blocks = pieces.map(literalBlock)
      const sizeBytes = pieces.reduce((sum, piece) => sum + piece.length, 0)
      assert.deepEqual(snappyBlocks(xerialFrame(blocks), 1_000), { blocks, sizeBytes })
      const twice = Uint8Array.from([...xerialFrame(blocks), ...xerialFrame(blocks)])
      assert.deepEqual(snappyBlocks(twice, 2_000), { blocks: [...blocks, ...blocks], sizeBytes: 2 * sizeBytes })
      assert.deepEqual(snappyBlocks(blocks[0]!, 1_000), { blocks: [blocks[0]], sizeBytes: pieces[0]!.length })
    }),
  )
})

test('long input is cut into blocks of 64 KiB', () => {
  const pieces = xerialInputs(new Uint8Array(150_000))
  assert.deepEqual(
    pieces.map((piece) => piece.length),
    [65_536, 65_536, 18_928],
  )
})

test('a stream is refused by what it would expand to, and by claims that cannot be true', () => {
  const framed = xerialFrame([literalBlock(new Uint8Array(100)), literalBlock(new Uint8Array(100))])
  assert.throws(() => snappyBlocks(framed, 199), refuses('DECOMPRESSED_TOO_LARGE'))
  const liar = Uint8Array.of(0xff, 0xff, 0xff, 0xff, 0x0f, 0x00)
  assert.throws(() => snappyBlocks(liar, 2 ** 40), refuses('CORRUPT_COMPRESSED_DATA'))
})

test('a stream cut off between or inside its blocks is corrupt', () => {
  const framed = xerialFrame([literalBlock(new Uint8Array(50)), literalBlock(new Uint8Array(50))])
  const ends = new Set([16, 16 + 4 + 52])
  for (let end = 8; end < framed.length; end++) {
    if (ends.has(end)) continue
    assert.throws(
      () => snappyBlocks(framed.subarray(0, end), 1_000),
      refuses('CORRUPT_COMPRESSED_DATA'),
      `cut at ${end}`,
    )
  }
  assert.throws(() => snappyBlocks(new Uint8Array(0), 1_000), refuses('CORRUPT_COMPRESSED_DATA'))
})

const LZ4_HEADER = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]
const END = [0, 0, 0, 0]

function lz4Block(...data: number[]): number[] {
  return [data.length & 0xff, data.length >> 8, 0, 0, ...data]
}

test('an LZ4 frame is measured: stored blocks, literals, matches, long lengths', () => {
  const measure = (...bytes: number[]): number => lz4FrameSizeBytes(Uint8Array.from([...LZ4_HEADER, ...bytes]))
  assert.equal(measure(...END), 0)
  assert.equal(measure(3, 0, 0, 0x80, 1, 2, 3, ...END), 3)
  assert.equal(measure(...lz4Block(0x30, 1, 2, 3), ...END), 3)
  // One literal, a match of 4 + 15 + 255 + 2, then two literals.
  assert.equal(measure(...lz4Block(0x1f, 9, 1, 0, 255, 2, 0x20, 7, 8), ...END), 1 + 276 + 2)
  // Fifteen and five literals.
  assert.equal(measure(...lz4Block(0xf0, 5, ...new Uint8Array(20)), ...END), 20)
})

test('an LZ4 frame whose structure is broken is corrupt', () => {
  const good = [...LZ4_HEADER, ...lz4Block(0x1f, 9, 1, 0, 255, 2, 0x20, 7, 8), ...END]
  for (let end = 0; end < good.length; end++) {
    assert.throws(() => lz4FrameSizeBytes(Uint8Array.from(good.slice(0, end))), refuses('CORRUPT_COMPRESSED_DATA'))
  }
  const dictionary = good.with(4, 0x61)
  assert.throws(() => lz4FrameSizeBytes(Uint8Array.from(dictionary)), refuses('CORRUPT_COMPRESSED_DATA'))
  // A block that expands beyond the 64 KiB its frame declares.
  const bomb = [...LZ4_HEADER, ...lz4Block(0x1f, 9, 1, 0, ...new Uint8Array(260).fill(255), 0, 0x10, 1), ...END]
  assert.throws(() => lz4FrameSizeBytes(Uint8Array.from(bomb)), refuses('CORRUPT_COMPRESSED_DATA'))
})
