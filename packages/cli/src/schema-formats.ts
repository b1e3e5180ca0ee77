/** The formats of schemas for the brokers that this program starts; loaded when a topic first needs them. */
import type { LoadSchemaFormats } from '@braidlog/server'

export const loadSchemaFormats: LoadSchemaFormats = async () =>
  (await import('@braidlog/schema-registry/payload')).schemaFormats
