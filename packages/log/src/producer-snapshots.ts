/**
 * The producer snapshot files of one log: which there are, the newest that can be read, writing and removing.
 *
 * A snapshot named N holds the state before offset N. There is one at the base of every segment written while this log
 * was open, and one at the log end after a clean shutdown.
 */
import type { Storage } from '@braidlog/base'
import type { Codecs } from '@braidlog/records'
import { offsetName, SNAPSHOT_SUFFIX } from './file-names.ts'
import { decodeProducerSnapshot, encodeProducerSnapshot } from './producer-snapshot.ts'
import { ProducerState } from './producer-state.ts'

export class ProducerSnapshots {
  readonly #storage: Storage
  readonly #codecs: Codecs
  readonly #path: string
  /** Ascending. */
  readonly #offsets: number[]

  /** @param path directory of the log @param offsets of the snapshot files there, ascending */
  constructor(storage: Storage, codecs: Codecs, path: string, offsets: readonly number[]) {
    this.#storage = storage
    this.#codecs = codecs
    this.#path = path
    this.#offsets = [...offsets]
  }

  has(offset: number): boolean {
    return this.#offsets.includes(offset)
  }

  get newest(): number | undefined {
    return this.#offsets.at(-1)
  }

  /** The state of the newest readable snapshot at or below `offset`; damaged ones are removed on the way. */
  load(offset: number, nowMs: number): { readonly offset: number; readonly state: ProducerState } | undefined {
    for (const candidate of this.#offsets.toReversed()) {
      if (candidate > offset) continue
      const entries = decodeProducerSnapshot(this.#storage.readFile(this.#file(candidate)), this.#codecs)
      if (entries !== undefined) return { offset: candidate, state: new ProducerState(entries, nowMs) }
      this.remove(candidate)
    }
    return undefined
  }

  /** Writes the state before `offset`; the file is durable when the promise resolves. */
  write(offset: number, state: ProducerState): Promise<void> {
    return this.take(offset, state)()
  }

  /**
   * Takes the state before `offset` as it is now: what is appended next must not be in it, since a crash may take that back
   * and keep the snapshot.
   * @returns writes it; the file is durable when the promise resolves
   */
  take(offset: number, state: ProducerState): () => Promise<void> {
    const bytes = encodeProducerSnapshot(state.snapshot(), this.#codecs)
    return async () => {
      if (!this.has(offset)) {
        this.#offsets.push(offset)
        this.#offsets.sort((a, b) => a - b)
      }
      await this.#storage.writeFileAtomic(this.#file(offset), bytes)
    }
  }

  remove(offset: number): void {
    const index = this.#offsets.indexOf(offset)
    if (index < 0) return
    this.#offsets.splice(index, 1)
    this.#storage.remove(this.#file(offset))
  }

  /** Removes those for which `superfluous` holds. */
  removeIf(superfluous: (offset: number) => boolean): void {
    for (const offset of this.#offsets.filter(superfluous)) this.remove(offset)
  }

  #file(offset: number): string {
    return `${this.#path}/${offsetName(offset)}${SNAPSHOT_SUFFIX}`
  }
}
