/**
 * What the sender of a request may do: the authorizer's answers for one connection, and the shapes in which handlers
 * ask. Where no authorizer is configured there is no `Access`, and nothing is asked.
 */
import { type AclOperation, AclResourceType, CLUSTER_RESOURCE_NAME } from '@braidlog/model'
import type { Authorizer, Requester } from './authorizer.ts'

export class Access implements Requester {
  readonly #authorizer: Authorizer
  readonly principal: string
  readonly host: string

  constructor(authorizer: Authorizer, principal: string, remoteAddress: string) {
    this.#authorizer = authorizer
    this.principal = principal
    this.host = hostOf(remoteAddress)
  }

  may(operation: AclOperation, resourceType: AclResourceType, name: string): boolean {
    return this.#authorizer.may(this, operation, resourceType, name)
  }

  mayOnAny(operation: AclOperation, resourceType: AclResourceType): boolean {
    return this.#authorizer.mayOnAny(this, operation, resourceType)
  }

  mayOnTopic(operation: AclOperation, name: string): boolean {
    return this.may(operation, AclResourceType.TOPIC, name)
  }

  mayOnGroup(operation: AclOperation, groupId: string): boolean {
    return this.may(operation, AclResourceType.GROUP, groupId)
  }

  mayOnCluster(operation: AclOperation): boolean {
    return this.may(operation, AclResourceType.CLUSTER, CLUSTER_RESOURCE_NAME)
  }
}

/**
 * Asks before a request is served. Called only where an authorizer is configured.
 * @param serve serves a request, the one that came or one that holds only what is allowed
 * @returns the answer: `serve`'s, with what was left out refused, or a refusal of the whole
 */
export type Guard<Request, Response> = (
  request: Request,
  access: Access,
  serve: (request: Request) => Promise<Response>,
  apiVersion: number,
) => Response | Promise<Response>

/** The guard of a request that is about the cluster: served whole or refused whole. */
export function clusterGuard<Request, Response>(
  operation: AclOperation,
  refuse: (request: Request) => NoInfer<Response>,
): Guard<Request, Response> {
  return (request, access, serve) => (access.mayOnCluster(operation) ? serve(request) : refuse(request))
}

/** Serves of a list what is allowed and adds a refusal for all else. Nothing is served when nothing is left. */
export async function servePartly<Asked, Answer>(
  asked: readonly Asked[],
  isAllowed: (one: Asked) => boolean,
  serve: (allowed: Asked[]) => Promise<readonly Answer[] | undefined>,
  refuse: (one: Asked) => Answer,
): Promise<Answer[]> {
  const allowed: Asked[] = []
  const refused: Answer[] = []
  for (const one of asked) {
    if (isAllowed(one)) allowed.push(one)
    else refused.push(refuse(one))
  }
  if (allowed.length === 0 && refused.length > 0) return refused
  return [...((await serve(allowed)) ?? []), ...refused]
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
