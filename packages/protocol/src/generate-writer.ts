/**
 * Writes the source of an encoder for one version of a message.
 *
 * One function per struct. Fields of fixed size that follow each other are range-checked one by one and written after
 * one check for room. A tagged field is written only when it differs from its default; its size is known beforehand
 * unless it has parts of variable size, which then go through a scratch writer.
 */
import type { Field, Fields, MessageDeclaration, ScalarType } from './declare.ts'
import { defaultSource } from './generate-reader.ts'
import { fixedSizeOf, inVersions, isCompact, isNullable, isPresent, isTagged, layoutOf } from './version-range.ts'

/** Names that the generated source expects in scope. */
export const WRITER_SCOPE = [
  'setInt64At',
  'unfit',
  'unexpectedNull',
  'missingField',
  'EMPTY_BYTES',
  'ZERO_UUID',
] as const

interface Generation {
  readonly declaration: MessageDeclaration
  readonly version: number
  readonly functions: Map<Fields, string>
  readonly defaultChecks: Map<Fields, string>
  readonly source: string[]
}

/** @returns the body of a function that returns the encoder: `(writer, value) => void` */
export function generateWriter(declaration: MessageDeclaration, version: number): string {
  const generation: Generation = {
    declaration,
    version,
    functions: new Map(),
    defaultChecks: new Map(),
    source: [],
  }
  const root = structWriter(generation, declaration.fields, declaration.name)
  return `'use strict'\n${generation.source.join('\n')}\nreturn ${root}\n`
}

function structWriter(generation: Generation, fields: Fields, name: string): string {
  const known = generation.functions.get(fields)
  if (known !== undefined) return known
  const { declaration, version } = generation
  const functionName = `${name}_v${version}`
  generation.functions.set(fields, functionName)

  const lines: string[] = []
  let run: [string, Field<unknown>][] = []
  const endRun = (): void => {
    lines.push(...fixedRun(run))
    run = []
  }
  for (const [field, declared] of Object.entries(fields)) {
    if (isTagged(declared, version)) continue
    if (!isPresent(declared, version)) {
      if (declared.ignorable === true) continue
      lines.push(`const $${field} = o.${field}`)
      lines.push(`if (${differs(generation, `$${field}`, declared, `${name}_${field}`)}) throw missingField()`)
      continue
    }
    if (fixedSizeOf(declared.type) !== undefined) {
      run.push([field, declared])
      continue
    }
    endRun()
    lines.push(`let $${field} = o.${field}`)
    lines.push(...valueWriter(generation, 'w', `$${field}`, declared, `${name}_${field}`))
  }
  endRun()
  if (inVersions(declaration.flexible, version)) lines.push(...taggedWriter(generation, fields, name))

  const body = lines.map((line) => `  ${line}`).join('\n')
  const check = `if (typeof o !== 'object' || o === null) throw unfit('struct', o)`
  generation.source.push(`function ${functionName}(w, o) {\n  ${check}\n${body}\n}`)
  return functionName
}

/** Neighbouring fields of fixed size, behind one check for room. */
function fixedRun(run: readonly [string, Field<unknown>][]): string[] {
  if (run.length === 0) return []
  const first = run[0]![0]
  const [at, view] = [`at_${first}`, `v_${first}`]
  const checks: string[] = []
  const writes: string[] = []
  let offset = 0
  for (const [field, declared] of run) {
    const type = declared.type as ScalarType
    checks.push(`let $${field} = o.${field}`, fixedCheck(`$${field}`, declared))
    writes.push(fixedWrite('w', view, type, offset === 0 ? at : `${at} + ${offset}`, `$${field}`))
    offset += fixedSizeOf(type)!
  }
  return [...checks, `const ${at} = w.need(${offset}), ${view} = w.view`, ...writes]
}

/** Takes the default, or refuses what the type cannot carry. */
function fixedCheck(target: string, field: Field<unknown>): string {
  const absent = `if (${target} === undefined) ${target} = ${defaultSource(field)}`
  const wrong = fixedUnfit(field.type as ScalarType, target)
  return wrong === undefined ? absent : `${absent}; else if (${wrong}) throw unfit('${field.type}', ${target})`
}

/** Condition of a value outside its type; `undefined` where the write itself checks. */
function fixedUnfit(type: ScalarType, value: string): string | undefined {
  switch (type) {
    case 'bool':
      return `typeof ${value} !== 'boolean'`
    case 'int8':
      return `(${value} << 24) >> 24 !== ${value}`
    case 'int16':
      return `(${value} << 16) >> 16 !== ${value}`
    case 'uint16':
      return `(${value} & 0xffff) !== ${value}`
    case 'int32':
      return `(${value} | 0) !== ${value}`
    case 'uint32':
      return `(${value} >>> 0) !== ${value}`
    case 'float64':
      return `typeof ${value} !== 'number'`
    default:
      return undefined
  }
}

function fixedWrite(writer: string, view: string, type: ScalarType, at: string, value: string): string {
  switch (type) {
    case 'bool':
      return `${view}.setUint8(${at}, ${value} ? 1 : 0)`
    case 'int64':
      return `setInt64At(${view}, ${at}, ${value})`
    case 'uuid':
      return `${writer}.uuidAt(${at}, ${value})`
    default:
      return `${view}.set${type[0]!.toUpperCase()}${type.slice(1)}(${at}, ${value})`
  }
}

