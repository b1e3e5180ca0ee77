/** Messages to bytes and back: compiled, with the slow codec beside it for what does not fit, for groups, and where code generation is forbidden. */
import { SerdeError } from '../errors.ts'
import { inputOf, orElse } from '../misfit.ts'
import { written } from '../output.ts'
import { compileDecoder, compileEncoder, hasGroups, type CompiledDecoder, type CompiledEncoder } from './compile.ts'
import type { MessageType } from './message.ts'
import { decodeSlow, encodeSlow, type Longs } from './slow-codec.ts'

/** @returns a function from value and prefix to bytes, which are the caller's; it throws SerdeError with the path of what does not fit */
export function messageEncoder(message: MessageType): (value: unknown, prefix: Uint8Array) => Uint8Array {
  let compiled: CompiledEncoder | undefined
  let isSlow = hasGroups(message)
  const slow = (value: unknown, prefix: Uint8Array): Uint8Array =>
    Uint8Array.from([...prefix, ...encodeSlow(value, message)])
  return (value, prefix) => {
    if (compiled === undefined && !isSlow) {
      compiled = orElse(() => compileEncoder(message))
      isSlow = compiled === undefined
    }
    if (compiled === undefined) return slow(value, prefix)
    try {
      return written(compiled, value, prefix)
    } catch (error) {
      slow(value, prefix)
      throw new SerdeError('INVALID_VALUE', 'the value does not fit its schema', { cause: error })
    }
  }
}

/** @returns a function from bytes, and where the message begins in them, to its value; it throws SerdeError with the path of what does not fit */
export function messageDecoder(message: MessageType, longs: Longs): (bytes: Uint8Array, start: number) => unknown {
  let compiled: CompiledDecoder | undefined
  let isSlow = hasGroups(message)
  return (bytes, start) => {
    if (compiled === undefined && !isSlow) {
      compiled = orElse(() => compileDecoder(message, longs))
      isSlow = compiled === undefined
    }
    const input = inputOf(bytes, start)
    if (compiled === undefined) return decodeSlow(input.bytes, start, message, longs)
    try {
      return compiled(input, input.end, undefined)
    } catch (error) {
      decodeSlow(input.bytes, start, message, longs)
      throw new SerdeError('MALFORMED', 'the bytes do not fit their schema', { cause: error })
    }
  }
}
