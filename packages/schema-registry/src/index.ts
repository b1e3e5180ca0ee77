/** Public face of `schema-registry`. */
export { RegistryError, type RegistryProcessErrorCode } from './errors.ts'
export type {
  BearerOptions,
  RegistryAuth,
  RegistryAuthorization,
  RegistryOptions,
  RegistryTls,
  SchemaUse,
  UsageSource,
} from './options.ts'
export { parseOptionsFile, type RegistryFileOptions } from './options-file.ts'
export { startRegistry, type Registry } from './start.ts'
export type {
  CompatibilityLevel,
  CompatibilityPolicy,
  Config,
  Metadata,
  Mode,
  Rule,
  RuleSet,
  SchemaContent,
  SchemaReference,
  SchemaType,
  SchemaVersion,
} from './core/entities.ts'
