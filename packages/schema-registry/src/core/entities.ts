/**
 * The nouns of the registry as REST bodies and `_schemas` values know them. Member names are Confluent's JSON names, so that an
 * entity can be written out as it is.
 *
 * Source: the public REST reference of Confluent's Schema Registry.
 */

export type SchemaType = 'AVRO' | 'JSON' | 'PROTOBUF'
export const SCHEMA_TYPES: readonly SchemaType[] = ['JSON', 'PROTOBUF', 'AVRO']

/** `name` is a named type (Avro), a `$ref` URI (JSON Schema) or an import path (Protobuf). */
export interface SchemaReference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

export interface Metadata {
  /** Path in the schema → tags. */
  readonly tags?: Readonly<Record<string, readonly string[]>>
  readonly properties?: Readonly<Record<string, string>>
  /** Names of properties that are secret. */
  readonly sensitive?: readonly string[]
}

export interface Rule {
  readonly name: string
  readonly doc?: string
  readonly kind?: string
  readonly mode?: string
  readonly type?: string
  readonly tags?: readonly string[]
  readonly params?: Readonly<Record<string, string>>
  readonly expr?: string
  readonly onSuccess?: string
  readonly onFailure?: string
  readonly disabled?: boolean
}

export interface RuleSet {
  readonly migrationRules?: readonly Rule[]
  readonly domainRules?: readonly Rule[]
  readonly encodingRules?: readonly Rule[]
  readonly enableAt?: string
}

/** What makes two schemas the same: everything that the GUID covers. */
export interface SchemaContent {
  readonly schema: string
  readonly schemaType: SchemaType
  readonly references: readonly SchemaReference[]
  readonly metadata: Metadata | null
  readonly ruleSet: RuleSet | null
}

/** One version of one subject. */
export interface SchemaVersion extends SchemaContent {
  /** Qualified: `:.context:subject` outside the default context. */
  readonly subject: string
  readonly version: number
  /** Unique per context. */
  readonly id: number
  readonly guid: string
  readonly deleted: boolean
}

export const COMPATIBILITY_LEVELS = [
  'NONE',
  'BACKWARD',
  'BACKWARD_TRANSITIVE',
  'FORWARD',
  'FORWARD_TRANSITIVE',
  'FULL',
  'FULL_TRANSITIVE',
] as const
export type CompatibilityLevel = (typeof COMPATIBILITY_LEVELS)[number]

export const COMPATIBILITY_POLICIES = ['STRICT', 'LENIENT'] as const
export type CompatibilityPolicy = (typeof COMPATIBILITY_POLICIES)[number]

export const MODES = ['READWRITE', 'READONLY', 'READONLY_OVERRIDE', 'IMPORT', 'FORWARD'] as const
export type Mode = (typeof MODES)[number]

/** Configuration of a subject, a context or of everything. What is absent is inherited. */
export interface Config {
  /** What is asked of this subject is answered with that one. */
  readonly alias?: string
  /** Stored for registries of encryption keys; nothing here reads it. */
  readonly aliasForDeks?: string
  readonly normalize?: boolean
  readonly validateFields?: boolean
  readonly validateNewSchemas?: boolean
  readonly validateRules?: boolean
  readonly compatibilityLevel?: CompatibilityLevel
  readonly compatibilityPolicy?: CompatibilityPolicy
  readonly compatibilityGroup?: string
  readonly defaultMetadata?: Metadata
  readonly overrideMetadata?: Metadata
  readonly defaultRuleSet?: RuleSet
  readonly overrideRuleSet?: RuleSet
}
