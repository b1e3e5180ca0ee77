/**
 * Who sent a request, and what they may do. Without authorization configured everyone who is known may do everything.
 *
 * The rules are the broker's, by the broker's own authorizer: super users first, what denies wins, and what no entry is about is for
 * nobody unless `allowEveryoneIfNoAclFound`.
 */
import { Authorizer, type AclOperation, type Requester } from '@braidlog/model'
import { aclEntry, REGISTRY_RESOURCE, RegistryResource } from '../core/acl.ts'
import type { Core } from '../core/core.ts'
import { canonicalSubject, GLOBAL_SUBJECT } from '../core/subject.ts'
import type { RegistryAuthorization } from '../options.ts'

export class AccessControl {
  readonly #core: Core
  readonly #authorizer: Authorizer | undefined
  #revision = -1

  constructor(core: Core, authorization: RegistryAuthorization | undefined) {
    this.#core = core
    if (authorization === undefined) return
    const { superUsers = [], allowEveryoneIfNoAclFound = false } = authorization
    this.#authorizer = new Authorizer({ superUsers: new Set(superUsers), allowEveryoneIfNoAclFound }, () =>
      core.state.acls().map(aclEntry),
    )
  }

  mayOnRegistry(requester: Requester, operation: AclOperation): boolean {
    return this.#may(requester, operation, RegistryResource.REGISTRY, REGISTRY_RESOURCE)
  }

  /** @param subject a subject, or `:.context:`; what stands for everything is the registry */
  mayOnSubject(requester: Requester, operation: AclOperation, subject: string): boolean {
    const name = canonicalSubject(subject)
    if (name === '' || name === GLOBAL_SUBJECT) return this.mayOnRegistry(requester, operation)
    return this.#may(requester, operation, RegistryResource.SUBJECT, name)
  }

  #may(requester: Requester, operation: AclOperation, type: RegistryResource, name: string): boolean {
    if (this.#authorizer === undefined) return true
    const { aclRevision } = this.#core.state
    if (aclRevision !== this.#revision) {
      this.#authorizer.changed()
      this.#revision = aclRevision
    }
    return this.#authorizer.may(requester, operation, type, name)
  }
}
