/** Typed topics: a name bound to the serdes of its keys and values. */
import { bytes, type Serde } from './serde.ts'

export interface Topic<K, V> {
  readonly name: string
  readonly key: Serde<K>
  readonly value: Serde<V>
}

/** Binds serdes to a topic; what is left out is raw bytes. */
export function topic<K = Buffer, V = Buffer>(
  name: string,
  serdes: { readonly key?: Serde<K>; readonly value?: Serde<V> } = {},
): Topic<K, V> {
  return {
    name,
    key: serdes.key ?? (bytes() as unknown as Serde<K>),
    value: serdes.value ?? (bytes() as unknown as Serde<V>),
  }
}
