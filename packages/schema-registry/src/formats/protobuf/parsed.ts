/** A Protobuf schema with its references, as the registry handles it. */
import { SchemaError } from '../errors.ts'
import { tagsOfOptions } from '../tags.ts'
import type { ParsedProtobuf, ResolvedReference, SchemaEntity } from '../schema.ts'
import { fromBase64, toBase64 } from './base64.ts'
import { readDescriptor } from './descriptor-read.ts'
import { writeDescriptor } from './descriptor-write.ts'
import { allFields } from './file.ts'
import type { ProtoFile, ProtoMessage } from './file.ts'
import { checkLinks, Linker, SymbolTable } from './link.ts'
import { looksLikeBase64, parseProtoText } from './parse.ts'
import { printProto } from './print.ts'
import { withoutExtensions, withoutMeta } from './strip.ts'

/** The path a schema's own descriptor goes by: the registry knows schemas by subject, not by path. */
const DESCRIPTOR_NAME = 'default'

export function parseProtobuf(
  schema: string,
  references: readonly ResolvedReference[],
  flat: readonly ResolvedReference[],
): ParsedProtobuf {
  const imports = new Map<string, ProtoFile>()
  for (const reference of flat) imports.set(reference.name, readReference(reference))
  assertAcyclic(imports)
  const file = readFile(schema)
  const table = new SymbolTable([file, ...imports.values()])
  for (const [path, imported] of imports)
    within(path, () => checkLinks(imported, imports, new Linker(imported, imports, table)))
  const linker = new Linker(file, imports, table)
  checkLinks(file, imports, linker)
  const canonical = printProto(file)
  const fullName = (scope: string, name: string): string =>
    `.${linker.find(scope, name)?.fullName ?? name.replace(/^\./, '')}`
  return {
    schemaType: 'PROTOBUF',
    source: schema,
    references: references.map(({ name, subject, version }) => ({ name, subject, version })),
    file,
    imports,
    name: protobufMessages(file)[0]?.fullName,
    canonical,
    normalized: () => printProto(file, { sorted: true, typeName: fullName }),
    format: (kind) => {
      switch (kind) {
        case 'serialized':
          return toBase64(writeDescriptor(file, linker, DESCRIPTOR_NAME))
        case 'ignore_extensions':
          return printProto(withoutExtensions(file))
        case 'no_meta':
          return printProto(withoutMeta(file))
        default:
          return canonical
      }
    },
    entities: () => entitiesOf(file),
  }
}

function readFile(schema: string): ProtoFile {
  if (!looksLikeBase64(schema)) return parseProtoText(schema)
  const bytes = fromBase64(schema)
  if (bytes === undefined || bytes.length === 0) return parseProtoText(schema)
  return readDescriptor(bytes)
}

function readReference({ name, schema }: ResolvedReference): ProtoFile {
  return within(name, () => readFile(schema))
}

function within<T>(reference: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    throw new SchemaError(`in reference "${reference}": ${error.message}`, '', error.code, { cause: error })
  }
}

/** Files that import each other in a circle are refused by every compiler. */
function assertAcyclic(imports: ReadonlyMap<string, ProtoFile>): void {
  const done = new Set<string>()
  const open = new Set<string>()
  const visit = (path: string): void => {
    const file = imports.get(path)
    if (file === undefined || done.has(path)) return
    if (open.has(path)) throw new SchemaError('the file imports itself, directly or not', `import "${path}"`)
    open.add(path)
    for (const { path: further } of file.imports) visit(further)
    open.delete(path)
    done.add(path)
  }
  for (const path of imports.keys()) visit(path)
}

export interface ProtobufMessageName {
  readonly fullName: string
  /** The indexes that name the message in Confluent's wire format: of the top-level message, of the one nested in it, and so on. */
  readonly indexes: readonly number[]
}

/** All messages of a file in order of appearance, outer before inner. */
export function protobufMessages(file: ProtoFile): readonly ProtobufMessageName[] {
  const names: ProtobufMessageName[] = []
  const visit = (message: ProtoMessage, scope: string, indexes: readonly number[]): void => {
    const fullName = scope === '' ? message.name : `${scope}.${message.name}`
    names.push({ fullName, indexes })
    nestedMessages(message).forEach((nested, i) => visit(nested, fullName, [...indexes, i]))
  }
  file.types.filter((type) => type.kind === 'message').forEach((message, i) => visit(message, file.package, [i]))
  return names
}

/** Map entries are messages of the compiler's, after the written ones; they are not counted. */
function nestedMessages(message: ProtoMessage): readonly ProtoMessage[] {
  const groups = [...allFields(message)].flatMap(([{ group }]) => (group === undefined ? [] : [group]))
  return [...groups, ...message.types.filter((type) => type.kind === 'message')]
}

function entitiesOf(file: ProtoFile): readonly SchemaEntity[] {
  const entities: SchemaEntity[] = []
  const visit = (message: ProtoMessage, scope: string): void => {
    const path = `${scope}.${message.name}`
    entities.push({ kind: 'message', path, tags: tagsOfOptions(message.options) })
    for (const [field] of allFields(message)) {
      entities.push({ kind: 'field', path: `${path}.${field.name}`, tags: tagsOfOptions(field.options) })
    }
    for (const nested of message.types) {
      if (nested.kind === 'message') visit(nested, path)
      else entities.push({ kind: 'enum', path: `${path}.${nested.name}`, tags: tagsOfOptions(nested.options) })
    }
  }
  const root = file.package === '' ? '' : `.${file.package}`
  for (const type of file.types) {
    if (type.kind === 'message') visit(type, root)
    else entities.push({ kind: 'enum', path: `${root}.${type.name}`, tags: tagsOfOptions(type.options) })
  }
  return entities
}
