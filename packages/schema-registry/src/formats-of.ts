/** The formats and the digest, as the machine wants them injected. */
import { createHash } from 'node:crypto'
import { checkCompatibility, equalResolved, parseSchema, SchemaError } from './formats/index.ts'
import type { Formats, Md5 } from './core/formats.ts'

export const formats: Formats = {
  parse({ schemaType, schema, references, validate }) {
    try {
      return { ok: true, parsed: parseSchema({ schemaType, schema, references }, { validate }) }
    } catch (error) {
      if (!(error instanceof SchemaError)) throw error
      return { ok: false, isTooLarge: error.code === 'SCHEMA_TOO_LARGE', message: error.message }
    }
  },
  check: checkCompatibility,
  equalResolved,
}

export const md5: Md5 = (bytes) => createHash('md5').update(bytes).digest()
