/**
 * Comparison of objects. What a change of properties means depends on the content model: *open* admits any other property, *closed*
 * admits none, *partially open* only what `patternProperties` or a schema under `additionalProperties` admits.
 *
 * `patternProperties` themselves are compared pattern by pattern, a pattern being its text.
 */
import { isJsonObject, printJson, pointerStep, type JsonValue } from '../json-text.ts'
import { compareBound } from './compare-value.ts'
import type { Comparison, Embedding } from './compare.ts'
import type { ObjectShape, Shapes } from './shape.ts'
import { withProperty } from './witness.ts'

export function compareObjects(o: ObjectShape, u: ObjectShape, comparison: Comparison): void {
  compareBound('maxProperties', 'MAX_PROPERTIES', o.maxProperties, u.maxProperties, comparison)
  compareBound('minProperties', 'MIN_PROPERTIES', o.minProperties, u.minProperties, comparison)
  compareAdditional(o, u, comparison)
  compareUnevaluated(o, u, comparison)
  compareRequired(o, u, comparison)
  compareDependencies(o, u, comparison)
  comparison.child(o.propertyNames, u.propertyNames, '/propertyNames')
  for (const name of new Set([...o.properties.keys(), ...u.properties.keys()])) compareProperty(name, o, u, comparison)
  comparePatterns(o, u, comparison)
}

function compareProperty(name: string, o: ObjectShape, u: ObjectShape, comparison: Comparison): void {
  const [from, to] = [o.properties.get(name), u.properties.get(name)]
  const step = `/properties${pointerStep(name)}`
  const embedding: Embedding = (value) => withProperty(comparison.original, o, name, value)
  if (from !== undefined && to !== undefined) comparison.child(from, to, step, embedding)
  else if (from !== undefined) propertyRemoved(name, from, u, comparison, step)
  else if (to !== undefined) propertyAdded(name, to, o, u, comparison, step)
}

function propertyRemoved(name: string, from: JsonValue, u: ObjectShape, comparison: Comparison, step: string): void {
  const detail = { name }
  const model = contentModel(u, comparison.update)
  if (model === 'open') return comparison.report('PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL', step, detail)
  const covering = coveringSchemas(u, name, comparison.update)
  if (covering.length > 0) {
    const covered = covering.every((schema) => comparison.holds(from, schema))
    const type = `PROPERTY_REMOVED_${covered ? 'IS' : 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`
    return comparison.report(type, step, detail)
  }
  // Nothing could be there before: nothing is missed.
  const isFalse = comparison.original.of(from).kind === 'false'
  comparison.report(`PROPERTY_${isFalse ? 'WITH_FALSE_' : ''}REMOVED_FROM_CLOSED_CONTENT_MODEL`, step, detail)
}

function propertyAdded(
  name: string,
  to: JsonValue,
  o: ObjectShape,
  u: ObjectShape,
  comparison: Comparison,
  step: string,
): void {
  const detail = { name }
  const required = u.required.has(name) && !o.required.has(name)
  const hasDefault = hasDefaultValue(to, comparison.update)
  if (contentModel(o, comparison.original) === 'open') {
    if (comparison.update.of(to).kind === 'true' && !required) {
      return comparison.report('PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL', step, detail)
    }
    const kind = required ? (hasDefault ? 'REQUIRED_PROPERTY_WITH_DEFAULT' : 'REQUIRED_PROPERTY') : 'OPTIONAL_PROPERTY'
    return comparison.report(`${kind}_ADDED_TO_OPEN_CONTENT_MODEL`, step, detail)
  }
  const covering = coveringSchemas(o, name, comparison.original)
  if (covering.length > 0) {
    const covered = covering.some((schema) => comparison.holds(schema, to))
    comparison.report(`PROPERTY_ADDED_${covered ? 'IS' : 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`, step, detail)
  }
  if (required) {
    comparison.report(
      `REQUIRED_PROPERTY_${hasDefault ? 'WITH_DEFAULT_' : ''}ADDED_TO_UNOPEN_CONTENT_MODEL`,
      step,
      detail,
    )
  } else if (covering.length === 0) {
    comparison.report('OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL', step, detail)
  }
}

