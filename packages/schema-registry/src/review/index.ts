/** `@braidlog/schema-registry/review`: schemas told apart, and looked at with a critical eye. */
export {
  differences,
  parseSchema,
  SchemaError,
  type Difference,
  type ParsedSchema,
  type ResolvedReference,
  type SchemaType,
} from '../formats/index.ts'
export { changesBetween, type AttributeChange, type SchemaChange } from './changes.ts'
export { lintSchema, type LintFinding } from './lint.ts'
export {
  LINT_RULES,
  SEVERITIES,
  type LintConfig,
  type LintRule,
  type LintRuleName,
  type Severity,
} from './lint-rules.ts'
export { outlineOf } from './outline.ts'
export type { SchemaPart } from './outline-part.ts'
