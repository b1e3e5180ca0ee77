/**
 * How many bytes lie below an offset that is not committed yet: what a fetch waits for is counted in bytes, and what other
 * replicas have stored is told in offsets.
 *
 * Bound: {@link ENTRIES_MAX}; above it, neighbours become one, and a commit between them counts when the later one does.
 */
const ENTRIES_MAX = 1024

interface AppendEnd {
  endOffset: number
  /** Bytes appended below `endOffset` since the counting began. */
  totalBytes: number
}

export class AppendSizes {
  readonly #ends: AppendEnd[] = []
  #passedBytes = 0

  append(endOffset: number, totalBytes: number): void {
    const ends = this.#ends
    const last = ends.at(-1)
    if (last !== undefined && ends.length >= ENTRIES_MAX) {
      last.endOffset = endOffset
      last.totalBytes = totalBytes
    } else ends.push({ endOffset, totalBytes })
  }

  /** @returns bytes appended below `offset`, which never goes back, since the counting began */
  totalBytesBelow(offset: number): number {
    const ends = this.#ends
    let passed = 0
    while (passed < ends.length && ends[passed]!.endOffset <= offset) this.#passedBytes = ends[passed++]!.totalBytes
    ends.splice(0, passed)
    return this.#passedBytes
  }

  /** Everything appended so far, `totalBytes` of it, is of no interest any more. */
  clear(totalBytes: number): void {
    this.#ends.length = 0
    this.#passedBytes = totalBytes
  }
}
