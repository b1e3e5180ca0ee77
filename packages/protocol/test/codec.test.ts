/** The generated codecs against the interpreter, on values and on bytes; every message, every version. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { below, SeededRandom } from '@braidlog/base'
import fc from 'fast-check'
import { randomValue } from '../fuzz/random-value.ts'
import { ProtocolError } from '../src/errors.ts'
import { interpretRead, interpretWrite } from '../src/interpreter.ts'
import type { Message } from '../src/message.ts'
import { Reader } from '../src/reader.ts'
import { Writer } from '../src/writer.ts'
import { arbitraryValue, MESSAGE_VERSIONS } from './arbitrary.ts'

function interpretedBytes(message: Message, value: unknown, version: number): Uint8Array {
  const writer = new Writer()
  interpretWrite(message, writer, value, version)
  return writer.toBytes()
}

function interpreted(message: Message, bytes: Uint8Array, version: number): unknown {
  const reader = new Reader(bytes)
  const value = interpretRead(message, reader, version)
  if (reader.remaining() > 0) throw new ProtocolError('TRAILING_BYTES', 'bytes are left')
  return value
}

/** The value, or the name of the error. Anything but a `ProtocolError` fails the test. */
function outcome(attempt: () => unknown): unknown {
  try {
    return { value: attempt() }
  } catch (error) {
    if (error instanceof ProtocolError) return 'ProtocolError'
    throw error
  }
}

function checkValue(message: Message, version: number, value: Record<string, unknown>): void {
  const bytes = message.encode(value, version)
  assert.deepEqual(bytes, interpretedBytes(message, value, version))
  const decoded = message.decode(bytes, version)
  assert.deepStrictEqual(decoded, value)
  assert.deepStrictEqual(interpreted(message, bytes, version), value)
}

test('every message in every version comes back from its bytes, generated and interpreted alike', () => {
  for (const { message, version } of MESSAGE_VERSIONS) {
    const property = fc.property(arbitraryValue(message, version), (value) => checkValue(message, version, value))
    fc.assert(property, { numRuns: 3 })
  }
})

test('seeded values of every message and version come back as well', () => {
  const random = new SeededRandom(1)
  for (const { message, version } of MESSAGE_VERSIONS)
    checkValue(message, version, randomValue(message, version, random))
})

test('the empty value encodes to the defaults wherever null is no forbidden default', () => {
  for (const { message, version } of MESSAGE_VERSIONS) {
    const result = outcome(() => message.decode(message.encode({}, version), version))
    const expected = outcome(() => interpreted(message, interpretedBytes(message, {}, version), version))
    assert.deepStrictEqual(result, expected)
  }
})

test('on damaged bytes generated and interpreted decoder agree: the same value, or both refuse', () => {
  const random = new SeededRandom(2)
  for (const { message, version } of MESSAGE_VERSIONS) {
    for (let round = 0; round < 4; round++) {
      const bytes = message.encode(randomValue(message, version, random), version)
      if (bytes.length === 0) continue
      const damaged = damage(bytes, random)
      const decoded = outcome(() => message.decode(damaged, version))
      assert.deepStrictEqual(
        decoded,
        outcome(() => interpreted(message, damaged, version)),
      )
    }
  }
})

function damage(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const damaged = bytes.slice()
  if (below(random, 3) === 0) return damaged.subarray(0, below(random, bytes.length))
  for (let changes = 1 + below(random, 3); changes > 0; changes--) {
    damaged[below(random, bytes.length)] = [0, 1, 0x7f, 0x80, 0xff, random.uint32() & 0xff][below(random, 6)]!
  }
  return damaged
}

test('values of the wrong kind are refused by both encoders', () => {
  const random = new SeededRandom(3)
  const wrong = [null, -1, 2 ** 53, 1.5, NaN, 'text', true, {}, [null], [{}], new Uint8Array(1), '\ud800', 0x80000000]
  for (const { message, version } of MESSAGE_VERSIONS) {
    const value = randomValue(message, version, random)
    const names = Object.keys(value)
    if (names.length === 0) continue
    for (let round = 0; round < 4; round++) {
      const damaged = { ...value, [names[below(random, names.length)]!]: wrong[below(random, wrong.length)] }
      assert.deepStrictEqual(
        outcome(() => message.encode(damaged, version)),
        outcome(() => interpretedBytes(message, damaged, version)),
      )
    }
  }
})
