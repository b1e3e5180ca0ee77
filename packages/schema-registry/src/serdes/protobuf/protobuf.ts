/** Protobuf serdes. */
import type { ParsedProtobuf, ParsedSchema } from '../../formats/index.ts'
import { SerdeError } from '../errors.ts'
import type { Decode, SerdeFormat } from '../format.ts'
import type { SerdeOptions } from '../options.ts'
import type { RegistryClient } from '../registry-client.ts'
import { RegistrySerde } from '../serde.ts'
import { indexBytes, readIndexes } from '../wire.ts'
import { messageDecoder, messageEncoder } from './codec.ts'
import { messageFields } from './fields.ts'
import { assertFits } from './fits.ts'
import { messagesOf, type MessageSet, type MessageType } from './message.ts'
import type { Longs } from './slow-codec.ts'

export interface ProtobufSerdeOptions extends SerdeOptions<string> {
  /** Full name of the message that is written, and that is read where the reader's schema is this one. Default: the first of the file. */
  readonly message?: string | undefined
  /** How 64-bit integers are read; both are taken when writing. Default `bigint`. */
  readonly long?: Longs | undefined
}

/** Protobuf messages with their schema's id and the message's indexes. The type of values is what `braidlog schema codegen` writes. */
export function protobuf<T = unknown>(registry: RegistryClient, options: ProtobufSerdeOptions = {}): RegistrySerde<T> {
  const { schema, message, long = 'bigint' } = options
  return new RegistrySerde<T>({ registry, format: protobufFormat(message, long), options, text: schema })
}

function protobufFormat(messageName: string | undefined, longs: Longs): SerdeFormat {
  const sets = new WeakMap<ParsedSchema, MessageSet>()
  const setOf = (schema: ParsedSchema): MessageSet => {
    let set = sets.get(schema)
    if (set === undefined) sets.set(schema, (set = messagesOf(protobufOf(schema))))
    return set
  }
  return {
    schemaType: 'PROTOBUF',
    writer(schema) {
      const { message, indexes } = setOf(schema).byName(messageName)
      return { recordName: message.fullName, infix: indexBytes(indexes), encode: messageEncoder(message) }
    },
    decoder(writer, reader) {
      const [written, wanted] = [setOf(writer), setOf(reader)]
      const decoders = new Map<string, Decode>()
      const make = (indexes: readonly number[]): Decode => {
        const from = written.byIndexes(indexes)
        const to = writer === reader ? from : readerMessage(from, wanted, messageName)
        if (to !== from) assertFits(from, to)
        return messageDecoder(to, longs)
      }
      let first: Decode | undefined
      return (bytes, start) => {
        // The first message of the file is what most files are for.
        if (bytes[start] === 0) return (first ??= make([0]))(bytes, start + 1)
        const { indexes, end } = readIndexes(bytes, start)
        const key = indexes.join()
        let decode = decoders.get(key)
        if (decode === undefined) decoders.set(key, (decode = make(indexes)))
        return decode(bytes, end)
      }
    },
    fields: (schema, tags) => messageFields(setOf(schema).byName(messageName).message, longs, tags),
  }
}

/** The message that was asked for, else the one of the same name, else the first. */
function readerMessage(writer: MessageType, reader: MessageSet, messageName: string | undefined): MessageType {
  if (messageName !== undefined) return reader.byName(messageName).message
  return reader.byName(reader.has(writer.fullName) ? writer.fullName : undefined).message
}

function protobufOf(schema: ParsedSchema): ParsedProtobuf {
  if (schema.schemaType === 'PROTOBUF') return schema
  throw new SerdeError('WRONG_SCHEMA', `the schema is ${schema.schemaType}, not PROTOBUF`)
}
