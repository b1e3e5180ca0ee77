/** Parsed schemas of stored versions, the ones used last: parsing again costs less than holding all of them would. */
import type { ParsedSchema } from './formats.ts'
import type { Entry } from './state.ts'

/** Characters of the texts whose parsed forms are held; a form takes some ten times as much. */
const TEXT_SIZE_MAX = 16 << 20

export class ParsedCache {
  /** Used last is last. */
  readonly #parsed = new Map<Entry, ParsedSchema>()
  readonly #textSizeMax: number
  #textSize = 0

  constructor(textSizeMax = TEXT_SIZE_MAX) {
    this.#textSizeMax = textSizeMax
  }

  get size(): number {
    return this.#parsed.size
  }

  get(entry: Entry): ParsedSchema | undefined {
    const parsed = this.#parsed.get(entry)
    if (parsed === undefined) return undefined
    this.#parsed.delete(entry)
    this.#parsed.set(entry, parsed)
    return parsed
  }

  set(entry: Entry, parsed: ParsedSchema): void {
    this.delete(entry)
    this.#parsed.set(entry, parsed)
    this.#textSize += entry.schema.length
    for (const oldest of this.#parsed.keys()) {
      if (this.#textSize <= this.#textSizeMax || oldest === entry) break
      this.delete(oldest)
    }
  }

  /** With the entry, when it is replaced or goes. */
  delete(entry: Entry): void {
    if (this.#parsed.delete(entry)) this.#textSize -= entry.schema.length
  }
}
