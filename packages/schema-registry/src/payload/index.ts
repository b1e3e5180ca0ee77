/** `@braidlog/schema-registry/payload`: do payloads decode with their schemas? */
export { readingOf, type Reading } from './reading.ts'
export { compilePayload, schemaFormats, type CompiledPayload, type PayloadSchema } from './payload.ts'
