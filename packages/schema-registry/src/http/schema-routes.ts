/** `/schemas`: by id and GUID, and the list of everything. */
import { AclOperation } from '@braidlog/model'
import { actualSubject, getByGuid, getById, idMaxOf, idsOfGuid, listSchemas, versionsOfId } from '../core/queries.ts'
import { SCHEMA_TYPES } from '../core/entities.ts'
import { schemaBody, versionBody } from './answers.ts'
import type { Exchange } from './exchange.ts'
import { contextParam, flag, idParam, inContext, page } from './params.ts'
import { shown, textOf } from './renderings.ts'
import { everywhere } from './subject-routes.ts'
import type { Define } from './routes.ts'

const { READ, DESCRIBE } = AclOperation

export const defineSchemas: Define = ({ get }, service) => {
  const { core } = service
  const readable = (exchange: Exchange) => (subject: string) => exchange.may(READ, subject)
  const describable = (exchange: Exchange) => (subject: string) => exchange.may(DESCRIBE, subject)

  get('/schemas', 'filtered', (exchange) => {
    const prefix = exchange.query('subjectPrefix') ?? everywhere(exchange.param('context'))
    const aliases = flag(exchange, 'aliases')
    const entries = listSchemas(core, {
      prefix: inContext(exchange, prefix),
      deleted: flag(exchange, 'deleted'),
      latestOnly: flag(exchange, 'latestOnly'),
      aliases,
      ruleType: exchange.query('ruleType'),
    }).filter(({ subject }) => exchange.may(READ, subject))
    return exchange.answer(
      page(exchange, entries).map((entry) =>
        versionBody(entry, {
          schema: entry.schema,
          aliases: aliases ? core.state.aliasesOf(entry.subject) : undefined,
        }),
      ),
    )
  })

  get('/schemas/types', 'anyone', (exchange) => exchange.answer(SCHEMA_TYPES))

  get('/schemas/ids/:id', 'filtered', (exchange) =>
    exchange.outcome(getById(core, idParam(exchange), subjectQuery(exchange), readable(exchange)), (entry) =>
      schemaBody(entry, {
        ...shown(exchange, core, entry),
        idMax: flag(exchange, 'fetchMaxId') ? idMaxOf(core, entry.subject) : undefined,
      }),
    ),
  )

  get('/schemas/ids/:id/schema', 'filtered', (exchange) => {
    const found = getById(core, idParam(exchange), subjectQuery(exchange), readable(exchange))
    return found.ok ? exchange.raw(textOf(exchange, core, found.value)) : exchange.fault(found.error)
  })

  for (const what of ['subjects', 'versions'] as const) {
    get(`/schemas/ids/:id/${what}`, 'filtered', (exchange) =>
      exchange.outcome(
        versionsOfId(core, idParam(exchange), subjectQuery(exchange), {
          deleted: flag(exchange, 'deleted'),
          isVisible: describable(exchange),
        }),
        (versions) =>
          what === 'versions'
            ? page(exchange, versions)
            : page(exchange, [...new Set(versions.map(({ subject }) => subject))]),
      ),
    )
  }

  get('/schemas/guids/:guid', 'filtered', (exchange) =>
    exchange.outcome(getByGuid(core, guidOf(exchange), readable(exchange)), (entry) =>
      schemaBody(entry, shown(exchange, core, entry)),
    ),
  )

  get('/schemas/guids/:guid/ids', 'filtered', (exchange) =>
    exchange.outcome(idsOfGuid(core, guidOf(exchange), describable(exchange)), (ids) => ids),
  )

  /** The subject that says which context an id belongs to. */
  const subjectQuery = (exchange: Exchange): string | undefined => {
    const subject = exchange.query('subject')
    if (subject !== undefined) return actualOrContext(inContext(exchange, subject))
    const context = contextParam(exchange)
    return context === undefined ? undefined : `:${context}:`
  }
  /** A context of its own, even the default one, must stay spelled out: it is all that the id is looked for in. */
  const actualOrContext = (subject: string): string =>
    subject.startsWith(':.:') ? subject : actualSubject(core, subject)
}

const guidOf = (exchange: Exchange): string => exchange.param('guid')!.toLowerCase()
