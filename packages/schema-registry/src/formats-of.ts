/** The formats and the digest, as the machine wants them injected. */
import { hash } from 'node:crypto'
import { checkCompatibility, equalResolved, parseSchema, SchemaError, withTags } from './formats/index.ts'
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
  withTags,
  equalResolved,
}

// In one call: a topic of 100,000 schemas is hashed once at start.
export const md5: Md5 = (bytes) => hash('md5', bytes, 'buffer')
