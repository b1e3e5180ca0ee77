/**
 * Avro values to bytes and back: compiled, with the slow codec beside it for what does not fit and for hosts that forbid code
 * generation (`--disallow-code-generation-from-strings`).
 */
import type { AvroType } from '../../formats/avro/type.ts'
import { SerdeError } from '../errors.ts'
import { inputOf, orElse } from '../misfit.ts'
import { written } from '../output.ts'
import { compileDecoder, type CompiledDecoder } from './compile-decoder.ts'
import { compileEncoder, type CompiledEncoder } from './compile-encoder.ts'
import type { AvroShape } from './shape.ts'
import { decodeSlow, encodeSlow } from './slow-codec.ts'

/** @returns a function from value and prefix to bytes, which are the caller's; it throws SerdeError with the path of what does not fit */
export function avroEncoder(type: AvroType, shape: AvroShape): (value: unknown, prefix: Uint8Array) => Uint8Array {
  let compiled: CompiledEncoder | undefined
  return (value, prefix) => {
    compiled ??= orElse(() => compileEncoder(type, shape))
    if (compiled === undefined) return encodeSlow(value, type, shape, prefix)
    try {
      return written(compiled, value, prefix)
    } catch (error) {
      return explained(error, () => encodeSlow(value, type, shape, prefix))
    }
  }
}

/**
 * @returns a function from bytes, and where the value begins in them, to the value; the value is all there is behind that. It
 * throws SerdeError with the path of what does not fit
 */
export function avroDecoder(
  writer: AvroType,
  reader: AvroType,
  shape: AvroShape,
): (bytes: Uint8Array, start: number) => unknown {
  let compiled: CompiledDecoder | undefined
  return (bytes, start) => {
    compiled ??= orElse(() => compileDecoder(writer, reader, shape))
    if (compiled === undefined) return decodeSlow(bytes, start, { writer, reader }, shape)
    const input = inputOf(bytes, start)
    try {
      const value = compiled(input)
      if (input.at === input.end) return value
    } catch (error) {
      return explained(error, () => decodeSlow(bytes, start, { writer, reader }, shape))
    }
    return explained(undefined, () => decodeSlow(bytes, start, { writer, reader }, shape))
  }
}

/** @throws what the slow codec finds wrong; it agrees with the compiled one, so it always finds something */
function explained(error: unknown, slow: () => unknown): never {
  slow()
  throw new SerdeError('MALFORMED', 'the value does not fit its schema', { cause: error })
}
