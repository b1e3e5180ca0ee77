/** Options of serdes, the same for every format. */
import type { Metadata, RuleSet } from '../core/entities.ts'
import type { SchemaReference } from '../formats/schema.ts'
import type { RuleExecutor } from './rules/executor.ts'
import type { Subject } from './subject.ts'

/** Which registered schema is used, where it is not the serde's own. */
export type RegisteredSchema =
  /** The newest version of the subject, asked for again after the registry client's `latestTtlMs`. */
  | 'latest'
  /** The newest version with these metadata properties. */
  | { readonly metadata: Readonly<Record<string, string>> }
  | { readonly id: number }
  | { readonly guid: string }

export interface SerdeOptions<S = unknown> {
  /** The schema of values that are written, and that read values are resolved to. Left out: what the registry has. */
  readonly schema?: S | undefined
  /** What `schema` refers to, by subject and version. */
  readonly references?: readonly SchemaReference[] | undefined
  /** Registered along with `schema`. */
  readonly metadata?: Metadata | undefined
  readonly ruleSet?: RuleSet | undefined
  /** Default `topicName`. */
  readonly subject?: Subject | undefined
  /** Of subjects and ids. Left out: the default one. */
  readonly context?: string | undefined
  /** Registers `schema` where it is new. Default true; false: it has to be there. */
  readonly autoRegister?: boolean | undefined
  /** Registers and looks up in the normal form. Default false. */
  readonly normalize?: boolean | undefined
  /** Write with a registered schema instead of with `schema`. */
  readonly use?: RegisteredSchema | undefined
  /**
   * With `use` and `schema`: refuse to write when the registered schema could not read what `schema` writes. Default true.
   * What Confluent's serializers call `latest.compatibility.strict` and `id.compatibility.strict`.
   */
  readonly strict?: boolean | undefined
  /**
   * What read values are resolved to. Default: `schema` if there is one, else `writer`, the schema they were written with.
   * With `latest` or metadata the migration rules between the two versions are run.
   */
  readonly reader?: 'writer' | 'schema' | 'latest' | { readonly metadata: Readonly<Record<string, string>> } | undefined
  /** Where the schema's id is written: in front of the value (`prefix`, default) or, as a GUID, in a header. Both are read. */
  readonly idLocation?: 'prefix' | 'header' | undefined
  /** Rules of data contracts. Default true; false: none is run. */
  readonly rules?: boolean | undefined
  /** Types of rules beside CEL and CEL_FIELD, or instead of them. */
  readonly ruleExecutors?: readonly RuleExecutor[] | undefined
  /** Where values go that fail a rule whose action is DLQ; without it such a failure is an error. */
  readonly onRuleDeadLetter?: ((letter: RuleDeadLetter) => void) | undefined
}

/** A value that failed a rule with the action DLQ. */
export interface RuleDeadLetter {
  readonly topic: string
  readonly isKey: boolean
  readonly rule: string
  readonly value: unknown
  readonly error: Error
}