/** Only of properties both sides declare, or neither does: the others are reported as added. */
function compareRequired(o: ObjectShape, u: ObjectShape, comparison: Comparison): void {
  for (const name of u.required) {
    if (o.required.has(name) || (u.properties.has(name) && !o.properties.has(name))) continue
    const property = u.properties.get(name)
    const hasDefault = property !== undefined && hasDefaultValue(property, comparison.update)
    comparison.report(`REQUIRED_ATTRIBUTE_${hasDefault ? 'WITH_DEFAULT_' : ''}ADDED`, `/required${pointerStep(name)}`, {
      name,
    })
  }
  for (const name of o.required) {
    if (!u.required.has(name))
      comparison.report('REQUIRED_ATTRIBUTE_REMOVED', `/required${pointerStep(name)}`, { name })
  }
}

function compareDependencies(o: ObjectShape, u: ObjectShape, comparison: Comparison): void {
  for (const name of new Set([...o.dependentRequired.keys(), ...u.dependentRequired.keys()])) {
    const [from, to] = [o.dependentRequired.get(name), u.dependentRequired.get(name)]
    const step = `/dependencies${pointerStep(name)}`
    const detail = {
      keyword: `dependencies of "${name}"`,
      from: from && JSON.stringify(from),
      to: to && JSON.stringify(to),
    }
    if (to === undefined) comparison.report('DEPENDENCY_ARRAY_REMOVED', step, detail)
    else if (from === undefined) comparison.report('DEPENDENCY_ARRAY_ADDED', step, detail)
    else {
      const gained = to.some((other) => !from.includes(other))
      const lost = from.some((other) => !to.includes(other))
      if (gained) comparison.report(lost ? 'DEPENDENCY_ARRAY_CHANGED' : 'DEPENDENCY_ARRAY_EXTENDED', step, detail)
      else if (lost) comparison.report('DEPENDENCY_ARRAY_NARROWED', step, detail)
    }
  }
  for (const name of new Set([...o.dependentSchemas.keys(), ...u.dependentSchemas.keys()])) {
    const [from, to] = [o.dependentSchemas.get(name), u.dependentSchemas.get(name)]
    const step = `/dependencies${pointerStep(name)}`
    if (to === undefined) comparison.report('DEPENDENCY_SCHEMA_REMOVED', step, { name })
    else if (from === undefined) comparison.report('DEPENDENCY_SCHEMA_ADDED', step, { name })
    else comparison.child(from, to, step)
  }
}

function compareAdditional(o: ObjectShape, u: ObjectShape, comparison: Comparison): void {
  const [from, to] = [o.additionalProperties, u.additionalProperties]
  const [oKind, uKind] = [comparison.original.of(from).kind, comparison.update.of(to).kind]
  const step = '/additionalProperties'
  const detail = { keyword: 'additionalProperties', from: brief(from), to: brief(to) }
  if (oKind === uKind && (oKind === 'true' || oKind === 'false')) return
  if (oKind === 'false') comparison.report('ADDITIONAL_PROPERTIES_ADDED', step, detail)
  else if (uKind === 'false') comparison.report('ADDITIONAL_PROPERTIES_REMOVED', step, detail)
  else if (uKind === 'true') comparison.report('ADDITIONAL_PROPERTIES_EXTENDED', step, detail)
  else if (oKind === 'true') comparison.report('ADDITIONAL_PROPERTIES_NARROWED', step, detail)
  else comparison.child(from, to, step, (value) => withProperty(comparison.original, o, undefined, value))
}

