/** What a route needs of a request and its answer, once, so that routes read as: parameters, question, body. */
import type { Context } from 'hono'
import type { Fault, Outcome } from '../core/errors.ts'
import type { ResponseOf, WriteRequest } from '../core/registry.ts'
import { FORWARD_HEADER, OFFSET_HEADER } from '../election/forward.ts'
import type { RegistryService } from '../service.ts'
import { parseBody } from './body.ts'
import { errorBody, RequestFault, statusOf } from './fault.ts'
import type { Parameters } from './params.ts'

export interface Env {
  Variables: {
    /** The media type to answer with. */
    answerType: string
  }
}

export class Exchange implements Parameters {
  readonly #context: Context<Env>
  readonly #service: RegistryService
  readonly #bodySizeMaxBytes: number
  #text: string | undefined

  constructor(context: Context<Env>, service: RegistryService, bodySizeMaxBytes: number) {
    this.#context = context
    this.#service = service
    this.#bodySizeMaxBytes = bodySizeMaxBytes
  }

  param(name: string): string | undefined {
    return this.#context.req.param(name)
  }

  query(name: string): string | undefined {
    return this.#context.req.query(name)
  }

  queries(name: string): string[] {
    return this.#context.req.queries(name) ?? []
  }

  /** The body as a JSON object. @throws RequestFault */
  async fields(): Promise<Readonly<Record<string, unknown>>> {
    return parseBody(await this.#readText())
  }

  answer(body: unknown, offset = this.#service.offset): Response {
    return this.raw(JSON.stringify(body), offset)
  }

  /** A text that is JSON already. */
  raw(text: string, offset = this.#service.offset): Response {
    return this.#context.body(text, 200, this.#headers(offset))
  }

  empty(): Response {
    return this.#context.body(null, 204)
  }

  fault(fault: Fault): Response {
    return this.#context.body(JSON.stringify(errorBody(fault)), statusOf(fault.code), this.#headers(undefined))
  }

  /** The answer of a read. */
  outcome<T>(outcome: Outcome<T>, body: (value: T) => unknown): Response {
    return outcome.ok ? this.answer(body(outcome.value)) : this.fault(outcome.error)
  }

  /** Carries out a write, here or at the leader. */
  async write<R extends WriteRequest>(request: R, body: (value: ResponseOf<R>) => unknown): Promise<Response> {
    const { req } = this.#context
    const url = new URL(req.url)
    const written = await this.#service.write(request, {
      method: req.method,
      path: url.pathname + url.search,
      headers: present({
        'content-type': req.header('content-type'),
        accept: req.header('accept'),
        authorization: req.header('authorization'),
      }),
      body: req.method === 'DELETE' ? undefined : await this.#readText(),
      isForwarded: req.header(FORWARD_HEADER) !== undefined,
    })
    if (written.kind === 'forwarded') {
      const { status, contentType, body: text, offset } = written.answer
      const headers = present({
        'content-type': contentType,
        [OFFSET_HEADER]: offset === undefined ? undefined : String(offset),
      })
      return status === 204 ? this.#context.body(null, 204) : new Response(text, { status, headers })
    }
    const { response, offset } = written
    if (!response.ok) return this.fault(response.error)
    return response.value === null ? this.empty() : this.answer(body(response.value), offset)
  }

  async #readText(): Promise<string> {
    return (this.#text ??= await readBounded(this.#context.req.raw, this.#bodySizeMaxBytes))
  }

  #headers(offset: number | undefined): Record<string, string> {
    return present({
      'content-type': this.#context.get('answerType'),
      [OFFSET_HEADER]: offset === undefined || offset < 0 ? undefined : String(offset),
    })
  }
}

function present(headers: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).filter((each): each is [string, string] => each[1] !== undefined))
}

/** The body as text; a longer one is refused as soon as that is known, and never held. @throws RequestFault 413, 400 */
async function readBounded(request: Request, sizeMaxBytes: number): Promise<string> {
  const tooLarge = (): RequestFault => new RequestFault(413, `The body has more than ${sizeMaxBytes} bytes`)
  if (Number(request.headers.get('content-length') ?? 0) > sizeMaxBytes) throw tooLarge()
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  try {
    for await (const chunk of request.body ?? []) {
      sizeBytes += chunk.length
      if (sizeBytes > sizeMaxBytes) break
      chunks.push(chunk)
    }
  } catch (error) {
    throw new RequestFault(400, `The request's body cannot be read: ${(error as Error).message}`)
  }
  if (sizeBytes > sizeMaxBytes) throw tooLarge()
  return Buffer.concat(chunks).toString('utf8')
}
