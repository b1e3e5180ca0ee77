/** A registry over a real socket, whose every answer is held against the contract it serves. */
import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { startRegistry, type Registry, type RegistryOptions } from '../../src/index.ts'
import { openApi } from '../../src/http/openapi.ts'

interface Responses {
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, object>> }>>
}
const paths = openApi['paths'] as Readonly<Record<string, Readonly<Record<string, Responses>>>>

const ajv = new Ajv2020({ strict: false, allErrors: true })
ajv.addSchema({ $id: 'openapi', ...openApi })

/** Templates, the most literal first: `/schemas/ids/{id}` stands before `/schemas/{…}`. */
const templates = Object.keys(paths)
  .map((template) => ({ template, pattern: new RegExp(`^${template.replaceAll(/\{\w+\}/g, '([^/]+)')}$`) }))
  .sort((a, b) => literals(b.template) - literals(a.template))

function literals(template: string): number {
  return template.split('/').filter((part) => !part.startsWith('{')).length
}

export interface Answer<T = any> {
  readonly status: number
  readonly body: T
  readonly headers: Headers
}

export interface Send {
  readonly headers?: Readonly<Record<string, string>>
  /** Sent as it is, instead of JSON. */
  readonly text?: string
}

export class RestClient implements AsyncDisposable {
  readonly registry: Registry

  constructor(registry: Registry) {
    this.registry = registry
  }

  static async start(options: RegistryOptions): Promise<RestClient> {
    const registry = await startRegistry({ port: 0, ...options })
    await registry.leaderKnown()
    return new RestClient(registry)
  }

  async send(method: string, path: string, body?: unknown, options: Send = {}): Promise<Answer> {
    const response = await fetch(this.registry.url + path, {
      method,
      headers: { 'content-type': 'application/vnd.schemaregistry.v1+json', ...options.headers },
      body: options.text ?? (body === undefined ? null : JSON.stringify(body)),
    })
    const text = await response.text()
    const { status, headers } = response
    const parsed: unknown = text === '' ? undefined : JSON.parse(text)
    assertContract(method, path, status, headers, parsed)
    return { status, headers, body: parsed }
  }

  /** Sends what must succeed. @returns the body */
  async ok(method: string, path: string, body?: unknown): Promise<any> {
    const answer = await this.send(method, path, body)
    assert.ok(answer.status < 300, JSON.stringify(answer.body))
    return answer.body
  }

  /** @returns the `error_code` that a request is refused with */
  async code(method: string, path: string, body?: unknown, options?: Send): Promise<number> {
    const answer = await this.send(method, path, body, options)
    assert.ok(answer.status >= 400, `${method} ${path} was not refused`)
    assert.equal(answer.status, Number(String(answer.body.error_code).slice(0, 3)))
    return answer.body.error_code
  }

  async register(subject: string, schema: string, rest: object = {}): Promise<{ id: number; version: number }> {
    const { id, version } = await this.ok('POST', `/subjects/${encodeURIComponent(subject)}/versions`, {
      schema,
      ...rest,
    })
    return { id, version }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.registry.close()
  }
}

function assertContract(method: string, path: string, status: number, headers: Headers, body: unknown): void {
  const { pathname } = new URL(path, 'http://registry')
  const known = templates.filter(({ pattern }) => pattern.test(pathname.replace(/referencedBy$/, 'referencedby')))
  // Paths and methods that there are not are outside of the contract.
  if (known.length === 0) return assert.equal(status, 404, `${pathname} is not in the contract`)
  const found = known.find(({ template }) => paths[template]![method.toLowerCase()] !== undefined)
  if (found === undefined) return assert.equal(status, 405, `${method} ${pathname} is not in the contract`)
  const where = `${method} ${found.template} ${status}`
  const answer = paths[found.template]![method.toLowerCase()]!.responses[status]
  assert.ok(answer !== undefined, `${where} is not in the contract: ${JSON.stringify(body)}`)
  if (answer.content === undefined) return assert.equal(body, undefined, where)
  const type = headers.get('content-type') ?? ''
  assert.ok(type in answer.content, `${where}: media type ${type}`)
  const pointer = [
    'paths',
    found.template,
    method.toLowerCase(),
    'responses',
    String(status),
    'content',
    type,
    'schema',
  ]
    .map((part) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1')))
    .join('/')
  const validate = ajv.getSchema(`openapi#/${pointer}`)
  assert.ok(validate !== undefined, `${where} has no schema`)
  assert.ok(validate(body), `${where}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`)
}
