/** The rules for Avro. */
import { namedTypes } from '../formats/avro/print.ts'
import type { AvroField, AvroType } from '../formats/avro/type.ts'
import { isJsonArray, isJsonObject, type JsonValue } from '../formats/json-text.ts'
import type { ParsedAvro } from '../formats/index.ts'
import { isPascalCase, isUpperCase, lintFieldNames, type Report } from './lint-rules.ts'

export function lintAvro({ type }: ParsedAvro, report: Report): void {
  for (const named of namedTypes(type)) {
    const path = named.fullName
    if (!isPascalCase(named.name)) report('naming', path, `${named.name} is not PascalCase`)
    if (named.namespace === '') report('missing-namespace', path, `${named.name} has no namespace`)
    if (named.doc === undefined && named.kind !== 'fixed') report('missing-doc', path, `${named.name} has no doc`)
    if (named.kind === 'enum') {
      if (named.default === undefined) report('enum-without-default', path, `${named.name} has no default`)
      for (const symbol of named.symbols) {
        if (!isUpperCase(symbol)) report('naming', `${path}.${symbol}`, `the symbol ${symbol} is not UPPER_CASE`)
      }
    }
    if (named.kind !== 'record') continue
    for (const field of named.fields) lintField(path, field, report)
    lintFieldNames(
      named.fields.map(({ name }) => ({ path: `${path}.${name}`, name })),
      report,
    )
  }
}

function lintField(record: string, field: AvroField, report: Report): void {
  const path = `${record}.${field.name}`
  if (field.doc === undefined) report('missing-doc', path, `${field.name} has no doc`)
  const { type } = field
  if (type.kind !== 'union') return
  const [first] = type.branches
  const nullable = type.branches.some(({ kind }) => kind === 'null')
  if (field.default === undefined) {
    if (nullable) report('optional-without-default', path, `${field.name} may be null and has no default`)
  } else if (first !== undefined && !isOf(first, field.default)) {
    report('default-not-first', path, `the default of ${field.name} is not of the union's first branch`)
  }
}

/** By kind only: whether the default is a value of the type to the last detail is the parser's to say. */
function isOf(type: AvroType, value: JsonValue): boolean {
  switch (type.kind) {
    case 'null':
      return value === null
    case 'boolean':
      return typeof value === 'boolean'
    case 'string':
    case 'bytes':
    case 'enum':
    case 'fixed':
      return typeof value === 'string'
    case 'array':
      return isJsonArray(value)
    case 'map':
    case 'record':
      return isJsonObject(value)
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return typeof value === 'object' && value !== null && !isJsonArray(value) && !isJsonObject(value)
    case 'union':
      return type.branches.some((branch) => isOf(branch, value))
    default:
      return type satisfies never
  }
}
