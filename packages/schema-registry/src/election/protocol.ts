/**
 * What the instances of a registry tell each other through the group protocol: type `sr`, protocol `v0`, JSON in both blobs.
 *
 * ```
 * metadata   {"version":1,"host":"sr-1","port":8081,"master_eligibility":true,"scheme":"http","leader":false}
 * assignment {"version":1,"error":0,"master":"<member id>","master_identity":{…metadata of that member…}}
 * ```
 * Error 1: two members have the same URL; nobody leads until one of them goes.
 */
export const PROTOCOL_TYPE = 'sr'
export const PROTOCOL_NAME = 'v0'
const VERSION = 1
const DUPLICATE_URLS = 1

export interface Identity {
  readonly host: string
  readonly port: number
  readonly scheme: 'http' | 'https'
  /** May lead. */
  readonly isEligible: boolean
  /** Leads, or has led until this rebalance. */
  readonly isLeader: boolean
}

export interface Assignment {
  /** Null when nobody may lead. */
  readonly leaderId: string | null
  readonly leader: Identity | null
  readonly hasDuplicates: boolean
}

export const urlOf = ({ scheme, host, port }: Pick<Identity, 'scheme' | 'host' | 'port'>): string =>
  `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`

/**
 * The member that leads: the one that leads already, else the eligible one with the smallest URL. Every member that may be asked
 * computes the same.
 */
export function elect(members: ReadonlyMap<string, Identity>): Assignment {
  const urls = new Set<string>()
  for (const identity of members.values()) {
    if (urls.has(urlOf(identity))) return { leaderId: null, leader: null, hasDuplicates: true }
    urls.add(urlOf(identity))
  }
  const eligible = [...members]
    .filter(([, identity]) => identity.isEligible)
    .sort(([, a], [, b]) => (urlOf(a) < urlOf(b) ? -1 : 1))
  const [leaderId, leader] = eligible.find(([, identity]) => identity.isLeader) ?? eligible[0] ?? [null, null]
  return { leaderId, leader, hasDuplicates: false }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder()

export const encodeIdentity = (identity: Identity): Uint8Array => encoder.encode(JSON.stringify(identityJson(identity)))

function identityJson({ host, port, scheme, isEligible, isLeader }: Identity): object {
  return { version: VERSION, host, port, master_eligibility: isEligible, scheme, leader: isLeader }
}

/** @returns undefined when it is not one: such a member cannot lead */
export function decodeIdentity(bytes: Uint8Array): Identity | undefined {
  return identityOf(parse(bytes))
}

function identityOf(json: unknown): Identity | undefined {
  if (typeof json !== 'object' || json === null) return undefined
  const { host, port, scheme, master_eligibility: isEligible, leader } = json as Record<string, unknown>
  if (typeof host !== 'string' || typeof port !== 'number') return undefined
  return {
    host,
    port,
    scheme: scheme === 'https' ? 'https' : 'http',
    isEligible: isEligible === true,
    isLeader: leader === true,
  }
}

export function encodeAssignment({ leaderId, leader, hasDuplicates }: Assignment): Uint8Array {
  return encoder.encode(
    JSON.stringify({
      version: VERSION,
      error: hasDuplicates ? DUPLICATE_URLS : 0,
      master: leaderId,
      master_identity: leader === null ? null : identityJson(leader),
    }),
  )
}

export function decodeAssignment(bytes: Uint8Array): Assignment {
  const { error, master, master_identity: identity } = (parse(bytes) ?? {}) as Record<string, unknown>
  const leader = identityOf(identity)
  return typeof master === 'string' && leader !== undefined
    ? { leaderId: master, leader, hasDuplicates: error === DUPLICATE_URLS }
    : { leaderId: null, leader: null, hasDuplicates: error === DUPLICATE_URLS }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(bytes)) as unknown
  } catch {
    return undefined
  }
}
