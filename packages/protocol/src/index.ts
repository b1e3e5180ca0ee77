/** Public face of `protocol`. */
export type { Field, Fields, Infer, InferFields, Input, MessageDeclaration, MessageKind } from './declare.ts'
export { message, type Message } from './message.ts'
export { ProtocolError, type ProtocolErrorCode } from './errors.ts'
export { Reader } from './reader.ts'
export { Writer } from './writer.ts'
export {
  API_VERSIONS_KEY,
  apiByKey,
  apiByName,
  APIS,
  requestHeaderVersion,
  responseHeaderVersion,
  type Api,
} from './apis.ts'
export {
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FRAME_PREFIX_SIZE,
  frameSize,
  FrameSplitter,
  readRequestHeader,
  type RequestOptions,
  type ResponseOptions,
} from './frame.ts'
export * from './messages.ts'
export * from './stored.ts'