function compareUnevaluated(o: ObjectShape, u: ObjectShape, comparison: Comparison): void {
  const [from, to] = [o.unevaluatedProperties, u.unevaluatedProperties]
  const [oKind, uKind] = [comparison.original.of(from).kind, comparison.update.of(to).kind]
  const step = '/unevaluatedProperties'
  const detail = { keyword: 'unevaluatedProperties', from: brief(from), to: brief(to) }
  if (oKind === uKind && (oKind === 'true' || oKind === 'false')) return
  if (oKind === 'false') comparison.report('UNEVALUATED_PROPERTIES_ADDED', step, detail)
  else if (uKind === 'false') comparison.report('UNEVALUATED_PROPERTIES_REMOVED', step, detail)
  else if (uKind === 'true') comparison.report('UNEVALUATED_PROPERTIES_EXTENDED', step, detail)
  else if (oKind === 'true') comparison.report('UNEVALUATED_PROPERTIES_NARROWED', step, detail)
  else comparison.child(from, to, step)
}

function comparePatterns(o: ObjectShape, u: ObjectShape, comparison: Comparison): void {
  for (const pattern of new Set([...o.patternProperties.keys(), ...u.patternProperties.keys()])) {
    const [from, to] = [o.patternProperties.get(pattern), u.patternProperties.get(pattern)]
    const step = `/patternProperties${pointerStep(pattern)}`
    if (from !== undefined && to !== undefined) {
      comparison.child(from, to, step)
    } else if (from !== undefined) {
      // What matched it falls to the update's other patterns, which are compared on their own, and to its additionalProperties.
      if (comparison.update.of(u.additionalProperties).kind === 'false') {
        comparison.report('PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL', step, { name: pattern })
      } else if (!comparison.holds(from, u.additionalProperties)) {
        comparison.report('PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL', step, { name: pattern })
      }
    } else if (to !== undefined && !isUnmatched(pattern, to, o, comparison)) {
      comparison.report('SCHEMA_ADDED', step, {
        keyword: `patternProperties ${JSON.stringify(pattern)}`,
        from: undefined,
        to: brief(to),
      })
    }
  }
}

/** Whether all that the original admits under a new pattern fits the pattern's schema anyway. */
function isUnmatched(pattern: string, to: JsonValue, o: ObjectShape, comparison: Comparison): boolean {
  if (comparison.update.of(to).kind === 'true') return true
  if (!comparison.holds(o.additionalProperties, to)) return false
  if (![...o.patternProperties.values()].every((schema) => comparison.holds(schema, to))) return false
  return [...o.properties].every(
    ([name, schema]) => comparison.update.matches(pattern, name) === false || comparison.holds(schema, to),
  )
}

export type ContentModel = 'open' | 'closed' | 'partially open'

export function contentModel(shape: ObjectShape, shapes: Shapes): ContentModel {
  const additional = shapes.of(shape.additionalProperties).kind
  const unevaluated = shapes.of(shape.unevaluatedProperties).kind
  const closes = additional === 'false' || (additional === 'true' && unevaluated === 'false')
  if (closes) return shape.patternProperties.size === 0 ? 'closed' : 'partially open'
  return additional === 'true' && unevaluated === 'true' && shape.patternProperties.size === 0
    ? 'open'
    : 'partially open'
}

/** The schemas a partially open model applies to a property it does not declare; none: it is not admitted. */
function coveringSchemas(shape: ObjectShape, name: string, shapes: Shapes): readonly JsonValue[] {
  const matching = [...shape.patternProperties].flatMap(([pattern, schema]) =>
    shapes.matches(pattern, name) === false ? [] : [schema],
  )
  if (matching.length > 0) return matching
  if (shape.additionalProperties === false) return []
  if (shape.additionalProperties === true && shape.unevaluatedProperties !== true) {
    return shape.unevaluatedProperties === false ? [] : [shape.unevaluatedProperties]
  }
  return [shape.additionalProperties]
}

function hasDefaultValue(schema: JsonValue, shapes: Shapes): boolean {
  // Beside a reference too, where the reference's own schema has none.
  return (isJsonObject(schema) && schema.has('default')) || shapes.annotated(schema)?.has('default') === true
}

function brief(value: JsonValue): string | undefined {
  if (value === true) return undefined
  const text = printJson(value)
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}
