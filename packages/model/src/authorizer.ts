/**
 * Who may do what: decides by access control entries, as Apache Kafka's StandardAuthorizer does.
 *
 * Rules, in this order:
 * 1. A super user may do everything.
 * 2. Entries apply when their resource (by name, prefix or `*`), principal (or `User:*`), host (or `*`) and operation
 *    (or ALL) fit. One that denies wins over any that allow. What allows READ, WRITE, DELETE or ALTER allows DESCRIBE,
 *    what allows ALTER_CONFIGS allows DESCRIBE_CONFIGS; what denies them denies only them.
 * 3. A resource about which there is no entry at all is for everyone or for nobody: `allow.everyone.if.no.acl.found`.
 *
 * Entries are indexed by resource, and anew only when they have changed and somebody asks.
 * Source: KIP-11, KIP-290, KIP-679 (any resource of a type).
 */
import {
  ACL_WILDCARD,
  AclOperation,
  AclPatternType,
  AclPermission,
  IMPLIES_DESCRIBE,
  IMPLIES_DESCRIBE_CONFIGS,
} from './acl.ts'

/** An access control entry as the metadata log has it; other services have types of resources of their own. */
export interface AclEntry {
  readonly resourceType: number
  readonly resourceName: string
  readonly patternType: number
  readonly principal: string
  readonly host: string
  readonly operation: number
  readonly permissionType: number
}

export interface AuthorizerSettings {
  /** `super.users`, such as `User:admin`. */
  readonly superUsers: ReadonlySet<string>
  /** `allow.everyone.if.no.acl.found` */
  readonly allowEveryoneIfNoAclFound: boolean
}

/** Who asks. */
export interface Requester {
  /** Such as `User:alice`. */
  readonly principal: string
  /** The address, without port. */
  readonly host: string
}

const WILDCARD_PRINCIPAL = 'User:*'
/** A name that nobody is expected to have given a resource; with it a whole type is asked about. */
const UNNAMED_RESOURCE = 'hardcode'

/** The entries of one type of resource. */
interface Resources {
  readonly literal: Map<string, AclEntry[]>
  readonly prefixed: Map<string, AclEntry[]>
  /** The lengths that prefixes have, ascending. */
  prefixLengths: number[]
}

export class Authorizer {
  readonly #settings: AuthorizerSettings
  readonly #entries: () => Iterable<AclEntry>
  #index: Map<number, Resources> | undefined

  /** @param entries all there are; read when the first question comes and after each `changed` */
  constructor(settings: AuthorizerSettings, entries: () => Iterable<AclEntry>) {
    this.#settings = settings
    this.#entries = entries
  }

  /** The entries are not what they were. */
  changed(): void {
    this.#index = undefined
  }

