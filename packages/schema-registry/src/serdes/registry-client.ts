/**
 * What serdes ask of a schema registry, ours or any with Confluent's REST API: schemas by id, GUID, subject and version, newest, by
 * metadata; looking up and registering. References come with the schemas they stand for, all the way down.
 *
 * What never changes is kept (`cacheSizeMax` entries of each kind), what may change for `latestTtlMs`. Callers that want the same
 * thing at the same time share one request; it has the client's bound, each caller's own signal ends only their waiting.
 */
import type { Metadata, RuleSet } from '../core/entities.ts'
import type { ResolvedReference, SchemaReference, SchemaText, SchemaType } from '../formats/schema.ts'
import { BoundedCache } from './bounded-cache.ts'
import { SerdeError } from './errors.ts'
import { RegistryHttp, type CallBounds, type RegistryHttpOptions } from './registry-http.ts'

export interface RegistryClientOptions extends RegistryHttpOptions {
  /** How long the newest version of a subject is taken for the newest. Default 300,000; 0: always ask. */
  readonly latestTtlMs?: number | undefined
  /** Entries kept of each kind: ids, GUIDs, versions, newest versions, registered schemas. Default 1,000. */
  readonly cacheSizeMax?: number | undefined
}

/** A schema as the registry has it. */
export interface RegistrySchema extends SchemaText {
  readonly schemaType: SchemaType
  readonly references: readonly ResolvedReference[]
  readonly id: number
  readonly guid: string | undefined
  /** Where it was found by subject. */
  readonly subject: string | undefined
  readonly version: number | undefined
  readonly metadata: Metadata | undefined
  readonly ruleSet: RuleSet | undefined
}

/** A schema to look up or to register; references name what is registered already. */
export interface SchemaInput {
  readonly schemaType: SchemaType
  readonly schema: string
  readonly references?: readonly SchemaReference[] | undefined
  readonly metadata?: Metadata | undefined
  readonly ruleSet?: RuleSet | undefined
}

interface Registered {
  readonly id: number
  readonly guid: string | undefined
  readonly version: number | undefined
}

const REFERENCE_DEPTH_MAX = 50
const REFERENCE_COUNT_MAX = 1000

export class RegistryClient {
  readonly #http: RegistryHttp
  /** How long the newest version of a subject is taken for the newest. */
  readonly latestTtlMs: number
  readonly #schemas: BoundedCache<string, RegistrySchema>
  readonly #registered: BoundedCache<string, Registered>
  readonly #latest: BoundedCache<string, { readonly schema: RegistrySchema; readonly untilMs: number }>
  readonly #associations: BoundedCache<string, { readonly subject: string | undefined; readonly untilMs: number }>
  readonly #flights = new Map<string, Promise<unknown>>()

  constructor(options: RegistryClientOptions | string) {
    const resolved = typeof options === 'string' ? { urls: options } : options
    this.#http = new RegistryHttp(resolved)
    this.latestTtlMs = resolved.latestTtlMs ?? 300_000
    const sizeMax = resolved.cacheSizeMax ?? 1_000
    this.#schemas = new BoundedCache(sizeMax)
    this.#registered = new BoundedCache(sizeMax)
    this.#latest = new BoundedCache(sizeMax)
    this.#associations = new BoundedCache(sizeMax)
  }

  /** @param options.subject tells the context where ids of several contexts meet */
  async byId(
    id: number,
    options: CallBounds & { readonly subject?: string | undefined } = {},
  ): Promise<RegistrySchema> {
    const query = options.subject === undefined ? '' : `?subject=${encodeURIComponent(options.subject)}`
    return await this.#immutable(`/schemas/ids/${id}${query}`, { id, subject: options.subject }, options)
  }

  async byGuid(guid: string, options: CallBounds = {}): Promise<RegistrySchema> {
    return await this.#immutable(`/schemas/guids/${encodeURIComponent(guid)}`, { guid }, options)
  }

  async version(subject: string, version: number, options: CallBounds = {}): Promise<RegistrySchema> {
    return await this.#immutable(`${pathOf(subject)}/versions/${version}?deleted=true`, { subject }, options)
  }

