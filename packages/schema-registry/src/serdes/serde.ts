/**
 * The serde that all formats share: finds the schema that is written with and the one that was written with, and lets the format's
 * codec do the rest. `serialize` and `deserialize` are synchronous and look into maps only; what is missing there is fetched by
 * `beforeSerialize` and `beforeDeserialize`, which producers and consumers await.
 *
 * Invariant: `beforeDeserialize` rejects only when the registry could not be asked, so that a policy for unreadable records never
 * decides about records that would be readable with the registry back.
 */
import type { Serde, SerdeContext } from '@braidlog/client'
import { checkCompatibility, parseSchema, SchemaError, type ParsedSchema, type SchemaText } from '../formats/index.ts'
import { md5 } from '../formats-of.ts'
import { guidOf } from '../core/identity.ts'
import { SerdeError } from './errors.ts'
import type { Decode, SerdeFormat, Writer } from './format.ts'
import type { SerdeOptions } from './options.ts'
import type { RegistryClient, RegistrySchema } from './registry-client.ts'
import { contractOf, migrationsBetween, type Contract } from './rules/contract.ts'
import { tagsOf } from './rules/tags.ts'
import { subjectOf } from './subject.ts'
import { HEADER_OF_KEY, HEADER_OF_VALUE, pointerBytes, readPointer, type Framed, type SchemaPointer } from './wire.ts'

/** How a topic's keys or values are written. */
interface Writing {
  readonly writer: Writer
  readonly prefix: Uint8Array
  /** With the id in a header. */
  readonly header: Uint8Array | undefined
  readonly contract: Contract | undefined
  readonly schemaId: number
  /** When the newest version is asked for again. */
  readonly untilMs: number
}

/** How values written with one schema are read. */
interface Reading {
  readonly decode: Decode | undefined
  /** Why they cannot be read. */
  readonly error: SerdeError | undefined
  readonly migrate: ((value: unknown, context: SerdeContext) => unknown) | undefined
  readonly contract: Contract | undefined
  readonly writerId: number | string
  readonly readerId: number | string | undefined
  readonly untilMs: number
}

/** Schemas of one serde that values are read with, and topics written to. */
const SCHEMAS_MAX = 1_000
/** A schema that was not found is looked for again after this. */
const NOT_FOUND_TTL_MS = 10_000
const NOT_FOUND_PAUSE_MS = 500
const SCHEMA_NOT_FOUND = 40403
/** While the registry does not answer, the newest version known goes on being used for this long at a time. */
const STALE_TTL_MS = 10_000

export interface RegistrySerdeParts {
  readonly registry: RegistryClient
  readonly format: SerdeFormat
  readonly options: SerdeOptions
  /** The serde's own schema; undefined where it has none. */
  readonly text: string | undefined
}

export class RegistrySerde<T> implements Serde<T> {
  readonly #parts: RegistrySerdeParts
  readonly #writings = { key: new Map<string, Writing>(), value: new Map<string, Writing>() }
  /** Most values go where the one before went. */
  #lastWriting: { readonly topic: string; readonly isKey: boolean; readonly writing: Writing } | undefined
  readonly #readings = new Map<number | string, Reading>()
  /** Most values of a topic have the schema of the one before. */
  #lastId = -1
  #last: Reading | undefined
  readonly #flights = new Map<string, Promise<void>>()
  #own: Promise<ParsedSchema | undefined> | undefined

  constructor(parts: RegistrySerdeParts) {
    const { options, text } = parts
    if (text === undefined && options.use === undefined && options.reader === 'schema')
      throw new SerdeError('INVALID_OPTION', "reader: 'schema' needs a schema")
    if (text !== undefined && (options.references ?? []).length === 0) {
      // Wrong schemas fail where they are written down.
      const parsed = parseOwn({ schemaType: parts.format.schemaType, schema: text })
      parts.format.writer(parsed)
      this.#own = Promise.resolve(parsed)
    }
    this.#parts = parts
  }

