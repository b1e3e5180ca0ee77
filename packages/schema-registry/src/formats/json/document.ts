/**
 * A JSON Schema document with the documents its references name: every subschema knows its base URI, and every `$ref` its target.
 *
 * Invariant: all references resolve inside these documents; one that does not is refused at parse. Nothing is fetched.
 * Source: JSON Schema core, "Identifiers" and "Base URI"; drafts before 2019-09 ignore what stands beside `$ref`.
 */
import { SchemaError } from '../errors.ts'
import { isJsonArray, isJsonObject, parseJsonText, type JsonObject, type JsonValue } from '../json-text.ts'
import { assertDepth } from '../limits.ts'
import type { ResolvedReference } from '../schema.ts'
import { checkKeywords, subschemas, type JsonSchemaDraft } from './keywords.ts'
import { decodeFragment, resolveUri, splitFragment } from './uri.ts'

export interface JsonSchemaDocument {
  readonly root: JsonValue
  readonly draft: JsonSchemaDraft
  /** The schema a `$ref` (`$dynamicRef`, `$recursiveRef`) of this object leads to, through further references; undefined: it has none. */
  target(node: JsonObject): JsonValue | undefined
  /** Whether the node lies in the root document, not in one referred to. */
  isOwn(node: JsonObject): boolean
  draftOf(node: JsonObject): JsonSchemaDraft
}

/** Keywords that lead elsewhere, first come first served. */
export const REF_KEYWORDS = ['$ref', '$dynamicRef', '$recursiveRef'] as const

export function parseDocument(schema: string, flat: readonly ResolvedReference[]): JsonSchemaDocument {
  const index = new DocumentIndex()
  const root = parseJsonText(schema)
  const draft = draftOfText(root)
  const base = idOf(root, draft) ?? ''
  for (const reference of flat) {
    index.addReferenced(reference, base)
  }
  index.add(root, draft, { base, path: '', own: true, depth: 0 })
  index.link()
  return {
    root,
    draft,
    target: (node) => index.target(node),
    isOwn: (node) => index.isOwn(node),
    draftOf: (node) => index.draftOf(node) ?? draft,
  }
}

const DRAFTS: readonly (readonly [part: string, draft: JsonSchemaDraft])[] = [
  ['draft-04/', 'draft-04'],
  ['draft-06/', 'draft-06'],
  ['draft-07/', 'draft-07'],
  ['draft/2019-09/', '2019-09'],
  ['draft/2020-12/', '2020-12'],
]

/** Draft 7 where the schema does not say. */
function draftOfText(root: JsonValue): JsonSchemaDraft {
  const uri = isJsonObject(root) ? root.get('$schema') : undefined
  if (typeof uri !== 'string') return 'draft-07'
  return DRAFTS.find(([part]) => uri.includes(`json-schema.org/${part}`))?.[1] ?? 'draft-07'
}

function idOf(node: JsonValue, draft: JsonSchemaDraft): string | undefined {
  if (!isJsonObject(node)) return undefined
  const id = node.get(draft === 'draft-04' ? 'id' : '$id')
  return typeof id === 'string' ? id : undefined
}

interface Position {
  readonly base: string
  readonly path: string
  readonly own: boolean
  readonly depth: number
}

interface Place {
  readonly base: string
  readonly path: string
  readonly own: boolean
  readonly draft: JsonSchemaDraft
}

class DocumentIndex {
  /** Roots and embedded resources by absolute URI without fragment. */
  readonly #resources = new Map<string, JsonValue>()
  /** `uri#anchor` → schema. */
  readonly #anchors = new Map<string, JsonValue>()
  readonly #places = new Map<JsonObject, Place>()
  readonly #targets = new Map<JsonObject, JsonValue>()

  addReferenced({ name, schema }: ResolvedReference, rootBase: string): void {
    try {
      const root = parseJsonText(schema)
      const draft = draftOfText(root)
      const id = idOf(root, draft)
      const named = resolveUri(rootBase, name)
      this.#resources.set(name, root)
      this.#resources.set(named, root)
      this.add(root, draft, { base: id ?? named, path: '', own: false, depth: 0 })
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error
      throw new SchemaError(`in reference "${name}": ${error.message}`, '', error.code, { cause: error })
    }
  }

