/** Schemas of the registry and of files, parsed here with all that they refer to. */
import type { ParsedSchema, ResolvedReference, SchemaType } from '@braidlog/schema-registry/review'
import { CliError, ExitCode } from '../exit.ts'
import { subjectPath, type RegistryApi } from '../registry-api.ts'
import type { SchemaReference, SchemaVersion } from './schema-verb.ts'

const REFERENCES_MAX = 1_000

export async function parsedSchema(
  api: RegistryApi,
  {
    schema,
    schemaType = 'AVRO',
    references = [],
  }: {
    readonly schema: string
    readonly schemaType?: string | undefined
    readonly references?: readonly SchemaReference[] | undefined
  },
): Promise<ParsedSchema> {
  const { parseSchema, SchemaError } = await import('@braidlog/schema-registry/review')
  const resolved = await resolveReferences(api, references)
  try {
    return parseSchema({ schema, schemaType: schemaType as SchemaType, references: resolved })
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    throw new CliError(`the schema is not valid: ${error.message}`, {
      exitCode: ExitCode.Failed,
      code: 'INVALID_SCHEMA',
    })
  }
}

async function resolveReferences(
  api: RegistryApi,
  references: readonly SchemaReference[],
): Promise<ResolvedReference[]> {
  const known = new Map<string, ResolvedReference>()
  const resolve = async (reference: SchemaReference): Promise<ResolvedReference> => {
    const { name, subject, version } = reference
    const place = JSON.stringify([name, subject, version])
    const before = known.get(place)
    if (before !== undefined) return before
    if (known.size >= REFERENCES_MAX) throw new CliError(`the schema refers to more than ${REFERENCES_MAX} others`)
    const path = `${subjectPath(subject)}/versions/${version === -1 ? 'latest' : version}?deleted=true`
    const found = await api.send<SchemaVersion>('GET', path)
    const below: ResolvedReference[] = []
    for (const each of found.references ?? []) below.push(await resolve(each))
    const resolved = { name, subject, version, schema: found.schema, references: below }
    known.set(place, resolved)
    return resolved
  }
  const all: ResolvedReference[] = []
  for (const each of references) all.push(await resolve(each))
  return all
}