  beforeSerialize(_value: T, context: SerdeContext): Promise<void> | undefined {
    const writing = this.#writingOf(context)
    if (writing !== undefined && isFresh(writing)) return undefined
    return this.#once(
      `write ${context.isKey} ${context.topic}`,
      async () => await this.#prepareWriting(context, writing),
    )
  }

  serialize(value: T, context: SerdeContext): Uint8Array {
    const writing = this.#writingOf(context)
    if (writing === undefined) throw notReady(context)
    try {
      const { contract } = writing
      const ruled = contract === undefined ? value : contract.write(value, context)
      const bytes = writing.writer.encode(ruled, writing.prefix)
      if (writing.header !== undefined) addHeader(context, writing.header)
      return bytes
    } catch (error) {
      throw withSchemas(error, writing.schemaId, undefined)
    }
  }

  beforeDeserialize(bytes: Uint8Array, context: SerdeContext): Promise<void> | undefined {
    if (isPrefixed(bytes, context)) {
      const known = this.#readingOf(idOf(bytes))
      if (known !== undefined && isFresh(known)) return undefined
    }
    let framed: Framed
    try {
      framed = framedOf(bytes, context)
    } catch {
      // Said by `deserialize`.
      return undefined
    }
    const key = keyOf(framed.pointer)
    const reading = this.#readings.get(key)
    if (reading !== undefined && isFresh(reading)) return undefined
    return this.#once(`read ${key}`, async () => await this.#prepareReading(framed.pointer, context))
  }

  deserialize(bytes: Uint8Array, context: SerdeContext): T {
    if (isPrefixed(bytes, context)) return this.#decoded(bytes, 5, this.#readingOf(idOf(bytes)), context)
    const { pointer, start } = framedOf(bytes, context)
    return this.#decoded(bytes, start, this.#readings.get(keyOf(pointer)), context)
  }

  #decoded(bytes: Uint8Array, start: number, reading: Reading | undefined, context: SerdeContext): T {
    if (reading === undefined) throw notReady(context)
    if (reading.decode === undefined) throw reading.error
    try {
      let value = reading.decode(bytes, start)
      if (reading.migrate !== undefined) value = reading.migrate(value, context)
      if (reading.contract !== undefined) value = reading.contract.read(value, context)
      return value as T
    } catch (error) {
      throw withSchemas(error, reading.writerId, reading.readerId)
    }
  }

  #readingOf(id: number): Reading | undefined {
    if (id === this.#lastId && this.#last !== undefined) return this.#last
    const reading = this.#readings.get(id)
    if (reading !== undefined) {
      this.#lastId = id
      this.#last = reading
    }
    return reading
  }

  #keep(key: number | string, reading: Reading): void {
    const oldest = this.#readings.keys().next()
    if (this.#readings.size >= SCHEMAS_MAX && oldest.done !== true) this.#readings.delete(oldest.value)
    this.#readings.set(key, reading)
    this.#lastId = -1
    this.#last = undefined
  }

  /** Fetches what writing to a topic needs: for programs that want to fail at start, or use the serde by itself. */
  async ready(topic: string, options: { readonly isKey?: boolean } = {}): Promise<void> {
    await this.beforeSerialize(undefined as T, { topic, isKey: options.isKey ?? false })
  }

  /** Without a producer: waits for what is missing, then serializes. */
  async serializeAsync(value: T, context: SerdeContext): Promise<Uint8Array> {
    await this.beforeSerialize(value, context)
    return this.serialize(value, context)
  }

  /** Without a consumer: waits for what is missing, then deserializes. */
  async deserializeAsync(bytes: Uint8Array, context: SerdeContext): Promise<T> {
    await this.beforeDeserialize(bytes, context)
    return this.deserialize(bytes, context)
  }

  #writingOf({ topic, isKey }: SerdeContext): Writing | undefined {
    const last = this.#lastWriting
    if (last !== undefined && last.topic === topic && last.isKey === isKey) return last.writing
    const writing = this.#writingsOf(isKey).get(topic)
    if (writing !== undefined) this.#lastWriting = { topic, isKey, writing }
    return writing
  }

  #writingsOf(isKey: boolean): Map<string, Writing> {
    return isKey ? this.#writings.key : this.#writings.value
  }

  #once(key: string, run: () => Promise<void>): Promise<void> {
    let flight = this.#flights.get(key)
    if (flight === undefined) {
      flight = run().finally(() => this.#flights.delete(key))
      this.#flights.set(key, flight)
    }
    return flight
  }

  async #prepareWriting(context: SerdeContext, known: Writing | undefined): Promise<void> {
    const writings = this.#writingsOf(context.isKey)
    let writing: Writing
    try {
      writing = await this.#writing(context)
    } catch (error) {
      // What was the newest version is better than nothing.
      if (known === undefined || !SerdeError.is(error) || !error.retriable) throw error
      writing = { ...known, untilMs: Date.now() + STALE_TTL_MS }
    }
    if (writings.size >= SCHEMAS_MAX && !writings.has(context.topic)) writings.delete(writings.keys().next().value!)
    writings.set(context.topic, writing)
    this.#lastWriting = undefined
  }

  async #writing({ topic, isKey }: SerdeContext): Promise<Writing> {
    const { format, options } = this.#parts
    const own = await this.#ownSchema()
    const recordName = own === undefined ? undefined : format.writer(own).recordName
    const subject = await this.#subject({ topic, isKey }, recordName)
    const { schema, parsed } = await this.#written(subject, own, topic)
    const writer = format.writer(parsed)
    const isInHeader = options.idLocation === 'header'
    const isNewest = options.use === 'latest' || (typeof options.use === 'object' && 'metadata' in options.use)
    return {
      writer,
      prefix: isInHeader ? writer.infix : concat(pointerBytes({ id: schema.id }), writer.infix),
      header: isInHeader ? pointerBytes({ guid: schema.guid ?? guidOfSchema(schema) }) : undefined,
      contract:
        options.rules === false
          ? undefined
          : contractOf(schema, format.fields(parsed, tagsOf(schema.metadata)), options),
      schemaId: schema.id,
      untilMs: isNewest ? Date.now() + this.#parts.registry.latestTtlMs : Infinity,
    }
  }

  /** The schema that values are written with, as it is registered. */
  async #written(
    subject: string,
    own: ParsedSchema | undefined,
    topic: string,
  ): Promise<{ readonly schema: RegistrySchema; readonly parsed: ParsedSchema }> {
    const { registry, options, format, text } = this.#parts
    if (options.use === undefined) {
      if (own === undefined || text === undefined)
        throw new SerdeError('INVALID_OPTION', `${topic}: to write a serde needs a schema, or use: 'latest'`)
      const { references, metadata, ruleSet, normalize } = options
      const input = { schemaType: format.schemaType, schema: text, references, metadata, ruleSet }
      const { id } =
        options.autoRegister === false
          ? await registry.lookup(subject, input, { normalize })
          : await registry.register(subject, input, { normalize })
      return { schema: { ...(await registry.byId(id, { subject })), id, subject }, parsed: own }
    }
    const schema = await this.#registered(options.use, subject)
    const parsed = this.#parsed(schema)
    if (own !== undefined && options.strict !== false) checkReads(parsed, own, schema)
    return { schema, parsed }
  }

  async #registered(use: NonNullable<SerdeOptions['use']>, subject: string): Promise<RegistrySchema> {
    const { registry } = this.#parts
    if (use === 'latest') return await registry.latest(subject)
    if ('metadata' in use) return await registry.latestWithMetadata(subject, use.metadata)
    if ('id' in use) return await registry.byId(use.id, { subject })
    const schema = await registry.byGuid(use.guid)
    if (schema.id >= 0) return schema
    // A GUID is the same everywhere, an id only in its context: the subject has it.
    const { id } = await registry.lookup(subject, schema)
    return { ...schema, id }
  }

  async #prepareReading(pointer: SchemaPointer, context: SerdeContext): Promise<void> {
    const key = keyOf(pointer)
    const known = this.#readings.get(key)
    try {
      this.#keep(key, await this.#readingOrLater(pointer, context))
    } catch (error) {
      if (!SerdeError.is(error)) throw error
      if (error.retriable) {
        // What was the newest version is better than nothing.
        if (known?.decode === undefined) throw error
        return this.#keep(key, { ...known, untilMs: Date.now() + STALE_TTL_MS })
      }
      const failure = withSchemas(error, key, undefined)
      const untilMs = error.code === 'REGISTRY_REFUSED' ? Date.now() + NOT_FOUND_TTL_MS : Infinity
      this.#keep(key, {
        decode: undefined,
        error: failure,
        migrate: undefined,
        contract: undefined,
        writerId: key,
        readerId: undefined,
        untilMs,
      })
    }
  }

  /** What has been written with an id has been registered somewhere: an instance that follows may just not know it yet. */
  async #readingOrLater(pointer: SchemaPointer, context: SerdeContext): Promise<Reading> {
    try {
      return await this.#reading(pointer, context)
    } catch (error) {
      if (!SerdeError.is(error) || error.registryCode !== SCHEMA_NOT_FOUND) throw error
      await new Promise((resolve) => setTimeout(resolve, NOT_FOUND_PAUSE_MS))
      return await this.#reading(pointer, context)
    }
  }

  async #reading(pointer: SchemaPointer, context: SerdeContext): Promise<Reading> {
    const { registry, format, options } = this.#parts
    const inContext = options.context === undefined ? undefined : `:.${options.context}:`
    const written =
      'id' in pointer ? await registry.byId(pointer.id, { subject: inContext }) : await registry.byGuid(pointer.guid)
    const writer = this.#parsed(written)
    const policy = options.reader ?? (this.#parts.text === undefined ? 'writer' : 'schema')
    const writerId = keyOf(pointer)
    const isRuled = options.rules !== false
    if (policy === 'writer' || policy === 'schema') {
      const reader = policy === 'writer' ? writer : ((await this.#ownSchema()) ?? writer)
      return {
        decode: this.#decoder(writer, reader, writerId, undefined),
        error: undefined,
        migrate: undefined,
        contract: isRuled ? contractOf(written, format.fields(reader, tagsOf(written.metadata)), options) : undefined,
        writerId,
        readerId: policy === 'schema' ? 'own' : undefined,
        untilMs: Infinity,
      }
    }
    const subject = await this.#subject(context, format.writer(writer).recordName)
    const newest =
      policy === 'latest' ? await registry.latest(subject) : await registry.latestWithMetadata(subject, policy.metadata)
    const reader = this.#parsed(newest)
    const migrations = isRuled ? await migrationsBetween(registry, subject, written, newest, options) : undefined
    const untilMs = Date.now() + this.#parts.registry.latestTtlMs
    const contract = isRuled ? contractOf(newest, format.fields(reader, tagsOf(newest.metadata)), options) : undefined
    const common = { error: undefined, contract, writerId, readerId: newest.id, untilMs }
    if (migrations === undefined)
      return { ...common, decode: this.#decoder(writer, reader, writerId, newest.id), migrate: undefined }
    // Migrations take the writer's value apart and put the reader's together.
    const from = format.fields(writer, tagsOf(written.metadata))
    const to = format.fields(reader, tagsOf(newest.metadata))
    return {
      ...common,
      decode: this.#decoder(writer, writer, writerId, newest.id),
      migrate: (value, at) => to.fromRules(migrations(from.toRules(value), { ...at, subject, fields: from })),
    }
  }

  #decoder(
    writer: ParsedSchema,
    reader: ParsedSchema,
    writerId: number | string,
    readerId: number | string | undefined,
  ): Decode {
    try {
      return this.#parts.format.decoder(writer, reader)
    } catch (error) {
      throw withSchemas(error, writerId, readerId ?? 'own')
    }
  }

  async #subject(context: SerdeContext, recordName: string | undefined): Promise<string> {
    const { options, registry } = this.#parts
    const subject = await subjectOf(options.subject ?? 'topicName', { ...context, recordName }, registry)
    return options.context === undefined || subject.startsWith(':.') ? subject : `:.${options.context}:${subject}`
  }

  async #ownSchema(): Promise<ParsedSchema | undefined> {
    const { text, options, format, registry } = this.#parts
    if (text === undefined) return undefined
    this.#own ??= resolveOwn(registry, { schemaType: format.schemaType, schema: text }, options).catch(
      (error: unknown) => {
        this.#own = undefined
        throw error
      },
    )
    return await this.#own
  }

  #parsed(schema: RegistrySchema): ParsedSchema {
    const { schemaType } = this.#parts.format
    if (schema.schemaType !== schemaType)
      throw new SerdeError(
        'WRONG_SCHEMA',
        `schema ${schema.id} is ${schema.schemaType}, the serde is for ${schemaType}`,
      )
    return parseOwn(schema)
  }
}

