/**
 * Tags that a register request adds to a schema, takes from it, or takes over from the version before: the schema that is registered is
 * the one with those tags.
 */
import type { Core } from './core.ts'
import { done, refuse, RegistryErrorCode, type Outcome } from './errors.ts'
import type { ParsedSchema } from './formats.ts'
import { parsedOf, type SchemaRequest } from './prepare.ts'
import type { Entry } from './state.ts'

/** Tags of one entity of a schema, by its path. */
export interface EntityTags {
  readonly path: string
  readonly tags: readonly string[]
}

/** @returns the text to register instead; undefined when no tag changes */
export function retagged(
  core: Core,
  parsed: ParsedSchema,
  body: SchemaRequest,
  previous: Entry | undefined,
): Outcome<string | undefined> {
  const { tagsToAdd = [], tagsToRemove = [], propagatesTags = false } = body
  const earlier = propagatesTags && previous !== undefined ? parsedOf(core, previous) : undefined
  if (tagsToAdd.length === 0 && tagsToRemove.length === 0 && earlier === undefined) return done(undefined)
  const now = new Map(parsed.entities().map(({ path, tags }) => [path, tags]))
  const unknown = [...tagsToAdd, ...tagsToRemove].find(({ path }) => !now.has(path))
  if (unknown !== undefined) {
    return refuse(RegistryErrorCode.INVALID_SCHEMA, `There is no '${unknown.path}' in the schema that could be tagged`)
  }
  const wanted = new Map([...now].map(([path, tags]) => [path, new Set(tags)]))
  for (const { path, tags } of earlier?.entities() ?? []) for (const tag of tags) wanted.get(path)?.add(tag)
  for (const { path, tags } of tagsToAdd) for (const tag of tags) wanted.get(path)!.add(tag)
  for (const { path, tags } of tagsToRemove) for (const tag of tags) wanted.get(path)!.delete(tag)
  const changed = [...wanted]
    .map(([path, tags]) => [path, [...tags]] as const)
    .filter(([path, tags]) => tags.join('\n') !== now.get(path)!.join('\n'))
  return done(changed.length === 0 ? undefined : core.formats.withTags(parsed, new Map(changed)))
}
