/** Public face of `server`. */
export { ServerError, type ServerErrorCode } from './errors.ts'
export type { CloseOptions, NodeParts, Server, ServerListener, ServerOptions } from './server.ts'
export { startServer } from './start.ts'
export type {
  CompiledSchema,
  LoadSchemaFormats,
  SchemaContent,
  SchemaFormats,
  SchemaReferenceContent,
} from '@braidlog/broker'
