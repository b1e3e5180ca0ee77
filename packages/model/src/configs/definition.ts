/**
 * The language of configuration tables: one function per type, the type of a parsed value inferred from the table.
 *
 * A table is data: name → {@link ConfigKey}. Values arrive as text (server.properties, environment, ConfigRecord) and
 * become plain readonly data once.
 * Source: `ConfigDef` of Apache Kafka.
 */

/** `password` values are text that is never shown; `class` values name a Java class or a short name that stands for one. */
export type ConfigType = 'boolean' | 'class' | 'double' | 'int' | 'list' | 'long' | 'password' | 'short' | 'string'

export type ConfigImportance = 'high' | 'medium' | 'low'

/** Whether a running broker takes a new value, and for whom it can be set. */
export type ConfigMode = 'read-only' | 'per-broker' | 'cluster-wide'

/** @returns what is wrong with a parsed value, as the end of a sentence, or `undefined` */
export type ConfigCheck<T> = (value: T) => string | undefined

export interface ConfigOptions<T> {
  readonly importance: ConfigImportance
  readonly doc: string
  readonly check?: ConfigCheck<T>
  readonly mode?: ConfigMode
  /** Known and parsed, but without effect in this release. */
  readonly applies?: boolean
}

/** One declared key; `T` is the type of its parsed value. Long.MAX_VALUE parses to `Infinity`. */
export interface ConfigKey<T = unknown> {
  readonly type: ConfigType
  /** `undefined`: a value must be given. */
  readonly default: T | undefined
  readonly importance: ConfigImportance
  readonly mode: ConfigMode
  readonly doc: string
  readonly applies: boolean
  readonly check: ConfigCheck<T> | undefined
}

export type ConfigTable = { readonly [name: string]: ConfigKey<never> }

/** The parsed values of a table. */
export type ConfigValues<Table extends ConfigTable> = {
  readonly [Name in keyof Table]: Table[Name] extends { readonly default: infer T } ? Exclude<T, undefined> : never
}
