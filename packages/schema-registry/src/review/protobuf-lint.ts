/** The rules for Protobuf. */
import { allFields, type ProtoEnum, type ProtoMessage } from '../formats/protobuf/file.ts'
import type { ParsedProtobuf } from '../formats/index.ts'
import { isPascalCase, isUpperCase, nameCaseOf, type Report } from './lint-rules.ts'

export function lintProtobuf({ file }: ParsedProtobuf, report: Report): void {
  if (file.syntax === undefined && file.edition === undefined) {
    report('missing-syntax', '/', 'the file does not say its syntax')
  }
  if (file.package === '') report('missing-namespace', '/', 'the file has no package')
  const isOpen = file.syntax === 'proto3' || file.edition !== undefined
  const visit = (type: ProtoMessage | ProtoEnum, scope: string): void => {
    const path = scope === '' ? type.name : `${scope}.${type.name}`
    if (!isPascalCase(type.name)) report('naming', path, `${type.name} is not PascalCase`)
    if (type.kind === 'enum') return lintEnum(type, path, { isOpen, report })
    lintMessage(type, path, report)
    for (const nested of type.types) visit(nested, path)
  }
  for (const type of file.types) visit(type, file.package)
}

function lintMessage(message: ProtoMessage, path: string, report: Report): void {
  for (const [field] of allFields(message)) {
    const at = `${path}.${field.tag}`
    if (!/^(?:any|snake_case)$/.test(nameCaseOf(field.name)) && field.group === undefined) {
      report('naming', at, `${field.name} is not snake_case`)
    }
    if (field.label === 'required') report('required-field', at, `${field.name} is required`)
  }
  const tags = [...allFields(message)].map(([{ tag }]) => tag).toSorted((a, b) => a - b)
  for (const [i, tag] of tags.entries()) {
    const from = (tags[i - 1] ?? 0) + 1
    if (from === tag || isReserved(message, from, tag - 1)) continue
    const gap = from === tag - 1 ? String(from) : `${from} to ${tag - 1}`
    report('unreserved-gap', `${path}.${tag}`, `${gap} is left out before ${tag}, and not reserved`)
  }
}

/** Every number of [from, to] is reserved, or open to extensions. */
function isReserved({ reserved, extensions }: ProtoMessage, from: number, to: number): boolean {
  const ranges = [...reserved.flat(), ...extensions.flatMap((each) => each.ranges)].filter(
    (range) => typeof range !== 'string',
  )
  let next = from
  for (const range of ranges.toSorted((a, b) => a.from - b.from)) {
    if (range.from > next) break
    if (range.to === 'max') return true
    next = Math.max(next, range.to + 1)
  }
  return next > to
}

function lintEnum(
  { name, constants }: ProtoEnum,
  path: string,
  { isOpen, report }: { readonly isOpen: boolean; readonly report: Report },
): void {
  for (const constant of constants) {
    if (!isUpperCase(constant.name)) {
      report('naming', `${path}.${constant.name}`, `the constant ${constant.name} is not UPPER_CASE`)
    }
  }
  const [first] = constants
  if (isOpen && first !== undefined && (first.number !== 0 || !/(?:^|_)(?:UNSPECIFIED|UNKNOWN)$/.test(first.name))) {
    report('enum-zero', path, `${name} begins with ${first.name} = ${first.number}, not with ..._UNSPECIFIED = 0`)
  }
}
