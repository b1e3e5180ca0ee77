/**
 * Type names to the types they mean, over a file and all it imports.
 * A name is looked up from the innermost scope outwards; the first scope that has its first part decides, as in C++.
 * Source: Protobuf language guide, "Packages and Name Resolution" and "Importing Definitions".
 */
import { SchemaError } from '../errors.ts'
import { allFields, isScalar } from './file.ts'
import type { ProtoEnum, ProtoFile, ProtoMessage } from './file.ts'
import { WELL_KNOWN_FILES } from './well-known.ts'

export interface ProtoSymbol {
  readonly fullName: string
  readonly package: string
  readonly kind: 'message' | 'enum'
  /** The file, or the path of a file every compiler knows; of the latter there is no `type`. */
  readonly declaredIn: ProtoFile | string
  readonly type?: ProtoMessage | ProtoEnum
}

const WELL_KNOWN_SYMBOLS: ReadonlyMap<string, ProtoSymbol> = new Map(
  [...WELL_KNOWN_FILES].flatMap(([path, known]) =>
    (['message', 'enum'] as const).flatMap((kind) =>
      known[`${kind}s`].map((name) => {
        const fullName = `${known.package}.${name}`
        return [fullName, { fullName, package: known.package, kind, declaredIn: path }] as const
      }),
    ),
  ),
)

/** All types of a file and what it refers to, by full name. Built once; what a file sees of it is up to its `Linker`. */
export class SymbolTable {
  readonly #symbols = new Map<string, ProtoSymbol[]>()

  constructor(files: Iterable<ProtoFile>) {
    for (const file of files) for (const type of file.types) this.#add(type, file.package, file)
  }

  get(fullName: string): readonly ProtoSymbol[] {
    const known = WELL_KNOWN_SYMBOLS.get(fullName)
    const declared = this.#symbols.get(fullName) ?? []
    return known === undefined ? declared : [...declared, known]
  }

  #add(type: ProtoMessage | ProtoEnum, scope: string, file: ProtoFile): void {
    const fullName = scope === '' ? type.name : `${scope}.${type.name}`
    this.#put({ fullName, package: file.package, kind: type.kind, declaredIn: file, type })
    if (type.kind !== 'message') return
    for (const nested of type.types) this.#add(nested, fullName, file)
    for (const [{ group }] of allFields(type)) if (group !== undefined) this.#add(group, fullName, file)
  }

  #put(symbol: ProtoSymbol): void {
    const others = this.#symbols.get(symbol.fullName)
    if (others === undefined) this.#symbols.set(symbol.fullName, [symbol])
    else others.push(symbol)
  }
}

/** What names mean in one file: it sees its own types, its imports', and what those import publicly. */
export class Linker {
  readonly #table: SymbolTable
  readonly #visible = new Set<ProtoFile | string>()

  constructor(file: ProtoFile, imports: ReadonlyMap<string, ProtoFile>, table: SymbolTable) {
    this.#table = table
    this.#visible.add(file)
    const visit = (path: string): void => {
      const imported = imports.get(path) ?? path
      if (this.#visible.has(imported)) return
      this.#visible.add(imported)
      if (typeof imported === 'string') return
      for (const further of imported.imports) if (further.modifier === 'public') visit(further.path)
    }
    for (const { path } of file.imports) visit(path)
  }

  /** @param scope the full name of the message, service or package the name is used in */
  find(scope: string, name: string): ProtoSymbol | undefined {
    if (name.startsWith('.')) return this.#get(name.slice(1))
    const [first = ''] = name.split('.', 1)
    for (let at = scope; ; at = at.slice(0, Math.max(0, at.lastIndexOf('.')))) {
      const prefix = at === '' ? '' : `${at}.`
      const symbol = this.#get(prefix + name)
      if (symbol !== undefined) return symbol
      // A type of that first name hides what lies further out; a package of that name only for compilers that are strict about it.
      if (first !== name && this.#get(prefix + first)?.kind === 'message') return undefined
      if (at === '') return undefined
    }
  }

  #get(fullName: string): ProtoSymbol | undefined {
    return this.#table.get(fullName).find(({ declaredIn }) => this.#visible.has(declaredIn))
  }
}

/** @throws SchemaError for imports that are not known and for type names that mean nothing, each with the name of where it stands */
export function checkLinks(file: ProtoFile, imports: ReadonlyMap<string, ProtoFile>, linker: Linker): void {
  for (const { path, modifier } of file.imports) {
    if (!imports.has(path) && !WELL_KNOWN_FILES.has(path) && modifier !== 'weak') {
      throw new SchemaError(`"${path}" is imported, but not among the references`, `import "${path}"`)
    }
  }
  const checkMessage = (message: ProtoMessage, outer: string): void => {
    const scope = outer === '' ? message.name : `${outer}.${message.name}`
    for (const [field] of allFields(message)) {
      const name = field.type.kind === 'map' ? field.type.value : field.type.name
      if (!isScalar(name) && linker.find(scope, name) === undefined)
        throw new SchemaError(`"${name}" is not defined`, `${scope}.${field.name}`)
      if (field.group !== undefined) checkMessage(field.group, scope)
    }
    for (const type of message.types) if (type.kind === 'message') checkMessage(type, scope)
  }
  for (const type of file.types) if (type.kind === 'message') checkMessage(type, file.package)
  for (const service of file.services) {
    const scope = file.package === '' ? service.name : `${file.package}.${service.name}`
    for (const { name, input, output } of service.methods) {
      for (const type of [input, output]) {
        if (linker.find(scope, type)?.kind !== 'message')
          throw new SchemaError(`"${type}" is not a message`, `${scope}.${name}`)
      }
    }
  }
}