function parseOwn(schema: SchemaText): ParsedSchema {
  try {
    return parseSchema(schema)
  } catch (cause) {
    if (!(cause instanceof SchemaError)) throw cause
    throw new SerdeError('WRONG_SCHEMA', `the schema is not valid: ${cause.message}`, { cause })
  }
}

async function resolveOwn(registry: RegistryClient, schema: SchemaText, options: SerdeOptions): Promise<ParsedSchema> {
  const references = await Promise.all(
    (options.references ?? []).map(async ({ name, subject, version }) => {
      const found = version === -1 ? await registry.latest(subject) : await registry.version(subject, version)
      return { name, subject, version, schema: found.schema, references: found.references }
    }),
  )
  return parseOwn({ ...schema, references })
}

/** @throws SerdeError when a registered schema could not read what the serde's own schema writes */
function checkReads(registered: ParsedSchema, own: ParsedSchema, { id, subject }: RegistrySchema): void {
  const [first] = checkCompatibility({ schema: registered, previous: [own], level: 'BACKWARD' })
  if (first === undefined) return
  throw new SerdeError(
    'SCHEMA_MISMATCH',
    `schema ${id}${subject === undefined ? '' : ` of ${subject}`} cannot read what the serde's own schema writes: ${first.type} at ${first.path}: ${first.description} (strict: false writes nevertheless)`,
    { path: first.path, writerSchemaId: 'own', readerSchemaId: id },
  )
}