  may(requester: Requester, operation: AclOperation, resourceType: number, name: string): boolean {
    if (this.#settings.superUsers.has(requester.principal)) return true
    const resources = (this.#index ??= indexOf(this.#entries())).get(resourceType)
    let found = false
    let allowed = false
    for (const entries of resources === undefined ? [] : applying(resources, name)) {
      found = true
      for (const entry of entries) {
        const permission = permissionBy(entry, requester, operation)
        if (permission === AclPermission.DENY) return false
        if (permission === AclPermission.ALLOW) allowed = true
      }
    }
    return found ? allowed : this.#settings.allowEveryoneIfNoAclFound
  }

  /** Whether there may be a resource of the type on which the requester may do it: not all that is allowed is denied. */
  mayOnAny(requester: Requester, operation: AclOperation, resourceType: number): boolean {
    if (this.may(requester, operation, resourceType, UNNAMED_RESOURCE)) return true
    const resources = this.#index?.get(resourceType)
    if (resources === undefined) return false
    const deniedNames = new Set<string>()
    const deniedPrefixes = new Set<string>()
    const allowedNames: string[] = []
    const allowedPrefixes: string[] = []
    const sort = (patterns: Map<string, AclEntry[]>, allowed: string[], denied: Set<string>): void => {
      for (const [name, entries] of patterns) {
        for (const entry of entries) {
          if (!fitsRequester(entry, requester)) continue
          if (entry.operation !== operation && entry.operation !== AclOperation.ALL) continue
          if (entry.permissionType === AclPermission.DENY) denied.add(name)
          else allowed.push(name)
        }
      }
    }
    sort(resources.literal, allowedNames, deniedNames)
    sort(resources.prefixed, allowedPrefixes, deniedPrefixes)
    if (deniedNames.has(ACL_WILDCARD)) return false
    if (allowedNames.includes(ACL_WILDCARD)) return true
    const underDeniedPrefix = (name: string): boolean => {
      for (let end = 1; end <= name.length; end++) if (deniedPrefixes.has(name.slice(0, end))) return true
      return false
    }
    return (
      allowedNames.some((name) => !deniedNames.has(name) && !underDeniedPrefix(name)) ||
      allowedPrefixes.some((prefix) => !underDeniedPrefix(prefix))
    )
  }
}

function indexOf(all: Iterable<AclEntry>): Map<number, Resources> {
  const index = new Map<number, Resources>()
  for (const entry of all) {
    let resources = index.get(entry.resourceType)
    if (resources === undefined) {
      resources = { literal: new Map(), prefixed: new Map(), prefixLengths: [] }
      index.set(entry.resourceType, resources)
    }
    const patterns = entry.patternType === AclPatternType.PREFIXED ? resources.prefixed : resources.literal
    const known = patterns.get(entry.resourceName)
    if (known === undefined) patterns.set(entry.resourceName, [entry])
    else known.push(entry)
  }
  for (const resources of index.values()) {
    const lengths = new Set([...resources.prefixed.keys()].map((prefix) => prefix.length))
    resources.prefixLengths = [...lengths].sort((a, b) => a - b)
  }
  return index
}

/** @returns the entries of each pattern that the name fits */
function applying({ literal, prefixed, prefixLengths }: Resources, name: string): AclEntry[][] {
  const found: AclEntry[][] = []
  const named = literal.get(name)
  if (named !== undefined) found.push(named)
  const everything = name === ACL_WILDCARD ? undefined : literal.get(ACL_WILDCARD)
  if (everything !== undefined) found.push(everything)
  for (const length of prefixLengths) {
    if (length > name.length) break
    const entries = prefixed.get(name.slice(0, length))
    if (entries !== undefined) found.push(entries)
  }
  return found
}

/** @returns what the entry says about it; `undefined`: nothing */
function permissionBy(entry: AclEntry, requester: Requester, operation: AclOperation): number | undefined {
  if (!fitsRequester(entry, requester)) return undefined
  if (entry.operation === operation || entry.operation === AclOperation.ALL) return entry.permissionType
  const implies =
    entry.permissionType === AclPermission.ALLOW &&
    ((operation === AclOperation.DESCRIBE && IMPLIES_DESCRIBE.has(entry.operation)) ||
      (operation === AclOperation.DESCRIBE_CONFIGS && IMPLIES_DESCRIBE_CONFIGS.has(entry.operation)))
  return implies ? AclPermission.ALLOW : undefined
}

function fitsRequester(entry: AclEntry, { principal, host }: Requester): boolean {
  return (
    (entry.principal === principal || entry.principal === WILDCARD_PRINCIPAL) &&
    (entry.host === host || entry.host === ACL_WILDCARD)
  )
}

/**
 * An address as access control entries have it: IPv4 also where a socket shows it within IPv6, IPv6 in eight groups
 * without leading zeros, as Java writes it.
 */
export function hostOf(remoteAddress: string): string {
  const address = remoteAddress.startsWith('::ffff:') ? remoteAddress.slice('::ffff:'.length) : remoteAddress
  if (!address.includes(':')) return address
  const [whole, zone] = address.split('%')
  const [head = '', tail] = whole!.split('::')
  const groups = (text: string): string[] => (text === '' ? [] : text.split(':'))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - left.length - right.length)
  const full = [...left, ...Array<string>(zeros).fill('0'), ...right].map((group) =>
    Number.parseInt(group, 16).toString(16),
  )
  return zone === undefined ? full.join(':') : `${full.join(':')}%${zone}`
}
