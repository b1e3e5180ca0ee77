/** One part of a schema's outline. */

export interface SchemaPart {
  /** Stays the same over versions: `shop.Order.total`, `shop.Order.3` (Protobuf: by number), `#/properties/total`. */
  readonly path: string
  /** `record`, `field`, `symbol`, `message`, `constant`, `property` … */
  readonly kind: string
  /** Where the compatibility checker says it is, in this very schema. */
  readonly pointer: string
  readonly attributes: ReadonlyMap<string, string>
}

/** @param entries those that are `undefined` are left out */
export function attributes(entries: Readonly<Record<string, string | undefined>>): ReadonlyMap<string, string> {
  return new Map(Object.entries(entries).filter((entry): entry is [string, string] => entry[1] !== undefined))
}