function guidOfSchema(schema: RegistrySchema): string {
  return guidOf(
    {
      schema: schema.schema,
      references: schema.references,
      metadata: schema.metadata ?? null,
      ruleSet: schema.ruleSet ?? null,
    },
    md5,
  )
}

/** The usual case, told without making anything: an id in front of the value, no headers. Ids are never -1. */
function isPrefixed(bytes: Uint8Array, { headers }: SerdeContext): boolean {
  return bytes[0] === 0 && bytes.length >= 5 && (headers === undefined || headers.size === 0)
}

function idOf(bytes: Uint8Array): number {
  return (bytes[1]! << 24) | (bytes[2]! << 16) | (bytes[3]! << 8) | bytes[4]!
}

function isFresh({ untilMs }: { readonly untilMs: number }): boolean {
  return untilMs === Infinity || untilMs > Date.now()
}

function framedOf(bytes: Uint8Array, { headers, isKey }: SerdeContext): Framed {
  if (headers !== undefined && headers.size > 0) {
    const header = headers.get(isKey ? HEADER_OF_KEY : HEADER_OF_VALUE)
    if (header !== undefined && header !== null) return { pointer: readPointer(header).pointer, start: 0 }
  }
  return readPointer(bytes)
}

function keyOf(pointer: SchemaPointer): number | string {
  return 'id' in pointer ? pointer.id : pointer.guid
}

