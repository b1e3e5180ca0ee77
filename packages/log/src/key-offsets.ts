/**
 * The last offset of every key in the dirty part of a log, bounded in memory.
 *
 * Keys are kept as they are (one character per byte), not as hashes: no two keys are ever taken for one another.
 * Bound: `sizeBytesMax`, as estimated by what an entry of a Map costs; a full map ends the cleaning early, at the batch
 * that did not fit any more, and the rest is dirty next time.
 */

/** What an entry costs besides its key: string header, map slot, boxed number. */
const ENTRY_SIZE_BYTES = 64
/** Arguments of one call of `String.fromCharCode`. */
const CHARACTERS_MAX = 8192

export class KeyOffsets {
  readonly #offsets = new Map<string, number>()
  readonly #sizeBytesMax: number
  #sizeBytes = 0

  constructor(sizeBytesMax: number) {
    this.#sizeBytesMax = sizeBytesMax
  }

  get size(): number {
    return this.#offsets.size
  }

  get isFull(): boolean {
    return this.#sizeBytes >= this.#sizeBytesMax
  }

  put(key: Uint8Array, offset: number): void {
    const text = textOf(key)
    const before = this.#offsets.size
    this.#offsets.set(text, offset)
    if (this.#offsets.size > before) this.#sizeBytes += ENTRY_SIZE_BYTES + text.length
  }

  /** -1: the key is not in the dirty part. */
  get(key: Uint8Array): number {
    return this.#offsets.get(textOf(key)) ?? -1
  }
}

function textOf(key: Uint8Array): string {
  if (key.length <= CHARACTERS_MAX) return String.fromCharCode(...key)
  let text = ''
  for (let at = 0; at < key.length; at += CHARACTERS_MAX)
    text += String.fromCharCode(...key.subarray(at, at + CHARACTERS_MAX))
  return text
}
