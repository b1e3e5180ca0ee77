/**
 * Avro trees to text.
 *
 * canonical: members in the order Apache Avro's Java library prints them, since that is what Confluent's registry stores:
 *   record  type name namespace doc fields … aliases        enum   type name namespace doc symbols default … aliases
 *   fixed   type name namespace doc size … aliases          field  name type doc default order aliases …
 *   ("…" = further attributes in order of appearance; `namespace` only where it differs from the enclosing one)
 * normalized: the same with full names instead of namespaces, aliases and further attributes sorted.
 */
import { printJson, quote, type JsonValue } from '../json-text.ts'
import { AVRO_PRIMITIVES, isNamed } from './type.ts'
import type { AvroField, AvroNamed, AvroProperties, AvroType } from './type.ts'

export interface AvroPrintOptions {
  readonly normalized?: boolean
  /** Types printed by name, not definition: those that references define. */
  readonly known?: Iterable<AvroNamed>
}

/** Inlining references cannot blow the text up: each type is defined once, then named. */
export function printAvro(type: AvroType, options: AvroPrintOptions = {}): string {
  const printed = new Map<string, AvroNamed>()
  for (const known of options.known ?? []) printed.set(known.fullName, known)
  return print(type, '', { normalized: options.normalized ?? false, printed })
}

interface PrintState {
  readonly normalized: boolean
  readonly printed: Map<string, AvroNamed>
}

type Members = (readonly [name: string, text: string] | undefined)[]

function print(type: AvroType, namespace: string, state: PrintState): string {
  switch (type.kind) {
    case 'union':
      return `[${type.branches.map((branch) => print(branch, namespace, state)).join(',')}]`
    case 'array':
      return object([
        ['type', '"array"'],
        ['items', print(type.items, namespace, state)],
        ...properties(type.properties, state),
      ])
    case 'map':
      return object([
        ['type', '"map"'],
        ['values', print(type.values, namespace, state)],
        ...properties(type.properties, state),
      ])
    case 'record':
    case 'enum':
    case 'fixed':
      return printNamed(type, namespace, state)
    default:
      if (type.properties.size === 0) return quote(type.kind)
      return object([['type', quote(type.kind)], ...properties(type.properties, state)])
  }
}

function printNamed(type: AvroNamed, namespace: string, state: PrintState): string {
  if (state.printed.get(type.fullName) === type) return quote(nameWithin(type, namespace, state))
  state.printed.set(type.fullName, type)
  const members: Members = [['type', quote(type.kind === 'record' && type.isError ? 'error' : type.kind)]]
  if (state.normalized) {
    members.push(['name', quote(type.fullName)])
    // A full name without a dot would otherwise be read as lying in the enclosing namespace.
    if (type.namespace === '' && namespace !== '') members.push(['namespace', '""'])
  } else {
    members.push(['name', quote(type.name)])
    if (type.namespace !== namespace) members.push(['namespace', quote(type.namespace)])
  }
  if (type.doc !== undefined) members.push(['doc', quote(type.doc)])
  switch (type.kind) {
    case 'record':
      members.push(['fields', `[${type.fields.map((field) => printField(field, type.namespace, state)).join(',')}]`])
      break
    case 'enum':
      members.push(['symbols', strings(type.symbols)])
      if (type.default !== undefined) members.push(['default', quote(type.default)])
      break
    case 'fixed':
      members.push(['size', String(type.sizeBytes)])
      break
    default:
      return type satisfies never
  }
  members.push(...properties(type.properties, state))
  if (type.aliases.length > 0) {
    const aliases = state.normalized
      ? [...type.aliases].sort()
      : type.aliases.map((alias) =>
          namespaceOf(alias) === type.namespace ? alias.slice(type.namespace.length).replace(/^\./, '') : alias,
        )
    members.push(['aliases', strings(aliases)])
  }
  return object(members)
}

function printField(field: AvroField, namespace: string, state: PrintState): string {
  return object([
    ['name', quote(field.name)],
    ['type', print(field.type, namespace, state)],
    field.doc === undefined ? undefined : ['doc', quote(field.doc)],
    field.default === undefined ? undefined : ['default', json(field.default, state)],
    field.order === 'ascending' ? undefined : ['order', quote(field.order)],
    field.aliases.length === 0
      ? undefined
      : ['aliases', strings(state.normalized ? [...field.aliases].sort() : field.aliases)],
    ...properties(field.properties, state),
  ])
}

const PRIMITIVES: ReadonlySet<string> = new Set(AVRO_PRIMITIVES)

/** The short name where it means the same; a type named like a primitive always needs its namespace. */
function nameWithin(type: AvroNamed, namespace: string, { normalized }: PrintState): string {
  return !normalized && type.namespace === namespace && !PRIMITIVES.has(type.name) ? type.name : type.fullName
}

function namespaceOf(fullName: string): string {
  return fullName.slice(0, Math.max(0, fullName.lastIndexOf('.')))
}

function properties(all: AvroProperties, state: PrintState): Members {
  const members = [...all].map(([name, value]) => [name, json(value, state)] as const)
  return state.normalized ? members.sort(([a], [b]) => (a < b ? -1 : 1)) : members
}

function json(value: JsonValue, { normalized }: PrintState): string {
  return printJson(value, { sorted: normalized })
}

function strings(list: readonly string[]): string {
  return `[${list.map(quote).join(',')}]`
}

function object(members: Members): string {
  return `{${members.flatMap((member) => (member === undefined ? [] : [`${quote(member[0])}:${member[1]}`])).join(',')}}`
}

/** Named types reachable from `type`, each once, in order of appearance. */
export function* namedTypes(type: AvroType, seen = new Set<AvroNamed>()): Generator<AvroNamed> {
  switch (type.kind) {
    case 'union':
      for (const branch of type.branches) yield* namedTypes(branch, seen)
      return
    case 'array':
      yield* namedTypes(type.items, seen)
      return
    case 'map':
      yield* namedTypes(type.values, seen)
      return
    default:
      if (!isNamed(type) || seen.has(type)) return
      seen.add(type)
      yield type
      if (type.kind === 'record') for (const field of type.fields) yield* namedTypes(field.type, seen)
  }
}
