/** Avro serdes. */
import type { AvroType } from '../../formats/avro/type.ts'
import { isNamed } from '../../formats/avro/type.ts'
import type { ParsedSchema } from '../../formats/index.ts'
import { SerdeError } from '../errors.ts'
import type { SerdeFormat } from '../format.ts'
import type { SerdeOptions } from '../options.ts'
import type { RegistryClient } from '../registry-client.ts'
import { RegistrySerde } from '../serde.ts'
import { avroDecoder, avroEncoder } from './codec.ts'
import { avroFields } from './fields.ts'
import type { InferAvro } from './infer.ts'
import { shapeOf, type AvroShape, type AvroValueOptions } from './shape.ts'

export interface AvroSerdeOptions<S = unknown> extends SerdeOptions<S>, AvroValueOptions {}

interface AvroFactory {
  <const S, L extends 'bigint' | 'number' = 'bigint', G extends boolean = true>(
    registry: RegistryClient,
    options: AvroSerdeOptions<S> & { readonly schema: S; readonly long?: L; readonly logicalTypes?: G },
  ): RegistrySerde<InferAvro<S, { long: L; logicalTypes: G }>>
  <T = unknown>(registry: RegistryClient, options?: AvroSerdeOptions): RegistrySerde<T>
}

/**
 * Avro values with their schema's id. The type of values is that of the schema where it is a literal; else say it:
 * `avro<Order>(registry, …)`. The schema is text, or what its text stands for.
 */
export const avro = ((registry: RegistryClient, options: AvroSerdeOptions = {}): RegistrySerde<unknown> => {
  const { schema } = options
  const text =
    schema === undefined
      ? undefined
      : typeof schema === 'string' && !PRIMITIVE.test(schema)
        ? schema
        : JSON.stringify(schema)
  return new RegistrySerde({ registry, format: avroFormat(shapeOf(options)), options, text })
}) as unknown as AvroFactory

const PRIMITIVE = /^\w+$/

function avroFormat(shape: AvroShape): SerdeFormat {
  return {
    schemaType: 'AVRO',
    writer(schema) {
      const type = typeOf(schema)
      return {
        recordName: isNamed(type) ? type.fullName : undefined,
        infix: NOTHING,
        encode: avroEncoder(type, shape),
      }
    },
    decoder: (writer, reader) => avroDecoder(typeOf(writer), typeOf(reader), shape),
    fields: (schema, tags) => avroFields(typeOf(schema), shape, tags),
  }
}

const NOTHING = new Uint8Array(0)

function typeOf(schema: ParsedSchema): AvroType {
  if (schema.schemaType === 'AVRO') return schema.type
  throw new SerdeError('WRONG_SCHEMA', `the schema is ${schema.schemaType}, not AVRO`)
}
