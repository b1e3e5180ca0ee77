/** What every decision of the machine works with: the state, and the world it may ask, all of it deterministic. */
import type { CompatibilityLevel, Mode } from './entities.ts'
import type { Outcome } from './errors.ts'
import type { Formats, Md5 } from './formats.ts'
import type { RegistryRecord } from './record.ts'
import type { RegistryState } from './state.ts'

export interface Core {
  readonly state: RegistryState
  readonly formats: Formats
  readonly md5: Md5
  readonly settings: CoreSettings
}

/** What holds where nothing is configured. */
export interface CoreSettings {
  readonly compatibility: CompatibilityLevel
  readonly mode: Mode
  readonly modeMutability: boolean
  /** Of the record that a schema is stored as, and of its text before anything is done with it. */
  readonly schemaSizeMaxBytes: number
  /** `error_code` of an incompatible schema: 409, or 40901. */
  readonly incompatibleCode: 409 | 40901
}

/** Records to be appended as one batch, and the answer once they are; no records with a refusal. */
export interface Decision<T> {
  readonly records: readonly RegistryRecord[]
  readonly response: Outcome<T>
}

export const refused = (response: { readonly ok: false; readonly error: { code: number; message: string } }) =>
  ({ records: [] as const, response }) as const
