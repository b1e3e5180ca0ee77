/** Comparison of arrays: a first few items with a schema each, then the rest; the content models mirror those of objects. */
import type { JsonValue } from '../json-text.ts'
import { equalJson } from '../json-text.ts'
import { compareBound } from './compare-value.ts'
import type { Comparison, Embedding } from './compare.ts'
import type { ArrayShape } from './shape.ts'
import { withItem } from './witness.ts'

export function compareArrays(o: ArrayShape, u: ArrayShape, comparison: Comparison): void {
  compareBound('maxItems', 'MAX_ITEMS', o.maxItems, u.maxItems, comparison)
  compareBound('minItems', 'MIN_ITEMS', o.minItems, u.minItems, comparison)
  if (o.uniqueItems !== u.uniqueItems) {
    comparison.report(u.uniqueItems ? 'UNIQUE_ITEMS_ADDED' : 'UNIQUE_ITEMS_REMOVED', '/uniqueItems', {
      keyword: 'uniqueItems',
      from: String(o.uniqueItems),
      to: String(u.uniqueItems),
    })
  }
  compareContains(o, u, comparison)
  if (o.prefix.length === 0 && u.prefix.length === 0) {
    comparison.child(o.rest, u.rest, '/items', itemAt(0, o, comparison))
  } else {
    compareTuples(o, u, comparison)
  }
  compareUnevaluated(o, u, comparison)
}

function compareTuples(o: ArrayShape, u: ArrayShape, comparison: Comparison): void {
  compareAdditional(o, u, comparison)
  for (let i = 0; i < Math.max(o.prefix.length, u.prefix.length); i++) {
    const [from, to] = [o.prefix[i], u.prefix[i]]
    const step = `/items/${i}`
    if (from !== undefined && to !== undefined) comparison.child(from, to, step, itemAt(i, o, comparison))
    else if (from !== undefined) itemRemoved(from, i, u, comparison, step)
    else if (to !== undefined) itemAdded(to, i, o, comparison, step)
  }
}

function itemRemoved(from: JsonValue, i: number, u: ArrayShape, comparison: Comparison, step: string): void {
  const detail = { name: String(i) }
  const rest = comparison.update.of(u.rest ?? true).kind
  if (rest === 'true') comparison.report('ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL', step, detail)
  else if (rest === 'false') {
    const isFalse = comparison.original.of(from).kind === 'false'
    comparison.report(`ITEM_${isFalse ? 'WITH_FALSE_' : ''}REMOVED_FROM_CLOSED_CONTENT_MODEL`, step, detail)
  } else {
    const covered = comparison.holds(from, u.rest)
    comparison.report(`ITEM_REMOVED_${covered ? 'IS' : 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`, step, detail)
  }
}

function itemAdded(to: JsonValue, i: number, o: ArrayShape, comparison: Comparison, step: string): void {
  const detail = { name: String(i) }
  const rest = comparison.original.of(o.rest ?? true).kind
  if (rest === 'true') {
    const isEmpty = comparison.update.of(to).kind === 'true'
    comparison.report(`ITEM_${isEmpty ? 'WITH_EMPTY_SCHEMA_' : ''}ADDED_TO_OPEN_CONTENT_MODEL`, step, detail)
  } else if (rest === 'false') {
    comparison.report('ITEM_ADDED_TO_CLOSED_CONTENT_MODEL', step, detail)
  } else {
    const covered = comparison.holds(o.rest, to)
    comparison.report(`ITEM_ADDED_${covered ? 'IS' : 'NOT'}_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL`, step, detail)
  }
}

function compareAdditional(o: ArrayShape, u: ArrayShape, comparison: Comparison): void {
  const [oKind, uKind] = [comparison.original.of(o.rest ?? true).kind, comparison.update.of(u.rest ?? true).kind]
  const step = '/additionalItems'
  const detail = { keyword: 'additionalItems' }
  if (oKind === uKind && (oKind === 'true' || oKind === 'false')) return
  if (oKind === 'false') comparison.report('ADDITIONAL_ITEMS_ADDED', step, detail)
  else if (uKind === 'false') comparison.report('ADDITIONAL_ITEMS_REMOVED', step, detail)
  else if (uKind === 'true') comparison.report('ADDITIONAL_ITEMS_EXTENDED', step, detail)
  else if (oKind === 'true') comparison.report('ADDITIONAL_ITEMS_NARROWED', step, detail)
  else comparison.child(o.rest, u.rest, step, itemAt(o.prefix.length, o, comparison))
}

function compareUnevaluated(o: ArrayShape, u: ArrayShape, comparison: Comparison): void {
  const [oKind, uKind] = [
    comparison.original.of(o.unevaluatedItems).kind,
    comparison.update.of(u.unevaluatedItems).kind,
  ]
  const step = '/unevaluatedItems'
  if (oKind === uKind && (oKind === 'true' || oKind === 'false')) return
  if (oKind === 'false') comparison.report('UNEVALUATED_ITEMS_ADDED', step)
  else if (uKind === 'false') comparison.report('UNEVALUATED_ITEMS_REMOVED', step)
  else if (uKind === 'true') comparison.report('UNEVALUATED_ITEMS_EXTENDED', step)
  else if (oKind === 'true') comparison.report('UNEVALUATED_ITEMS_NARROWED', step)
  else comparison.child(o.unevaluatedItems, u.unevaluatedItems, step)
}

function compareContains(o: ArrayShape, u: ArrayShape, comparison: Comparison): void {
  comparison.child(o.contains, u.contains, '/contains')
  if (u.contains === undefined) return
  compareBound('minContains', 'MIN_CONTAINS', o.minContains ?? 1, u.minContains ?? 1, comparison)
  compareBound('maxContains', 'MAX_CONTAINS', o.maxContains, u.maxContains, comparison)
  // A wider `contains` counts more items: a maximum over it is then a lower one.
  if (
    u.maxContains !== undefined &&
    o.maxContains !== undefined &&
    u.maxContains >= o.maxContains &&
    !equalJson(o.contains, u.contains)
  ) {
    if (!comparison.holdsReversed(u.contains, o.contains)) comparison.report('MAX_CONTAINS_DECREASED', '/maxContains')
  }
}

function itemAt(index: number, o: ArrayShape, comparison: Comparison): Embedding {
  return (value) => withItem(comparison.original, o, index, value)
}
