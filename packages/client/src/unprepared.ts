/**
 * Records that a producer holds back because a serde has to fetch something first (`beforeSerialize`). Per topic they
 * stay in order: a record whose serde is ready waits as well while one before it does not.
 */
import type { KafkaError } from './errors.ts'
import type { OutgoingValue } from './record.ts'
import type { SerdeContext, Serializer } from './serde.ts'

/** Called once: with the error when preparing failed, without one when the record can be serialized. */
type Ready = (error: unknown) => void

interface Waiting {
  readonly preparation: Promise<void>
  readonly ready: Ready
}

export class UnpreparedRecords {
  readonly #queues = new Map<string, Waiting[]>()

  /** Whether it takes a look: cheap, for the records of serdes that prepare nothing. */
  isNeeded(topic: string, key: Serializer<never>, value: Serializer<never>): boolean {
    return (
      key.beforeSerialize !== undefined ||
      value.beforeSerialize !== undefined ||
      (this.#queues.size > 0 && this.#queues.has(topic))
    )
  }

  /** @returns undefined when the record can be serialized now */
  preparationOf<K, V>(
    topic: string,
    record: OutgoingValue<K, V>,
    keySerde: Serializer<K>,
    valueSerde: Serializer<V>,
  ): Promise<void> | undefined {
    const { key, value } = record
    const preparing = (serde: Serializer<K> | Serializer<V>, it: K | V | null | undefined, isKey: boolean) =>
      it === null || it === undefined
        ? undefined
        : (serde as Serializer<unknown>).beforeSerialize?.(it, { topic, isKey } satisfies SerdeContext)
    const first = preparing(keySerde, key, true)
    const second = preparing(valueSerde, value, false)
    if (first === undefined && second === undefined) return this.#queues.has(topic) ? Promise.resolve() : undefined
    return Promise.all([first, second]).then(() => {})
  }

  add(topic: string, preparation: Promise<void>, ready: Ready): void {
    // The record in front is awaited first; this one's failure must not count as unhandled meanwhile.
    preparation.catch(() => {})
    const queue = this.#queues.get(topic)
    if (queue !== undefined) return void queue.push({ preparation, ready })
    const started = [{ preparation, ready }]
    this.#queues.set(topic, started)
    void this.#drain(topic, started)
  }

  failAll(error: KafkaError): void {
    const queues = [...this.#queues.values()]
    this.#queues.clear()
    for (const queue of queues) for (const { ready } of queue.splice(0)) ready(error)
  }

  async #drain(topic: string, queue: Waiting[]): Promise<void> {
    for (let first = queue[0]; first !== undefined; first = queue[0]) {
      const error = await first.preparation.then(
        () => undefined,
        (cause: unknown) => cause ?? new Error('preparing a serde failed'),
      )
      // Failed, and emptied, meanwhile.
      if (queue[0] !== first) return
      queue.shift()
      if (queue.length === 0) this.#queues.delete(topic)
      first.ready(error)
    }
  }
}
