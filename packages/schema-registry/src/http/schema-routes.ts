/** `/schemas`: by id and GUID, and the list of everything. */
import { getByGuid, getById, idMaxOf, idsOfGuid, listSchemas, rendered, versionsOfId } from '../core/queries.ts'
import { SCHEMA_TYPES } from '../core/entities.ts'
import { schemaBody, versionBody } from './answers.ts'
import { contextParam, flag, idParam, inContext, page, type Parameters } from './params.ts'
import { everywhere } from './subject-routes.ts'
import type { Define } from './routes.ts'

export const defineSchemas: Define = ({ get }, service) => {
  const { core } = service

  get('/schemas', (exchange) => {
    const prefix = exchange.query('subjectPrefix') ?? everywhere(exchange.param('context'))
    const entries = listSchemas(core, {
      prefix: inContext(exchange, prefix),
      deleted: flag(exchange, 'deleted'),
      latestOnly: flag(exchange, 'latestOnly'),
    })
    return exchange.answer(page(exchange, entries).map((entry) => versionBody(entry, entry.schema)))
  })

  get('/schemas/types', (exchange) => exchange.answer(SCHEMA_TYPES))

  get('/schemas/ids/:id', (exchange) => {
    const subject = subjectQuery(exchange)
    return exchange.outcome(getById(core, idParam(exchange), subject), (entry) =>
      schemaBody(
        entry,
        rendered(core, entry, exchange.query('format')),
        flag(exchange, 'fetchMaxId') ? idMaxOf(core, entry.subject) : undefined,
      ),
    )
  })

  get('/schemas/ids/:id/schema', (exchange) => {
    const found = getById(core, idParam(exchange), subjectQuery(exchange))
    return found.ok ? exchange.raw(rendered(core, found.value, exchange.query('format'))) : exchange.fault(found.error)
  })

  get('/schemas/ids/:id/subjects', (exchange) =>
    exchange.outcome(
      versionsOfId(core, idParam(exchange), subjectQuery(exchange), flag(exchange, 'deleted')),
      (versions) => page(exchange, [...new Set(versions.map(({ subject }) => subject))]),
    ),
  )

  get('/schemas/ids/:id/versions', (exchange) =>
    exchange.outcome(
      versionsOfId(core, idParam(exchange), subjectQuery(exchange), flag(exchange, 'deleted')),
      (versions) => page(exchange, versions),
    ),
  )

  get('/schemas/guids/:guid', (exchange) =>
    exchange.outcome(getByGuid(core, exchange.param('guid')!.toLowerCase()), (entry) =>
      schemaBody(entry, rendered(core, entry, exchange.query('format'))),
    ),
  )

  get('/schemas/guids/:guid/ids', (exchange) =>
    exchange.outcome(idsOfGuid(core, exchange.param('guid')!.toLowerCase()), (ids) => ids),
  )
}

/** The subject that says which context an id belongs to. */
function subjectQuery(request: Parameters): string | undefined {
  const subject = request.query('subject')
  if (subject !== undefined) return inContext(request, subject)
  const context = contextParam(request)
  return context === undefined ? undefined : `:${context}:`
}
