/** What one Protobuf file must get right by itself: names and numbers once, and the rules of its syntax. */
import { SchemaError } from '../errors.ts'
import { allFields } from './file.ts'
import type { ProtoEnum, ProtoField, ProtoFile, ProtoMessage, ProtoReserved } from './file.ts'

/** @throws SchemaError with the dotted name of what is wrong */
export function checkFile(file: ProtoFile): void {
  const isProto3 = file.syntax === 'proto3'
  const prefix = file.package === '' ? '' : `${file.package}.`
  checkNames(
    [...file.types, ...file.services].map(({ name }) => name),
    file.package,
  )
  for (const type of file.types) checkType(type, prefix + type.name, isProto3)
}

function checkType(type: ProtoMessage | ProtoEnum, path: string, isProto3: boolean): void {
  if (type.kind === 'enum') return checkEnum(type, path, isProto3)
  const numbers = new Set<number>()
  const names: string[] = [...type.types, ...type.oneofs].map(({ name }) => name)
  const reserved = reservations(type.reserved)
  for (const [field, oneof] of allFields(type)) {
    const at = `${path}.${field.name}`
    if (numbers.has(field.tag)) throw new SchemaError(`the number ${field.tag} is used twice`, at)
    numbers.add(field.tag)
    names.push(field.name)
    if (reserved(field.tag) || reserved(field.name)) throw new SchemaError('the number or name is reserved', at)
    if (oneof !== undefined && field.label !== undefined) throw new SchemaError('a field of a oneof has no label', at)
    checkField(field, at, isProto3)
    if (field.group !== undefined) checkType(field.group, `${path}.${field.group.name}`, isProto3)
  }
  checkNames(names, path)
  for (const nested of type.types) checkType(nested, `${path}.${nested.name}`, isProto3)
}

function checkField(field: ProtoField, path: string, isProto3: boolean): void {
  if (field.type.kind === 'map' && field.label !== undefined) throw new SchemaError('a map has no label', path)
  if (!isProto3) return
  if (field.label === 'required') throw new SchemaError('proto3 has no required fields', path)
  if (field.group !== undefined) throw new SchemaError('proto3 has no groups', path)
  if (field.options.some(({ name }) => name === 'default')) throw new SchemaError('proto3 has no defaults', path)
}

function checkEnum(type: ProtoEnum, path: string, isProto3: boolean): void {
  const [first] = type.constants
  if (first === undefined) throw new SchemaError('an enum needs a constant', path)
  if (isProto3 && first.number !== 0)
    throw new SchemaError('the first constant of a proto3 enum must be 0', `${path}.${first.name}`)
  checkNames(
    type.constants.map(({ name }) => name),
    path,
  )
  const isAliased = type.options.some(
    ({ name, value }) => name === 'allow_alias' && value.kind === 'word' && value.text === 'true',
  )
  const numbers = new Set<number>()
  for (const { name, number } of type.constants) {
    if (numbers.has(number) && !isAliased)
      throw new SchemaError(`the number ${number} is used twice`, `${path}.${name}`)
    if (number < -(2 ** 31) || number > 2 ** 31 - 1)
      throw new SchemaError(`${number} is not a number of 32 bits`, `${path}.${name}`)
    numbers.add(number)
  }
}

function checkNames(names: readonly string[], path: string): void {
  const seen = new Set<string>()
  for (const name of names) {
    if (seen.has(name)) throw new SchemaError(`"${name}" is defined twice`, path)
    seen.add(name)
  }
}

function reservations(lists: readonly ProtoReserved[]): (what: number | string) => boolean {
  const all = lists.flat()
  const names = new Set(all.filter((entry) => typeof entry === 'string'))
  const ranges = all.filter((entry) => typeof entry !== 'string')
  return (what) =>
    typeof what === 'string'
      ? names.has(what)
      : ranges.some(({ from, to }) => what >= from && (to === 'max' || what <= to))
}
