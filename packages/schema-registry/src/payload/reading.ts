/**
 * Would a reader with this schema understand what was written with that one? Asked of one payload after another: two
 * schemas that are incompatible in general may still have no record between them that shows it.
 */
import type { ParsedSchema } from '../formats/index.ts'
import { avroDecoder } from '../serdes/avro/codec.ts'
import { shapeOf } from '../serdes/avro/shape.ts'
import { SerdeError } from '../serdes/errors.ts'
import { compilePayload } from './payload.ts'

/** Where and why `bytes[start, end)` cannot be read, as `path: reason`; `undefined`: it can. */
export type Reading = (bytes: Uint8Array, start: number, end: number) => string | undefined

export function readingOf(writer: ParsedSchema, reader: ParsedSchema): Reading {
  if (writer.schemaType !== reader.schemaType) {
    return () => `/: it was written with a schema of type ${writer.schemaType}`
  }
  // The other formats are read by the reader's schema alone.
  if (writer.schemaType !== 'AVRO' || reader.schemaType !== 'AVRO') {
    const compiled = compilePayload(reader)
    return (bytes, start, end) => compiled.fault(bytes, start, end)
  }
  const decode = avroDecoder(writer.type, reader.type, shapeOf({}))
  return (bytes, start, end) => {
    try {
      decode(bytes.subarray(0, end), start)
      return undefined
    } catch (error) {
      if (!(error instanceof SerdeError)) throw error
      const path = error.path === undefined || error.path === '' ? '/' : error.path
      const reason = error.message.startsWith(`at ${path}: `) ? error.message.slice(path.length + 5) : error.message
      return `${path}: ${reason}`
    }
  }
}
