/**
 * The `resolved` format: one document that stands alone. References to other documents are replaced by what they name;
 * what is used more than once or refers to itself goes into `definitions` (`$defs` since 2019-09), so the text stays in proportion.
 */
import { isJsonArray, isJsonObject, pointerStep, type JsonObject, type JsonValue } from '../json-text.ts'
import type { JsonSchemaDocument } from './document.ts'

export function inlineReferences(document: JsonSchemaDocument): JsonValue {
  const { root } = document
  if (!isJsonObject(root)) return root
  const uses = countUses(document)
  if (uses.size === 0) return root
  const container = document.draft === '2019-09' || document.draft === '2020-12' ? '$defs' : 'definitions'
  const taken = root.get(container)
  const definitions = new Map<string, JsonValue>(isJsonObject(taken) ? taken : [])
  const names = new Map<JsonValue, string>()
  const copy = (value: JsonValue, foreign: boolean): JsonValue => {
    if (isJsonArray(value)) return value.map((item) => copy(item, foreign))
    if (!isJsonObject(value)) return value
    const target = document.target(value)
    const leaves = target !== undefined && (foreign || (isJsonObject(target) && !document.isOwn(target)))
    if (!leaves || target === undefined) {
      // An identifier inside another document would change what the references around it mean.
      return new Map(
        [...value].flatMap(([name, member]) =>
          foreign && isIdentifier(name) ? [] : [[name, copy(member, foreign)] as const],
        ),
      )
    }
    if (target === root) return refTo('#')
    if (uses.get(target) === 1 || typeof target === 'boolean') return copy(target, true)
    return refTo(`#/${container}${pointerStep(define(target))}`)
  }
  const define = (target: JsonValue): string => {
    const known = names.get(target)
    if (known !== undefined) return known
    let name = titled(target)
    for (let i = 2; definitions.has(name); i++) name = `${titled(target)}${i}`
    names.set(target, name)
    definitions.set(name, true)
    definitions.set(name, copy(target, true))
    return name
  }
  const result = new Map(copy(root, false) as JsonObject)
  if (names.size > 0) {
    const own = result.get(container)
    const merged = new Map(isJsonObject(own) ? own : [])
    for (const name of names.values()) merged.set(name, definitions.get(name) ?? true)
    result.set(container, merged)
  }
  return result
}

function refTo(uri: string): JsonObject {
  return new Map([['$ref', uri]])
}

function isIdentifier(member: string): boolean {
  return member === '$id' || member === '$schema' || member === '$anchor' || member === '$dynamicAnchor'
}

function titled(target: JsonValue): string {
  const title = isJsonObject(target) ? target.get('title') : undefined
  return typeof title === 'string' && title !== '' ? title : 'definition'
}

/** How often each schema is referred to from where it has to be inlined; recursion counts as more than once. */
function countUses(document: JsonSchemaDocument): Map<JsonValue, number> {
  const uses = new Map<JsonValue, number>()
  const visit = (value: JsonValue, foreign: boolean): void => {
    if (isJsonArray(value)) {
      for (const item of value) visit(item, foreign)
    } else if (isJsonObject(value)) {
      const target = document.target(value)
      if (target !== undefined && (foreign || (isJsonObject(target) && !document.isOwn(target)))) {
        const count = uses.get(target) ?? 0
        uses.set(target, count + 1)
        if (count === 0 && target !== document.root) visit(target, true)
      } else {
        for (const member of value.values()) visit(member, foreign)
      }
    }
  }
  visit(document.root, false)
  return uses
}
