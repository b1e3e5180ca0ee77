/** Renderings of a version that was just written and may not be an entry of the state. */
import type { Core } from '../core/core.ts'
import type { SchemaVersion } from '../core/entities.ts'
import { rendered } from '../core/queries.ts'

export function prepared(core: Core, version: SchemaVersion, format: string | undefined): string {
  const entry = core.state.version(version.subject, version.version)
  return entry === undefined ? version.schema : rendered(core, entry, format)
}
