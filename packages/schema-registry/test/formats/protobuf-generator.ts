/** Random proto3 files: nested messages, enums, oneofs, maps, references among them. */
import fc from 'fast-check'

const SCALARS = [
  'int32',
  'int64',
  'uint32',
  'bool',
  'sint32',
  'string',
  'bytes',
  'fixed32',
  'sfixed32',
  'fixed64',
  'float',
  'double',
  'sint64',
  'uint64',
  'sfixed64',
]

export function protoFile(): fc.Arbitrary<string> {
  return fc.array(fc.nat(1000), { minLength: 6, maxLength: 60 }).map((decisions) => buildProto(decisions))
}

/** A file and one that differs from it by a few decisions. */
export function protoPair(): fc.Arbitrary<readonly [string, string]> {
  return fc
    .tuple(
      fc.array(fc.nat(1000), { minLength: 6, maxLength: 60 }),
      fc.array(fc.tuple(fc.nat(), fc.nat(1000)), { maxLength: 3 }),
    )
    .map(([decisions, edits]) => {
      const edited = [...decisions]
      for (const [at, value] of edits) edited[at % edited.length] = value
      return [buildProto(edited), buildProto(decisions)] as const
    })
}

function buildProto(decisions: readonly number[]): string {
  let at = 0
  const next = (below: number): number => (at < decisions.length ? (decisions[at++] as number) % below : 0)
  const types = ['A', 'B', 'E']

  function type(): string {
    const choice = next(SCALARS.length + 3)
    return SCALARS[choice] ?? types[choice - SCALARS.length] ?? 'string'
  }

  function field(tag: number): string {
    const label = ['', '', 'repeated ', 'optional '][next(4)]
    const options = next(6) === 0 ? ' [deprecated = true]' : ''
    if (next(8) === 0) return `  map<string, ${type()}> f_${tag} = ${tag}${options};\n`
    return `  ${label}${type()} f_${tag} = ${tag}${options};\n`
  }

  function message(name: string, depth: number): string {
    let body = ''
    const tags = [1, 2, 3, 4, 5].filter(() => next(2) === 0)
    const inOneof = next(3) === 0 ? tags.slice(0, 2) : []
    for (const tag of tags) if (!inOneof.includes(tag)) body += field(tag)
    if (inOneof.length > 0)
      body += `  oneof choice {\n${inOneof.map((tag) => `    ${type()} f_${tag} = ${tag};\n`).join('')}  }\n`
    if (next(4) === 0) body += '  reserved 10 to 12, 20;\n  reserved "gone";\n'
    if (depth < 2 && next(4) === 0) body += message('Inner', depth + 1)
    return `message ${name} {\n${body}}\n`
  }

  return `syntax = "proto3";\npackage p;\n${message('A', 0)}${message('B', 0)}enum E {\n  ZERO = 0;\n${next(2) === 0 ? '  ONE = 1;\n' : ''}}\n`
}
