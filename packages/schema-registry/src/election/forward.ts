/**
 * Sends a write on to the leader, as it came in, marked so that it is not sent on again.
 *
 * To a leader that is reached by TLS goes this instance's own certificate, and who asked; the leader believes that of instances that it
 * was told of. The credentials of who asked go along in any case.
 */
import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http'
import { request as requestHttps } from 'node:https'
import type { SecureContextOptions } from 'node:tls'
import type { Requester } from '@braidlog/model'

/** Says that the request has been sent on; the name is Confluent's. */
export const FORWARD_HEADER = 'X-Forward'
/** Of an answer: the offset in `_schemas` that it stands on. Of a request: wait until that has been read. */
export const OFFSET_HEADER = 'X-Braidlog-Offset'
/** Who asked, percent-encoded, and from which address. */
export const PRINCIPAL_HEADER = 'X-Braidlog-Principal'
export const HOST_HEADER = 'X-Braidlog-Host'

export interface ForwardRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Those that the leader needs: media types, authorization. */
  readonly headers: Readonly<Record<string, string>>
  readonly requester: Requester
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

export interface ForwardOptions {
  readonly timeoutMs: number
  readonly isRepeatable: boolean
  readonly signal: AbortSignal
  /** Certificate, key and authorities, where the leader is reached by TLS. */
  readonly tls: SecureContextOptions | undefined
}

/** Answers of the registry are this small; a longer one is not one. */
const ANSWER_SIZE_MAX_BYTES = 16 << 20

/** Never throws. */
export async function forward(
  leaderUrl: string,
  request: ForwardRequest,
  options: ForwardOptions,
): Promise<ForwardOutcome> {
  try {
    const { status, headers, body } = await exchange(new URL(request.path, leaderUrl), request, options)
    // The leader that we know is none any more, and has written nothing.
    if (status === 500 && body.includes('"error_code":50004')) return { kind: 'again', reason: 'not the leader' }
    const offset = Number(headers[OFFSET_HEADER.toLowerCase()] ?? Number.NaN)
    return {
      kind: 'answered',
      answer: {
        status,
        contentType: headers['content-type'] ?? 'application/json',
        body,
        offset: Number.isSafeInteger(offset) ? offset : undefined,
      },
    }
  } catch (error) {
    const { message, code } = error as NodeJS.ErrnoException
    const reason = code === undefined || message.includes(code) ? message : `${message} (${code})`
    const wasNotSent = /ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ENOTFOUND/.test(reason)
    return wasNotSent || options.isRepeatable ? { kind: 'again', reason } : { kind: 'failed', reason }
  }
}

interface Answer {
  readonly status: number
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

async function exchange(url: URL, { method, headers, requester, body }: ForwardRequest, options: ForwardOptions) {
  const init = {
    method,
    signal: AbortSignal.any([options.signal, AbortSignal.timeout(Math.ceil(options.timeoutMs))]),
    headers: {
      ...headers,
      'content-length': String(Buffer.byteLength(body ?? '')),
      [FORWARD_HEADER]: 'true',
      [PRINCIPAL_HEADER]: encodeURIComponent(requester.principal),
      [HOST_HEADER]: requester.host,
    },
  }
  return await new Promise<Answer>((resolve, reject) => {
    const onResponse = (response: IncomingMessage): void => {
      readAnswer(response).then(resolve, reject)
    }
    const sent: ClientRequest =
      url.protocol === 'https:'
        ? requestHttps(url, { ...init, ...options.tls }, onResponse)
        : requestHttp(url, init, onResponse)
    sent.on('error', reject)
    sent.end(body)
  })
}

async function readAnswer(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length
    if (sizeBytes > ANSWER_SIZE_MAX_BYTES) throw new Error(`the answer has more than ${ANSWER_SIZE_MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return {
    status: response.statusCode ?? 500,
    headers: response.headers,
    body: Buffer.concat(chunks).toString('utf8'),
  }
}
