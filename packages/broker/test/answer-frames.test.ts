/** Answers from node to node: cut out whole, kept as long as promised, in memory that follows what has arrived. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { ProtocolError } from '@braidlog/protocol'
import { AnswerFrames } from '../src/answer-frames.ts'

const SIZE_MAX = 1 << 20

const prefixed = (frame: Uint8Array): Uint8Array => {
  const bytes = new Uint8Array(4 + frame.length)
  new DataView(bytes.buffer).setInt32(0, frame.length)
  bytes.set(frame, 4)
  return bytes
}

const frameOf = (size: number, fill: number): Uint8Array => new Uint8Array(size).fill(fill)

/** Pushes in pieces that lie in one region, which is overwritten after each call, as a socket's is. */
function pushIn(frames: AnswerFrames, stream: Uint8Array, sizes: Iterator<number>): Uint8Array[] {
  const landing = Buffer.alloc(100_000)
  const out: Uint8Array[] = []
  for (let at = 0; at < stream.length;) {
    const size = Math.min(sizes.next().value as number, stream.length - at)
    landing.set(stream.subarray(at, at + size))
    out.push(...frames.push(landing.subarray(0, size)))
    landing.fill(0xee)
    at += size
  }
  return out
}

describe('answers', () => {
  it('come out whole, however the stream is cut, and stay as they are until they are released', () => {
    const answers = fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 6 })
    const rounds = fc.array(fc.record({ answers, reuse: fc.boolean() }), { maxLength: 6 })
    fc.assert(
      fc.property(rounds, fc.infiniteStream(fc.integer({ min: 1, max: 400 })), (all, sizes) => {
        const frames = new AnswerFrames(SIZE_MAX)
        let kept: { readonly frame: Uint8Array; readonly expected: Uint8Array }[] = []
        for (const { answers, reuse } of all) {
          if (reuse) {
            frames.reuse()
            kept = []
          }
          const received = pushIn(frames, Buffer.concat(answers.map(prefixed)), sizes)
          assert.equal(received.length, answers.length)
          kept.push(...received.map((frame, i) => ({ frame, expected: answers[i]! })))
          for (const { frame, expected } of kept) assert.deepEqual(Uint8Array.from(frame), expected)
        }
      }),
    )
  })

  it('belong to whoever asked while nobody has released one', () => {
    const frames = new AnswerFrames(SIZE_MAX)
    const [first] = frames.push(prefixed(frameOf(1000, 1)))
    assert.equal(first!.buffer.byteLength, 1000)
    frames.push(prefixed(frameOf(1000, 2)))
    assert.deepEqual(first, frameOf(1000, 1))
  })

  it('use the same memory again once they are released', () => {
    const frames = new AnswerFrames(SIZE_MAX)
    frames.reuse()
    const [first] = frames.push(prefixed(frameOf(50_000, 1)))
    frames.reuse()
    const [second] = frames.push(prefixed(frameOf(60_000, 2)))
    assert.equal(second!.buffer, first!.buffer)
    assert.equal(second!.byteOffset, first!.byteOffset)
  })

  it('do not lose what has arrived of the next one', () => {
    const frames = new AnswerFrames(SIZE_MAX)
    frames.reuse()
    const next = prefixed(frameOf(100, 2))
    frames.push(Buffer.concat([prefixed(frameOf(100, 1)), next.subarray(0, 30)]))
    frames.reuse()
    assert.deepEqual(
      frames.push(next.subarray(30)).map((frame) => Uint8Array.from(frame)),
      [frameOf(100, 2)],
    )
  })

  it('reserve nothing for what is only announced', () => {
    const frames = new AnswerFrames(1 << 30)
    frames.reuse()
    const large = prefixed(frameOf(8 << 20, 1))
    assert.deepEqual(frames.push(large.subarray(0, 20_000)), [])
    const [answer] = frames.push(large.subarray(20_000))
    assert.ok(answer!.buffer.byteLength <= large.length)
  })

  it('keep no buffer that has been far too large for a while', () => {
    const frames = new AnswerFrames(1 << 30)
    const ask = (size: number): Uint8Array => {
      frames.reuse()
      return frames.push(prefixed(frameOf(size, 1)))[0]!
    }
    const large = ask(8 << 20).buffer
    for (let i = 0; i < 60; i++) assert.equal(ask(1000).buffer, large)
    assert.equal(ask(7 << 20).buffer, large)
    for (let i = 0; i < 64; i++) assert.equal(ask(1000).buffer, large)
    assert.equal(ask(1000).buffer.byteLength, 64 << 10)
  })

  it('of an impossible size are refused', () => {
    for (const released of [false, true]) {
      const frames = new AnswerFrames(100)
      if (released) frames.reuse()
      assert.throws(() => frames.push(Uint8Array.of(0, 0, 0, 101)), ProtocolError)
    }
  })
})
