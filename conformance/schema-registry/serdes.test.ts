/**
 * Our serdes beside other serializers for the same wire format, all with one registry: the bytes are equal, and each reads what the
 * others have written. @kafkajs/confluent-schema-registry, @confluentinc/schemaregistry and confluent-kafka for Python.
 */
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { SchemaRegistry } from '@kafkajs/confluent-schema-registry'
import type { SerdeContext } from '@braidlog/client'
import { startRegistry, type Registry } from '@braidlog/schema-registry'
import { avro, jsonSchema, protobuf, RegistryClient, type RegistrySerde } from '@braidlog/schema-registry/serdes'
import { npmPackages } from '../peers/npm.ts'
import { python } from '../peers/python.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

const AVRO = JSON.stringify({
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'cents', type: 'long' },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'paid', type: 'boolean' },
  ],
})
const JSON_SCHEMA = JSON.stringify({
  $schema: 'http://json-schema.org/draft-07/schema#',
  title: 'Order',
  type: 'object',
  properties: {
    id: { type: 'string' },
    cents: { type: 'integer' },
    tags: { type: 'array', items: { type: 'string' } },
    paid: { type: 'boolean' },
  },
})
const PROTOBUF = `syntax = "proto3";
package shop;

message Order {
  string id = 1;
  int64 cents = 2;
  repeated string tags = 3;
  bool paid = 4;
}
`
const VALUE = { id: 'o-1 straße', cents: -1_700_000_000_000, tags: ['a', 'b'], paid: true }

const FORMATS = ['avro', 'json', 'protobuf'] as const
type FormatName = (typeof FORMATS)[number]

let server: PeerServer
let registry: Registry
let serdes: Record<FormatName, RegistrySerde<unknown>>
let written: Record<FormatName, Buffer>
before(async () => {
  server = await startPeerServer()
  registry = await startRegistry({ kafka: { bootstrapServers: server.bootstrap }, port: 0 })
  const client = new RegistryClient(registry.url)
  serdes = {
    avro: avro<unknown>(client, { schema: AVRO as unknown, long: 'number' }),
    json: jsonSchema<unknown>(client, { schema: JSON_SCHEMA as unknown }),
    protobuf: protobuf<unknown>(client, { schema: PROTOBUF, long: 'number' }),
  }
  const bytes = async (name: FormatName): Promise<Buffer> =>
    Buffer.from(await serdes[name].serializeAsync(VALUE, context(name)))
  written = { avro: await bytes('avro'), json: await bytes('json'), protobuf: await bytes('protobuf') }
})
after(async () => {
  await registry?.close()
  await server?.stop()
})

const context = (name: FormatName): SerdeContext => ({ topic: `serdes-${name}`, isKey: false })

/** JSON has no one text: blanks differ. */
function assertSame(name: FormatName, theirs: Buffer): void {
  if (name !== 'json') return assert.equal(theirs.toString('hex'), written[name].toString('hex'))
  assert.equal(theirs.subarray(0, 5).toString('hex'), written.json.subarray(0, 5).toString('hex'))
  assert.deepEqual(JSON.parse(theirs.subarray(5).toString()), VALUE)
}

test("KafkaJS's serializers write the same bytes, and read ours", async () => {
  const kafkajs = new SchemaRegistry({ host: registry.url })
  // Its Protobuf has no message indexes, which nobody else can read.
  for (const name of ['avro', 'json'] as const) {
    const id = written[name].readInt32BE(1)
    assertSame(name, await kafkajs.encode(id, VALUE))
    const read = (await kafkajs.decode(written[name])) as typeof VALUE
    assert.deepEqual({ ...read, cents: Number(read.cents) }, VALUE)
  }
})

interface ConfluentSerde {
  serialize(topic: string, value: unknown): Promise<Buffer>
  deserialize(topic: string, bytes: Buffer, headers?: object): Promise<unknown>
}
type SerdeClass = new (client: unknown, kind: unknown, options: object) => ConfluentSerde
interface Confluent extends Record<`${'Avro' | 'Json' | 'Protobuf'}${'Serializer' | 'Deserializer'}`, SerdeClass> {
  readonly SchemaRegistryClient: new (config: object) => unknown
  readonly SerdeType: { readonly VALUE: unknown }
}

test("Confluent's serializers for Node write the same bytes, and read ours", async () => {
  const confluent = (await npmPackages('npm-confluent'))('@confluentinc/schemaregistry') as Confluent
  const client = new confluent.SchemaRegistryClient({ baseURLs: [registry.url] })
  const { VALUE: kind } = confluent.SerdeType
  const latest = { autoRegisterSchemas: false, useLatestVersion: true }
  const theirs = {
    avro: new confluent.AvroSerializer(client, kind, latest),
    json: new confluent.JsonSerializer(client, kind, latest),
  }
  const readers = {
    avro: new confluent.AvroDeserializer(client, kind, {}),
    json: new confluent.JsonDeserializer(client, kind, {}),
    protobuf: new confluent.ProtobufDeserializer(client, kind, {}),
  }
  for (const name of FORMATS) {
    if (name !== 'protobuf') assertSame(name, await theirs[name].serialize(`serdes-${name}`, VALUE))
    const { $typeName: _, ...read } = (await readers[name].deserialize(
      `serdes-${name}`,
      written[name],
    )) as typeof VALUE & { $typeName?: string }
    assert.deepEqual({ ...read, cents: Number(read.cents) }, VALUE, name)
  }
})

test("Confluent's deserializers for Node find our GUID in the header", async () => {
  const confluent = (await npmPackages('npm-confluent'))('@confluentinc/schemaregistry') as Confluent & {
    readonly DualSchemaIdDeserializer: unknown
  }
  const client = new confluent.SchemaRegistryClient({ baseURLs: [registry.url] })
  const headers: Record<string, Uint8Array> = {}
  const addHeader = (name: string, bytes: unknown): void => void (headers[name] = Buffer.from(bytes as Uint8Array))
  const own = avro<unknown>(new RegistryClient(registry.url), { schema: AVRO as unknown, idLocation: 'header' })
  const bytes = Buffer.from(await own.serializeAsync(VALUE, { ...context('avro'), addHeader }))
  const reader = new confluent.AvroDeserializer(client, confluent.SerdeType.VALUE, {
    schemaIdDeserializer: confluent.DualSchemaIdDeserializer,
  })
  const read = (await reader.deserialize('serdes-avro', bytes, headers)) as typeof VALUE
  assert.deepEqual({ ...read, cents: Number(read.cents) }, VALUE)
})

test('confluent-kafka for Python writes the same bytes, and reads ours', async () => {
  const given = {
    avroSchema: AVRO,
    jsonSchema: JSON_SCHEMA,
    value: VALUE,
    written: Object.fromEntries(FORMATS.map((name) => [name, written[name].toString('hex')])),
  }
  const script = join(import.meta.dirname, 'python_serdes.py')
  const { stdout } = await python(script, [registry.url, JSON.stringify(given)], {
    environment: 'python-registry',
    timeoutMs: 150_000,
  })
  const theirs = JSON.parse(stdout.split('\n').find((line) => line.startsWith('{'))!) as {
    readonly written: Record<FormatName, string>
    readonly read: Record<FormatName, unknown>
  }
  for (const name of FORMATS) {
    const bytes = Buffer.from(theirs.written[name], 'hex')
    assertSame(name, bytes)
    assert.deepEqual(await serdes[name].deserializeAsync(bytes, context(name)), VALUE)
    assert.deepEqual(theirs.read[name], VALUE, name)
  }
})
