/**
 * What the broker wants to know of a schema registry and of the formats of schemas, as interfaces.
 *
 * The broker speaks no HTTP and knows no format: `server` supplies a lookup over HTTP, whoever starts the server the
 * formats (`docs/decisions/0017`). So a broker can be tested against a registry that is a `Map`.
 */

/** How records name their schema: by the number of the registry, or by the GUID that follows from its content. */
export type SchemaKey = number | string

/** A schema with the texts that it refers to, each of which may refer to more. */
export interface SchemaContent {
  /** `AVRO`, `JSON`, `PROTOBUF`, or what the registry has beyond them. */
  readonly schemaType: string
  readonly schema: string
  readonly references: readonly SchemaReferenceContent[]
}

export interface SchemaReferenceContent extends SchemaContent {
  readonly name: string
  readonly subject: string
  readonly version: number
}

export interface RegisteredSchema {
  /** Where it is registered in a version that is not deleted. */
  readonly subjects: readonly string[]
  /** Only when it was asked for. */
  readonly content?: SchemaContent
}

export interface LookupOptions {
  readonly content: boolean
  /** Aborted when nobody waits any more; the lookup must end soon after. */
  readonly signal: AbortSignal
}

export interface SchemaLookup {
  /**
   * @returns `undefined` when the registry answers that it has no such schema
   * @throws whatever kept it from finding out: the registry counts as out of order
   */
  find(key: SchemaKey, options: LookupOptions): Promise<RegisteredSchema | undefined>
}

/** A schema made ready to look at records. */
export interface CompiledSchema {
  /** The full name of what `bytes[start, end)` holds; `undefined`: the schema gives it none. */
  recordName(bytes: Uint8Array, start: number, end: number): string | undefined
  /** Where and why `bytes[start, end)`, all that stands behind the schema's id, does not decode; `undefined`: it does. */
  fault(bytes: Uint8Array, start: number, end: number): string | undefined
}

export interface SchemaFormats {
  /** @throws when the schema cannot be used: of a type that is not known, or malformed */
  compile(schema: SchemaContent): CompiledSchema
}

/** Loads the formats on first use: most brokers never need them. */
export type LoadSchemaFormats = () => Promise<SchemaFormats>
