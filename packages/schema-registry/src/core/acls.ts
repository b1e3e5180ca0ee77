/** Changes and lists of access control entries. An entry that is there already, or is not there, is no error. */
import { canonicalAcl, type Acl } from './acl.ts'
import { refused, type Core, type Decision } from './core.ts'
import { done, refuse, RegistryErrorCode } from './errors.ts'

/** More would slow every question down for everybody. */
const ACLS_MAX = 100_000

export function decideCreateAcls({ state }: Core, acls: readonly Acl[]): Decision<Acl[]> {
  const wanted = distinct(acls)
  const problem = wanted.map(aclProblem).find((each) => each !== undefined)
  if (problem !== undefined) return refused(refuse(RegistryErrorCode.UNPROCESSABLE, problem))
  const added = wanted.filter((acl) => !state.hasAcl(acl))
  if (state.acls().length + added.length > ACLS_MAX) {
    return refused(
      refuse(RegistryErrorCode.UNPROCESSABLE, `There can be at most ${ACLS_MAX} access control entries: delete some`),
    )
  }
  return { records: added.map((acl) => ({ kind: 'ACL', acl, isSet: true })), response: done(added) }
}

export function decideDeleteAcls({ state }: Core, acls: readonly Acl[]): Decision<Acl[]> {
  const removed = distinct(acls).filter((acl) => state.hasAcl(acl))
  return { records: removed.map((acl) => ({ kind: 'ACL', acl, isSet: false })), response: done(removed) }
}

export type AclFilter = { readonly [K in keyof Acl]?: string | undefined }

export function listAcls({ state }: Core, filter: AclFilter): Acl[] {
  return state
    .acls()
    .filter((acl) =>
      Object.entries(filter).every(([name, value]) => value === undefined || acl[name as keyof Acl] === value),
    )
}

function distinct(acls: readonly Acl[]): Acl[] {
  return [...new Map(acls.map(canonicalAcl).map((acl) => [JSON.stringify(acl), acl])).values()]
}

function aclProblem({ principal, resource, host }: Acl): string | undefined {
  if (!/^[A-Za-z]+:./.test(principal)) return `The principal '${principal}' is not of the form User:name`
  if (resource === '') return 'An entry needs the name of a resource; * stands for every subject'
  if (host === '') return 'An entry needs a host; * stands for every host'
  return undefined
}