  async versions(subject: string, options: CallBounds = {}): Promise<readonly number[]> {
    const answer = await this.#http.send('GET', `${pathOf(subject)}/versions`, undefined, options)
    return Array.isArray(answer) ? (answer as number[]) : []
  }

  async latest(subject: string, options: CallBounds = {}): Promise<RegistrySchema> {
    return await this.#newest(`${pathOf(subject)}/versions/latest`, subject, options)
  }

  /** The newest version that has all these metadata properties. */
  async latestWithMetadata(
    subject: string,
    properties: Readonly<Record<string, string>>,
    options: CallBounds = {},
  ): Promise<RegistrySchema> {
    const query = new URLSearchParams()
    for (const [key, value] of Object.entries(properties).sort(([a], [b]) => (a < b ? -1 : 1))) {
      query.append('key', key)
      query.append('value', value)
    }
    return await this.#newest(`${pathOf(subject)}/metadata?${query.toString()}`, subject, options)
  }

  /** The id that a schema has under a subject. @throws SerdeError REGISTRY_REFUSED 40401 or 40403 when it has none */
  async lookup(
    subject: string,
    schema: SchemaInput,
    options: CallBounds & { readonly normalize?: boolean | undefined } = {},
  ): Promise<Registered> {
    const query = options.normalize === true ? '?normalize=true' : ''
    return await this.#write(`${pathOf(subject)}${query}`, schema, options)
  }

  /** Registers a schema unless the subject has it already. */
  async register(
    subject: string,
    schema: SchemaInput,
    options: CallBounds & { readonly normalize?: boolean | undefined } = {},
  ): Promise<Registered> {
    const query = options.normalize === true ? '?normalize=true' : ''
    return await this.#write(`${pathOf(subject)}/versions${query}`, schema, options)
  }

