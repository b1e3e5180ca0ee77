/** Request bodies: JSON, with the members that are known and of their types; anything else is refused by name (422). */
import { ACL_OPERATIONS, type Acl } from '../core/acl.ts'
import type { Config, Metadata, RuleSet, SchemaReference } from '../core/entities.ts'
import { RegistryErrorCode } from '../core/errors.ts'
import type { SchemaRequest } from '../core/prepare.ts'
import type { EntityTags } from '../core/tagging.ts'
import type { ConfigChange } from '../core/settings.ts'
import { RequestFault } from './fault.ts'

type Fields = Readonly<Record<string, unknown>>

/** @throws RequestFault 400 for what is not JSON, 422 for JSON that is no object */
export function parseBody(text: string): Fields {
  const value = parseJson(text)
  if (!isObject(value)) throw unprocessable("The request's body is not a JSON object")
  return value
}

/** @throws RequestFault 400 for what is not JSON, or is nested too deep to be anything of ours */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) throw new RequestFault(400, `The request's body is nested deeper than ${DEPTH_MAX} levels`)
  try {
    return JSON.parse(text) as unknown
  } catch (error) {
    throw new RequestFault(400, `The request's body is not JSON: ${(error as Error).message}`)
  }
}

/** Of a body; a schema is a string in it and has bounds of its own. */
const DEPTH_MAX = 64

/** Counts brackets outside of strings: what would cost a stack is refused before it is parsed. */
function isTooDeep(text: string): boolean {
  let depth = 0
  let isString = false
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i)
    if (isString) {
      if (char === BACKSLASH) i++
      else if (char === QUOTE) isString = false
    } else if (char === QUOTE) isString = true
    else if (char === OPEN_BRACKET || char === OPEN_BRACE) {
      if (++depth > DEPTH_MAX) return true
    } else if (char === CLOSE_BRACKET || char === CLOSE_BRACE) depth--
  }
  return false
}

const [QUOTE, BACKSLASH, OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x22, 0x5c, 0x5b, 0x5d, 0x7b, 0x7d]

/** Access control entries, one or a list. @throws RequestFault 422 */
export function aclsOf(value: unknown): Acl[] {
  return (Array.isArray(value) ? value : [value]).map((each) => {
    if (!isObject(each)) throw unprocessable('An access control entry must be an object')
    known(each, ['principal', 'resource', 'resource_type', 'pattern_type', 'host', 'operation', 'permission'])
    const resourceType = oneOf(each, 'resource_type', ['SUBJECT', 'REGISTRY'])
    return {
      resourceType,
      resource: resourceType === 'REGISTRY' ? '*' : required(each, 'resource'),
      patternType: oneOf(each, 'pattern_type', ['LITERAL', 'PREFIXED'], 'LITERAL'),
      principal: required(each, 'principal'),
      host: (optional(each, 'host', isString, 'a string') as string | undefined) ?? '*',
      operation: oneOf(each, 'operation', ACL_OPERATIONS),
      permission: oneOf(each, 'permission', ['ALLOW', 'DENY']),
    }
  })
}

function required(fields: Fields, name: string): string {
  const value = fields[name]
  if (!isString(value) || value === '') throw unprocessable(`Field ${name} must be a string that is not empty`)
  return value
}

function oneOf<T extends string>(fields: Fields, name: string, values: readonly T[], otherwise?: T): T {
  const value = fields[name] ?? otherwise
  const found = values.find((each) => each === value)
  if (found === undefined) throw unprocessable(`Field ${name} must be one of ${values.join(', ')}`)
  return found
}

export function schemaRequest(fields: Fields): SchemaRequest {
  known(fields, [
    'schema',
    'schemaType',
    'references',
    'metadata',
    'ruleSet',
    'id',
    'version',
    'subject',
    'guid',
    'deleted',
    'schemaTagsToAdd',
    'schemaTagsToRemove',
    'propagateSchemaTags',
  ])
  return {
    schema: optional(fields, 'schema', isString, 'a string'),
    schemaType: optional(fields, 'schemaType', isString, 'a string'),
    references: optional(fields, 'references', isReferences, 'a list of {name, subject, version}'),
    metadata: optional(fields, 'metadata', isMetadata, '{tags, properties, sensitive}'),
    ruleSet: optional(fields, 'ruleSet', isRuleSet, '{migrationRules, domainRules, encodingRules}'),
    id: optional(fields, 'id', isInt32, 'an integer'),
    version: optional(fields, 'version', isInt32, 'an integer'),
    tagsToAdd: entityTags(fields, 'schemaTagsToAdd'),
    tagsToRemove: entityTags(fields, 'schemaTagsToRemove'),
    propagatesTags: optional(fields, 'propagateSchemaTags', isBoolean, 'true or false'),
  }
}

/** The body of a change of tags alone. */
export function tagsRequest(fields: Fields): Pick<SchemaRequest, 'tagsToAdd' | 'tagsToRemove'> {
  known(fields, ['schemaTagsToAdd', 'schemaTagsToRemove'])
  return {
    tagsToAdd: entityTags(fields, 'schemaTagsToAdd'),
    tagsToRemove: entityTags(fields, 'schemaTagsToRemove'),
  }
}

