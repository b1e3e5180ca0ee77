/**
 * Who is measured: our serdes as a producer and a consumer call them, libraries for the bare format, and other serializers for the
 * same wire format. Each does what it is made for with the same order; their bytes are checked before anything is timed.
 */
import { existsSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { resolve } from 'node:path'
import { create, createFileRegistry, fromBinary, toBinary, type DescMessage } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { Ajv } from 'ajv'
import avsc from 'avsc'
import protobufjs from 'protobufjs'
import { parseSchema } from '../../src/formats/index.ts'
import { avro, jsonSchema, protobuf, RegistryClient, type RegistrySerde } from '../../src/serdes/index.ts'
import { AVRO_SCHEMA, JSON_SCHEMA, ORDER, PROTOBUF_SCHEMA } from './samples.ts'

export interface Contender {
  readonly name: string
  /** Both may be asynchronous; that is then part of what they cost. */
  encode(): unknown
  decode(): unknown
}

export interface Format {
  readonly name: 'Avro' | 'JSON Schema' | 'Protobuf'
  /** Ours first. */
  readonly contenders: readonly Contender[]
}

export async function formats(url: string): Promise<Format[]> {
  const kafkajs = new SchemaRegistry({ host: url })
  const confluent = await loadConfluent()
  return [
    { name: 'Avro', contenders: await avroContenders(url, kafkajs, confluent) },
    { name: 'JSON Schema', contenders: await jsonContenders(url, kafkajs, confluent) },
    { name: 'Protobuf', contenders: await protobufContenders(url, kafkajs, confluent) },
  ]
}

async function ours(name: string, serde: RegistrySerde<unknown>): Promise<Contender> {
  const context = { topic: `bench-${name}`, isKey: false }
  const bytes = Buffer.from(await serde.serializeAsync(ORDER, context))
  await serde.deserializeAsync(bytes, context)
  // As the client does it: ask whether something is missing, then go.
  return {
    name: 'braidlog',
    encode: () => serde.beforeSerialize(ORDER, context) ?? serde.serialize(ORDER, context),
    decode: () => serde.beforeDeserialize(bytes, context) ?? serde.deserialize(bytes, context),
  }
}

async function avroContenders(
  url: string,
  kafkajs: SchemaRegistry,
  confluent: Confluent | undefined,
): Promise<Contender[]> {
  const type = avsc.Type.forSchema(AVRO_SCHEMA as unknown as avsc.Schema)
  const bare = type.toBuffer(ORDER)
  const schema = JSON.stringify(AVRO_SCHEMA)
  const { id } = await kafkajs.register({ type: SchemaType.AVRO, schema }, { subject: 'kafkajs-value' })
  const framed = await kafkajs.encode(id, ORDER)
  return [
    await ours('avro', avro<unknown>(new RegistryClient(url), { schema: schema as unknown, long: 'number' })),
    { name: 'avsc (no schema id)', encode: () => type.toBuffer(ORDER), decode: () => type.fromBuffer(bare) as unknown },
    {
      name: '@kafkajs/confluent-schema-registry',
      encode: () => kafkajs.encode(id, ORDER),
      decode: () => kafkajs.decode(framed) as unknown,
    },
    ...(await confluentContender(confluent, url, 'AVRO', schema, ORDER)),
  ]
}

async function jsonContenders(
  url: string,
  kafkajs: SchemaRegistry,
  confluent: Confluent | undefined,
): Promise<Contender[]> {
  const validate = new Ajv().compile<unknown>(JSON_SCHEMA)
  const checked = (value: unknown): unknown => {
    if (!validate(value)) throw new Error('not valid')
    return value
  }
  const bare = Buffer.from(JSON.stringify(ORDER))
  const schema = JSON.stringify(JSON_SCHEMA)
  const { id } = await kafkajs.register({ type: SchemaType.JSON, schema }, { subject: 'kafkajs-json-value' })
  const framed = await kafkajs.encode(id, ORDER)
  return [
    await ours('json', jsonSchema<unknown>(new RegistryClient(url), { schema: schema as unknown })),
    {
      name: 'ajv and JSON (no schema id)',
      encode: () => Buffer.from(JSON.stringify(checked(ORDER))),
      decode: () => checked(JSON.parse(bare.toString())),
    },
    {
      name: '@kafkajs/confluent-schema-registry',
      encode: () => kafkajs.encode(id, ORDER),
      decode: () => kafkajs.decode(framed) as unknown,
    },
    ...(await confluentContender(confluent, url, 'JSON', schema, ORDER)),
  ]
}

async function protobufContenders(
  url: string,
  kafkajs: SchemaRegistry,
  confluent: Confluent | undefined,
): Promise<Contender[]> {
  const type = protobufjs.parse(PROTOBUF_SCHEMA).root.lookupType('bench.Order')
  // protobufjs takes enums as numbers.
  const order = { ...ORDER, state: 1 }
  const bare = Buffer.from(type.encode(order).finish())
  const registry = descriptors()
  const message = registry.getMessage('bench.Order') as DescMessage
  const made = create(message, esOrder() as never)
  const esBytes = toBinary(message, made)
  const { id } = await kafkajs.register(
    { type: SchemaType.PROTOBUF, schema: PROTOBUF_SCHEMA },
    { subject: 'kafkajs-proto-value' },
  )
  const framed = await kafkajs.encode(id, order)
  return [
    await ours('protobuf', protobuf<unknown>(new RegistryClient(url), { schema: PROTOBUF_SCHEMA, long: 'number' })),
    { name: 'protobufjs (no schema id)', encode: () => type.encode(order).finish(), decode: () => type.decode(bare) },
    {
      name: '@bufbuild/protobuf (no schema id)',
      encode: () => toBinary(message, made),
      decode: () => fromBinary(message, esBytes),
    },
    {
      name: '@kafkajs/confluent-schema-registry',
      encode: () => kafkajs.encode(id, order),
      decode: () => kafkajs.decode(framed) as unknown,
    },
    ...(await confluentContender(confluent, url, 'PROTOBUF', PROTOBUF_SCHEMA, undefined)),
  ]
}

const esOrder = (): object => ({ ...ORDER, at: BigInt(ORDER.at), state: 1 })

function descriptors() {
  const base64 = parseSchema({ schemaType: 'PROTOBUF', schema: PROTOBUF_SCHEMA }).format('serialized')
  const file = fromBinary(FileDescriptorProtoSchema, Buffer.from(base64, 'base64'))
  return createFileRegistry(create(FileDescriptorSetSchema, { file: [file] }))
}

/**
 * @confluentinc/schemaregistry is too large (171 MB) to come with every install. It takes part where `npm run conformance --
 * schema-registry` has put it.
 */
const CONFLUENT = resolve(
  import.meta.dirname,
  '../../../../.cache/npm-confluent/node_modules/@confluentinc/schemaregistry/dist/index.js',
)

interface Serde {
  serialize(topic: string, value: unknown): Promise<Buffer>
  deserialize(topic: string, bytes: Buffer): Promise<unknown>
}
type SerdeClass = new (client: unknown, kind: number, config: object) => Serde
interface Confluent {
  readonly SchemaRegistryClient: {
    newClient(options: object): { register(subject: string, schema: object): Promise<number> }
  }
  readonly SerdeType: { readonly VALUE: number }
  readonly AvroSerializer: SerdeClass
  readonly AvroDeserializer: SerdeClass
  readonly JsonSerializer: SerdeClass
  readonly JsonDeserializer: SerdeClass
  readonly ProtobufSerializer: SerdeClass &
    (new (client: unknown, kind: number, config: object) => Serde & { registry: { add(file: unknown): void } })
  readonly ProtobufDeserializer: SerdeClass
}

async function loadConfluent(): Promise<Confluent | undefined> {
  if (!existsSync(CONFLUENT)) return undefined
  const loaded = (await import(pathToFileURL(CONFLUENT).href)) as { readonly default: Confluent }
  return loaded.default
}

async function confluentContender(
  confluent: Confluent | undefined,
  url: string,
  schemaType: 'AVRO' | 'JSON' | 'PROTOBUF',
  schema: string,
  value: unknown,
): Promise<Contender[]> {
  if (confluent === undefined) return []
  const client = confluent.SchemaRegistryClient.newClient({ baseURLs: [url], cacheLatestTtlSecs: 600 })
  const topic = `confluent-${schemaType}`
  await client.register(`${topic}-value`, { schema, schemaType })
  const kind = confluent.SerdeType.VALUE
  const config = { useLatestVersion: true, autoRegisterSchemas: false, validate: true }
  const [serializer, deserializer] = {
    AVRO: () =>
      [new confluent.AvroSerializer(client, kind, config), new confluent.AvroDeserializer(client, kind, {})] as const,
    JSON: () =>
      [
        new confluent.JsonSerializer(client, kind, config),
        new confluent.JsonDeserializer(client, kind, { validate: true }),
      ] as const,
    PROTOBUF: () =>
      [
        new confluent.ProtobufSerializer(client, kind, config),
        new confluent.ProtobufDeserializer(client, kind, {}),
      ] as const,
  }[schemaType]()
  let order = value
  if (schemaType === 'PROTOBUF') {
    const file = descriptors()
    const message = file.getMessage('bench.Order')!
    const { registry } = serializer as unknown as { readonly registry: { add(file: unknown): void } }
    registry.add(message)
    order = create(message, esOrder() as never)
  }
  const bytes = await serializer.serialize(topic, order)
  await deserializer.deserialize(topic, bytes)
  return [
    {
      name: '@confluentinc/schemaregistry',
      encode: () => serializer.serialize(topic, order),
      decode: () => deserializer.deserialize(topic, bytes),
    },
  ]
}
