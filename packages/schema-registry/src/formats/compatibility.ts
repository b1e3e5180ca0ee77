/**
 * Compatibility levels over the per-format checkers: which pairs are compared, in which order, and what comes out.
 *
 * "Backward" asks whether the new schema reads what the previous one wrote; "forward" is the same question with the two exchanged.
 * Previous versions are visited newest first, and the first one with incompatibilities ends the check, as in Confluent's registry.
 */
import { checkAvro } from './avro/compatibility.ts'
import { checkJson } from './json/compatibility.ts'
import { checkProtobuf } from './protobuf/compatibility.ts'
import { equalResolved } from './identity.ts'
import { COMPARED_PAIRS_TOTAL_MAX, INCOMPATIBILITY_COUNT_MAX, StepBudget } from './limits.ts'
import type { ParsedSchema } from './schema.ts'

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

/** LENIENT changes the answers for JSON Schema only. */
export type CompatibilityPolicy = 'STRICT' | 'LENIENT'

/** A document that shows an incompatibility: the writer's schema accepts it and the reader's does not. */
export interface CounterExample {
  /** JSON text (Avro: in Avro's JSON encoding of the writer's schema; Protobuf: the writer's JSON mapping). */
  readonly document: string
  readonly acceptedBy: 'new' | 'previous'
  readonly refusedBy: 'new' | 'previous'
}

/** One difference, as a format's checker finds it between a reader and a writer. */
export interface Difference {
  /** Confluent's name of the change: `READER_FIELD_MISSING_DEFAULT_VALUE`, `TYPE_NARROWED`, `FIELD_SCALAR_KIND_CHANGED`. */
  readonly type: string
  /** Avro: `/fields/0/type`; JSON Schema: `#/properties/a`; Protobuf: `#/Message/1`. */
  readonly path: string
  /** One sentence that names the path and the change. */
  readonly description: string
  /** What exactly differs, where there is something to say. */
  readonly additional?: string
  /** JSON text of the smallest document found that the writer accepts and the reader refuses. */
  readonly witness?: string
  /** How the schema under test could be changed to be compatible, as an instruction. */
  readonly fix?: string
}

export interface Incompatibility {
  readonly type: string
  readonly path: string
  readonly description: string
  readonly additional?: string
  /** BACKWARD: the new schema cannot read the previous one's data; FORWARD: the other way round. */
  readonly direction: 'BACKWARD' | 'FORWARD'
  /** Which of `previous` it was found against. */
  readonly previousIndex: number
  readonly counterExample?: CounterExample
  readonly fix?: string
  /** The string Confluent's verbose answers carry for it: `{errorType:'…', description:'…', additionalInfo:'…'}`. */
  readonly message: string
}

export interface CompatibilityCheck {
  /** The schema to register. */
  readonly schema: ParsedSchema
  /** The versions it is compared with, newest first. Levels that are not transitive look at the first only. */
  readonly previous: readonly ParsedSchema[]
  readonly level: CompatibilityLevel
  /** Default STRICT. */
  readonly policy?: CompatibilityPolicy
}

/** @returns the incompatibilities with the newest version that has any, at most `INCOMPATIBILITY_COUNT_MAX`; empty when compatible. */
export function checkCompatibility({
  schema,
  previous,
  level,
  policy = 'STRICT',
}: CompatibilityCheck): readonly Incompatibility[] {
  if (level === 'NONE') return []
  const backward = level.startsWith('BACKWARD') || level.startsWith('FULL')
  const forward = level.startsWith('FORWARD') || level.startsWith('FULL')
  const compared = level.endsWith('_TRANSITIVE') ? previous : previous.slice(0, 1)
  const steps = { left: COMPARED_PAIRS_TOTAL_MAX }
  for (const [previousIndex, other] of compared.entries()) {
    // A schema reads its own data, however long it would take to see that from the rules.
    if (schema.schemaType === other.schemaType && schema.canonical === other.canonical && equalResolved(schema, other))
      continue
    const found: Incompatibility[] = []
    // Forward first: the order in which Confluent lists the messages of a FULL check.
    if (forward) {
      for (const difference of differences({ reader: other, writer: schema, policy, editable: 'writer', steps })) {
        found.push(incompatibility(difference, 'FORWARD', previousIndex, schema))
      }
    }
    if (backward) {
      for (const difference of differences({ reader: schema, writer: other, policy, editable: 'reader', steps })) {
        found.push(incompatibility(difference, 'BACKWARD', previousIndex, schema))
      }
    }
    if (found.length > 0) return found.slice(0, INCOMPATIBILITY_COUNT_MAX)
  }
  return []
}

/** A reader and a writer of any formats. */
export interface Comparison {
  readonly reader: ParsedSchema
  readonly writer: ParsedSchema
  readonly policy: CompatibilityPolicy
  /** Which of the two can still be edited: fixes are worded for that one. */
  readonly editable: 'reader' | 'writer'
  /** Of the check that it is part of: how many steps are left; counted down. */
  readonly steps?: { left: number }
}

/** @returns what keeps `reader` from reading what `writer` wrote; empty when nothing does. */
export function differences({ reader, writer, policy, editable, steps }: Comparison): readonly Difference[] {
  const budget = new StepBudget(steps)
  if (reader.schemaType === 'AVRO' && writer.schemaType === 'AVRO') return checkAvro(reader, writer, editable, budget)
  if (reader.schemaType === 'JSON' && writer.schemaType === 'JSON') {
    return checkJson(reader, writer, policy, editable, budget)
  }
  if (reader.schemaType === 'PROTOBUF' && writer.schemaType === 'PROTOBUF')
    return checkProtobuf(reader, writer, editable)
  return [
    {
      type: 'SCHEMA_TYPE_CHANGED',
      path: '',
      description: `a schema of type ${reader.schemaType} cannot read what a schema of type ${writer.schemaType} wrote`,
      fix: 'register the schema under another subject: the versions of one subject share one schema type',
    },
  ]
}

function incompatibility(
  { witness, ...difference }: Difference,
  direction: 'BACKWARD' | 'FORWARD',
  previousIndex: number,
  schema: ParsedSchema,
): Incompatibility {
  const [acceptedBy, refusedBy] =
    direction === 'BACKWARD' ? (['previous', 'new'] as const) : (['new', 'previous'] as const)
  return {
    ...difference,
    direction,
    previousIndex,
    ...(witness === undefined ? {} : { counterExample: { document: witness, acceptedBy, refusedBy } }),
    message: messageOf(difference, schema),
  }
}

/** Avro's messages have single quotes and `additionalInfo`; the other two formats have double quotes and no third member. */
function messageOf({ type, description, additional = '' }: Difference, { schemaType }: ParsedSchema): string {
  return schemaType === 'AVRO'
    ? `{errorType:'${type}', description:'${description}', additionalInfo:'${additional}'}`
    : `{errorType:"${type}", description:"${description}"}`
}
