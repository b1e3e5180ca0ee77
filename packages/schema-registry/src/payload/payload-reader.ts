/** A cursor over a payload, and where it stumbled: the parts that all binary formats need. */

/** Values inside each other. */
const DEPTH_MAX = 500

const utf8 = new TextDecoder('utf-8', { fatal: true })

export class PayloadReader {
  bytes: Uint8Array = new Uint8Array(0)
  at = 0
  end = 0
  depth = 0
  #reason: string | undefined
  /** Innermost first. */
  #path: string[] = []

  reset(bytes: Uint8Array, start: number, end: number): void {
    this.bytes = bytes
    this.at = start
    this.end = end
    this.depth = 0
    this.#reason = undefined
    this.#path.length = 0
  }

  /** @returns false, for the caller to return */
  fail(reason: string): false {
    this.#reason = reason
    return false
  }

  /** Says through which part the failure came; called while returning from it. @returns false */
  through(step: string): false {
    this.#path.push(step)
    return false
  }

  get fault(): string {
    return `${
      this.#path.length === 0
        ? '/'
        : this.#path
            .toReversed()
            .map((step) => `/${step}`)
            .join('')
    }: ${this.#reason}`
  }

  /** One level further in; every `true` is followed by `leave`. */
  enter(): boolean {
    if (this.depth >= DEPTH_MAX) return this.fail(`values are nested deeper than ${DEPTH_MAX}`)
    this.depth++
    return true
  }

  leave(): void {
    this.depth--
  }

  skip(sizeBytes: number, what: string): boolean {
    if (sizeBytes > this.end - this.at) {
      return this.fail(`${what} takes ${sizeBytes} bytes, and ${this.end - this.at} are left`)
    }
    this.at += sizeBytes
    return true
  }

  /** An unsigned varint of at most `sizeBytesMax` bytes, as a double: exact below 2^53. @returns -1: it does not end */
  varint(sizeBytesMax: number): number {
    const { bytes, end } = this
    const first = this.at < end ? bytes[this.at]! : 0x80
    if (first < 0x80) {
      this.at++
      return first
    }
    let value = 0
    let scale = 1
    for (let at = this.at, left = sizeBytesMax; at < end && left > 0; left--) {
      const byte = bytes[at++]!
      value += (byte & 0x7f) * scale
      if (byte < 0x80) {
        this.at = at
        return value
      }
      scale *= 128
    }
    return -1
  }

  /** Skips `sizeBytes` of UTF-8. */
  text(sizeBytes: number): boolean {
    const start = this.at
    if (!this.skip(sizeBytes, 'a string')) return false
    const { bytes, at } = this
    for (let i = start; i < at; i++) {
      if (bytes[i]! < 0x80) continue
      try {
        utf8.decode(bytes.subarray(start, at))
        return true
      } catch {
        return this.fail('a string is not UTF-8')
      }
    }
    return true
  }
}
