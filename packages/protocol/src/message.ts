/**
 * A declared message with its codecs. The codec of a version is compiled when it is first used.
 */
import type { Fields, InferFields, Input, MessageDeclaration } from './declare.ts'
import type { Reader } from './reader.ts'
import type { Writer } from './writer.ts'

export interface Message<F extends Fields = Fields> extends MessageDeclaration<F> {
  /** Lowest and highest valid version. */
  readonly versionMin: number
  readonly versionMax: number
  isFlexible(version: number): boolean
  /** Reads one message at the reader's position. @throws ProtocolError */
  read(reader: Reader, version: number): InferFields<F>
  /** Appends one message. @throws ProtocolError when a value does not fit its type or this version. */
  write(writer: Writer, value: Input<InferFields<F>>, version: number): void
  /** Reads a message that fills `bytes` exactly. */
  decode(bytes: Uint8Array, version: number): InferFields<F>
  /** @returns a fresh array that the caller owns. */
  encode(value: Input<InferFields<F>>, version: number): Uint8Array
}

export function message<F extends Fields>(declaration: MessageDeclaration<F>): Message<F> {
  return { ...declaration, versionMin: 0, versionMax: 0 } as unknown as Message<F>
}
