/**
 * The schema formats as the machine needs them, injected: it decides about versions and ids, not about grammar.
 */
import type { CompatibilityLevel, CompatibilityPolicy, SchemaReference, SchemaType } from './entities.ts'

/** A reference with the text it stands for; transitive ones come with it. */
export interface ResolvedReference extends SchemaReference {
  readonly schemaType: SchemaType
  readonly schema: string
  readonly references: readonly ResolvedReference[]
}

export interface Parsed {
  readonly schemaType: SchemaType
  readonly canonical: string
  normalized(): string
  /** @throws when the format has no such rendering */
  format(kind: string): string
}

export interface ParseInput {
  readonly schemaType: SchemaType
  readonly schema: string
  readonly references: readonly ResolvedReference[]
  /** Also refuse what parses but does not hold, such as a default that does not fit its type. */
  readonly validate: boolean
}

export interface CompatibilityQuestion {
  readonly next: Parsed
  /** Newest first. */
  readonly previous: readonly { readonly version: number; readonly parsed: Parsed }[]
  readonly level: CompatibilityLevel
  readonly policy: CompatibilityPolicy
}

export interface Formats {
  parse(
    input: ParseInput,
  ): { readonly ok: true; readonly parsed: Parsed } | { readonly ok: false; readonly message: string }
  /** @returns one message per difference; none when compatible */
  check(question: CompatibilityQuestion): readonly string[]
}

/** MD5, 16 bytes. */
export type Md5 = (bytes: Uint8Array) => Uint8Array
