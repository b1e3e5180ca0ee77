/**
 * The language of configuration tables: one function per type, the type of a parsed value inferred from the table.
 *
 * A table is data: name → {@link ConfigKey}. Values arrive as text (server.properties, environment, Config records) and
 * become plain readonly data once.
 * Source: `ConfigDef` of Apache Kafka.
 */

/** `password` values are text that is never shown; `class` values name a Java class or a short name that stands for one. */
export type ConfigType = 'boolean' | 'class' | 'double' | 'int' | 'list' | 'long' | 'password' | 'short' | 'string'

export type ConfigImportance = 'high' | 'medium' | 'low'

/** Whether a running broker takes a new value, and for whom it can be set. */
export type ConfigMode = 'read-only' | 'per-broker' | 'cluster-wide'

/** @returns what is wrong with a parsed value, as the end of a sentence that begins with the key, or `undefined` */
export type ConfigCheck<T> = (value: T) => string | undefined

/** One declared key; `T` is the type of its parsed value. */
export interface ConfigKey<T = unknown> {
  readonly type: ConfigType
  /** `null`: not set, which is a value of its own. `undefined`: a value must be given. */
  readonly default: T | undefined
  readonly importance: ConfigImportance
  readonly mode: ConfigMode
  readonly doc: string
  /** False: known and checked, but without effect in this release. */
  readonly applies: boolean
  /** Hidden from DescribeConfigs and from the reference. */
  readonly internal: boolean
  /** A method, so that a table can hold keys of all types. */
  check?(value: NonNullable<T>): string | undefined
}

export type ConfigTable = { readonly [name: string]: ConfigKey }

/** The parsed values of a table. */
export type ConfigValues<Table extends ConfigTable> = {
  readonly [Name in keyof Table]: Table[Name] extends ConfigKey<infer T> ? T : never
}

interface Options<T, D> {
  readonly default?: D
  readonly importance: ConfigImportance
  readonly doc: string
  readonly check?: ConfigCheck<T>
  readonly mode?: ConfigMode
  readonly applies?: boolean
  readonly internal?: boolean
}

type Declare<T> = <const D extends T | null | undefined = undefined>(
  options: Options<T, D>,
) => ConfigKey<D extends null ? T | null : T>

function declare<T>(type: ConfigType): Declare<T> {
  return ({ check, ...options }) => ({
    type,
    default: options.default as never,
    importance: options.importance,
    mode: options.mode ?? 'read-only',
    doc: options.doc,
    applies: options.applies ?? true,
    internal: options.internal ?? false,
    ...(check === undefined ? {} : { check }),
  })
}

export const boolean: Declare<boolean> = declare<boolean>('boolean')
export const short: Declare<number> = declare<number>('short')
export const int: Declare<number> = declare<number>('int')
/** Beyond ±(2^53-1) a value is `±Infinity`: as limits, which these are, the two mean the same. */
export const long: Declare<number> = declare<number>('long')
export const double: Declare<number> = declare<number>('double')
export const string: Declare<string> = declare<string>('string')
export const javaClass: Declare<string> = declare<string>('class')
export const password: Declare<string> = declare<string>('password')
export const list: Declare<readonly string[]> = declare<readonly string[]>('list')