  /** Walks a document: checks keywords, notes identifiers. */
  add(node: JsonValue, draft: JsonSchemaDraft, at: Position): void {
    assertDepth(at.depth, at.path)
    if (typeof node === 'boolean' && draft !== 'draft-04') return
    // Draft 4 has booleans only where "additional…" stands; the subschema walk passes them on.
    if (typeof node === 'boolean' && /\/additional(Items|Properties)$/.test(at.path)) return
    if (!isJsonObject(node)) throw new SchemaError('a schema must be an object or a boolean', at.path)
    if (this.#places.has(node)) return
    checkKeywords(node, draft, at.path)
    const base = this.#baseOf(node, draft, at.base)
    if (at.depth === 0) this.#resources.set(splitFragment(base)[0], node)
    this.#places.set(node, { base, path: at.path, own: at.own, draft })
    for (const [step, schema] of subschemas(node)) {
      this.add(schema, draft, { base, path: at.path + step, own: at.own, depth: at.depth + 1 })
    }
  }

  #baseOf(node: JsonObject, draft: JsonSchemaDraft, enclosing: string): string {
    const modern = draft === '2019-09' || draft === '2020-12'
    const id = !modern && node.has('$ref') ? undefined : idOf(node, draft)
    let base = enclosing
    if (id !== undefined && id.startsWith('#')) {
      this.#anchors.set(`${splitFragment(enclosing)[0]}${id}`, node)
    } else if (id !== undefined) {
      const [document, fragment] = splitFragment(resolveUri(enclosing, id))
      base = document
      this.#resources.set(document, node)
      if (fragment !== '') this.#anchors.set(`${document}#${fragment}`, node)
    }
    for (const keyword of ['$anchor', '$dynamicAnchor']) {
      const anchor = node.get(keyword)
      if (modern && typeof anchor === 'string') this.#anchors.set(`${splitFragment(base)[0]}#${anchor}`, node)
    }
    return base
  }

  /** Finds the target of every reference. */
  link(): void {
    for (const [node, place] of this.#places) {
      for (const keyword of REF_KEYWORDS) {
        const reference = node.get(keyword)
        if (typeof reference !== 'string' || this.#targets.has(node)) continue
        const target = this.#find(reference, place)
        if (target === undefined)
          throw new SchemaError(`"${reference}" refers to nothing known`, `${place.path}/${keyword}`)
        this.#targets.set(node, target)
      }
    }
    const ended = new Set<JsonObject>()
    for (const node of this.#targets.keys()) this.#assertEnds(node, ended)
  }

  #find(reference: string, place: Place): JsonValue | undefined {
    const [document, fragment] = splitFragment(resolveUri(place.base, reference))
    const resource = this.#resources.get(document) ?? this.#resources.get(splitFragment(reference)[0])
    if (resource === undefined) return isMetaSchema(document) ? true : undefined
    if (fragment === '') return resource
    if (!fragment.startsWith('/'))
      return (
        this.#anchors.get(`${document}#${fragment}`) ?? this.#anchors.get(`${splitFragment(place.base)[0]}#${fragment}`)
      )
    const target = pointed(resource, decodeFragment(fragment))
    // A schema below an unknown keyword was not walked yet.
    if (isJsonObject(target) && !this.#places.has(target)) {
      this.add(target, place.draft, { ...place, path: fragment, base: document, depth: 1 })
    }
    return isJsonObject(target) || typeof target === 'boolean' ? target : undefined
  }

  /** A chain of references that comes back to where it was has no meaning. */
  #assertEnds(start: JsonObject, ended: Set<JsonObject>): void {
    const seen = new Set<JsonObject>()
    for (
      let node: JsonValue | undefined = start;
      isJsonObject(node) && !ended.has(node);
      node = this.#targets.get(node)
    ) {
      if (seen.has(node))
        throw new SchemaError('the reference leads back to itself', `${this.#places.get(node)?.path ?? ''}/$ref`)
      seen.add(node)
    }
    for (const node of seen) ended.add(node)
  }

  target(node: JsonObject): JsonValue | undefined {
    return this.#targets.get(node)
  }

  isOwn(node: JsonObject): boolean {
    return this.#places.get(node)?.own ?? true
  }

  draftOf(node: JsonObject): JsonSchemaDraft | undefined {
    return this.#places.get(node)?.draft
  }
}

/** References to the meta-schemas admit anything: any schema is a value, and they are nobody's to register. */
function isMetaSchema(uri: string): boolean {
  return /^https?:\/\/json-schema\.org\/draft(-0[3-7]|\/20(19-09|20-12))\//.test(uri)
}

function pointed(root: JsonValue, pointer: string): JsonValue | undefined {
  let value: JsonValue | undefined = root
  for (const encoded of pointer.slice(1).split('/')) {
    const step = encoded.replaceAll('~1', '/').replaceAll('~0', '~')
    if (isJsonObject(value)) value = value.get(step)
    else if (isJsonArray(value) && /^(0|[1-9][0-9]{0,8})$/.test(step)) value = value[Number(step)]
    else return undefined
  }
  return value
}
