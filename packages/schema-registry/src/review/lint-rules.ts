/** The rules by name, and what those of all formats have in common: the cases of names. */
export const SEVERITIES = ['error', 'warning', 'info'] as const
export type Severity = (typeof SEVERITIES)[number]

export interface LintRule {
  readonly severity: Severity
  readonly doc: string
}

export const LINT_RULES = {
  naming: { severity: 'warning', doc: 'Types are PascalCase, symbols and constants UPPER_CASE, fields of one case.' },
  'missing-doc': { severity: 'info', doc: 'Records, messages and fields say what they are.' },
  'missing-namespace': { severity: 'warning', doc: 'An Avro type has a namespace, a Protobuf file a package.' },
  'missing-title': { severity: 'warning', doc: 'A JSON Schema has a title: the name of its records.' },
  'missing-type': { severity: 'warning', doc: 'A property says of which type it is.' },
  'optional-without-default': {
    severity: 'warning',
    doc: 'An Avro field that may be null has a default, so that it can be added and removed.',
  },
  'default-not-first': { severity: 'error', doc: "The default of an Avro union is of the union's first branch." },
  'enum-without-default': {
    severity: 'warning',
    doc: 'An Avro enum has a default, so that old readers can read new symbols.',
  },
  'required-undeclared': { severity: 'error', doc: 'What JSON Schema requires is among the properties.' },
  'required-field': { severity: 'error', doc: 'Protobuf: required can never be taken back.' },
  'enum-zero': { severity: 'warning', doc: 'The first constant of a Protobuf enum is 0 and means "not specified".' },
  'unreserved-gap': {
    severity: 'warning',
    doc: 'Numbers left out between fields of a Protobuf message are reserved, so that none is used twice.',
  },
  'missing-syntax': { severity: 'warning', doc: 'A Protobuf file says its syntax; without it, proto2 is meant.' },
} as const satisfies Readonly<Record<string, LintRule>>

export type LintRuleName = keyof typeof LINT_RULES

export type LintConfig = { readonly [Name in LintRuleName]?: Severity | 'off' | undefined }

/** What a format's rules report. */
export type Report = (rule: LintRuleName, path: string, message: string) => void

/** The case most names have; names of one lower-case word fit all. */
export type NameCase = 'camelCase' | 'snake_case'

export function nameCaseOf(name: string): NameCase | 'any' | 'other' {
  if (/^[a-z][a-z0-9]*$/.test(name)) return 'any'
  if (/^[a-z][a-zA-Z0-9]*$/.test(name)) return 'camelCase'
  return /^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name) ? 'snake_case' : 'other'
}

/** Reports names of fields that differ in case from most of their siblings. */
export function lintFieldNames(
  fields: readonly { readonly path: string; readonly name: string }[],
  report: Report,
): void {
  const cases = fields.map(({ name }) => nameCaseOf(name))
  const count = (wanted: NameCase): number => cases.filter((each) => each === wanted).length
  const common: NameCase = count('camelCase') > count('snake_case') ? 'camelCase' : 'snake_case'
  for (const [i, { path, name }] of fields.entries()) {
    const each = cases[i]!
    if (each === 'any' || each === common) continue
    report(
      'naming',
      path,
      each === 'other' ? `${name} is neither camelCase nor snake_case` : `${name} is ${each}, the others are ${common}`,
    )
  }
}

export const isPascalCase = (name: string): boolean => /^[A-Z][a-zA-Z0-9]*$/.test(name)
export const isUpperCase = (name: string): boolean => /^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/.test(name)
