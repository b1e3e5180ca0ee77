/** An Avro schema with its references, as the registry handles it. */
import { SchemaError } from '../errors.ts'
import type { ParsedAvro, ParseOptions, ResolvedReference, SchemaEntity } from '../schema.ts'
import { parseAvroText, type AvroScope } from './parse.ts'
import { tagsOf } from '../tags.ts'
import { namedTypes, printAvro } from './print.ts'
import { isNamed, type AvroNamed, type AvroType } from './type.ts'

/** @param flat all references, dependencies first: their types are known by name when the schema itself is read */
export function parseAvro(
  schema: string,
  references: readonly ResolvedReference[],
  flat: readonly ResolvedReference[],
  options: ParseOptions,
): ParsedAvro {
  const names = new Map<string, AvroNamed>()
  for (const reference of flat)
    within(reference.name, () => parseAvroText(reference.schema, { names, validate: false }))
  const known = [...names.values()]
  const scope: AvroScope = { names, validate: options.validate ?? false }
  const type = parseAvroText(schema, scope)
  const canonical = printAvro(type, { known })
  return {
    schemaType: 'AVRO',
    source: schema,
    references: references.map(({ name, subject, version }) => ({ name, subject, version })),
    type,
    name: isNamed(type) ? type.fullName : type.kind,
    canonical,
    normalized: () => printAvro(type, { known, normalized: true }),
    format: (kind) => (kind === 'resolved' ? printAvro(type) : canonical),
    entities: () => entitiesOf(type),
  }
}

function within<T>(reference: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    throw new SchemaError(`in reference "${reference}": ${error.message}`, '', error.code, { cause: error })
  }
}

function entitiesOf(type: AvroType): readonly SchemaEntity[] {
  const entities: SchemaEntity[] = []
  for (const named of namedTypes(type)) {
    const tags = tagsOf(named.properties)
    if (named.kind === 'enum') entities.push({ kind: 'enum', path: named.fullName, tags })
    if (named.kind !== 'record') continue
    entities.push({ kind: 'record', path: named.fullName, tags })
    for (const field of named.fields) {
      entities.push({ kind: 'field', path: `${named.fullName}.${field.name}`, tags: tagsOf(field.properties) })
    }
  }
  return entities
}
