/** The schema formats: parsing, canonical texts, identity and compatibility of Avro, JSON Schema and Protobuf; pure and synchronous. */
export {
  checkCompatibility,
  COMPATIBILITY_LEVELS,
  differences,
  type CompatibilityCheck,
  type CompatibilityLevel,
  type CompatibilityPolicy,
  type CounterExample,
  type Difference,
  type Incompatibility,
} from './compatibility.ts'
export { SchemaError, type SchemaErrorCode } from './errors.ts'
export { equalResolved, identityBytes } from './identity.ts'
export { parseSchema } from './parse.ts'
export { withTags, type NewTags } from './retag.ts'
export { protobufMessages, type ProtobufMessageName } from './protobuf/parsed.ts'
export {
  SCHEMA_TYPES,
  type ParsedAvro,
  type ParsedJson,
  type ParsedProtobuf,
  type ParsedSchema,
  type ParseOptions,
  type ResolvedReference,
  type SchemaEntity,
  type SchemaReference,
  type SchemaText,
  type SchemaType,
} from './schema.ts'
