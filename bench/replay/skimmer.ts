/**
 * Cuts a stream of bytes into frames, keeps the beginning of each and counts the rest: an answer of a megabyte costs no copy.
 */

/** What is kept of a frame, its size not counted. */
const headSizeBytes = 512

export class FrameSkimmer {
  readonly #head = Buffer.alloc(4 + headSizeBytes)
  #have = 0
  /** Bytes of the current frame, prefix included, that are still to come; -1 before its size is known. */
  #left = -1
  readonly #onFrame: (head: Buffer, sizeBytes: number) => void

  /** @param onFrame gets a view that is valid during the call; `sizeBytes` is the size of the whole frame without its prefix */
  constructor(onFrame: (head: Buffer, sizeBytes: number) => void) {
    this.#onFrame = onFrame
  }

  push(chunk: Uint8Array, end: number): void {
    let at = 0
    while (at < end) {
      if (this.#left === -1) {
        const taken = Math.min(4 - this.#have, end - at)
        this.#head.set(chunk.subarray(at, at + taken), this.#have)
        this.#have += taken
        at += taken
        if (this.#have < 4) return
        this.#left = this.#head.readInt32BE(0)
      }
      const available = Math.min(this.#left, end - at)
      const kept = Math.min(available, this.#head.length - this.#have)
      if (kept > 0) this.#head.set(chunk.subarray(at, at + kept), this.#have)
      this.#have += kept
      this.#left -= available
      at += available
      if (this.#left > 0) return
      const sizeBytes = this.#head.readInt32BE(0)
      const head = this.#head.subarray(4, this.#have)
      this.#have = 0
      this.#left = -1
      this.#onFrame(head, sizeBytes)
    }
  }
}
