/** Comparison of strings, numbers and enumerations. */
import { equalJson, JsonNumber, printJson } from '../json-text.ts'
import type { Comparison } from './compare.ts'
import type { EnumShape, NumberShape, StringShape } from './shape.ts'

export function compareStrings(o: StringShape, u: StringShape, comparison: Comparison): void {
  compareBound('maxLength', 'MAX_LENGTH', o.maxLength, u.maxLength, comparison)
  compareBound('minLength', 'MIN_LENGTH', o.minLength, u.minLength, comparison)
  if (o.pattern === u.pattern) return
  const type =
    u.pattern === undefined ? 'PATTERN_REMOVED' : o.pattern === undefined ? 'PATTERN_ADDED' : 'PATTERN_CHANGED'
  comparison.report(type, '/pattern', { keyword: 'pattern', from: quoted(o.pattern), to: quoted(u.pattern) })
}

export function compareNumbers(o: NumberShape, u: NumberShape, comparison: Comparison): void {
  if (o.integer !== u.integer) {
    comparison.report(o.integer ? 'TYPE_EXTENDED' : 'TYPE_NARROWED', '', {
      keyword: 'type',
      from: o.integer ? '"integer"' : '"number"',
      to: u.integer ? '"integer"' : '"number"',
      candidates: [JsonNumber.of(0.5)],
    })
  }
  compareBound('maximum', 'MAXIMUM', o.maximum, u.maximum, comparison)
  compareBound('minimum', 'MINIMUM', o.minimum, u.minimum, comparison)
  compareBound('exclusiveMaximum', 'EXCLUSIVE_MAXIMUM', o.exclusiveMaximum, u.exclusiveMaximum, comparison)
  compareBound('exclusiveMinimum', 'EXCLUSIVE_MINIMUM', o.exclusiveMinimum, u.exclusiveMinimum, comparison)
  compareMultipleOf(o.multipleOf, u.multipleOf, comparison)
}

function compareMultipleOf(from: number | undefined, to: number | undefined, comparison: Comparison): void {
  if (from === to) return
  let type = 'MULTIPLE_OF_CHANGED'
  if (to === undefined) type = 'MULTIPLE_OF_REMOVED'
  else if (from === undefined) type = 'MULTIPLE_OF_ADDED'
  else if (from % to === 0) type = 'MULTIPLE_OF_REDUCED'
  else if (to % from === 0) type = 'MULTIPLE_OF_EXPANDED'
  comparison.report(type, '/multipleOf', { keyword: 'multipleOf', ...ends(from, to) })
}

/** The names of upper and lower bounds differ by prefix only: ADDED, REMOVED, INCREASED, DECREASED. */
export function compareBound(
  keyword: string,
  name: string,
  from: number | undefined,
  to: number | undefined,
  comparison: Comparison,
): void {
  if (from === to) return
  const change = to === undefined ? 'REMOVED' : from === undefined ? 'ADDED' : to > from ? 'INCREASED' : 'DECREASED'
  comparison.report(`${name}_${change}`, `/${keyword}`, { keyword, ...ends(from, to) })
}

export function compareEnums(o: EnumShape, u: EnumShape, comparison: Comparison): void {
  const lost = o.values.filter((value) => !u.values.some((other) => equalJson(value, other)))
  const gained = u.values.some((value) => !o.values.some((other) => equalJson(value, other)))
  if (lost.length === 0 && !gained) return
  const type = lost.length === 0 ? 'ENUM_ARRAY_EXTENDED' : gained ? 'ENUM_ARRAY_CHANGED' : 'ENUM_ARRAY_NARROWED'
  comparison.report(type, `/${u.keyword}`, { keyword: u.keyword, from: listed(o), to: listed(u), candidates: lost })
}

function listed({ values }: EnumShape): string {
  return printJson(values)
}

function quoted(text: string | undefined): string | undefined {
  return text === undefined ? undefined : JSON.stringify(text)
}

function ends(from: number | undefined, to: number | undefined) {
  return { from: from === undefined ? undefined : String(from), to: to === undefined ? undefined : String(to) }
}
