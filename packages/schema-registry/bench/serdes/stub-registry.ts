/** As much of a registry as serializers ask for, in memory: registering, looking up, ids, versions. Not a registry of ours, so that it costs nothing. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { parseSchema } from '../../src/formats/index.ts'

export interface StubRegistry {
  readonly url: string
  close(): void
}

interface Stored {
  readonly id: number
  readonly subject: string
  readonly version: number
  readonly schema: string
  readonly schemaType: string
}

export async function startStubRegistry(): Promise<StubRegistry> {
  const schemas: Stored[] = []
  const server = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk: Buffer) => (text += chunk.toString()))
    request.on('end', () => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://stub')
      const parts = pathname.split('/').slice(1).map(decodeURIComponent)
      const body = text === '' ? {} : (JSON.parse(text) as { readonly schema?: string; readonly schemaType?: string })
      response.setHeader('content-type', 'application/vnd.schemaregistry.v1+json')
      const found = rendered(answer(schemas, parts, body), searchParams.get('format'))
      response.statusCode = found === undefined ? 404 : 200
      response.end(JSON.stringify(found ?? { error_code: 40403, message: 'not found' }))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}

/** Confluent's JavaScript client wants Protobuf as descriptors. */
function rendered(found: unknown, format: string | null): unknown {
  const stored = found as Stored | undefined
  if (format !== 'serialized' || stored?.schemaType !== 'PROTOBUF') return found
  return { ...stored, schema: parseSchema({ schemaType: 'PROTOBUF', schema: stored.schema }).format('serialized') }
}

function answer(
  schemas: Stored[],
  [kind, name = '', ...rest]: readonly string[],
  { schema, schemaType = 'AVRO' }: { readonly schema?: string; readonly schemaType?: string },
): unknown {
  if (kind === 'schemas') return schemas.find(({ id }) => id === Number(rest[0]))
  if (kind === 'config') return { compatibilityLevel: 'BACKWARD', compatibility: 'BACKWARD' }
  if (kind !== 'subjects') return undefined
  const ofSubject = schemas.filter(({ subject }) => subject === name)
  if (schema === undefined) return rest[1] === undefined ? ofSubject.map(({ version }) => version) : ofSubject.at(-1)
  const known = ofSubject.find((each) => each.schema === schema)
  if (known !== undefined) return known
  const stored = { id: schemas.length + 1, subject: name, version: ofSubject.length + 1, schema, schemaType }
  schemas.push(stored)
  return stored
}