  /** The subject that is associated with a topic's keys or values; undefined when there is none, or the registry knows no associations. */
  async associated(
    topic: string,
    of: 'key' | 'value',
    options: CallBounds & { readonly namespace?: string | undefined } = {},
  ): Promise<string | undefined> {
    const query = `?resourceType=topic&associationType=${of}`
    const path = `/associations/resources/${encodeURIComponent(options.namespace ?? '-')}/${encodeURIComponent(topic)}${query}`
    const known = this.#associations.get(path)
    if (known !== undefined && known.untilMs > Date.now()) return known.subject
    const found = await this.#shared(path, options, async () => {
      const answer = await this.#http.send('GET', path).catch((error: unknown) => {
        if (SerdeError.is(error) && String(error.registryCode ?? '').startsWith('404')) return []
        throw error
      })
      const list = Array.isArray(answer) ? (answer as { readonly subject?: unknown }[]) : []
      if (list.length > 1)
        throw new SerdeError('REGISTRY_ANSWER', `${topic}: several subjects are associated with its ${of}s`)
      const subject = typeof list[0]?.subject === 'string' ? list[0].subject : undefined
      this.#associations.set(path, { subject, untilMs: Date.now() + this.latestTtlMs })
      return { subject }
    })
    return found.subject
  }

  /** Forgets what may have changed: the newest versions, and associations. */
  refresh(): void {
    this.#latest.clear()
    this.#associations.clear()
  }

  async #immutable(path: string, known: Partial<RegistrySchema>, bounds: CallBounds): Promise<RegistrySchema> {
    const cached = this.#schemas.get(path)
    if (cached !== undefined) return cached
    return await this.#shared(path, bounds, async () => {
      const schema = await this.#completed(await this.#http.send('GET', path), known, path)
      this.#schemas.set(path, schema)
      return schema
    })
  }

  async #newest(path: string, subject: string, bounds: CallBounds): Promise<RegistrySchema> {
    const cached = this.#latest.get(path)
    if (cached !== undefined && cached.untilMs > Date.now()) return cached.schema
    return await this.#shared(path, bounds, async () => {
      const schema = await this.#completed(await this.#http.send('GET', path), { subject }, path)
      this.#latest.set(path, { schema, untilMs: Date.now() + this.latestTtlMs })
      return schema
    })
  }

  async #write(path: string, input: SchemaInput, bounds: CallBounds): Promise<Registered> {
    const { schemaType, schema, references = [], metadata, ruleSet } = input
    const body = {
      schema,
      // Registries older than the other formats know no types.
      ...(schemaType === 'AVRO' ? {} : { schemaType }),
      ...(references.length === 0
        ? {}
        : { references: references.map(({ name, subject, version }) => ({ name, subject, version })) }),
      ...(metadata === undefined ? {} : { metadata }),
      ...(ruleSet === undefined ? {} : { ruleSet }),
    }
    const key = `${path}\n${JSON.stringify(body)}`
    const cached = this.#registered.get(key)
    if (cached !== undefined) return cached
    return await this.#shared(key, bounds, async () => {
      const answer = (await this.#http.send('POST', path, body)) as Partial<Registered> | undefined
      if (!Number.isInteger(answer?.id)) throw answerError(path)
      const registered = { id: answer!.id!, guid: answer!.guid, version: answer!.version }
      this.#registered.set(key, registered)
      return registered
    })
  }

  async #completed(answer: unknown, known: Partial<RegistrySchema>, path: string): Promise<RegistrySchema> {
    const found = answer as Partial<RegistrySchema> | undefined
    if (typeof found?.schema !== 'string') throw answerError(path)
    const id = found.id ?? known.id
    const subject = found.subject ?? known.subject
    return {
      schemaType: found.schemaType ?? 'AVRO',
      schema: found.schema,
      references: await this.#resolved(found.references ?? [], subject, 0, { left: REFERENCE_COUNT_MAX }),
      id: typeof id === 'number' ? id : -1,
      guid: found.guid ?? known.guid,
      subject,
      version: found.version,
      metadata: found.metadata ?? undefined,
      ruleSet: found.ruleSet ?? undefined,
    }
  }

  async #resolved(
    references: readonly SchemaReference[],
    parent: string | undefined,
    depth: number,
    budget: { left: number },
  ): Promise<ResolvedReference[]> {
    const resolved: ResolvedReference[] = []
    for (const { name, subject, version } of references) {
      if (depth > REFERENCE_DEPTH_MAX || --budget.left < 0)
        throw new SerdeError('WRONG_SCHEMA', `the schema refers to more than a client resolves (at "${name}")`)
      const qualified = inContextOf(parent, subject)
      const path = `${pathOf(qualified)}/versions/${version === -1 ? 'latest' : version}?deleted=true`
      const found = (await this.#shared(path, {}, async () => await this.#http.send('GET', path))) as
        | Partial<RegistrySchema>
        | undefined
      if (typeof found?.schema !== 'string') throw answerError(path)
      const inner = await this.#resolved(found.references ?? [], qualified, depth + 1, budget)
      resolved.push({ name, subject, version, schema: found.schema, references: inner })
    }
    return resolved
  }

  /** One request for all who ask meanwhile. */
  async #shared<T>(key: string, bounds: CallBounds, run: () => Promise<T>): Promise<T> {
    let flight = this.#flights.get(key) as Promise<T> | undefined
    if (flight === undefined) {
      flight = run().finally(() => this.#flights.delete(key))
      this.#flights.set(key, flight)
    }
    const signals = [bounds.signal, bounds.timeoutMs === undefined ? undefined : AbortSignal.timeout(bounds.timeoutMs)]
    const given = signals.filter((signal) => signal !== undefined)
    if (given.length === 0) return await flight
    const signal = AbortSignal.any(given)
    flight.catch(() => {})
    return await new Promise<T>((resolve, reject) => {
      const onAbort = (): void => reject(signal.reason as Error)
      if (signal.aborted) return onAbort()
      signal.addEventListener('abort', onAbort, { once: true })
      flight.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort))
    })
  }
}

function pathOf(subject: string): string {
  return `/subjects/${encodeURIComponent(subject)}`
}

/** A subject without a context is one of the context of what refers to it. */
function inContextOf(parent: string | undefined, subject: string): string {
  const context = /^:\.[^:]*:/.exec(parent ?? '')?.[0]
  return context === undefined || subject.startsWith(':.') ? subject : context + subject
}

function answerError(path: string): SerdeError {
  return new SerdeError(
    'REGISTRY_ANSWER',
    `${path}: the answer has not the form of a schema; is this a schema registry?`,
  )
}
