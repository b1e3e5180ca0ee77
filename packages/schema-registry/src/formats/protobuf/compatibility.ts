/**
 * Whether one Protobuf schema reads what another wrote, and everything that keeps it from doing so.
 *
 * Fields are compared by number across oneofs, types by their name within the package; names of fields do not matter on the wire.
 * Compatible changes (MESSAGE_ADDED, MESSAGE_MOVED, ENUM_*, FIELD_ADDED, FIELD_REMOVED, FIELD_NAME_CHANGED, ONEOF_ADDED, ONEOF_REMOVED,
 * ONEOF_FIELD_ADDED, FIELD_STRING_OR_BYTES_LABEL_CHANGED, ONEOF_FIELD_MOVED_TO_TOP_LEVEL) are not reported.
 * Types of imported files are compared where a field uses them.
 */
import type { Difference } from '../compatibility.ts'
import { INCOMPATIBILITY_COUNT_MAX } from '../limits.ts'
import type { ParsedProtobuf } from '../schema.ts'
import { allFields, isScalar } from './file.ts'
import type { ProtoField, ProtoFile, ProtoMessage, ProtoOneof } from './file.ts'
import { Linker, SymbolTable, type ProtoSymbol } from './link.ts'
import { documentWith, type Held } from './witness.ts'

export function checkProtobuf(
  reader: ParsedProtobuf,
  writer: ParsedProtobuf,
  editable: 'reader' | 'writer',
): readonly Difference[] {
  const comparer = new Comparer(new Links(writer), new Links(reader), editable)
  comparer.files(writer.file, reader.file)
  return comparer.found
}

/** Kinds a reader may exchange for each other. */
const SCALAR_GROUPS: readonly (readonly string[])[] = [
  ['int32', 'int64', 'uint32', 'uint64', 'bool', 'enum'],
  ['sint32', 'sint64'],
  ['string', 'bytes'],
  ['fixed32', 'sfixed32'],
  ['fixed64', 'sfixed64'],
  ['float'],
  ['double'],
]

/** One schema's files, each with what its names mean. */
class Links {
  readonly #imports: ReadonlyMap<string, ProtoFile>
  readonly #table: SymbolTable
  readonly #paths: ReadonlyMap<ProtoFile, string>
  readonly #linkers = new Map<ProtoFile, Linker>()
  /** Reference by import path: equal references need no comparison. */
  readonly references: ReadonlyMap<string, string>

  constructor(parsed: ParsedProtobuf) {
    this.#imports = parsed.imports
    this.#table = new SymbolTable([parsed.file, ...parsed.imports.values()])
    this.#paths = new Map([...parsed.imports].map(([path, file]) => [file, path]))
    this.references = new Map(parsed.references.map(({ name, subject, version }) => [name, `${subject}\n${version}`]))
  }

  find(file: ProtoFile, scope: string, name: string): ProtoSymbol | undefined {
    let linker = this.#linkers.get(file)
    if (linker === undefined) {
      linker = new Linker(file, this.#imports, this.#table)
      this.#linkers.set(file, linker)
    }
    return linker.find(scope, name)
  }

  /** The import path of a file that is a reference. */
  pathOf(file: ProtoFile): string | undefined {
    return this.#paths.get(file)
  }
}

/** A message and where it is declared. */
interface Declared {
  readonly message: ProtoMessage
  readonly file: ProtoFile
  readonly scope: string
}

type FieldKind =
  | { readonly kind: 'scalar'; readonly name: string }
  | { readonly kind: 'named'; readonly symbol: ProtoSymbol | undefined; readonly relative: string }
  | { readonly kind: 'map' }

class Comparer {
  readonly found: Difference[] = []
  readonly #original: Links
  readonly #update: Links
  readonly #editable: 'reader' | 'writer'
  readonly #seen = new Map<ProtoMessage, Set<ProtoMessage>>()
  /** Messages of references still to be compared: they may refer to each other in longer chains than the stack is deep. */
  readonly #queue: [Declared, Declared, string][] = []
  /** The messages of the update's own file. */
  #updated: ReadonlyMap<string, Declared> = new Map()

  constructor(original: Links, update: Links, editable: 'reader' | 'writer') {
    this.#original = original
    this.#update = update
    this.#editable = editable
  }

