/** Sends a write on to the leader, as it came in, marked so that it is not sent on again. */

/** Says that the request has been sent on; the name is Confluent's. */
export const FORWARD_HEADER = 'X-Forward'
/** Of an answer: the offset in `_schemas` that it stands on. Of a request: wait until that has been read. */
export const OFFSET_HEADER = 'X-Braidlog-Offset'

export interface ForwardRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Those that the leader needs: media types, authorization. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
  readonly isForwarded: boolean
}

export interface Forwarded {
  readonly status: number
  readonly contentType: string
  readonly body: string
  readonly offset: number | undefined
}

export type ForwardOutcome =
  | { readonly kind: 'answered'; readonly answer: Forwarded }
  /** Nothing has happened at the leader, or the same again does no harm. */
  | { readonly kind: 'again'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }

/** Never throws. */
export async function forward(
  leaderUrl: string,
  request: ForwardRequest,
  options: { readonly timeoutMs: number; readonly isRepeatable: boolean },
): Promise<ForwardOutcome> {
  try {
    const response = await fetch(new URL(request.path, leaderUrl), {
      method: request.method,
      headers: { ...request.headers, [FORWARD_HEADER]: 'true' },
      body: request.body ?? null,
      redirect: 'error',
      signal: AbortSignal.timeout(Math.ceil(options.timeoutMs)),
    })
    const body = await response.text()
    // The leader that we know is none any more, and has written nothing.
    if (response.status === 500 && body.includes('"error_code":50004'))
      return { kind: 'again', reason: 'not the leader' }
    const offset = Number(response.headers.get(OFFSET_HEADER) ?? Number.NaN)
    return {
      kind: 'answered',
      answer: {
        status: response.status,
        contentType: response.headers.get('content-type') ?? 'application/json',
        body,
        offset: Number.isSafeInteger(offset) ? offset : undefined,
      },
    }
  } catch (error) {
    const reason = reasonOf(error)
    const wasNotSent = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND/.test(reason)
    return wasNotSent || options.isRepeatable ? { kind: 'again', reason } : { kind: 'failed', reason }
  }
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error
  const code = (cause as { code?: unknown } | undefined)?.code
  return typeof code === 'string' ? `${message} (${code})` : message
}
