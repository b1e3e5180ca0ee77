/**
 * The error of everything in this folder. `retriable` tells the two kinds apart: the registry could not be asked (another
 * attempt may succeed), or value, bytes and schema do not fit (it never will).
 */

export type SerdeErrorCode =
  /** No registry answered within the bound. */
  | 'REGISTRY_UNAVAILABLE'
  /** The registry refused: not found, not compatible, not allowed; `registryCode` is its code. */
  | 'REGISTRY_REFUSED'
  /** The registry answered something that is not its API. */
  | 'REGISTRY_ANSWER'
  /** The bytes do not begin with a schema id, or there is none in the header. */
  | 'NO_SCHEMA_ID'
  /** The bytes are not a value of the schema they name. */
  | 'MALFORMED'
  /** The value is not one of the schema's. */
  | 'INVALID_VALUE'
  /** The reader's schema does not fit the writer's. */
  | 'SCHEMA_MISMATCH'
  /** The schema has no use here: another format, a message that it does not declare. */
  | 'WRONG_SCHEMA'
  /** A rule of the data contract was not satisfied, or could not be run. */
  | 'RULE_FAILED'
  | 'INVALID_OPTION'
  /** Used before it was prepared: call `ready()`, or use it in a producer or consumer. */
  | 'NOT_READY'

export interface SerdeErrorOptions {
  readonly cause?: unknown
  readonly retriable?: boolean
  /** Of the registry. */
  readonly registryCode?: number | undefined
  /** JSON pointer into the value. */
  readonly path?: string | undefined
  readonly writerSchemaId?: number | string | undefined
  readonly readerSchemaId?: number | string | undefined
  readonly rule?: string | undefined
}

export class SerdeError extends Error {
  override readonly name = 'SerdeError'
  readonly code: SerdeErrorCode
  readonly retriable: boolean
  readonly registryCode: number | undefined
  readonly path: string | undefined
  readonly writerSchemaId: number | string | undefined
  readonly readerSchemaId: number | string | undefined
  readonly rule: string | undefined

  constructor(code: SerdeErrorCode, message: string, options: SerdeErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.retriable = options.retriable ?? code === 'REGISTRY_UNAVAILABLE'
    this.registryCode = options.registryCode
    this.path = options.path
    this.writerSchemaId = options.writerSchemaId
    this.readerSchemaId = options.readerSchemaId
    this.rule = options.rule
  }

  static is(error: unknown): error is SerdeError {
    return error instanceof Error && error.name === 'SerdeError' && 'code' in error
  }

  /** What a dead letter's headers say beyond the message. */
  get facts(): Readonly<Record<string, string>> {
    const facts: Record<string, string> = { reason: this.code }
    if (this.path !== undefined) facts['path'] = this.path
    if (this.writerSchemaId !== undefined) facts['schema.writer'] = String(this.writerSchemaId)
    if (this.readerSchemaId !== undefined) facts['schema.reader'] = String(this.readerSchemaId)
    if (this.rule !== undefined) facts['rule'] = this.rule
    return facts
  }
}
