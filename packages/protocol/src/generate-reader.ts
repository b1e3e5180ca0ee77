/**
 * Writes the source of a decoder for one version of a message.
 *
 * One function per struct, named after its path. Fields go into local variables and from there into one object literal
 * with all declared fields in declared order, so that all versions of a message share one hidden class. Neighbouring
 * fields of fixed size are bounds-checked once. Nothing in the source depends on input: it is made of declarations only.
 */
import type { Field, Fields, MessageDeclaration, ScalarType } from './declare.ts'
import {
  elementSizeMin,
  fixedSizeOf,
  inVersions,
  isCompact,
  isNullable,
  isPresent,
  isTagged,
  layoutOf,
} from './version-range.ts'

/** Names that the generated source expects in scope. */
export const READER_SCOPE = ['int64At', 'unexpectedNull', 'EMPTY_BYTES', 'ZERO_UUID'] as const

/**
 * A statement for a place in the control flow; empty in production. The fuzzer counts visits with it
 * (`packages/protocol/fuzz`).
 */
export type Probe = () => string

interface Generation {
  readonly declaration: MessageDeclaration
  readonly version: number
  readonly probe: Probe
  /** Finished functions, by the struct they read. */
  readonly functions: Map<Fields, string>
  readonly source: string[]
}

/** @returns the body of a function that returns the decoder: `(reader) => value` */
export function generateReader(declaration: MessageDeclaration, version: number, probe: Probe = () => ''): string {
  const generation: Generation = { declaration, version, probe, functions: new Map(), source: [] }
  const root = structReader(generation, declaration.fields, declaration.name)
  return `'use strict'\n${generation.source.join('\n')}\nreturn ${root}\n`
}

/** Source of the default of a field: a literal, fresh on each evaluation. */
export function defaultSource(field: Field<unknown>): string {
  const value = field.default
  if (value === null) return 'null'
  switch (field.type) {
    case 'array':
      return '[]'
    case 'struct':
      return `{ ${Object.entries(field.fields!)
        .map(([name, inner]) => `${name}: ${defaultSource(inner)}`)
        .join(', ')} }`
    case 'bytes':
    case 'records':
      return 'EMPTY_BYTES'
    case 'uuid':
      return value === undefined ? 'ZERO_UUID' : JSON.stringify(value)
    case 'string':
      return JSON.stringify(value ?? '')
    case 'bool':
      return value === true ? 'true' : 'false'
    default:
      return String((value as number | undefined) ?? 0)
  }
}

function structReader(generation: Generation, fields: Fields, name: string): string {
  const known = generation.functions.get(fields)
  if (known !== undefined) return known
  const { declaration, version, probe } = generation
  const functionName = `${name}_v${version}`
  generation.functions.set(fields, functionName)

  const lines: string[] = []
  const entries = Object.entries(fields)
  for (const [field, declared] of entries) {
    // Left undefined until it is read: its default may be an object that would be made in vain.
    if (isTagged(declared, version)) lines.push(`let $${field}`)
  }
  let run: [string, ScalarType][] = []
  const endRun = (): void => {
    lines.push(...fixedRun(run))
    run = []
  }
  for (const [field, declared] of entries) {
    if (!isPresent(declared, version) || isTagged(declared, version)) continue
    if (fixedSizeOf(declared.type) !== undefined) {
      run.push([field, declared.type as ScalarType])
      continue
    }
    endRun()
    lines.push(`let $${field}`, ...valueReader(generation, `$${field}`, declared, `${name}_${field}`))
  }
  endRun()
  if (inVersions(declaration.flexible, version)) lines.push(...taggedReader(generation, fields, name))

  const members = entries.map(([field, declared]) => {
    if (!isPresent(declared, version)) return `${field}: ${defaultSource(declared)}`
    if (!isTagged(declared, version)) return `${field}: $${field}`
    return `${field}: $${field} === undefined ? ${defaultSource(declared)} : $${field}`
  })
  const body = lines.map((line) => `  ${line}`).join('\n')
  generation.source.push(
    `function ${functionName}(r) {\n  ${probe()}const v = r.view\n${body}\n  return { ${members.join(', ')} }\n}`,
  )
  return functionName
}

