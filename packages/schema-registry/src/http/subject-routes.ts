/** `/subjects` and `/compatibility`. */
import { AclOperation } from '@braidlog/model'
import {
  checkCompatibilityOf,
  getVersion,
  latestWithMetadata,
  listSubjects,
  listVersions,
  lookUp,
  referencedBy,
} from '../core/queries.ts'
import { registeredBody, verdictBody, versionBody } from './answers.ts'
import { schemaRequest, tagsRequest } from './body.ts'
import type { Exchange } from './exchange.ts'
import { deletedOf, flag, inContext, page, versionParam } from './params.ts'
import { prepared, shown, textOf } from './renderings.ts'
import { onSubject } from './rights.ts'
import type { Define } from './routes.ts'

const { READ, WRITE, DELETE, DESCRIBE } = AclOperation

export const defineSubjects: Define = ({ get, post, del }, service) => {
  const { core } = service

  get('/subjects', 'filtered', (exchange) => {
    const prefix = exchange.query('subjectPrefix')
    const scope = prefix === undefined ? everywhere(exchange.param('context')) : prefix
    const subjects = listSubjects(core, inContext(exchange, scope), deletedOf(exchange))
    return exchange.answer(
      page(
        exchange,
        subjects.filter((subject) => exchange.may(DESCRIBE, subject)),
      ),
    )
  })

  get('/subjects/:subject/versions', onSubject(DESCRIBE), (exchange) =>
    exchange.outcome(listVersions(core, exchange.subject, deletedOf(exchange)), (versions) => page(exchange, versions)),
  )

  get('/subjects/:subject/versions/:version', onSubject(READ), (exchange) =>
    exchange.outcome(getVersion(core, exchange.subject, versionParam(exchange), flag(exchange, 'deleted')), (entry) =>
      versionBody(entry, shown(exchange, core, entry)),
    ),
  )

  get('/subjects/:subject/versions/:version/schema', onSubject(READ), (exchange) => {
    const found = getVersion(core, exchange.subject, versionParam(exchange), flag(exchange, 'deleted'))
    return found.ok ? exchange.raw(textOf(exchange, core, found.value)) : exchange.fault(found.error)
  })

  for (const spelling of ['referencedby', 'referencedBy']) {
    get(`/subjects/:subject/versions/:version/${spelling}`, onSubject(DESCRIBE), (exchange) =>
      exchange.outcome(getVersion(core, exchange.subject, versionParam(exchange), true), (entry) =>
        page(exchange, referencedBy(core, entry, flag(exchange, 'deleted'))),
      ),
    )
  }

  post('/subjects/:subject/versions', onSubject(WRITE), async (exchange) => {
    const { subject } = exchange
    const body = await schemaOf(exchange)
    const normalize = flag(exchange, 'normalize')
    const format = exchange.query('format')
    return await exchange.write({ kind: 'register', subject, body, normalize }, (version) =>
      registeredBody(version, format === undefined ? undefined : prepared(core, version, format)),
    )
  })

  post('/subjects/:subject/versions/:version/tags', onSubject(WRITE), async (exchange) => {
    const { subject } = exchange
    const tags = tagsRequest(await exchange.fields())
    const found = getVersion(core, subject, versionParam(exchange), false)
    if (!found.ok) return exchange.fault(found.error)
    const { schema, schemaType, references, metadata, ruleSet } = found.value
    const body = { schema, schemaType, references, metadata, ruleSet, ...tags }
    return await exchange.write({ kind: 'register', subject, body, normalize: false }, (version) =>
      registeredBody(version, undefined),
    )
  })

  post('/subjects/:subject', onSubject(READ), async (exchange) => {
    const body = await schemaOf(exchange)
    const options = { normalize: flag(exchange, 'normalize'), deleted: flag(exchange, 'deleted') }
    return exchange.outcome(lookUp(core, exchange.subject, body, options), (entry) =>
      versionBody(entry, shown(exchange, core, entry)),
    )
  })

  del('/subjects/:subject', onSubject(DELETE), async (exchange) => {
    const { subject } = exchange
    const permanent = flag(exchange, 'permanent')
    if (permanent) await exchange.refuseIfUsed(core.state.versions(subject))
    return await exchange.write({ kind: 'deleteSubject', subject, permanent }, (versions) => versions)
  })

  del('/subjects/:subject/versions/:version', onSubject(DELETE), async (exchange) => {
    const permanent = flag(exchange, 'permanent')
    const [{ subject }, version] = [exchange, versionParam(exchange)]
    if (permanent) {
      const entries = core.state.versions(subject).filter((entry) => entry.deleted)
      await exchange.refuseIfUsed(
        version === 'latest' ? entries.slice(-1) : entries.filter((entry) => entry.version === version),
      )
    }
    return await exchange.write({ kind: 'deleteVersion', subject, version, permanent }, (deleted) => deleted)
  })

  get('/subjects/:subject/metadata', onSubject(READ), (exchange) => {
    const values = exchange.queries('value')
    const properties = Object.fromEntries(exchange.queries('key').map((key, i) => [key, values[i] ?? '']))
    return exchange.outcome(
      latestWithMetadata(core, exchange.subject, properties, flag(exchange, 'deleted')),
      (entry) => versionBody(entry, shown(exchange, core, entry)),
    )
  })

  for (const path of [
    '/compatibility/subjects/:subject/versions',
    '/compatibility/subjects/:subject/versions/:version',
  ]) {
    post(path, onSubject(READ), async (exchange) => {
      const version = exchange.param('version') === undefined ? undefined : versionParam(exchange)
      const body = await schemaOf(exchange)
      const options = { version, normalize: flag(exchange, 'normalize') }
      return exchange.outcome(checkCompatibilityOf(core, exchange.subject, body, options), (verdict) =>
        verdictBody(verdict, { verbose: flag(exchange, 'verbose'), explain: flag(exchange, 'explain') }),
      )
    })
  }
}

/** The schema of the body. What it refers to can be seen through it, so it has to be readable. */
async function schemaOf(exchange: Exchange) {
  const body = schemaRequest(await exchange.fields())
  for (const { subject } of body.references ?? []) exchange.requireReference(subject)
  return body
}

/** Without a prefix everything is listed: of the path's context, or of all of them. */
export const everywhere = (context: string | undefined): string => (context === undefined ? ':*:' : '')
