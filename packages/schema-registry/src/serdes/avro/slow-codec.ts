/** The codec of {@link raw.ts}'s steps, in the shape of the compiled one. */
import type { AvroType } from '../../formats/avro/type.ts'
import { fromRaw, RawReader, resolveRaw, toRaw, writeRaw } from './raw.ts'
import type { AvroShape } from './shape.ts'

/** @throws SerdeError with the path of what does not fit */
export function encodeSlow(value: unknown, type: AvroType, shape: AvroShape, prefix: Uint8Array): Uint8Array {
  const out: number[] = [...prefix]
  writeRaw(toRaw(value, type, shape), type, out)
  return Uint8Array.from(out)
}

/** @param start where the value begins; it ends with the bytes @throws SerdeError with the path of what does not fit */
export function decodeSlow(
  bytes: Uint8Array,
  start: number,
  types: { readonly writer: AvroType; readonly reader: AvroType },
  shape: AvroShape,
): unknown {
  // A Buffer, so that what is cut out of it is one too, as the compiled codec has it.
  const source = new RawReader(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength), start)
  const raw = source.read(types.writer)
  source.end()
  return fromRaw(resolveRaw(raw, types.writer, types.reader), types.reader, shape)
}