function addHeader(context: SerdeContext, header: Uint8Array): void {
  if (context.addHeader === undefined)
    throw new SerdeError(
      'INVALID_OPTION',
      "idLocation: 'header' needs a record to put the header into: serialize with a producer",
    )
  context.addHeader(context.isKey ? HEADER_OF_KEY : HEADER_OF_VALUE, header)
}

function notReady({ topic }: SerdeContext): SerdeError {
  return new SerdeError(
    'NOT_READY',
    `${topic}: the schema is not at hand; use serializeAsync or deserializeAsync, or a producer or consumer`,
  )
}

/** The same error, with the schemas it happened between. */
function withSchemas(
  error: unknown,
  writerSchemaId: number | string,
  readerSchemaId: number | string | undefined,
): SerdeError {
  if (!SerdeError.is(error)) {
    const message = error instanceof Error ? error.message : String(error)
    return new SerdeError('MALFORMED', message, { cause: error, writerSchemaId, readerSchemaId })
  }
  if (error.writerSchemaId !== undefined) return error
  const reader =
    readerSchemaId === undefined
      ? ''
      : readerSchemaId === 'own'
        ? ", the reader's own"
        : `, reader's schema ${readerSchemaId}`
  return new SerdeError(error.code, `${error.message} (writer's schema ${writerSchemaId}${reader})`, {
    cause: error.cause ?? error,
    retriable: error.retriable,
    registryCode: error.registryCode,
    path: error.path,
    rule: error.rule,
    writerSchemaId,
    readerSchemaId,
  })
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const all = new Uint8Array(a.length + b.length)
  all.set(a)
  all.set(b, a.length)
  return all
}
