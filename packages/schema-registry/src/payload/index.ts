/** `@braidlog/schema-registry/payload`: do payloads decode with their schemas? */
export { compilePayload, schemaFormats, type CompiledPayload, type PayloadSchema } from './payload.ts'
