/** `/security/acls`: the access control entries. The shape of path and bodies is that of other registries that have them. */
import { AclOperation } from '@braidlog/model'
import type { Acl } from '../core/acl.ts'
import { listAcls } from '../core/acls.ts'
import { aclsOf } from './body.ts'
import { onRegistry } from './rights.ts'
import type { Define } from './routes.ts'

const CREATED = 201

export const defineAcls: Define = ({ get, post, del }, { core }) => {
  get('/security/acls', onRegistry(AclOperation.DESCRIBE), (exchange) =>
    exchange.answer(
      listAcls(core, {
        principal: exchange.query('principal'),
        resource: exchange.query('resource'),
        resourceType: exchange.query('resource_type'),
        patternType: exchange.query('pattern_type'),
        host: exchange.query('host'),
        operation: exchange.query('operation'),
        permission: exchange.query('permission'),
      }).map(aclBody),
    ),
  )
  post('/security/acls', onRegistry(AclOperation.ALTER), async (exchange) => {
    const acls = aclsOf(await exchange.json())
    return await exchange.write({ kind: 'createAcls', acls }, (created) => created.map(aclBody), CREATED)
  })
  del('/security/acls', onRegistry(AclOperation.ALTER), async (exchange) => {
    const acls = aclsOf(await exchange.json())
    return await exchange.write({ kind: 'deleteAcls', acls }, (deleted) => deleted.map(aclBody))
  })
}

const aclBody = ({ principal, resource, resourceType, patternType, host, operation, permission }: Acl): object => ({
  principal,
  resource,
  resource_type: resourceType,
  pattern_type: patternType,
  host,
  operation,
  permission,
})
