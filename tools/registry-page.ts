/** The reference page of the schema registry's REST API, from the OpenAPI document that it serves. */
import { RegistryErrorCode } from '../packages/schema-registry/src/core/errors.ts'
import { openApi } from '../packages/schema-registry/src/http/openapi.ts'

interface Operation {
  readonly summary: string
  readonly parameters: readonly { readonly name: string; readonly description: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Ref }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Ref }>> }>
  >
}
interface Ref {
  readonly $ref?: string
  readonly type?: string
  readonly items?: Ref
  readonly enum?: readonly string[]
  readonly const?: string | number | boolean
  readonly anyOf?: readonly Ref[]
  readonly properties?: Readonly<Record<string, Ref>>
  readonly required?: readonly string[]
  readonly additionalProperties?: Ref | boolean
}

const METHODS = ['get', 'post', 'put', 'delete'] as const

export function registryPage(note: string): string {
  const paths = openApi['paths'] as Readonly<Record<string, Readonly<Record<string, Operation>>>>
  const rows = Object.entries(paths)
    .filter(([path]) => !path.startsWith('/contexts/{context}/'))
    .flatMap(([path, item]) =>
      METHODS.filter((method) => item[method] !== undefined).map((method) => row(method, path, item[method]!)),
    )
  return [
    note,
    '# Schema registry',
    '',
    'The REST API of `braidlog dev` (port 8081), `braidlog start registry` and `startRegistry()` of `@braidlog/schema-registry`.',
    'It is the one that serializers and tools for Apache Kafka know. `GET /openapi.json` is the contract in full.',
    '',
    'Every path but those of health, metadata and contexts is served under `/contexts/{context}` too. A subject of another',
    'context is written `:.context:subject`. A version is a number, or `latest`.',
    '',
    'An answer carries `X-Braidlog-Offset`: the offset of `_schemas` that it stands on. Sent with a request to any instance, it',
    'is waited for; that is how a read on one instance sees a write on another.',
    '',
    '| method | path | meaning | query | body | answer |',
    '|---|---|---|---|---|---|',
    ...rows,
    '',
    '## Query parameters',
    '',
    'A flag is set by `true`, or by nothing behind its name.',
    '',
    '| parameter | meaning |',
    '|---|---|',
    ...parametersOf(paths).map(([name, meaning]) => `| \`${name}\` | ${meaning} |`),
    '',
    '## Bodies',
    '',
    'Members in parentheses may be absent.',
    '',
    '| name | members |',
    '|---|---|',
    ...bodies(),
    '',
    '## Error codes',
    '',
    'A refusal is `{"error_code": …, "message": …}`; the HTTP status is the first three digits of the code.',
    '',
    '| code | name |',
    '|---:|---|',
    ...Object.entries(RegistryErrorCode).map(([name, code]) => `| ${code} | \`${name}\` |`),
    '',
    'An incompatible schema has the code 409, or 40901 with `incompatibleCode: 40901`.',
    '',
  ].join('\n')
}

function parametersOf(paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>): [string, string][] {
  const meanings = new Map<string, string>()
  for (const item of Object.values(paths)) {
    for (const method of METHODS) {
      for (const { name, description } of item[method]?.parameters ?? []) meanings.set(name, description)
    }
  }
  return [...meanings].sort(([a], [b]) => (a < b ? -1 : 1))
}

function bodies(): string[] {
  const { schemas } = openApi['components'] as { readonly schemas: Readonly<Record<string, Ref>> }
  return Object.entries(schemas)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => `| ${name} | ${schema.properties === undefined ? shapeOf(schema) : membersOf(schema)} |`)
}

function membersOf({ properties = {}, required = [] }: Ref): string {
  return Object.entries(properties)
    .map(([name, schema]) => {
      const member = `\`${name}\`: ${shapeOf(schema)}`
      return required.includes(name) ? member : `(${member})`
    })
    .join(', ')
}

/** A schema in a few words. */
function shapeOf(schema: Ref): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1)!
  if (schema.enum !== undefined) return schema.enum.map((each) => `\`${each}\``).join(' or ')
  if (schema.const !== undefined) return String(schema.const)
  if (schema.anyOf !== undefined) return schema.anyOf.map(shapeOf).join(' or ')
  if (schema.items !== undefined) return `list of ${shapeOf(schema.items)}`
  if (typeof schema.additionalProperties === 'object') return `map of ${shapeOf(schema.additionalProperties)}`
  if (schema.properties !== undefined) return `{ ${membersOf(schema)} }`
  return schema.type ?? 'anything'
}

function row(method: string, path: string, operation: Operation): string {
  const query = operation.parameters.map(({ name }) => `\`${name}\``).join(' ')
  const body = nameOf(Object.values(operation.requestBody?.content ?? {})[0]?.schema)
  const answer = nameOf(
    Object.values((operation.responses['200'] ?? operation.responses['201'])?.content ?? {})[0]?.schema,
  )
  return `| ${method.toUpperCase()} | \`${path}\` | ${operation.summary} | ${query} | ${body} | ${answer} |`
}

function nameOf(schema: Ref | undefined): string {
  if (schema === undefined) return ''
  if (schema.items !== undefined) return `list of ${nameOf(schema.items)}`
  return schema.$ref?.split('/').at(-1) ?? schema.type ?? 'the schema'
}
