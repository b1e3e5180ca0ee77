/**
 * Cuts what a socket delivers into frames, each in one contiguous buffer of its own.
 *
 * ```
 * | size int32 | size bytes |
 * ```
 *
 * The chunks belong to the socket and are reused by it, so every byte is copied once, into the frame's buffer. A frame's
 * buffer is allocated at its full size when that is at most `EAGER_SIZE_BYTES`; beyond, it grows with what has arrived.
 */
import { ProtocolError } from '@braidlog/protocol/wire'

/** What a broker may make us allocate by announcing a size alone. */
const EAGER_SIZE_BYTES = 8 << 20

export class FrameReader {
  readonly #sizeMax: number
  readonly #prefix = new Uint8Array(4)
  #prefixSize = 0
  #frame: Uint8Array | undefined
  #frameSize = 0
  #filled = 0

  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
  }

  /** Bytes of the frame that is under way. */
  get pendingBytes(): number {
    return this.#prefixSize + this.#filled
  }

  /**
   * Takes `chunk[0, size)`; calls back with every frame that is complete now, which the callee owns.
   * @throws ProtocolError when a size is out of range; the connection cannot go on
   */
  push(chunk: Uint8Array, size: number, onFrame: (frame: Uint8Array) => void): void {
    let at = 0
    while (at < size) {
      if (this.#frame === undefined) {
        at = this.#takePrefix(chunk, at, size)
        if (this.#prefixSize < 4) return
        this.#begin()
      }
      at = this.#takeBody(chunk, at, size)
      if (this.#filled < this.#frameSize) return
      const frame = this.#frame!
      this.#frame = undefined
      this.#prefixSize = 0
      this.#filled = 0
      onFrame(frame)
    }
  }

  #takePrefix(chunk: Uint8Array, from: number, size: number): number {
    let at = from
    while (this.#prefixSize < 4 && at < size) this.#prefix[this.#prefixSize++] = chunk[at++]!
    return at
  }

  #begin(): void {
    const p = this.#prefix
    const size = (p[0]! << 24) | (p[1]! << 16) | (p[2]! << 8) | p[3]!
    if (size < 4 || size > this.#sizeMax) {
      const hint = wrongProtocol(size)
      if (hint !== undefined) throw new ProtocolError('INVALID_LENGTH', hint)
      if (size < 4)
        throw new ProtocolError('INVALID_LENGTH', `a response of ${size} bytes; the peer does not speak Kafka`)
      throw new ProtocolError('FRAME_TOO_LARGE', `a response of ${size} bytes; at most ${this.#sizeMax} are accepted`)
    }
    this.#frameSize = size
    this.#frame = new Uint8Array(Math.min(size, EAGER_SIZE_BYTES))
  }

  #takeBody(chunk: Uint8Array, at: number, size: number): number {
    const count = Math.min(this.#frameSize - this.#filled, size - at)
    let frame = this.#frame!
    if (this.#filled + count > frame.length) {
      const grown = new Uint8Array(Math.min(this.#frameSize, Math.max(2 * frame.length, this.#filled + count)))
      grown.set(frame.subarray(0, this.#filled))
      frame = this.#frame = grown
    }
    frame.set(at === 0 && count === chunk.length ? chunk : chunk.subarray(at, at + count), this.#filled)
    this.#filled += count
    return at + count
  }
}

/** Names what the peer speaks instead, when its first four bytes tell. */
function wrongProtocol(prefix: number): string | undefined {
  if (prefix >>> 16 === 0x1503) return 'the peer answered with a TLS alert: this port expects TLS'
  if (prefix === 0x48545450) return 'the peer answered in HTTP: this is not the port of a broker'
  return undefined
}
