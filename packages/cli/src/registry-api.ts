/** Requests to a schema registry: any that has Confluent's REST API. */
import { CliError, ExitCode } from './exit.ts'

export const DEFAULT_REGISTRY_URL = 'http://127.0.0.1:8081'
const TIMEOUT_MS = 30_000
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'

export interface RegistryApi {
  readonly url: string
  /** @returns the body of the answer @throws CliError with the registry's code and message */
  send<T>(method: string, path: string, body?: unknown): Promise<T>
}

export interface RegistryApiOptions {
  /** `--registry`, else the environment says. A user and a password in it are sent as basic authentication. */
  readonly url: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
  readonly signal: AbortSignal
}

/** Where the registry is, a user and a password still in it. */
export function registryUrl({ url: asked, env }: Pick<RegistryApiOptions, 'url' | 'env'>): string {
  const text = asked ?? env['BRAIDLOG_SCHEMA_REGISTRY_URL'] ?? env['SCHEMA_REGISTRY_URL'] ?? DEFAULT_REGISTRY_URL
  if (URL.canParse(text)) return text
  throw new CliError(`--registry takes a URL such as ${DEFAULT_REGISTRY_URL}; got '${text}'`)
}

export function registryApi({ url: asked, env, signal }: RegistryApiOptions): RegistryApi {
  const base = new URL(registryUrl({ url: asked, env }))
  const credentials = `${decodeURIComponent(base.username)}:${decodeURIComponent(base.password)}`
  const authorization =
    base.username === '' ? {} : { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` }
  base.username = ''
  base.password = ''
  const url = base.href.replace(/\/$/, '')
  return {
    url,
    async send<T>(method: string, path: string, body?: unknown): Promise<T> {
      let response: Response
      try {
        response = await fetch(url + path, {
          method,
          headers: { accept: MEDIA_TYPE, 'content-type': MEDIA_TYPE, ...authorization },
          body: body === undefined ? null : JSON.stringify(body),
          signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
        })
      } catch (error) {
        if (signal.aborted) throw error
        throw new CliError(`no schema registry answers at ${url}`, {
          exitCode: ExitCode.NoConnection,
          code: 'CONNECTION_FAILED',
          hint: 'start one with `braidlog dev` or `braidlog start registry`, or name another with --registry',
        })
      }
      const answer = parse(await response.text())
      if (response.ok) return answer as T
      const { error_code: code, message } = (answer ?? {}) as { error_code?: number; message?: string }
      throw new CliError(message ?? `${method} ${path} was answered with ${response.status}`, {
        exitCode: response.status === 401 || response.status === 403 ? ExitCode.NotAuthorised : ExitCode.Failed,
        code: `REGISTRY_${code ?? response.status}`,
      })
    },
  }
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : (JSON.parse(text) as unknown)
  } catch {
    return undefined
  }
}

export const subjectPath = (subject: string): string => `/subjects/${encodeURIComponent(subject)}`
