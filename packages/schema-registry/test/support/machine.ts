/** The machine under test: records are written as text and read back before they are applied, as they are in the log. */
import assert from 'node:assert/strict'
import { formats, md5 } from '../../src/formats-of.ts'
import type { CoreSettings } from '../../src/core/core.ts'
import type { Outcome } from '../../src/core/errors.ts'
import { decodeRecord, encodeRecord, type RecordText, type RegistryRecord } from '../../src/core/record.ts'
import { RegistryMachine, type ResponseOf, type WriteRequest } from '../../src/core/registry.ts'

export class Driver {
  readonly machine: RegistryMachine
  /** Everything that was ever appended. */
  readonly log: RecordText[] = []

  constructor(settings: Partial<CoreSettings> = {}) {
    this.machine = new RegistryMachine({ formats, md5, settings })
  }

  /** Appends records as some other registry might have written them. */
  given(...records: RecordText[]): this {
    for (const record of records) this.#append(record)
    return this
  }

  /** Carries out a write. @returns the texts of its records, and its response */
  when<R extends WriteRequest>(request: R): { records: RecordText[]; response: Outcome<ResponseOf<R>> } {
    const { records, response } = this.machine.decide(request)
    const texts = records.map(encodeRecord)
    for (const text of texts) this.#append(text)
    this.machine.invariants()
    return { records: texts, response }
  }

  /** Carries out a write that must succeed. */
  do<R extends WriteRequest>(request: R): ResponseOf<R> {
    const { response } = this.when(request)
    assert.ok(response.ok, response.ok ? '' : response.error.message)
    return response.value
  }

  register(subject: string, schema: string, body: object = {}): { id: number; version: number } {
    const { id, version } = this.do({ kind: 'register', subject, body: { schema, ...body }, normalize: false })
    return { id, version }
  }

  /** The code that a write is refused with. */
  refusal(request: WriteRequest): number {
    const { records, response } = this.when(request)
    assert.ok(!response.ok, 'it was not refused')
    assert.deepEqual(records, [])
    return response.error.code
  }

  snapshot(): RecordText[] {
    return [...this.machine.snapshot()].map(encodeRecord)
  }

  #append(text: RecordText): void {
    this.log.push(text)
    const decoded = decodeRecord(text.key, text.value)
    assert.ok(decoded.ok, decoded.ok ? '' : decoded.reason)
    this.machine.apply(decoded.record)
  }
}

/** A machine that has read these records. */
export function replay(records: readonly RecordText[]): Driver {
  return new Driver().given(...records)
}

export const record = (name: string, ...fields: object[]): string => JSON.stringify({ type: 'record', name, fields })
export const field = (name: string, type: unknown = 'int', rest: object = {}): object => ({ name, type, ...rest })
export const optional = (name: string): object => field(name, 'int', { default: 0 })

export type { RegistryRecord }
