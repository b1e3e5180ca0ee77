/** Finding a schema under a subject: by identity, else by meaning. */
import type { Core } from './core.ts'
import { isSameContract } from './contract.ts'
import { guidOf } from './identity.ts'
import { parsedOf, type Prepared } from './prepare.ts'
import type { Entry } from './state.ts'

/**
 * The newest version that is the same schema. Same is: the same identity; or the same but for the version in its metadata; or, for a
 * schema without references, equal to one whose references are resolved inline.
 */
export function findVersion(
  core: Core,
  subject: string,
  { content, parsed }: Prepared,
  options: { readonly deleted: boolean },
): Entry | undefined {
  const entries = core.state
    .versions(subject)
    .filter((entry) => options.deleted || !entry.deleted)
    .reverse()
  const guid = guidOf(content, core.md5)
  return (
    entries.find((entry) => entry.guid === guid) ??
    entries.find((entry) => {
      if (!isSameContract(content, entry)) return false
      if (entry.schemaType !== content.schemaType) return false
      const isSameText = entry.schema === content.schema
      if (isSameText && sameReferences(entry, content)) return true
      if (content.references.length > 0 || entry.references.length === 0) return false
      const other = parsedOf(core, entry)
      return other !== undefined && core.formats.equalResolved(parsed, other)
    })
  )
}

function sameReferences(a: Pick<Entry, 'references'>, b: Pick<Entry, 'references'>): boolean {
  return JSON.stringify(a.references) === JSON.stringify(b.references)
}
