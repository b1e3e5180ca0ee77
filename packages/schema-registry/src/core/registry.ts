/**
 * The registry as a replicated machine: `decide` reads the state and says which records a write comes to, `apply` is told of every
 * record of `_schemas` in order, whoever wrote it. No clock, no I/O.
 */
import type { Acl } from './acl.ts'
import { decideCreateAcls, decideDeleteAcls } from './acls.ts'
import type { Core, CoreSettings, Decision } from './core.ts'
import { decideDeleteContext, decideDeleteSubject, decideDeleteVersion } from './deletions.ts'
import type { Config, Mode, SchemaVersion } from './entities.ts'
import type { Formats, Md5 } from './formats.ts'
import type { RegistryRecord } from './record.ts'
import { decideRegister, type RegisterRequest } from './register.ts'
import { decideDeleteConfig, decideDeleteMode, decideSetConfig, decideSetMode, type ConfigChange } from './settings.ts'
import { KeyTexts } from './key-texts.ts'
import { RegistryState } from './state.ts'
import { Terms } from './terms.ts'

export type WriteRequest =
  | RegisterRequest
  | { readonly kind: 'deleteSubject'; readonly subject: string; readonly permanent: boolean }
  | {
      readonly kind: 'deleteVersion'
      readonly subject: string
      readonly version: number | 'latest'
      readonly permanent: boolean
    }
  /** `subject: null` is the global scope, here and below. */
  | { readonly kind: 'setConfig'; readonly subject: string | null; readonly change: ConfigChange }
  | { readonly kind: 'deleteConfig'; readonly subject: string | null }
  | { readonly kind: 'setMode'; readonly subject: string | null; readonly mode: string; readonly force: boolean }
  | { readonly kind: 'deleteMode'; readonly subject: string | null; readonly recursive: boolean }
  | { readonly kind: 'deleteContext'; readonly context: string }
  | { readonly kind: 'createAcls'; readonly acls: readonly Acl[] }
  | { readonly kind: 'deleteAcls'; readonly acls: readonly Acl[] }

interface Responses {
  readonly register: SchemaVersion
  readonly deleteSubject: number[]
  readonly deleteVersion: number
  readonly setConfig: ConfigChange
  readonly deleteConfig: Config
  readonly setMode: Mode
  readonly deleteMode: Mode
  readonly deleteContext: null
  /** Those that were not there before. */
  readonly createAcls: Acl[]
  readonly deleteAcls: Acl[]
}
export type ResponseOf<R extends WriteRequest> = Responses[R['kind']]

export interface RegistryMachineOptions {
  readonly formats: Formats
  readonly md5: Md5
  readonly settings?: Partial<CoreSettings>
}

const SETTINGS: CoreSettings = {
  compatibility: 'BACKWARD',
  mode: 'READWRITE',
  modeMutability: true,
  schemaSizeMaxBytes: 1_000_000,
  incompatibleCode: 409,
}

export class RegistryMachine {
  readonly #terms = new Terms()
  readonly #keyTexts = new KeyTexts()
  /** For the queries beside this file; written by `apply` alone. */
  readonly core: Core

  constructor({ formats, md5, settings }: RegistryMachineOptions) {
    this.core = { state: new RegistryState(md5), formats, md5, settings: { ...SETTINGS, ...settings } }
  }

  decide<R extends WriteRequest>(request: R): Decision<ResponseOf<R>> {
    const { records, response } = this.#decide(request) as Decision<ResponseOf<R>>
    return { records: records.flatMap((record) => this.#keyTexts.everywhere(record)), response }
  }

  /**
   * Applies a record if it counts.
   * @param term its writer's; undefined for a record of another registry
   * @returns whether it counts: see `terms.ts`
   */
  apply(record: RegistryRecord, term?: number): boolean {
    if (!this.#terms.admit(record, term)) return false
    this.#keyTexts.learn(record)
    this.core.state.apply(record)
    return true
  }

  /** The highest term that was claimed. */
  get term(): number {
    return this.#terms.current
  }

  /** What the leader has to write so that the topic alone says what is true. */
  corrections(): RegistryRecord[] {
    return this.#terms.corrections(this.core.state)
  }

  snapshot(): Iterable<RegistryRecord> {
    return this.core.state.snapshot()
  }

  invariants(): void {
    this.core.state.invariants()
  }

  #decide(request: WriteRequest): Decision<unknown> {
    const { core } = this
    switch (request.kind) {
      case 'register':
        return decideRegister(core, request)
      case 'deleteSubject':
        return decideDeleteSubject(core, request.subject, request.permanent)
      case 'deleteVersion':
        return decideDeleteVersion(core, request.subject, request.version, request.permanent)
      case 'setConfig':
        return decideSetConfig(core, request.subject, request.change)
      case 'deleteConfig':
        return decideDeleteConfig(core, request.subject)
      case 'setMode':
        return decideSetMode(core, request.subject, request.mode, request.force)
      case 'deleteMode':
        return decideDeleteMode(core, request.subject, request.recursive)
      case 'deleteContext':
        return decideDeleteContext(core, request.context)
      case 'createAcls':
        return decideCreateAcls(core, request.acls)
      case 'deleteAcls':
        return decideDeleteAcls(core, request.acls)
      default:
        return request satisfies never
    }
  }
}
