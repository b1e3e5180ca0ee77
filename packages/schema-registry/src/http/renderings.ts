/** How a request wants schemas shown: `format`, `referenceFormat` and `findTags`. */
import type { Core } from '../core/core.ts'
import type { SchemaVersion } from '../core/entities.ts'
import { referencesOf, rendered, taggedEntities } from '../core/queries.ts'
import type { Entry } from '../core/state.ts'
import type { Shown } from './answers.ts'
import type { Exchange } from './exchange.ts'

export function shown(exchange: Exchange, core: Core, entry: Entry): Shown {
  const tags = exchange.queries('findTags').filter((tag) => tag !== '')
  return {
    schema: textOf(exchange, core, entry),
    references: referencesOf(entry, exchange.query('referenceFormat')),
    tagged: tags.length === 0 ? undefined : taggedEntities(core, entry, tags),
  }
}

export const textOf = (exchange: Exchange, core: Core, entry: Entry): string =>
  rendered(core, entry, exchange.query('format'))

/** Of a version that was just written and may not be an entry of the state. */
export function prepared(core: Core, version: SchemaVersion, format: string | undefined): string {
  const entry = core.state.version(version.subject, version.version)
  return entry === undefined ? version.schema : rendered(core, entry, format)
}