/** Statements that write the value in the variable `target`, which they may change. */
function valueWriter(
  generation: Generation,
  writer: string,
  target: string,
  field: Field<unknown>,
  name: string,
): string[] {
  const { declaration, version } = generation
  const nullable = isNullable(field, version)
  const compact = isCompact(declaration, field, version)
  if (field.type === 'struct') {
    const write = `${structWriter(generation, field.fields!, name)}(${writer}, ${target})`
    const absent = `if (${target} === undefined) ${target} = ${field.default === null ? 'null' : '{}'}`
    if (!nullable) return [absent, write]
    const marker = (present: boolean): string => {
      if (isTagged(field, version)) return `${writer}.uvarint(${present ? 1 : 0})`
      return `${writer}.int8(${present ? 1 : -1})`
    }
    return [absent, `if (${target} === null) ${marker(false)}`, `else { ${marker(true)}; ${write} }`]
  }
  if (field.type === 'array') return arrayWriter(generation, writer, target, field, name)
  if (fixedSizeOf(field.type) !== undefined) {
    return [`${writer}.${field.type}(${target} === undefined ? ${defaultSource(field)} : ${target})`]
  }
  const method = variableWriter(field.type, compact, nullable)
  return [`${writer}.${method}(${target} === undefined ? ${defaultSource(field)} : ${target})`]
}

function arrayWriter(
  generation: Generation,
  writer: string,
  target: string,
  field: Field<unknown>,
  name: string,
): string[] {
  const { declaration, version } = generation
  const compact = isCompact(declaration, field, version)
  const element = field.element!
  const length = (value: string): string => (compact ? `${writer}.uvarint(${value} + 1)` : `${writer}.int32(${value})`)
  const onNull = isNullable(field, version) ? length('-1') : 'throw unexpectedNull()'
  const write =
    element === 'struct'
      ? `${structWriter(generation, field.fields!, name)}(${writer}, ${target}[i])`
      : `${writer}.${fixedSizeOf(element) === undefined ? variableWriter(element, compact, false) : element}(${target}[i])`
  return [
    `if (${target} === undefined) ${target} = ${field.default === null ? 'null' : '[]'}`,
    `if (${target} === null) { ${onNull} }`,
    `else {`,
    `  if (!Array.isArray(${target})) throw unfit('array', ${target})`,
    `  ${length(`${target}.length`)}`,
    `  for (let i = 0; i < ${target}.length; i++) ${write}`,
    `}`,
  ]
}

/** Name of the writer's method for a type with a length. */
function variableWriter(type: ScalarType, compact: boolean, nullable: boolean): string {
  const method = `${compact ? 'compact-' : ''}${nullable ? 'nullable-' : ''}${type === 'string' ? 'string' : 'byte-string'}`
  return method.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

function taggedWriter(generation: Generation, fields: Fields, name: string): string[] {
  const { tagged } = layoutOf(fields, generation.version)
  if (tagged.length === 0) return ['w.uvarint(0)']
  const lines: string[] = []
  for (const [field, declared] of tagged) {
    lines.push(`let $${field} = o.${field}`)
    lines.push(`const set_${field} = ${differs(generation, `$${field}`, declared, `${name}_${field}`)}`)
  }
  lines.push(`w.uvarint(${tagged.map(([field]) => `(set_${field} ? 1 : 0)`).join(' + ')})`)
  for (const [field, declared] of tagged) {
    const size = taggedSize(generation, declared)
    const write = (writer: string): string =>
      valueWriter(generation, writer, `$${field}`, declared, `${name}_${field}`).join('\n    ')
    lines.push(
      `if (set_${field}) {`,
      size === undefined
        ? `  const s = w.scratch()\n    ${write('s')}\n    w.taggedField(${declared.tag}, s)`
        : `  w.uvarint(${declared.tag})\n    w.uvarint(${size})\n    ${write('w')}`,
      '}',
    )
  }
  return lines
}

/** Size of a tagged value when it is the same for all values. */
function taggedSize(generation: Generation, field: Field<unknown>): number | undefined {
  const { version } = generation
  if (field.type !== 'struct') return fixedSizeOf(field.type)
  if (isNullable(field, version)) return undefined
  let size = 1 // the empty tagged section at the end of the struct
  for (const inner of Object.values(field.fields!)) {
    if (!isPresent(inner, version)) continue
    const fixed = isTagged(inner, version) ? undefined : fixedSizeOf(inner.type)
    if (fixed === undefined) return undefined
    size += fixed
  }
  return size
}

/** Condition: the value is given and is not the default. */
function differs(generation: Generation, value: string, field: Field<unknown>, name: string): string {
  switch (field.type) {
    case 'array':
    case 'bytes':
    case 'records':
      if (field.default === null) return `${value} !== undefined && ${value} !== null`
      return `${value} !== undefined && (${value} === null || ${value}.length !== 0)`
    case 'struct':
      if (field.default === null) return `${value} !== undefined && ${value} !== null`
      return `${value} !== undefined && (${value} === null || !${defaultCheck(generation, field.fields!, name)}(${value}))`
    default:
      return `${value} !== undefined && ${value} !== ${defaultSource(field)}`
  }
}

/** Name of a function that tells whether all members of a struct are absent or default. */
function defaultCheck(generation: Generation, fields: Fields, name: string): string {
  const known = generation.defaultChecks.get(fields)
  if (known !== undefined) return known
  const functionName = `${name}_isDefault`
  generation.defaultChecks.set(fields, functionName)
  const lines = Object.entries(fields).map(([field, declared]) => {
    const condition = differs(generation, `$${field}`, declared, `${name}_${field}`)
    return `  const $${field} = o.${field}\n  if (${condition}) return false`
  })
  generation.source.push(`function ${functionName}(o) {\n${lines.join('\n')}\n  return true\n}`)
  return functionName
}
