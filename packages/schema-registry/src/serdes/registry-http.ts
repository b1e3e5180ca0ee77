/**
 * Requests to a registry at one of several addresses. What may have been lost on the way (no connection, 408, 429, 5xx) is sent
 * to the next address, and after a round through all of them again after a pause; what the registry refused is final.
 *
 * Bounds: `requestTimeoutMs` for one request, `timeoutMs` for a call with all its attempts, `ANSWER_SIZE_BYTES_MAX` for an answer.
 */
import { SerdeError } from './errors.ts'

export type RegistryCredentials =
  | { readonly type: 'basic'; readonly username: string; readonly password: string }
  /** A function is asked for every request, so that tokens can be renewed. */
  | { readonly type: 'bearer'; readonly token: string | (() => string | Promise<string>) }

export interface RegistryHttpOptions {
  /** `http://host:port`, one or several; a user and a password in it are basic credentials for that address. */
  readonly urls: string | readonly string[]
  readonly auth?: RegistryCredentials | undefined
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Of one request. Default 10,000. */
  readonly requestTimeoutMs?: number | undefined
  /** Of a call, all attempts included. Default 60,000. */
  readonly timeoutMs?: number | undefined
  /** Rounds through the addresses (default 4), and the pause between them: `backoffMs` (100), doubled up to `backoffMaxMs` (2,000), ±20 %. */
  readonly retry?: { readonly rounds?: number; readonly backoffMs?: number; readonly backoffMaxMs?: number } | undefined
  /** Instead of the global one: proxies, certificates, tests. */
  readonly fetch?: typeof fetch | undefined
}

export interface CallBounds {
  readonly signal?: AbortSignal | undefined
  readonly timeoutMs?: number | undefined
}

const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'
const ANSWER_SIZE_BYTES_MAX = 64 << 20

interface Address {
  readonly url: string
  readonly authorization: string | undefined
}

export class RegistryHttp {
  readonly #options: RegistryHttpOptions
  readonly #addresses: readonly Address[]
  readonly #fetch: typeof fetch
  /** The address that answered last. */
  #preferred = 0

  constructor(options: RegistryHttpOptions) {
    this.#options = options
    this.#addresses = [options.urls].flat().map(addressOf)
    if (this.#addresses.length === 0) throw new SerdeError('INVALID_OPTION', 'urls must name at least one registry')
    this.#fetch = options.fetch ?? fetch
  }

  /** @returns the answer's body @throws SerdeError REGISTRY_REFUSED with the registry's code, REGISTRY_UNAVAILABLE after the bound */
  async send(method: 'GET' | 'POST', path: string, body?: unknown, bounds: CallBounds = {}): Promise<unknown> {
    const { rounds = 4, backoffMs = 100, backoffMaxMs = 2_000 } = this.#options.retry ?? {}
    const timeoutMs = bounds.timeoutMs ?? this.#options.timeoutMs ?? 60_000
    const ended = AbortSignal.any([
      AbortSignal.timeout(timeoutMs),
      ...(bounds.signal === undefined ? [] : [bounds.signal]),
    ])
    let last: unknown
    for (let round = 0; round < rounds; round++) {
      if (round > 0)
        await pause(Math.min(backoffMaxMs, backoffMs * 2 ** (round - 1)) * (0.8 + 0.4 * Math.random()), ended)
      for (let i = 0; i < this.#addresses.length; i++) {
        bounds.signal?.throwIfAborted()
        if (ended.aborted) break
        const index = (this.#preferred + i) % this.#addresses.length
        try {
          const answer = await this.#once(this.#addresses[index]!, method, path, body, ended)
          this.#preferred = index
          return answer
        } catch (error) {
          bounds.signal?.throwIfAborted()
          if (SerdeError.is(error) && !error.retriable) throw error
          last = error
        }
      }
    }
    if (SerdeError.is(last)) throw last
    const where = this.#addresses.map(({ url }) => url).join(', ')
    const reason =
      last instanceof Error ? (last.cause instanceof Error ? last.cause.message : last.message) : 'out of time'
    throw new SerdeError('REGISTRY_UNAVAILABLE', `no schema registry answered at ${where}: ${reason}`, { cause: last })
  }

  async #once(address: Address, method: string, path: string, body: unknown, ended: AbortSignal): Promise<unknown> {
    const { auth, requestTimeoutMs = 10_000 } = this.#options
    const headers = new Headers({ accept: `${MEDIA_TYPE}, application/json`, ...this.#options.headers })
    if (body !== undefined) headers.set('content-type', MEDIA_TYPE)
    const authorization = address.authorization ?? (await authorizationOf(auth))
    if (authorization !== undefined) headers.set('authorization', authorization)
    const response = await this.#fetch(address.url + path, {
      method,
      headers,
      body: body === undefined ? null : JSON.stringify(body),
      // What answers elsewhere is not the registry that was configured, and must not see its credentials.
      redirect: 'error',
      signal: AbortSignal.any([ended, AbortSignal.timeout(requestTimeoutMs)]),
    })
    const text = await boundedText(response)
    if (response.ok) return parsed(text, path)
    const { code, message } = refusalOf(text, response.status)
    const { status } = response
    const retriable = status >= 500 || status === 408 || status === 429
    throw new SerdeError(
      retriable ? 'REGISTRY_UNAVAILABLE' : 'REGISTRY_REFUSED',
      `${method} ${path}: ${message} (${code})`,
      {
        registryCode: code,
        retriable,
      },
    )
  }
}

function addressOf(text: string): Address {
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new SerdeError('INVALID_OPTION', `urls takes addresses such as http://localhost:8081, not '${text}'`)
  const url = new URL(text)
  const user = `${decodeURIComponent(url.username)}:${decodeURIComponent(url.password)}`
  const authorization = url.username === '' ? undefined : basic(user)
  url.username = ''
  url.password = ''
  return { url: url.href.replace(/\/$/, ''), authorization }
}

function basic(user: string): string {
  return `Basic ${Buffer.from(user, 'utf8').toString('base64')}`
}

async function authorizationOf(auth: RegistryCredentials | undefined): Promise<string | undefined> {
  switch (auth?.type) {
    case undefined:
      return undefined
    case 'basic':
      return basic(`${auth.username}:${auth.password}`)
    case 'bearer':
      return `Bearer ${typeof auth.token === 'string' ? auth.token : await auth.token()}`
    default:
      return auth satisfies never
  }
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  if (response.body === null) return ''
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length
    if (sizeBytes > ANSWER_SIZE_BYTES_MAX)
      throw new SerdeError('REGISTRY_ANSWER', `the registry's answer has more than ${ANSWER_SIZE_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parsed(text: string, path: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  } catch (cause) {
    throw new SerdeError('REGISTRY_ANSWER', `${path}: the answer is not JSON; is this a schema registry?`, { cause })
  }
}

function refusalOf(text: string, status: number): { readonly code: number; readonly message: string } {
  try {
    const { error_code: code, message } = JSON.parse(text) as {
      readonly error_code?: unknown
      readonly message?: unknown
    }
    if (typeof code === 'number') return { code, message: typeof message === 'string' ? message : 'refused' }
  } catch {
    // Not from a registry but from something in between.
  }
  return { code: status, message: text.slice(0, 200) || 'refused' }
}

/** Resolves early when the signal aborts: whoever waits looks at it. */
async function pause(delayMs: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return
  await new Promise<void>((resolve) => {
    const end = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', end)
      resolve()
    }
    const timer = setTimeout(end, delayMs)
    signal.addEventListener('abort', end, { once: true })
  })
}
