/**
 * Do the records of a batch name schemas that the registry has under the right subject, and decode with them?
 *
 * Only for topics that ask for it: the batch is decompressed (bounded) and walked without an object per record. Records
 * whose schema is not known yet make the outcome `wanted`; nothing here waits.
 * A null key or value passes, as with Confluent Server: tombstones have no schema.
 */
import { ErrorCode, type SchemaRule, type SchemaRules } from '@braidlog/model'
import type { RecordError } from '@braidlog/partition'
import {
  BatchFault,
  faultMessage,
  openBatch,
  RecordsError,
  RecordScanner,
  validateBatch,
  type Codecs,
  type RecordBatch,
} from '@braidlog/records'
import type { KnownSchema, KnownSchemas, WantedSchema } from './known-schemas.ts'
import { FrameReader, type RecordField } from './schema-frame.ts'
import type { SchemaKey } from './schema-lookup.ts'

export type BatchOutcome =
  /** Append it; also of a batch that is damaged, which the partition says better. */
  | { readonly kind: 'passed' }
  | {
      readonly kind: 'refused'
      readonly errorCode: ErrorCode
      readonly message: string
      readonly recordErrors: readonly RecordError[]
    }
  | { readonly kind: 'wanted'; readonly wanted: readonly WantedSchema[] }

const PASSED: BatchOutcome = { kind: 'passed' }
const NO_ERRORS: readonly RecordError[] = []

/** Errors of single records that a response shows at most. */
const RECORD_ERRORS_MAX = 1_000
/** Schemas looked up for one batch at a time; a batch with more is gone through once more. */
const WANTED_MAX = 64
/** Most that a compressed batch may come out as: it is decompressed on the event loop. */
export const INSPECTED_SIZE_BYTES_MAX = 64 << 20

export interface BatchToCheck {
  readonly topic: string
  readonly rules: SchemaRules
  readonly bytes: Uint8Array
  readonly view: DataView
  readonly start: number
  readonly end: number
  readonly nowMs: number
  /** See {@link KnownSchemas.get}. */
  readonly sinceMs: number
}

/** One is reused for all batches. */
export class BatchChecker {
  readonly #codecs: Codecs
  readonly #key: FieldChecker
  readonly #value: FieldChecker
  readonly #scanner = new RecordScanner()

  constructor(known: KnownSchemas, codecs: Codecs) {
    this.#codecs = codecs
    this.#key = new FieldChecker('key', known)
    this.#value = new FieldChecker('value', known)
  }

  check(batch: BatchToCheck): BatchOutcome {
    const { bytes, view, start, end, rules } = batch
    const codecs = this.#codecs
    if (validateBatch(bytes, view, start, end, { crc32c: codecs.crc32c, origin: 'client' }) !== BatchFault.None) {
      return PASSED
    }
    let opened: RecordBatch
    try {
      const decompressedSizeBytesMax = INSPECTED_SIZE_BYTES_MAX
      opened = openBatch(bytes, view, start, { codecs, verifyCrc: false, decompressedSizeBytesMax })
    } catch (error) {
      if (!(error instanceof RecordsError)) throw error
      return refused(ErrorCode.INVALID_RECORD, `The records cannot be looked into: ${error.message}.`)
    }
    const key = rules.key === undefined ? undefined : this.#key.begin(rules.key, batch)
    const value = rules.value === undefined ? undefined : this.#value.begin(rules.value, batch)
    const errors: RecordError[] = []
    let faulty = 0
    const record = opened.scan(this.#scanner)
    for (let batchIndex = 0; record.next(); batchIndex++) {
      const message =
        (key !== undefined && record.keyStart >= 0 ? key.fault(record) : undefined) ??
        (value !== undefined && record.valueStart >= 0 ? value.fault(record) : undefined)
      if (message === undefined) continue
      faulty++
      if (errors.length < RECORD_ERRORS_MAX) errors.push({ batchIndex, message })
    }
    if (record.malformed) return refused(ErrorCode.INVALID_RECORD, faultMessage(BatchFault.MalformedRecords))
    if (faulty > 0) {
      const { batchIndex, message } = errors[0]!
      return refused(
        ErrorCode.INVALID_RECORD,
        `${faulty} of ${opened.recordCount} records do not match the schemas of ${batch.topic}; record ${batchIndex}: ${message}`,
        errors,
      )
    }
    const wanted = [...(key?.wanted ?? []), ...(value?.wanted ?? [])]
    return wanted.length === 0 ? PASSED : { kind: 'wanted', wanted }
  }
}

/** The keys, or the values, of one batch after another. */
class FieldChecker {
  readonly #field: RecordField
  readonly #known: KnownSchemas
  readonly #frame: FrameReader
  readonly #wanted = new Map<SchemaKey, WantedSchema>()
  #rule!: SchemaRule
  #batch!: BatchToCheck
  /** What the subject is, or begins with. */
  #subject = ''
  /** Of the record before: most batches have one schema. */
  #lastKey: SchemaKey | undefined
  #lastSchema: KnownSchema | undefined
  #lastFault: string | undefined

