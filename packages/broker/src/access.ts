/**
 * What the sender of a request may do: the authorizer's answers for one connection, and the shapes in which handlers
 * ask. Where no authorizer is configured there is no `Access`, and nothing is asked.
 */
import {
  type AclOperation,
  AclResourceType,
  type Authorizer,
  CLUSTER_RESOURCE_NAME,
  hostOf,
  type Requester,
} from '@braidlog/model'

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
