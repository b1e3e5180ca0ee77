/** The schema formats as the machine needs them, injected: it decides about versions and ids, not about grammar. */
import type { Incompatibility, ParsedSchema, ResolvedReference, SchemaEntity } from '../formats/index.ts'
import type { CompatibilityLevel, CompatibilityPolicy, SchemaType } from './entities.ts'

export type { Incompatibility, ParsedSchema, ResolvedReference, SchemaEntity }

export interface ParseInput {
  readonly schemaType: SchemaType
  readonly schema: string
  readonly references: readonly ResolvedReference[]
  /** Also refuse what parses but does not hold, such as a default that does not fit its type. */
  readonly validate: boolean
}

export type ParseOutcome =
  | { readonly ok: true; readonly parsed: ParsedSchema }
  | { readonly ok: false; readonly isTooLarge: boolean; readonly message: string }

export interface CompatibilityQuestion {
  readonly schema: ParsedSchema
  /** Newest first. */
  readonly previous: readonly ParsedSchema[]
  readonly level: CompatibilityLevel
  readonly policy: CompatibilityPolicy
}

export interface Formats {
  parse(input: ParseInput): ParseOutcome
  /** @returns what is incompatible, with the newest version of which something is; empty when compatible */
  check(question: CompatibilityQuestion): readonly Incompatibility[]
  /** The text with other tags on the entities of these paths. */
  withTags(schema: ParsedSchema, tags: ReadonlyMap<string, readonly string[]>): string
  /** Whether two schemas are the same once their references are resolved inline. */
  equalResolved(a: ParsedSchema, b: ParsedSchema): boolean
}

/** MD5, 16 bytes. */
export type Md5 = (bytes: Uint8Array) => Uint8Array