  constructor(field: RecordField, known: KnownSchemas) {
    this.#field = field
    this.#known = known
    this.#frame = new FrameReader(field)
  }

  get wanted(): Iterable<WantedSchema> {
    return this.#wanted.values()
  }

  begin(rule: SchemaRule, batch: BatchToCheck): this {
    this.#rule = rule
    this.#batch = batch
    this.#subject = rule.subjectName === 'topic' ? `${batch.topic}-${this.#field}` : `${batch.topic}-`
    this.#wanted.clear()
    this.#lastKey = this.#lastSchema = this.#lastFault = undefined
    return this
  }

  /** @returns what is wrong with the record; `undefined`: nothing, or its schema is wanted first */
  fault(record: RecordScanner): string | undefined {
    const frame = this.#frame
    const malformed = frame.read(record)
    if (malformed !== undefined) return malformed
    if (frame.key !== this.#lastKey) this.#turnTo(frame.key)
    if (this.#lastFault !== undefined) return this.#lastFault
    const schema = this.#lastSchema
    // Wanted, or all is said with the id.
    if (schema === undefined || schema.compiled === undefined) return undefined
    return this.#faultOfContent(schema, record.bytes)
  }

  /** All that depends on the schema alone. */
  #turnTo(key: SchemaKey): void {
    const { nowMs, sinceMs } = this.#batch
    const { payload, subjectName } = this.#rule
    const needsContent = payload || subjectName !== 'topic'
    this.#lastKey = key
    this.#lastFault = undefined
    this.#lastSchema = undefined
    const schema = this.#known.get(key, nowMs, sinceMs)
    if (schema === undefined || (needsContent && schema.isRegistered && schema.compiled === undefined)) {
      this.#want(key, needsContent)
    } else if (!schema.isRegistered) {
      this.#lastFault = `the ${this.#field} names ${nameOf(key)}, which the registry does not know`
    } else if (subjectName === 'topic' && !schema.subjects.has(this.#subject)) {
      this.#lacks(key, schema, this.#subject)
    } else if (needsContent && 'unusable' in schema.compiled!) {
      this.#lastFault = `the ${this.#field} names ${nameOf(key)}, which cannot be used: ${schema.compiled.unusable}`
    } else if (needsContent) {
      this.#lastSchema = schema
    }
  }

  #faultOfContent(schema: KnownSchema, bytes: Uint8Array): string | undefined {
    const { key, payloadStart, payloadEnd } = this.#frame
    const { compiled } = schema
    if (compiled === undefined || 'unusable' in compiled) return undefined
    const { payload, subjectName } = this.#rule
    if (subjectName !== 'topic') {
      const name = compiled.recordName(bytes, payloadStart, payloadEnd)
      if (name === undefined) return `the ${this.#field} names ${nameOf(key)}, which gives its record no name`
      const subject = subjectName === 'record' ? name : this.#subject + name
      if (!schema.subjects.has(subject)) {
        const { nowMs, sinceMs } = this.#batch
        if (this.#known.lacksSubject(schema, nowMs, sinceMs)) return notUnder(this.#field, key, subject)
        this.#want(key, true)
        return undefined
      }
    }
    if (!payload) return undefined
    const fault = compiled.fault(bytes, payloadStart, payloadEnd)
    return fault === undefined ? undefined : `the ${this.#field} does not decode with ${nameOf(key)}: ${fault}`
  }

  #lacks(key: SchemaKey, schema: KnownSchema, subject: string): void {
    const { nowMs, sinceMs } = this.#batch
    if (this.#known.lacksSubject(schema, nowMs, sinceMs)) this.#lastFault = notUnder(this.#field, key, subject)
    else this.#want(key, this.#rule.payload)
  }

  #want(key: SchemaKey, content: boolean): void {
    if (this.#wanted.size < WANTED_MAX) this.#wanted.set(key, { key, content })
  }
}

const nameOf = (key: SchemaKey): string => (typeof key === 'number' ? `schema id ${key}` : `schema ${key}`)

const notUnder = (field: RecordField, key: SchemaKey, subject: string): string =>
  `the ${field} names ${nameOf(key)}, which is not registered under the subject ${subject}`

function refused(
  errorCode: ErrorCode,
  message: string,
  recordErrors: readonly RecordError[] = NO_ERRORS,
): BatchOutcome & { kind: 'refused' } {
  return { kind: 'refused', errorCode, message, recordErrors }
}
