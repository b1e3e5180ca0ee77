/**
 * Options of a registry from a JSON file: those that are data. Where the cluster is and how to log is its caller's to say.
 *
 * Every member is known and of its type, or the file is refused by the member's name: an option that is misspelt must not pass for one
 * that is set, least of all where it is about who may do what.
 */
import { RegistryError } from './errors.ts'
import type { RegistryOptions } from './options.ts'

/** Options that a file can hold. */
export type RegistryFileOptions = Omit<RegistryOptions, 'kafka' | 'logger' | 'usage'>

type Shape = 'string' | 'number' | 'boolean' | 'strings' | 'texts' | 'objects' | { readonly [name: string]: Shape }

const SHAPE = {
  host: 'string',
  port: 'number',
  advertised: { host: 'string', port: 'number', scheme: 'string' },
  topic: 'string',
  replicationFactor: 'number',
  groupId: 'string',
  leaderEligibility: 'boolean',
  compatibility: 'string',
  incompatibleCode: 'number',
  modeMutability: 'boolean',
  storeTimeoutMs: 'number',
  forwardTimeoutMs: 'number',
  sessionTimeoutMs: 'number',
  heartbeatIntervalMs: 'number',
  bodySizeMaxBytes: 'number',
  schemaSizeMaxBytes: 'number',
  requestsMax: 'number',
  tls: {
    certificateFile: 'string',
    keyFile: 'string',
    authoritiesFile: 'string',
    clientCertificates: 'string',
    reloadIntervalMs: 'number',
  },
  auth: {
    users: 'texts',
    bearer: {
      jwksUrl: 'string',
      jwks: { keys: 'objects' },
      issuer: 'string',
      audience: 'string',
      algorithms: 'strings',
      principalClaim: 'string',
      clockSkewMs: 'number',
    },
    certificateRules: 'string',
    instances: 'strings',
  },
  authorization: { superUsers: 'strings', allowEveryoneIfNoAclFound: 'boolean' },
  protectUsed: { excludeTopics: 'strings', indexDirectory: 'string' },
  allowOpen: 'boolean',
  allowPlaintext: 'boolean',
} as const satisfies { readonly [K in keyof RegistryFileOptions]-?: Shape }

/** @throws RegistryError INVALID_OPTION */
export function parseOptionsFile(text: string): RegistryFileOptions {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    throw new RegistryError('INVALID_OPTION', `the options are not JSON: ${(error as Error).message}`, { cause: error })
  }
  check(value, SHAPE, '')
  return value as RegistryFileOptions
}

function check(value: unknown, shape: Shape, path: string): void {
  if (typeof shape === 'string') {
    if (!isOf(value, shape)) invalid(`${path} must be ${EXPECTED[shape]}`)
    return
  }
  if (!isObject(value)) return invalid(`${path === '' ? 'the file' : path} must be an object`)
  for (const [name, member] of Object.entries(value)) {
    const inner = Object.hasOwn(shape, name) ? shape[name] : undefined
    const at = path === '' ? name : `${path}.${name}`
    if (inner === undefined) return invalid(`there is no option ${at}; there are ${Object.keys(shape).join(', ')}`)
    check(member, inner, at)
  }
}

const EXPECTED = {
  string: 'a string',
  number: 'a number',
  boolean: 'true or false',
  strings: 'a list of strings',
  texts: 'an object of strings',
  objects: 'a list of objects',
} as const

function isOf(value: unknown, shape: keyof typeof EXPECTED): boolean {
  switch (shape) {
    case 'strings':
      return Array.isArray(value) && value.every((each) => typeof each === 'string')
    case 'objects':
      return Array.isArray(value) && value.every(isObject)
    case 'texts':
      return isObject(value) && Object.values(value).every((each) => typeof each === 'string')
    default:
      return typeof value === shape
  }
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function invalid(message: string): never {
  throw new RegistryError('INVALID_OPTION', message)
}
