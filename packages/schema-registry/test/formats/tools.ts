/** What the format tests share: parsing in one word, and a check as golden text. */
import { checkCompatibility, parseSchema } from '../../src/formats/index.ts'
import type { CompatibilityLevel, CompatibilityPolicy, ParsedSchema, SchemaType } from '../../src/formats/index.ts'

export function avro(schema: unknown): ParsedSchema {
  return parseSchema({ schemaType: 'AVRO', schema: typeof schema === 'string' ? schema : JSON.stringify(schema) })
}

export function json(schema: unknown): ParsedSchema {
  return parseSchema({ schemaType: 'JSON', schema: typeof schema === 'string' ? schema : JSON.stringify(schema) })
}

export function protobuf(schema: string): ParsedSchema {
  return parseSchema({ schemaType: 'PROTOBUF', schema })
}

export function parse(schemaType: SchemaType, schema: string): ParsedSchema {
  return parseSchema({ schemaType, schema })
}

/** `TYPE path`, one an incompatibility, prefixed by `>` (forward) where the level checks both directions. */
export function check(
  schema: ParsedSchema,
  previous: ParsedSchema | readonly ParsedSchema[],
  level: CompatibilityLevel = 'BACKWARD',
  policy: CompatibilityPolicy = 'STRICT',
): string[] {
  const list = Array.isArray(previous) ? (previous as readonly ParsedSchema[]) : [previous as ParsedSchema]
  return checkCompatibility({ schema, previous: list, level, policy }).map(
    ({ type, path, direction }) => `${level.startsWith('FULL') && direction === 'FORWARD' ? '> ' : ''}${type} ${path}`,
  )
}
