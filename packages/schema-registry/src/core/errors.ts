/**
 * What the registry answers when it cannot do what was asked: Confluent's five-digit codes (the HTTP status is their first three
 * digits) and a message that names the thing. Expected failures are values; a {@link Fault} is never thrown by the machine.
 */

export const RegistryErrorCode = {
  INCOMPATIBLE_SCHEMA: 409,
  UNPROCESSABLE: 422,
  /** Ours: an access control entry is missing, or denies it. */
  NOT_AUTHORIZED: 40301,
  SUBJECT_NOT_FOUND: 40401,
  VERSION_NOT_FOUND: 40402,
  SCHEMA_NOT_FOUND: 40403,
  SUBJECT_SOFT_DELETED: 40404,
  SUBJECT_NOT_SOFT_DELETED: 40405,
  SCHEMAVERSION_SOFT_DELETED: 40406,
  SCHEMAVERSION_NOT_SOFT_DELETED: 40407,
  SUBJECT_COMPATIBILITY_NOT_CONFIGURED: 40408,
  SUBJECT_MODE_NOT_CONFIGURED: 40409,
  INVALID_SCHEMA: 42201,
  INVALID_VERSION: 42202,
  INVALID_COMPATIBILITY_LEVEL: 42203,
  INVALID_MODE: 42204,
  OPERATION_NOT_PERMITTED: 42205,
  REFERENCE_EXISTS: 42206,
  ID_DOES_NOT_MATCH: 42207,
  INVALID_SUBJECT: 42208,
  SCHEMA_TOO_LARGE: 42209,
  INVALID_RULESET: 42210,
  CONTEXT_NOT_EMPTY: 42211,
  STORE_ERROR: 50001,
  OPERATION_TIMED_OUT: 50002,
  REQUEST_FORWARDING_FAILED: 50003,
  UNKNOWN_LEADER: 50004,
} as const
export type RegistryErrorCode = (typeof RegistryErrorCode)[keyof typeof RegistryErrorCode]

export interface Fault {
  readonly code: number
  readonly message: string
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: Fault }

export const done = <T>(value: T): Outcome<T> => ({ ok: true, value })
export const refuse = (code: number, message: string): { readonly ok: false; readonly error: Fault } => ({
  ok: false,
  error: { code, message },
})

const Code = RegistryErrorCode

export const subjectNotFound = (subject: string) => refuse(Code.SUBJECT_NOT_FOUND, `Subject '${subject}' not found.`)
export const versionNotFound = (version: number | string) =>
  refuse(Code.VERSION_NOT_FOUND, `Version ${version} not found.`)
export const schemaNotFound = () => refuse(Code.SCHEMA_NOT_FOUND, 'Schema not found')
export const schemaIdNotFound = (id: number | string) => refuse(Code.SCHEMA_NOT_FOUND, `Schema ${id} not found`)
export const subjectSoftDeleted = (subject: string) =>
  refuse(Code.SUBJECT_SOFT_DELETED, `Subject '${subject}' was soft deleted. Set permanent=true to delete permanently`)
export const subjectNotSoftDeleted = (subject: string) =>
  refuse(Code.SUBJECT_NOT_SOFT_DELETED, `Subject '${subject}' was not deleted first before being permanently deleted`)
export const versionSoftDeleted = (subject: string, version: number) =>
  refuse(
    Code.SCHEMAVERSION_SOFT_DELETED,
    `Subject '${subject}' Version ${version} was soft deleted. Set permanent=true to delete permanently`,
  )
export const versionNotSoftDeleted = (subject: string, version: number) =>
  refuse(
    Code.SCHEMAVERSION_NOT_SOFT_DELETED,
    `Subject '${subject}' Version ${version} was not deleted first before being permanently deleted`,
  )
export const configNotFound = (subject: string) =>
  refuse(
    Code.SUBJECT_COMPATIBILITY_NOT_CONFIGURED,
    `Subject '${subject}' does not have subject-level compatibility configured`,
  )
export const modeNotFound = (subject: string) =>
  refuse(Code.SUBJECT_MODE_NOT_CONFIGURED, `Subject '${subject}' does not have subject-level mode configured`)
export const notPermitted = (message: string) => refuse(Code.OPERATION_NOT_PERMITTED, message)
export const referenceExists = (key: string) =>
  refuse(Code.REFERENCE_EXISTS, `One or more references exist to the schema ${key}.`)
