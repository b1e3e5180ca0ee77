/**
 * Findings about a schema that would register well and regret it later: names, documentation, and what keeps it from
 * changing compatibly.
 *
 * Rules have names and severities; a configuration changes severities or switches rules off.
 */
import type { ParsedSchema } from '../formats/index.ts'
import { lintAvro } from './avro-lint.ts'
import { lintJson } from './json-lint.ts'
import { LINT_RULES, type LintConfig, type LintRuleName, type Report, type Severity } from './lint-rules.ts'
import { lintProtobuf } from './protobuf-lint.ts'

export interface LintFinding {
  readonly rule: LintRuleName
  readonly severity: Severity
  readonly path: string
  readonly message: string
}

/** @returns findings in the order of the schema */
export function lintSchema(schema: ParsedSchema, config: LintConfig = {}): LintFinding[] {
  const findings: LintFinding[] = []
  const report: Report = (rule, path, message) => {
    const severity = config[rule] ?? LINT_RULES[rule].severity
    if (severity !== 'off') findings.push({ rule, severity, path, message })
  }
  switch (schema.schemaType) {
    case 'AVRO':
      lintAvro(schema, report)
      break
    case 'JSON':
      lintJson(schema, report)
      break
    case 'PROTOBUF':
      lintProtobuf(schema, report)
      break
    default:
      schema satisfies never
  }
  return findings
}
