/**
 * `@braidlog/protocol/wire`: the language of messages without the messages, for who is not to load all ninety of them.
 * Each is at `@braidlog/protocol/messages/…`, under the name of its file.
 */
export type { Field, Fields, Infer, InferFields, Input, MessageDeclaration, MessageKind } from './declare.ts'
export { message, type Message } from './message.ts'
export { ProtocolError, type ProtocolErrorCode } from './errors.ts'
export { Reader } from './reader.ts'
export { Writer } from './writer.ts'
export { API_VERSIONS_KEY, apiOf, type Api } from './api.ts'
export { apiIndex, type ApiEntry } from './api-index.ts'
export {
  decodeResponse,
  encodeRequest,
  encodeResponse,
  FRAME_PREFIX_SIZE,
  frameSize,
  FrameSplitter,
  type RequestOptions,
  type ResponseOptions,
} from './frame.ts'
