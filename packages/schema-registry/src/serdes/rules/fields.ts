/**
 * Values by their schema, as rules see them: integers are bigint, so that an expression language that tells them from other numbers
 * can; fields can be walked with their names and tags.
 */

export type FieldTypeName = 'STRING' | 'BYTES' | 'INT' | 'LONG' | 'FLOAT' | 'DOUBLE' | 'BOOLEAN'

export interface ContractField {
  readonly name: string
  /** `shop.Order.customer` */
  readonly fullName: string
  readonly typeName: FieldTypeName
  readonly tags: ReadonlySet<string>
  /** The object that holds the field, as rules see it. */
  readonly message: unknown
}

export interface ContractFields {
  /** A value as rules see it; a copy. */
  toRules(value: unknown): unknown
  /** Back to what the serde writes or hands out. @throws SerdeError where it does not fit */
  fromRules(value: unknown): unknown
  /** Calls `change` with every field that holds a scalar, and puts what it returns in its place; works on a value of `toRules`. */
  mapFields(value: unknown, change: (field: ContractField, value: unknown) => unknown): unknown
}
