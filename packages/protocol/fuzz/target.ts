/**
 * What is fuzzed: the decoder of one message version, with the properties that hold for any bytes.
 *
 * 1. Only `ProtocolError` comes out.
 * 2. The generated decoder and the interpreter agree: the same value, or both refuse.
 * 3. A decoded value encodes again, and those bytes decode to the same value.
 * 4. What is allocated is in proportion to the input: no more array elements and text than bytes, `bytes` as views.
 *
 * The decoder that runs first is a third one: generated with a counter at every branch, so that inputs which reach
 * something new can be told.
 */
import { isDeepStrictEqual } from 'node:util'
import { SCOPE } from '../src/codec.ts'
import { ProtocolError } from '../src/errors.ts'
import { generateReader, READER_SCOPE } from '../src/generate-reader.ts'
import { interpretRead } from '../src/interpreter.ts'
import type { Message } from '../src/message.ts'
import { Reader } from '../src/reader.ts'

export interface Target {
  readonly name: string
  readonly message: Message
  readonly version: number
  /** Visits of each branch by the last `explore`; counts wrap at 256. */
  readonly counters: Uint8Array
  /** Decodes and counts. Throws what the decoder throws. */
  explore(bytes: Uint8Array): void
  /** @throws an error that names the property which does not hold */
  check(bytes: Uint8Array): void
}

export function messageTarget(message: Message, version: number): Target {
  let probes = 0
  const source = generateReader(message, version, () => `counters[${probes++}]++; `)
  // The source is made of declarations, as in codec.ts.
  // oxlint-disable-next-line typescript/no-implied-eval
  const factory = new Function(...READER_SCOPE, 'counters', source)
  const counters = new Uint8Array(probes)
  const read = factory(...READER_SCOPE.map((name) => SCOPE[name]), counters) as (reader: Reader) => unknown
  return {
    name: `${message.name} v${version}`,
    message,
    version,
    counters,
    explore(bytes) {
      counters.fill(0)
      read(new Reader(bytes))
    },
    check: (bytes) => checkDecoder(message, version, bytes),
  }
}

function checkDecoder(message: Message, version: number, bytes: Uint8Array): void {
  const generated = outcome(() => message.decode(bytes, version))
  const interpreted = outcome(() => {
    const reader = new Reader(bytes)
    const value = interpretRead(message, reader, version)
    if (reader.remaining() > 0) throw new ProtocolError('TRAILING_BYTES', 'bytes are left')
    return value
  })
  if (!isDeepStrictEqual(generated, interpreted)) throw new Error('generated decoder and interpreter differ')
  if (generated === REFUSED) return
  const { value } = generated
  const again = message.encode(value as Record<string, unknown>, version)
  if (!isDeepStrictEqual(message.decode(again, version), value)) throw new Error('the value changes when written again')
  const weight = weigh(value, bytes)
  if (weight > bytes.length) throw new Error(`${weight} elements and characters from ${bytes.length} bytes`)
}

const REFUSED = 'refused'

function outcome(decode: () => unknown): { value: unknown } | typeof REFUSED {
  try {
    return { value: decode() }
  } catch (error) {
    if (error instanceof ProtocolError) return REFUSED
    throw error
  }
}

/** Array elements and UTF-16 units of text in a value; defaults weigh nothing unless they are text. */
function weigh(value: unknown, input: Uint8Array): number {
  if (value instanceof Uint8Array) {
    if (value.length > 0 && value.buffer !== input.buffer) throw new Error('bytes were copied')
    return value.length
  }
  // A uuid is text of 22 units from 16 bytes, and the default where a version has none: it does not count.
  if (typeof value === 'string') return value.length === 22 ? 0 : value.length
  if (typeof value !== 'object' || value === null) return 0
  let weight = Array.isArray(value) ? value.length : 0
  for (const inner of Object.values(value)) weight += weigh(inner, input)
  return weight
}
