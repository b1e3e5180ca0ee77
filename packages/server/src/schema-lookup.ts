/**
 * Asks a schema registry over its REST API, for the broker that checks records against it.
 *
 * Instances are tried in turn, the one that answered last first. An answer is bounded in size, and what a schema refers
 * to in number. Redirects are not followed: credentials go where the configuration says and nowhere else.
 */
import type {
  LookupOptions,
  RegisteredSchema,
  SchemaContent,
  SchemaKey,
  SchemaLookup,
  SchemaReferenceContent,
} from '@braidlog/broker'

export interface RegistryAddress {
  /** At least one. */
  readonly urls: readonly URL[]
  /** Of every request; `undefined`: none. */
  readonly authorization: string | undefined
}

const ANSWER_SIZE_BYTES_MAX = 8 << 20
const REFERENCES_MAX = 200
const MEDIA_TYPE = 'application/vnd.schemaregistry.v1+json'
/** The one context whose subjects topics are checked against, as with Confluent Server. */
const DEFAULT_CONTEXT = '.'

interface Reference {
  readonly name: string
  readonly subject: string
  readonly version: number
}

interface SchemaAnswer {
  readonly schema: string
  readonly schemaType?: string
  readonly references?: readonly Reference[]
}

export class HttpSchemaLookup implements SchemaLookup {
  readonly #urls: readonly string[]
  readonly #headers: Readonly<Record<string, string>>
  /** Which instance answered last. */
  #at = 0

  constructor({ urls, authorization }: RegistryAddress) {
    this.#urls = urls.map((url) => url.href.replace(/\/$/, ''))
    this.#headers = { accept: MEDIA_TYPE, ...(authorization === undefined ? {} : { authorization }) }
  }

  async find(key: SchemaKey, { content, signal }: LookupOptions): Promise<RegisteredSchema | undefined> {
    const id = typeof key === 'number' ? key : await this.#idOf(key, signal)
    if (id === undefined) return undefined
    const subjects = await this.#get<string[]>(`/schemas/ids/${id}/subjects`, signal)
    if (subjects === undefined) return undefined
    if (!content) return { subjects }
    const answer = await this.#get<SchemaAnswer>(`/schemas/ids/${id}`, signal)
    return answer === undefined ? undefined : { subjects, content: await this.#resolve(answer, signal) }
  }

  async #idOf(guid: string, signal: AbortSignal): Promise<number | undefined> {
    const ids = await this.#get<{ context: string | null; id: number }[]>(`/schemas/guids/${guid}/ids`, signal)
    return ids?.find(({ context }) => (context ?? DEFAULT_CONTEXT) === DEFAULT_CONTEXT)?.id
  }

  async #resolve(answer: SchemaAnswer, signal: AbortSignal): Promise<SchemaContent> {
    const known = new Map<string, SchemaReferenceContent>()
    const contentOf = async ({
      schema,
      schemaType = 'AVRO',
      references = [],
    }: SchemaAnswer): Promise<SchemaContent> => {
      const resolved: SchemaReferenceContent[] = []
      for (const reference of references) resolved.push(await referenced(reference))
      return { schema, schemaType, references: resolved }
    }
    const referenced = async ({ name, subject, version }: Reference): Promise<SchemaReferenceContent> => {
      const place = `${name}\0${subject}\0${version}`
      const before = known.get(place)
      if (before !== undefined) return before
      if (known.size >= REFERENCES_MAX) throw new Error(`a schema refers to more than ${REFERENCES_MAX} others`)
      const path = `/subjects/${encodeURIComponent(subject)}/versions/${version === -1 ? 'latest' : version}?deleted=true`
      const found = await this.#get<SchemaAnswer>(path, signal)
      if (found === undefined) throw new Error(`${subject} has no version ${version}, which a schema refers to`)
      const content = { ...(await contentOf(found)), name, subject, version }
      known.set(place, content)
      return content
    }
    return await contentOf(answer)
  }

  /** @returns `undefined`: not found */
  async #get<T>(path: string, signal: AbortSignal): Promise<T | undefined> {
    let failure: unknown
    for (let tried = 0; tried < this.#urls.length; tried++) {
      const at = (this.#at + tried) % this.#urls.length
      try {
        const answer = await this.#getFrom<T>(this.#urls[at]! + path, signal)
        this.#at = at
        return answer
      } catch (error) {
        signal.throwIfAborted()
        failure = error
      }
    }
    throw failure
  }

  async #getFrom<T>(url: string, signal: AbortSignal): Promise<T | undefined> {
    const response = await fetch(url, { headers: this.#headers, redirect: 'error', signal }).catch((error: unknown) => {
      signal.throwIfAborted()
      throw new Error(`nothing answers at ${new URL(url).origin}`, { cause: error })
    })
    const text = await textOf(response)
    if (response.ok) return JSON.parse(text) as T
    if (response.status === 404 && /"error_code"\s*:\s*404/.test(text)) return undefined
    throw new Error(`${new URL(url).origin} answers with status ${response.status}`)
  }
}

async function textOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let sizeBytes = 0
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
    sizeBytes += chunk.length
    if (sizeBytes > ANSWER_SIZE_BYTES_MAX) throw new Error(`an answer of more than ${ANSWER_SIZE_BYTES_MAX} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}
