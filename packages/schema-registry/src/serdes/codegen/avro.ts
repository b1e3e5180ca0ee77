/** TypeScript of an Avro schema: an interface per record, a union per enum. It follows the table in `../avro/shape.ts`. */
import { isNamed, type AvroNamed, type AvroRecord, type AvroType } from '../../formats/avro/type.ts'
import { namedTypes } from '../../formats/avro/print.ts'
import { branchName, isUnwrapped, logicalOf, type AvroShape } from '../avro/shape.ts'
import type { Generated } from './generated.ts'
import { arrayOf, block, docComment, literal, member, Names, typeName, union } from './text.ts'

export function generateAvro(type: AvroType, shape: AvroShape, fallbackName: string): Generated {
  const names = new Names<AvroNamed>([
    'Decimal',
    'AvroDuration',
    'Date',
    'Uint8Array',
    'RegistryClient',
    'RegistrySerde',
  ])
  const imports = new Set<string>()
  const declared = [...namedTypes(type)].filter(({ kind }) => kind !== 'fixed')
  const nameOf = (named: AvroNamed): string => names.of(named, typeName(named.name), typeName(named.fullName))
  for (const named of declared) nameOf(named)

  function text(of: AvroType): string {
    switch (logicalOf(of, shape)?.name) {
      case 'decimal':
        imports.add('Decimal')
        return 'Decimal'
      case 'date':
      case 'timestamp-millis':
        return 'Date'
      case 'uuid':
        return 'string'
      case 'duration':
        imports.add('AvroDuration')
        return 'AvroDuration'
      case undefined:
    }
    switch (of.kind) {
      case 'null':
        return 'null'
      case 'boolean':
      case 'string':
        return of.kind
      case 'int':
      case 'float':
      case 'double':
        return 'number'
      case 'long':
        return shape.longs
      case 'bytes':
      case 'fixed':
        return 'Uint8Array'
      case 'array':
        return arrayOf(text(of.items))
      case 'map':
        return `{ [name: string]: ${text(of.values)} }`
      case 'union':
        return union(
          of.branches.map((branch) =>
            branch.kind === 'null' || isUnwrapped(of, shape)
              ? text(branch)
              : `{ ${member(branchName(branch))}: ${text(branch)} }`,
          ),
        )
      default:
        return nameOf(of)
    }
  }

  const record = (of: AvroRecord): string => {
    const members = of.fields.map(
      (field) => `${docComment(field.doc, '  ')}  ${member(field.name)}: ${text(field.type)}\n`,
    )
    return `${docComment(of.doc, '')}export interface ${nameOf(of)} ${block(members)}`
  }
  const declarations = declared.map((named) =>
    named.kind === 'record'
      ? record(named)
      : `${docComment(named.doc, '')}export type ${nameOf(named)} = ${named.kind === 'enum' ? union(named.symbols.map(literal)) : 'Uint8Array'}`,
  )
  if (isNamed(type) && type.kind !== 'fixed') return { declarations, imports, roots: [{ type: nameOf(type) }] }
  const name = typeName(fallbackName)
  const root = declared.some((named) => nameOf(named) === name) ? `${name}Value` : name
  return { declarations: [...declarations, `export type ${root} = ${text(type)}`], imports, roots: [{ type: root }] }
}
