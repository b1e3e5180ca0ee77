/**
 * The answers on a connection from node to node, cut out of what its socket reads into memory that others use as well.
 *
 * Every answer is a copy of its own, until whoever asks says for the first time that it is done with earlier ones
 * (`reuse`): from then on answers lie one behind another in a buffer that begins anew each time. A follower asks all the
 * time for as much as there is. Were each answer memory of its own, V8, which counts such memory, would collect the whole
 * heap several times a second, and that took more CPU than all else in a replicated cluster (measured).
 *
 * Invariant: an answer does not change before the next `reuse`. Bound: the buffer follows the bytes that have arrived, never
 * what a frame announces; one that has been far too large for some time is given up.
 */
import { frameSize, FrameSplitter, FRAME_PREFIX_SIZE } from '@braidlog/protocol'

/** After so many times that not a quarter of the buffer was used, it goes: a follower has caught up. */
const UNUSED_MAX = 64
const BUFFER_SIZE_BYTES_MIN = 64 << 10
/** The buffer is at most this many times as large as what has arrived of an answer. */
const GROWTH = 4
const NOTHING = new Uint8Array(0)

export class AnswerFrames {
  readonly #sizeMax: number
  /** Until the first `reuse`. */
  #splitter: FrameSplitter | undefined
  #buffer: Uint8Array = NOTHING
  /** The bytes of the buffer that are no whole frame yet. */
  #start = 0
  #end = 0
  /** How often in a row the buffer was much larger than needed. */
  #unused = 0

  /** @param sizeMax a larger frame is refused */
  constructor(sizeMax: number) {
    this.#sizeMax = sizeMax
    this.#splitter = new FrameSplitter(sizeMax)
  }

  /**
   * @param chunk read during the call only
   * @returns the frames that are complete now, without their prefixes
   * @throws ProtocolError for a size that is out of range; nothing may be pushed afterwards
   */
  push(chunk: Uint8Array): Uint8Array[] {
    if (this.#splitter !== undefined) return this.#splitter.push(chunk).map((frame) => ownedBy(frame, chunk))
    this.#append(chunk)
    const frames: Uint8Array[] = []
    for (;;) {
      const size = frameSize(this.#buffer, this.#start, this.#end, this.#sizeMax)
      const from = this.#start + FRAME_PREFIX_SIZE
      if (size === -1 || from + size > this.#end) return frames
      this.#start = from + size
      frames.push(this.#buffer.subarray(from, this.#start))
    }
  }

  /** Nobody looks at an earlier answer any more. Without effect while a part of the next one is there already. */
  reuse(): void {
    if (this.#splitter !== undefined) {
      if (this.#splitter.pendingBytes() === 0) this.#splitter = undefined
      return
    }
    if (this.#start < this.#end) return
    const isUsed = this.#buffer.length <= BUFFER_SIZE_BYTES_MIN || this.#end > this.#buffer.length / 4
    this.#unused = isUsed ? 0 : this.#unused + 1
    if (this.#unused === UNUSED_MAX) this.#buffer = NOTHING
    this.#start = this.#end = 0
  }

  #append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#grow(chunk)
    this.#buffer.set(chunk, this.#end)
    this.#end += chunk.length
  }

  /** What was handed out keeps the buffer that it lies in. */
  #grow(chunk: Uint8Array): void {
    const unfinished = this.#buffer.subarray(this.#start, this.#end)
    const arrived = unfinished.length + chunk.length
    const grown = new Uint8Array(
      Math.max(arrived, Math.min(this.#announced(chunk), GROWTH * arrived), BUFFER_SIZE_BYTES_MIN),
    )
    grown.set(unfinished)
    this.#buffer = grown
    this.#unused = 0
    this.#start = 0
    this.#end = unfinished.length
  }

  /** Size of the unfinished frame and its prefix, as far as it is known; 0: not yet. */
  #announced(chunk: Uint8Array): number {
    const isBegun = this.#end - this.#start >= FRAME_PREFIX_SIZE
    const size = isBegun
      ? frameSize(this.#buffer, this.#start, this.#end, this.#sizeMax)
      : this.#start === this.#end
        ? frameSize(chunk, 0, chunk.length, this.#sizeMax)
        : -1
    return size + FRAME_PREFIX_SIZE
  }
}

/** The splitter gives views of the chunk where a frame lies within it. */
function ownedBy(frame: Uint8Array, chunk: Uint8Array): Uint8Array {
  // A Buffer's own `slice` is a view.
  return frame.buffer === chunk.buffer ? Uint8Array.prototype.slice.call(frame) : frame
}
