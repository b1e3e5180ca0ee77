/**
 * Serdes for `@braidlog/client` with schemas from a schema registry: Avro, JSON Schema, Protobuf.
 *
 * Public subpath `@braidlog/schema-registry/serdes`.
 */
export { avro, type AvroSerdeOptions } from './avro/avro.ts'
export type { InferAvro, InferOptions } from './avro/infer.ts'
export type { AvroDuration, AvroValueOptions } from './avro/shape.ts'
export { Decimal } from './decimal.ts'
export { SerdeError, type SerdeErrorCode } from './errors.ts'
export type { InferJson } from './json/infer.ts'
export { jsonSchema, type JsonSerdeOptions } from './json/json.ts'
export type { RegisteredSchema, RuleDeadLetter, SerdeOptions } from './options.ts'
export { protobuf, type ProtobufSerdeOptions } from './protobuf/protobuf.ts'
export { RegistryClient, type RegistryClientOptions, type RegistrySchema, type SchemaInput } from './registry-client.ts'
export type { CallBounds, RegistryCredentials, RegistryHttpOptions } from './registry-http.ts'
export type { RuleContext, RuleExecutor, RunRule } from './rules/executor.ts'
export type { ContractField, ContractFields, FieldTypeName } from './rules/fields.ts'
export { RegistrySerde } from './serde.ts'
export type { Subject, SubjectOf, SubjectStrategy } from './subject.ts'
