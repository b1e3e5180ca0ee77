/** The one error of this folder: a text that is not a schema of its format, or needs more than the limits allow. */

export type SchemaErrorCode = 'INVALID_SCHEMA' | 'SCHEMA_TOO_LARGE'

/**
 * Wrong input, never a bug: the registry answers it with 42201 (or 42209).
 * `path` is a JSON pointer (`/fields/0/type`) for Avro and JSON Schema, `line:column` for Protobuf text,
 * a dotted name for what only linking finds; empty for the schema as a whole.
 */
export class SchemaError extends Error {
  override readonly name = 'SchemaError'
  readonly code: SchemaErrorCode
  readonly path: string
  /** What is wrong, without the path that `message` begins with. */
  readonly reason: string
  readonly retriable = false

  constructor(reason: string, path = '', code: SchemaErrorCode = 'INVALID_SCHEMA', options?: ErrorOptions) {
    super(path === '' ? reason : `${path}: ${reason}`, options)
    this.code = code
    this.path = path
    this.reason = reason
  }
}