/** Neighbouring fields of fixed size, behind one bounds check. */
function fixedRun(run: readonly [string, ScalarType][]): string[] {
  if (run.length === 0) return []
  const at = `at_${run[0]![0]}`
  const lines: string[] = []
  let offset = 0
  for (const [field, type] of run) {
    lines.push(`const $${field} = ${fixedSource(type, offset === 0 ? at : `${at} + ${offset}`)}`)
    offset += fixedSizeOf(type)!
  }
  return [`const ${at} = r.need(${offset})`, ...lines]
}

/** Expression of a value of fixed size at a position that was checked. */
function fixedSource(type: ScalarType, at: string): string {
  switch (type) {
    case 'bool':
      return `r.bytes[${at}] !== 0`
    case 'int64':
      return `int64At(v, ${at})`
    case 'uuid':
      return `r.uuidAt(${at})`
    default:
      return `v.get${type[0]!.toUpperCase()}${type.slice(1)}(${at})`
  }
}

/** Statements that assign the next value to `target`. */
function valueReader(generation: Generation, target: string, field: Field<unknown>, name: string): string[] {
  const { declaration, version, probe } = generation
  const nullable = isNullable(field, version)
  const compact = isCompact(declaration, field, version)
  if (field.type === 'struct') {
    const read = `${target} = ${structReader(generation, field.fields!, name)}(r)`
    const present = isTagged(field, version) ? 'taggedStructPresent' : 'structPresent'
    return nullable ? [`if (r.${present}()) ${read}`, `else { ${probe()}${target} = null }`] : [read]
  }
  if (field.type === 'array') return arrayReader(generation, target, field, name)
  const fixed = fixedSizeOf(field.type)
  if (fixed !== undefined) return [`${target} = ${fixedSource(field.type, `r.need(${fixed})`)}`]
  const read = `${target} = r.${variableReader(field.type, compact, nullable)}()`
  const probed = nullable ? probe() : ''
  return probed === '' ? [read] : [read, `if (${target} === null) { ${probed} }`]
}

function arrayReader(generation: Generation, target: string, field: Field<unknown>, name: string): string[] {
  const { declaration, version, probe } = generation
  const compact = isCompact(declaration, field, version)
  const sizeMin = elementSizeMin(declaration, field, version)
  const element = field.element!
  const onNull = isNullable(field, version) ? `${probe()}${target} = null` : 'throw unexpectedNull()'
  const lines = [
    `const n_${name} = r.${compact ? 'compactArrayLength' : 'arrayLength'}(${sizeMin})`,
    `if (n_${name} === -1) { ${onNull} }`,
    `else {`,
    `  ${target} = []`,
  ]
  const fixed = element === 'struct' ? undefined : fixedSizeOf(element)
  if (fixed !== undefined) {
    lines.push(
      `  let at = r.need(n_${name} * ${fixed})`,
      `  for (let i = 0; i < n_${name}; i++, at += ${fixed}) { ${probe()}${target}.push(${fixedSource(element as ScalarType, 'at')}) }`,
    )
  } else {
    const read =
      element === 'struct'
        ? `${structReader(generation, field.fields!, name)}(r)`
        : `r.${variableReader(element, compact, false)}()`
    lines.push(`  for (let i = 0; i < n_${name}; i++) { ${probe()}${target}.push(${read}) }`)
  }
  return [...lines, '}']
}

/** Name of the reader's method for a type with a length. */
function variableReader(type: ScalarType, compact: boolean, nullable: boolean): string {
  const method = `${compact ? 'compact-' : ''}${nullable ? 'nullable-' : ''}${type === 'string' ? 'string' : 'byte-string'}`
  return method.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase())
}

function taggedReader(generation: Generation, fields: Fields, name: string): string[] {
  const { version, probe } = generation
  const { tagged } = layoutOf(fields, version)
  const loop = 'for (let tags = r.uvarint(); tags > 0; tags--) {'
  if (tagged.length === 0) return [loop, `  ${probe()}r.uvarint()`, '  r.skip(r.uvarint())', '}']
  const cases = tagged.flatMap(([field, declared]) => [
    `    case ${declared.tag}: {`,
    `      ${probe()}`,
    ...valueReader(generation, `$${field}`, declared, `${name}_${field}`).map((line) => `      ${line}`),
    '      break',
    '    }',
  ])
  return [
    loop,
    '  const tag = r.uvarint()',
    '  const size = r.uvarint()',
    '  const start = r.at',
    '  switch (tag) {',
    ...cases,
    '    default:',
    `      ${probe()}r.skip(size)`,
    '  }',
    '  r.checkTaggedEnd(start, size)',
    '}',
  ]
}
