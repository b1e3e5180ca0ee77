/** What compiled decoders work on, and what compiled codecs throw: something does not fit; the slow codec knows what. */
export interface Input {
  bytes: Buffer
  at: number
  end: number
  depth: number
  /** Items so far that took no bytes. */
  emptyCount: number
}

export function inputOf(bytes: Uint8Array, start: number): Input {
  const buffer = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  return { bytes: buffer, at: start, end: buffer.length, depth: 0, emptyCount: 0 }
}

export class Misfit extends Error {}

/** @returns undefined where the host forbids code generation */
export function orElse<T>(compile: () => T): T | undefined {
  try {
    return compile()
  } catch (error) {
    if (error instanceof EvalError) return undefined
    throw error
  }
}