function entityTags(fields: Fields, name: string): EntityTags[] | undefined {
  const value = optional(fields, name, isTagList, 'a list of {schemaEntity: {entityPath, entityType}, tags}') as
    | { readonly schemaEntity: { readonly entityPath: string }; readonly tags: readonly string[] }[]
    | undefined
  return value?.map(({ schemaEntity: { entityPath: path }, tags }) => ({ path, tags }))
}

/** `compatibility` is what the key is called on the way in; the name of the way out is taken as well. */
export function configChange(fields: Fields): ConfigChange {
  known(fields, [
    'compatibility',
    'compatibilityLevel',
    'compatibilityPolicy',
    'compatibilityGroup',
    'alias',
    'aliasForDeks',
    'normalize',
    'validateFields',
    'validateNewSchemas',
    'validateRules',
    'defaultMetadata',
    'overrideMetadata',
    'defaultRuleSet',
    'overrideRuleSet',
  ])
  const { compatibility, compatibilityLevel, ...rest } = fields
  const level = compatibility ?? compatibilityLevel
  if (level !== undefined && level !== null && typeof level !== 'string') throw invalidLevel()
  for (const name of ['alias', 'aliasForDeks', 'compatibilityGroup', 'compatibilityPolicy']) {
    optional(fields, name, isString, 'a string')
  }
  for (const name of ['normalize', 'validateFields', 'validateNewSchemas', 'validateRules']) {
    optional(fields, name, (value) => typeof value === 'boolean', 'true or false')
  }
  for (const name of ['defaultMetadata', 'overrideMetadata']) {
    optional(fields, name, isMetadata, '{tags, properties, sensitive}')
  }
  for (const name of ['defaultRuleSet', 'overrideRuleSet']) {
    optional(fields, name, isRuleSet, '{migrationRules, domainRules, encodingRules}')
  }
  return {
    ...(rest as ConfigChange),
    ...(level === undefined ? {} : { compatibilityLevel: level as NonNullable<Config['compatibilityLevel']> | null }),
  }
}

export function modeOf(fields: Fields): string {
  known(fields, ['mode'])
  const { mode } = fields
  if (typeof mode !== 'string')
    throw new RequestFault(RegistryErrorCode.INVALID_MODE, 'Invalid mode. It must be a string')
  return mode
}

function known(fields: Fields, names: readonly string[]): void {
  for (const name of Object.keys(fields)) {
    if (!names.includes(name)) throw unprocessable(`Unrecognized field: ${name}`)
  }
}

/** Absent and null are the same. */
function optional<T>(fields: Fields, name: string, is: (value: unknown) => value is T, expected: string): T | undefined
function optional(fields: Fields, name: string, is: (value: unknown) => boolean, expected: string): unknown
function optional(fields: Fields, name: string, is: (value: unknown) => boolean, expected: string): unknown {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  if (!is(value)) throw unprocessable(`Field ${name} must be ${expected}`)
  return value
}

const unprocessable = (message: string) => new RequestFault(RegistryErrorCode.UNPROCESSABLE, message)
const invalidLevel = () =>
  new RequestFault(RegistryErrorCode.INVALID_COMPATIBILITY_LEVEL, 'Invalid compatibility level. It must be a string')

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isString = (value: unknown): value is string => typeof value === 'string'
const isInt32 = (value: unknown): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= -1 && value < 2 ** 31
const isBoolean = (value: unknown): value is boolean => typeof value === 'boolean'
const isTagList = (value: unknown): boolean =>
  Array.isArray(value) &&
  value.every(
    (each) =>
      isObject(each) &&
      isObject(each['schemaEntity']) &&
      isString(each['schemaEntity']['entityPath']) &&
      isStrings(each['tags']),
  )
const isAbsent = (value: unknown): boolean => value === undefined || value === null
const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every(isString)
const isStringMap = (value: unknown): boolean => isObject(value) && Object.values(value).every(isString)

function isReferences(value: unknown): value is SchemaReference[] {
  return (
    Array.isArray(value) &&
    value.every(
      (each) => isObject(each) && isString(each['name']) && isString(each['subject']) && isInt32(each['version']),
    )
  )
}

function isMetadata(value: unknown): value is Metadata {
  if (!isObject(value)) return false
  const { tags, properties, sensitive, ...rest } = value
  return (
    Object.keys(rest).length === 0 &&
    (isAbsent(tags) || (isObject(tags) && Object.values(tags).every(isStrings))) &&
    (isAbsent(properties) || isStringMap(properties)) &&
    (isAbsent(sensitive) || isStrings(sensitive))
  )
}

function isRuleSet(value: unknown): value is RuleSet {
  if (!isObject(value)) return false
  const { migrationRules, domainRules, encodingRules, enableAt } = value
  return (
    [migrationRules, domainRules, encodingRules].every(
      (rules) => isAbsent(rules) || (Array.isArray(rules) && rules.every(isRule)),
    ) &&
    (isAbsent(enableAt) || isString(enableAt))
  )
}

function isRule(value: unknown): boolean {
  if (!isObject(value)) return false
  const { params, tags, disabled, ...rest } = value
  return (
    Object.values(rest).every((each) => isAbsent(each) || isString(each)) &&
    (isAbsent(params) || isStringMap(params)) &&
    (isAbsent(tags) || isStrings(tags)) &&
    (isAbsent(disabled) || typeof disabled === 'boolean')
  )
}
