/** The reference page of the schema registry's REST API, from the OpenAPI document that it serves. */
import { RegistryErrorCode } from '../packages/schema-registry/src/core/errors.ts'
import { openApi } from '../packages/schema-registry/src/http/openapi.ts'

interface Operation {
  readonly summary: string
  readonly parameters: readonly { readonly name: string }[]
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Ref }>> }
  readonly responses: Readonly<
    Record<string, { readonly content?: Readonly<Record<string, { readonly schema: Ref }>> }>
  >
}
interface Ref {
  readonly $ref?: string
  readonly type?: string
  readonly items?: Ref
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

function row(method: string, path: string, operation: Operation): string {
  const query = operation.parameters.map(({ name }) => `\`${name}\``).join(' ')
  const body = nameOf(Object.values(operation.requestBody?.content ?? {})[0]?.schema)
  const answer = nameOf(Object.values(operation.responses['200']?.content ?? {})[0]?.schema)
  return `| ${method.toUpperCase()} | \`${path}\` | ${operation.summary} | ${query} | ${body} | ${answer} |`
}

function nameOf(schema: Ref | undefined): string {
  if (schema === undefined) return ''
  if (schema.items !== undefined) return `list of ${nameOf(schema.items)}`
  return schema.$ref?.split('/').at(-1) ?? schema.type ?? 'the schema'
}
