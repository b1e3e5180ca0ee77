/**
 * What has changed between two schemas, part by part, and which of the changes break whom.
 *
 * The changes come from the outlines; what breaks is the compatibility checker's to say. Each of its differences is put
 * to the change it stands at, or nearest to; one that belongs to no change is a change of its own.
 */
import { differences, type CompatibilityPolicy, type Difference, type ParsedSchema } from '../formats/index.ts'
import { outlineOf } from './outline.ts'
import type { SchemaPart } from './outline-part.ts'

export interface AttributeChange {
  readonly attribute: string
  /** `null`: it was not there. */
  readonly from: string | null
  /** `null`: it is not there any more. */
  readonly to: string | null
}

export interface SchemaChange {
  readonly change: 'added' | 'removed' | 'changed'
  readonly path: string
  readonly kind: string
  readonly attributes: readonly AttributeChange[]
  /** Why the new schema cannot read what the old one wrote; empty: it can. */
  readonly backward: readonly Difference[]
  /** Why the old schema cannot read what the new one writes; empty: it can. */
  readonly forward: readonly Difference[]
}

type OpenChange = { -readonly [K in keyof SchemaChange]: SchemaChange[K] } & {
  backward: Difference[]
  forward: Difference[]
}

/** @returns in the order of the new schema, with what was removed where it stood */
export function changesBetween(
  from: ParsedSchema,
  to: ParsedSchema,
  policy: CompatibilityPolicy = 'STRICT',
): SchemaChange[] {
  const [before, after] = [outlineOf(from), outlineOf(to)]
  const changes = from.schemaType === to.schemaType ? partChanges(before, after) : []
  for (const difference of differences({ reader: to, writer: from, policy, editable: 'reader' })) {
    changeOf(changes, { reader: after, writer: before, likely: 'removed' }, difference).backward.push(difference)
  }
  for (const difference of differences({ reader: from, writer: to, policy, editable: 'writer' })) {
    changeOf(changes, { reader: before, writer: after, likely: 'added' }, difference).forward.push(difference)
  }
  return changes
}

function partChanges(before: readonly SchemaPart[], after: readonly SchemaPart[]): OpenChange[] {
  const old = new Map(before.map((part) => [part.path, part]))
  const current = new Map(after.map((part) => [part.path, part]))
  const changes: OpenChange[] = []
  for (const part of after) {
    const earlier = old.get(part.path)
    if (earlier === undefined) {
      changes.push(opened('added', part, attributeChanges(new Map(), part.attributes)))
      continue
    }
    const attributes = attributeChanges(earlier.attributes, part.attributes)
    if (attributes.length > 0) changes.push(opened('changed', part, attributes))
  }
  for (const [i, part] of before.entries()) {
    if (current.has(part.path)) continue
    const change = opened('removed', part, attributeChanges(part.attributes, new Map()))
    const previous = before[i - 1]?.path
    const at = changes.findIndex(({ path }) => path === previous)
    changes.splice(at < 0 ? changes.length : at + 1, 0, change)
  }
  return changes
}

function attributeChanges(from: ReadonlyMap<string, string>, to: ReadonlyMap<string, string>): AttributeChange[] {
  return [...new Set([...from.keys(), ...to.keys()])]
    .filter((name) => from.get(name) !== to.get(name))
    .map((attribute) => ({ attribute, from: from.get(attribute) ?? null, to: to.get(attribute) ?? null }))
}

function opened(
  change: SchemaChange['change'],
  { path, kind }: Pick<SchemaPart, 'path' | 'kind'>,
  attributes: readonly AttributeChange[],
): OpenChange {
  return { change, path, kind, attributes, backward: [], forward: [] }
}

interface Sides {
  readonly reader: readonly SchemaPart[]
  readonly writer: readonly SchemaPart[]
  /** Of several changes inside the part that a difference stands at: what the reader lacks is likelier its reason. */
  readonly likely: 'added' | 'removed'
}

/** The change a difference belongs to; it is added when there is none. */
function changeOf(changes: OpenChange[], { reader, writer, likely }: Sides, { path: pointer }: Difference): OpenChange {
  const part =
    reader.find((each) => each.pointer === pointer) ??
    writer.find((each) => each.pointer === pointer) ??
    partAround(reader, pointer)
  const path = part?.path ?? pointer
  const inside = changes.filter((each) => isBelow(each.path, path))
  const near =
    changes.find((each) => each.path === path) ??
    inside.find(({ change }) => change === likely) ??
    inside[0] ??
    longest(
      changes.filter((each) => isBelow(path, each.path)),
      (each) => each.path,
    )
  if (near !== undefined) return near
  const added = opened('changed', { path, kind: part?.kind ?? 'schema' }, [])
  changes.push(added)
  return added
}

function partAround(parts: readonly SchemaPart[], pointer: string): SchemaPart | undefined {
  return longest(
    parts.filter((part) => isBelow(pointer, part.pointer)),
    (part) => part.pointer,
  )
}

const isBelow = (path: string, above: string): boolean =>
  path.length > above.length && path.startsWith(above) && (above === '' || /[./]/.test(path[above.length]!))

function longest<T>(items: readonly T[], by: (item: T) => string): T | undefined {
  let best: T | undefined
  for (const item of items) if (best === undefined || by(item).length > by(best).length) best = item
  return best
}