  files(original: ProtoFile, update: ProtoFile): void {
    if (original.package !== update.package) {
      this.#report(
        'PACKAGE_CHANGED',
        '#/',
        `the package is "${original.package}" in the % schema and "${update.package}" in the % schema`,
        {
          reader: `set the package back to "${original.package}"`,
          writer: `set the package back to "${update.package}"`,
        },
        '{}',
      )
    }
    const updated = declaredMessages(update)
    this.#updated = updated
    for (const [name, declared] of declaredMessages(original)) {
      const path = `#/${name.replaceAll('.', '/')}`
      const counterpart = updated.get(name) ?? movedTo(name, updated)
      if (counterpart !== undefined) this.#messages(declared, counterpart, path)
      else {
        this.#report(
          'MESSAGE_REMOVED',
          path,
          `the message ${name} of the % schema is missing in the % schema`,
          {
            reader: `keep the message ${name}`,
            writer: `remove the message ${name}`,
          },
          '{}',
        )
      }
    }
    for (let pair = this.#queue.shift(); pair !== undefined; pair = this.#queue.shift()) this.#messages(...pair)
  }

  #messages(original: Declared, update: Declared, path: string): void {
    const compared = this.#seen.get(original.message) ?? new Set()
    if (compared.has(update.message) || this.found.length >= INCOMPATIBILITY_COUNT_MAX) return
    compared.add(update.message)
    this.#seen.set(original.message, compared)
    const before = new Map([...allFields(original.message)].map(([field, oneof]) => [field.tag, { field, oneof }]))
    const after = new Map([...allFields(update.message)].map(([field, oneof]) => [field.tag, { field, oneof }]))
    this.#oneofs(original, update.message, before, after, path)
    for (const [tag, { field }] of before) {
      const counterpart = after.get(tag)
      if (counterpart !== undefined)
        this.#fields({ original, update, from: field, to: counterpart.field, path: `${path}/${tag}` })
      else if (field.label === 'required') {
        this.#required('REMOVED', field, `${path}/${tag}`, this.#documentWith(original, [field]))
      }
    }
    for (const [tag, { field }] of after) {
      // What the writer writes has no such field.
      if (!before.has(tag) && field.label === 'required') this.#required('ADDED', field, `${path}/${tag}`, '{}')
    }
  }

  #required(change: 'ADDED' | 'REMOVED', { name }: ProtoField, path: string, witness: string): void {
    const added = change === 'ADDED'
    this.#report(
      `REQUIRED_FIELD_${change}`,
      path,
      added
        ? `the required field ${name} at path '${path}' is missing in the % schema, but not in the % schema`
        : `the required field ${name} at path '${path}' of the % schema is missing in the % schema`,
      added
        ? { reader: `make the field ${name} optional`, writer: `keep the field ${name}` }
        : { reader: `keep the field ${name}`, writer: `make the field ${name} optional` },
      witness,
    )
  }

  #fields({
    original,
    update,
    from,
    to,
    path,
    shown = this.#documentWith(original, [from]),
  }: {
    original: Declared
    update: Declared
    from: ProtoField
    to: ProtoField
    path: string
    /** A document that shows the difference; of a map's entry, one with the map. */
    shown?: string
  }): void {
    const [a, b] = [kindOf(from, original, this.#original), kindOf(to, update, this.#update)]
    const back = {
      reader: `give the field ${to.name} its type back`,
      writer: `give the field ${from.name} the type it had`,
    }
    const says = (what: string): string =>
      `the ${what} of field ${to.name} at path '${path}' in the % schema does not match the % schema`
    if (from.label !== 'required' && to.label === 'required') this.#required('ADDED', to, path, '{}')
    if (a.kind === 'map' && b.kind === 'map') return this.#mapValues(original, update, from, to, path)
    if (a.kind === 'named' && b.kind === 'named' && a.symbol?.kind !== 'enum' && b.symbol?.kind !== 'enum') {
      const isMoved =
        !this.#updated.has(a.relative) && lastName(a.relative) === lastName(b.relative) && this.#updated.has(b.relative)
      if (a.relative !== b.relative && !isMoved)
        return this.#report(
          'FIELD_NAMED_TYPE_CHANGED',
          path,
          says(`type (${a.relative} and ${b.relative})`),
          back,
          shown,
        )
      return this.#named(a.symbol, b.symbol, path)
    }
    const [aName, bName] = [scalarName(a), scalarName(b)]
    if (aName === undefined || bName === undefined)
      return this.#report('FIELD_KIND_CHANGED', path, says('kind'), back, shown)
    if (a.kind === 'named' && b.kind === 'named' && a.relative !== b.relative) {
      return this.#report('FIELD_NAMED_TYPE_CHANGED', path, says(`type (${a.relative} and ${b.relative})`), back, shown)
    }
    if (!SCALAR_GROUPS.some((group) => group.includes(aName) && group.includes(bName))) {
      return this.#report('FIELD_SCALAR_KIND_CHANGED', path, says(`kind (${aName} and ${bName})`), back, shown)
    }
    const isNumeric = aName !== 'string' && aName !== 'bytes'
    if (isNumeric && (from.label === 'repeated') !== (to.label === 'repeated')) {
      this.#report(
        'FIELD_NUMERIC_LABEL_CHANGED',
        path,
        says('label'),
        {
          reader: `set the label of ${to.name} back`,
          writer: `set the label of ${from.name} back`,
        },
        shown,
      )
    }
  }

  /** A map's key and value are the fields 1 and 2 of its entries. */
  #mapValues(original: Declared, update: Declared, from: ProtoField, to: ProtoField, path: string): void {
    if (from.type.kind !== 'map' || to.type.kind !== 'map') return
    const shown = this.#documentWith(original, [from])
    for (const part of ['key', 'value'] as const) {
      const entry = (field: ProtoField, type: string): ProtoField => ({
        ...field,
        label: undefined,
        name: `${field.name}.${part}`,
        type: { kind: 'named', name: type },
      })
      const [a, b] = [entry(from, from.type[part]), entry(to, to.type[part])]
      this.#fields({ original, update, from: a, to: b, path: `${path}/${part === 'key' ? 1 : 2}`, shown })
    }
  }

  #named(original: ProtoSymbol | undefined, update: ProtoSymbol | undefined, path: string): void {
    if (original?.type?.kind !== 'message' || update?.type?.kind !== 'message') return
    const [from, to] = [original.declaredIn, update.declaredIn]
    if (typeof from === 'string' || typeof to === 'string') return
    const [a, b] = [this.#original.pathOf(from), this.#update.pathOf(to)]
    // The file's own messages are compared by their own name; here it is about those of references.
    if (a === undefined && b === undefined) return
    const reference = a === undefined ? undefined : this.#original.references.get(a)
    if (a !== undefined && a === b && reference !== undefined && reference === this.#update.references.get(a)) return
    this.#queue.push([
      { message: original.type, file: from, scope: original.fullName },
      { message: update.type, file: to, scope: update.fullName },
      path,
    ])
  }

  #oneofs(declared: Declared, update: ProtoMessage, before: Placed, after: Placed, path: string): void {
    const original = declared.message
    const known = new Set(original.oneofs.map(({ name }) => name))
    for (const oneof of update.oneofs) {
      const moved = oneof.fields.filter(({ tag }) => {
        const place = before.get(tag)
        return place !== undefined && place.oneof?.name !== oneof.name && !isRenamed(place.oneof, oneof)
      })
      if (moved.length === 0) continue
      const names = moved.map(({ name }) => name).join(', ')
      const fix = {
        reader: `leave ${names} outside the oneof ${oneof.name}`,
        writer: `put ${names} into the oneof ${oneof.name}`,
      }
      // Two fields that the writer may both set, and of which the reader's oneof keeps one.
      const rival = oneof.fields.find(({ tag }) => before.has(tag) && !moved.some((each) => each.tag === tag))
      const both = [...moved, ...(rival === undefined ? [] : [rival])].slice(0, 2)
      const shown = this.#documentWith(
        declared,
        both.map(({ tag }) => before.get(tag)!.field),
      )
      if (known.has(oneof.name)) {
        const says = `fields of the % schema (${names}) stand in the existing oneof at path '${path}/${oneof.name}' in the % schema`
        this.#report('FIELD_MOVED_TO_EXISTING_ONEOF', `${path}/${oneof.name}`, says, fix, shown)
      } else if (moved.length > 1) {
        const says = `several fields of the % schema (${names}) stand in one oneof at path '${path}/${oneof.name}' in the % schema`
        this.#report('MULTIPLE_FIELDS_MOVED_TO_ONEOF', `${path}/${oneof.name}`, says, fix, shown)
      }
    }
    for (const oneof of original.oneofs) {
      const removed = oneof.fields.filter(({ tag }) => !after.has(tag))
      // A oneof that is gone as a whole leaves nobody in doubt which of its fields was set.
      if (removed.length === oneof.fields.length) continue
      for (const field of removed) {
        const { tag, name } = field
        const at = `${path}/${oneof.name}/${tag}`
        this.#report(
          'ONEOF_FIELD_REMOVED',
          at,
          `the field ${name} of a oneof at path '${at}' in the % schema is missing in the % schema`,
          {
            reader: `keep the field ${name}`,
            writer: `remove the field ${name}`,
          },
          this.#documentWith(declared, [field]),
        )
      }
    }
  }

  /** The smallest document of the writer's message that sets these fields. */
  #documentWith({ file, scope }: Declared, fields: readonly ProtoField[]): string {
    return documentWith(fields, (name): Held => {
      if (isScalar(name)) return { kind: 'scalar', name }
      const type = this.#original.find(file, scope, name)?.type
      if (type?.kind !== 'enum') return { kind: 'message' }
      const constant = type.constants.find(({ number }) => number !== 0) ?? type.constants[0]
      return { kind: 'enum', constant: constant?.name ?? '' }
    })
  }

  #report(
    type: string,
    path: string,
    says: string,
    fix: { readonly reader: string; readonly writer: string },
    witness: string,
  ): void {
    const words = this.#editable === 'reader' ? ['old', 'new'] : ['new', 'old']
    // "A in the % schema does not match the % schema" speaks of the reader's first.
    if (/in the % schema does not match/.test(says)) words.reverse()
    const text = says.replace(/%/g, () => words.shift() ?? '')
    const description = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`
    this.found.push({
      type,
      path,
      description,
      fix: fix[this.#editable],
      witness,
    })
  }
}

type Placed = ReadonlyMap<number, { readonly field: ProtoField; readonly oneof: ProtoOneof | undefined }>

/** A oneof is the same under another name when it holds nothing but what one oneof held. */
function isRenamed(before: ProtoOneof | undefined, after: ProtoOneof): boolean {
  return (
    before !== undefined &&
    before.fields.length > 0 &&
    before.fields.every(({ tag }) => after.fields.some((field) => field.tag === tag))
  )
}

/** Messages by name within the package, nested ones too. */
function declaredMessages(file: ProtoFile): ReadonlyMap<string, Declared> {
  const all = new Map<string, Declared>()
  const visit = (message: ProtoMessage, outer: string): void => {
    const name = outer === '' ? message.name : `${outer}.${message.name}`
    all.set(name, { message, file, scope: file.package === '' ? name : `${file.package}.${name}` })
    for (const type of message.types) if (type.kind === 'message') visit(type, name)
    for (const [{ group }] of allFields(message)) if (group !== undefined) visit(group, name)
  }
  for (const type of file.types) if (type.kind === 'message') visit(type, '')
  return all
}

/** A message that is gone from its place, but whose last name is still there inside or outside another one. */
function movedTo(name: string, updated: ReadonlyMap<string, Declared>): Declared | undefined {
  const last = lastName(name)
  for (const [other, declared] of updated) if (lastName(other) === last) return declared
  return undefined
}

function lastName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1)
}

function kindOf(field: ProtoField, { file, scope }: Declared, links: Links): FieldKind {
  if (field.type.kind === 'map') return { kind: 'map' }
  const { name } = field.type
  if (isScalar(name)) return { kind: 'scalar', name }
  const symbol = links.find(file, scope, name)
  const fullName = symbol?.fullName ?? name.replace(/^\./, '')
  // Within the own package names are relative to it; types of other packages go by their whole name.
  const prefix =
    symbol === undefined || symbol.package !== file.package || file.package === '' ? '' : `${file.package}.`
  return { kind: 'named', symbol, relative: fullName.startsWith(prefix) ? fullName.slice(prefix.length) : fullName }
}

function scalarName(kind: FieldKind): string | undefined {
  if (kind.kind === 'scalar') return kind.name
  return kind.kind === 'named' && kind.symbol?.kind === 'enum' ? 'enum' : undefined
}
