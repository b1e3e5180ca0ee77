/** What a route needs of a request and its answer, once, so that routes read as: parameters, question, body. */
import type { IncomingMessage } from 'node:http'
import { AclOperation, type Requester } from '@braidlog/model'
import type { Context } from 'hono'
import type { ContentfulStatusCode } from 'hono/utils/http-status'
import { RegistryErrorCode, type Fault, type Outcome } from '../core/errors.ts'
import { actualSubject } from '../core/queries.ts'
import type { ResponseOf, WriteRequest } from '../core/registry.ts'
import type { Entry } from '../core/state.ts'
import { referredSubject } from '../core/subject.ts'
import { FORWARD_HEADER, OFFSET_HEADER } from '../election/forward.ts'
import type { RegistryService } from '../service.ts'
import type { AccessControl } from './access.ts'
import { parseBody, parseJson } from './body.ts'
import { errorBody, RequestFault, statusOf } from './fault.ts'
import { flag, scopeParam, subjectParam, type Parameters } from './params.ts'
import { operationName, type Right } from './rights.ts'

export interface Env {
  Bindings: {
    readonly incoming: IncomingMessage
  }
  Variables: {
    /** The media type to answer with. */
    answerType: string
    requester: Requester
  }
}

export interface ExchangeParts {
  readonly service: RegistryService
  readonly access: AccessControl
  readonly bodySizeMaxBytes: number
}

const OK = 200

export class Exchange implements Parameters {
  readonly #context: Context<Env>
  readonly #service: RegistryService
  readonly #access: AccessControl
  readonly #bodySizeMaxBytes: number
  #text: string | undefined

  constructor(context: Context<Env>, { service, access, bodySizeMaxBytes }: ExchangeParts) {
    this.#context = context
    this.#service = service
    this.#access = access
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

  /** The subject that the path is about, its alias followed. */
  get subject(): string {
    return actualSubject(this.#service.core, subjectParam(this))
  }

  /** The scope of `/config` and `/mode`: a subject (as it is, alias or not), a context, or null for everything. */
  get scope(): string | null {
    return scopeParam(this)
  }

  may(operation: AclOperation, subject: string): boolean {
    return this.#access.mayOnSubject(this.#context.get('requester'), operation, subject)
  }

  /** @throws RequestFault 40301 */
  require(right: Right): void {
    if (typeof right === 'string') return
    const { on, operation } = right
    const subject = on === 'registry' ? null : on === 'scope' ? this.scope : this.subject
    if (subject !== null) this.#requireOn(operation, subject)
    else if (!this.#access.mayOnRegistry(this.#context.get('requester'), operation)) {
      throw this.#notAuthorized(operation, 'the registry')
    }
  }

  /** @param referred as it stands in the body: relative to the context of the subject @throws RequestFault 40301 */
  requireReference(referred: string): void {
    this.#requireOn(AclOperation.READ, referredSubject(this.subject, referred))
  }

  /**
   * Before a permanent delete: nothing that is still retained may lose its schema, unless `force` is set.
   * @throws RequestFault 42205
   */
  async refuseIfUsed(going: readonly Entry[]): Promise<void> {
    if (flag(this, 'force')) return
    const used = await this.#service.usageOf(going)
    if (!used.ok) throw new RequestFault(used.error.code, used.error.message)
  }

  #requireOn(operation: AclOperation, subject: string): void {
    if (!this.may(operation, subject)) throw this.#notAuthorized(operation, `subject '${subject}'`)
  }

  #notAuthorized(operation: AclOperation, what: string): RequestFault {
    const { principal } = this.#context.get('requester')
    return new RequestFault(
      RegistryErrorCode.NOT_AUTHORIZED,
      `${principal} is not authorized to ${operationName(operation)} ${what}`,
    )
  }

  /** The body as a JSON object. @throws RequestFault */
  async fields(): Promise<Readonly<Record<string, unknown>>> {
    return parseBody(await this.#readText())
  }

  /** The body, whatever JSON it is. @throws RequestFault */
  async json(): Promise<unknown> {
    return parseJson(await this.#readText())
  }

  answer(body: unknown, offset = this.#service.offset, status: ContentfulStatusCode = OK): Response {
    return this.raw(JSON.stringify(body), offset, status)
  }

  /** A text that is JSON already. */
  raw(text: string, offset = this.#service.offset, status: ContentfulStatusCode = OK): Response {
    return this.#context.body(text, status, this.#headers(offset))
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
  async write<R extends WriteRequest>(
    request: R,
    body: (value: ResponseOf<R>) => unknown,
    status: ContentfulStatusCode = OK,
  ): Promise<Response> {
    const { req } = this.#context
    const url = new URL(req.url)
    const text = await this.#readText()
    const written = await this.#service.write(request, {
      method: req.method,
      path: url.pathname + url.search,
      headers: present({
        'content-type': req.header('content-type'),
        accept: req.header('accept'),
        authorization: req.header('authorization'),
      }),
      requester: this.#context.get('requester'),
      body: text === '' ? undefined : text,
      isForwarded: req.header(FORWARD_HEADER) !== undefined,
    })
    if (written.kind === 'forwarded') {
      const { status: answered, contentType, body: answer, offset } = written.answer
      const headers = present({
        'content-type': contentType,
        [OFFSET_HEADER]: offset === undefined ? undefined : String(offset),
      })
      return answered === 204 ? this.#context.body(null, 204) : new Response(answer, { status: answered, headers })
    }
    const { response, offset } = written
    if (!response.ok) return this.fault(response.error)
    return response.value === null ? this.empty() : this.answer(body(response.value), offset, status)
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
