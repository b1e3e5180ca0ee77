/** `/subjects` and `/compatibility`. */
import {
  checkCompatibilityOf,
  getVersion,
  latestWithMetadata,
  listSubjects,
  listVersions,
  lookUp,
  referencedBy,
  rendered,
} from '../core/queries.ts'
import { prepared } from './renderings.ts'
import { registeredBody, verdictBody, versionBody } from './answers.ts'
import { schemaRequest } from './body.ts'
import { deletedOf, flag, inContext, page, subjectParam, versionParam } from './params.ts'
import type { Define } from './routes.ts'

export const defineSubjects: Define = ({ get, post, del }, service) => {
  const { core } = service

  get('/subjects', (exchange) => {
    const prefix = exchange.query('subjectPrefix')
    const scope = prefix === undefined ? everywhere(exchange.param('context')) : prefix
    return exchange.answer(page(exchange, listSubjects(core, inContext(exchange, scope), deletedOf(exchange))))
  })

  get('/subjects/:subject/versions', (exchange) =>
    exchange.outcome(listVersions(core, subjectParam(exchange), deletedOf(exchange)), (versions) =>
      page(exchange, versions),
    ),
  )

  get('/subjects/:subject/versions/:version', (exchange) =>
    exchange.outcome(
      getVersion(core, subjectParam(exchange), versionParam(exchange), flag(exchange, 'deleted')),
      (entry) => versionBody(entry, rendered(core, entry, exchange.query('format'))),
    ),
  )

  get('/subjects/:subject/versions/:version/schema', (exchange) => {
    const found = getVersion(core, subjectParam(exchange), versionParam(exchange), flag(exchange, 'deleted'))
    return found.ok ? exchange.raw(rendered(core, found.value, exchange.query('format'))) : exchange.fault(found.error)
  })

  for (const spelling of ['referencedby', 'referencedBy']) {
    get(`/subjects/:subject/versions/:version/${spelling}`, (exchange) =>
      exchange.outcome(getVersion(core, subjectParam(exchange), versionParam(exchange), true), (entry) =>
        page(exchange, referencedBy(core, entry)),
      ),
    )
  }

  post('/subjects/:subject/versions', async (exchange) => {
    const body = schemaRequest(await exchange.fields())
    const normalize = flag(exchange, 'normalize')
    const format = exchange.query('format')
    return await exchange.write({ kind: 'register', subject: subjectParam(exchange), body, normalize }, (version) =>
      registeredBody(version, format === undefined ? undefined : prepared(core, version, format)),
    )
  })

  post('/subjects/:subject', async (exchange) => {
    const body = schemaRequest(await exchange.fields())
    const options = { normalize: flag(exchange, 'normalize'), deleted: flag(exchange, 'deleted') }
    return exchange.outcome(lookUp(core, subjectParam(exchange), body, options), (entry) =>
      versionBody(entry, rendered(core, entry, exchange.query('format'))),
    )
  })

  del('/subjects/:subject', async (exchange) => {
    const permanent = flag(exchange, 'permanent')
    return await exchange.write(
      { kind: 'deleteSubject', subject: subjectParam(exchange), permanent },
      (versions) => versions,
    )
  })

  del('/subjects/:subject/versions/:version', async (exchange) => {
    const permanent = flag(exchange, 'permanent')
    const [subject, version] = [subjectParam(exchange), versionParam(exchange)]
    return await exchange.write({ kind: 'deleteVersion', subject, version, permanent }, (deleted) => deleted)
  })

  get('/subjects/:subject/metadata', (exchange) => {
    const values = exchange.queries('value')
    const properties = Object.fromEntries(exchange.queries('key').map((key, i) => [key, values[i] ?? '']))
    return exchange.outcome(
      latestWithMetadata(core, subjectParam(exchange), properties, flag(exchange, 'deleted')),
      (entry) => versionBody(entry, rendered(core, entry, exchange.query('format'))),
    )
  })

  post('/compatibility/subjects/:subject/versions', async (exchange) => {
    const body = schemaRequest(await exchange.fields())
    const options = { normalize: flag(exchange, 'normalize') }
    return exchange.outcome(checkCompatibilityOf(core, subjectParam(exchange), body, options), (verdict) =>
      verdictBody(verdict, { verbose: flag(exchange, 'verbose'), explain: flag(exchange, 'explain') }),
    )
  })

  post('/compatibility/subjects/:subject/versions/:version', async (exchange) => {
    const version = versionParam(exchange)
    const body = schemaRequest(await exchange.fields())
    const options = { version, normalize: flag(exchange, 'normalize') }
    return exchange.outcome(checkCompatibilityOf(core, subjectParam(exchange), body, options), (verdict) =>
      verdictBody(verdict, { verbose: flag(exchange, 'verbose'), explain: flag(exchange, 'explain') }),
    )
  })
}

/** Without a prefix everything is listed: of the path's context, or of all of them. */
export const everywhere = (context: string | undefined): string => (context === undefined ? ':*:' : '')
