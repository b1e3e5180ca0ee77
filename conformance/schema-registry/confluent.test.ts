/**
 * @confluentinc/schemaregistry, Confluent's own client and serializers for Node, unchanged, against our registry on the peer: Braidlog,
 * or Apache Kafka.
 */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { startRegistry, type Registry } from '@braidlog/schema-registry'
import { npmPackages } from '../peers/npm.ts'
import { startPeerServer, type PeerServer } from '../peers/server.ts'

interface SchemaInfo {
  readonly schema: string
  readonly schemaType?: string
  readonly references?: readonly object[]
  readonly metadata?: object
  readonly ruleSet?: object
}
interface SchemaMetadata extends SchemaInfo {
  readonly id: number
  readonly guid: string
  readonly subject: string
  readonly version: number
}
/** What is used of the client here. */
interface Client {
  register(subject: string, schema: SchemaInfo, normalize: boolean): Promise<number>
  registerFullResponse(subject: string, schema: SchemaInfo, normalize: boolean): Promise<SchemaMetadata>
  getBySubjectAndId(subject: string, id: number, format?: string): Promise<SchemaInfo>
  getByGuid(guid: string, format?: string): Promise<SchemaInfo>
  getId(subject: string, schema: SchemaInfo, normalize: boolean): Promise<number>
  getLatestSchemaMetadata(subject: string, format?: string): Promise<SchemaMetadata>
  getSchemaMetadata(subject: string, version: number, deleted: boolean, format?: string): Promise<SchemaMetadata>
  getLatestWithMetadata(subject: string, metadata: object, deleted: boolean, format?: string): Promise<SchemaMetadata>
  getAllVersions(subject: string): Promise<number[]>
  getVersion(subject: string, schema: SchemaInfo, normalize: boolean, deleted: boolean): Promise<number>
  getAllSubjects(): Promise<string[]>
  deleteSubject(subject: string, permanent: boolean): Promise<number[]>
  deleteSubjectVersion(subject: string, version: number, permanent: boolean): Promise<number>
  testSubjectCompatibility(subject: string, schema: SchemaInfo): Promise<boolean>
  testCompatibility(subject: string, version: number, schema: SchemaInfo): Promise<boolean>
  getCompatibility(subject: string): Promise<string>
  updateCompatibility(subject: string, update: string): Promise<string>
  getDefaultCompatibility(): Promise<string>
  updateConfig(subject: string, update: object): Promise<object>
  getConfig(subject: string): Promise<object>
}
interface Serializer {
  serialize(topic: string, message: unknown, headers?: object): Promise<Buffer>
}
interface Deserializer {
  deserialize(topic: string, payload: Buffer, headers?: object): Promise<unknown>
}
type SerializerClass = new (client: Client, type: string, options: object) => Serializer
interface Library {
  readonly SchemaRegistryClient: new (config: object) => Client
  readonly SerdeType: { readonly VALUE: string }
  readonly HeaderSchemaIdSerializer: unknown
  readonly CelExecutor: { register(): unknown }
  readonly AvroSerializer: SerializerClass
  readonly JsonSerializer: SerializerClass
  readonly ProtobufSerializer: SerializerClass
  readonly AvroDeserializer: new (client: Client, type: string, options: object) => Deserializer
  readonly JsonDeserializer: new (client: Client, type: string, options: object) => Deserializer
  readonly ProtobufDeserializer: new (client: Client, type: string, options: object) => Deserializer
}

let server: PeerServer
let registry: Registry
let library: Library
let client: Client
const password = 'a password'
before(async () => {
  library = (await npmPackages('npm-confluent'))('@confluentinc/schemaregistry') as Library
  server = await startPeerServer()
  registry = await startRegistry({
    kafka: { bootstrapServers: server.bootstrap },
    port: 0,
    auth: { users: { ann: password } },
    authorization: { superUsers: ['User:ann'] },
  })
  client = newClient(password)
})
after(async () => {
  await registry?.close()
  await server?.stop()
})

const newClient = (secret: string): Client =>
  new library.SchemaRegistryClient({
    baseURLs: [registry.url],
    maxRetries: 0,
    basicAuthCredentials: { credentialsSource: 'USER_INFO', userInfo: `ann:${secret}` },
  })

const order = (...fields: object[]): SchemaInfo => ({
  schemaType: 'AVRO',
  schema: JSON.stringify({ type: 'record', name: 'Order', namespace: 'shop', fields }),
})
const ID = { name: 'id', type: 'string' }
const COUNT = { name: 'count', type: 'int', default: 0 }

async function refusal(asked: Promise<unknown>): Promise<number> {
  return await asked.then(
    () => assert.fail('it was not refused'),
    (error: { errorCode?: number; status?: number }) => error.errorCode ?? error.status ?? -1,
  )
}

suite('the client', () => {
  test('registers, reads, looks up, lists and deletes', async () => {
    const first = await client.registerFullResponse('orders-value', order(ID), false)
    assert.equal(first.version, 1)
    const second = await client.register('orders-value', order(ID, COUNT), false)
    assert.deepEqual(await client.getAllVersions('orders-value'), [1, 2])
    assert.equal((await client.getLatestSchemaMetadata('orders-value')).id, second)
    assert.equal((await client.getSchemaMetadata('orders-value', 1, false)).guid, first.guid)
    assert.equal((await client.getBySubjectAndId('orders-value', second)).schema, order(ID, COUNT).schema)
    assert.equal((await client.getByGuid(first.guid)).schema, order(ID).schema)
    assert.equal(await client.getId('orders-value', order(ID), false), first.id)
    assert.equal(await client.getVersion('orders-value', order(ID, COUNT), false, false), 2)
    assert.ok((await client.getAllSubjects()).includes('orders-value'))
    assert.equal(await client.deleteSubjectVersion('orders-value', 1, false), 1)
    assert.deepEqual(await client.deleteSubject('orders-value', false), [2])
    assert.deepEqual(await client.deleteSubject('orders-value', true), [1, 2])
  })

  test('tests compatibility, and sets levels and configurations', async () => {
    await client.register('evolving-value', order(ID), false)
    assert.equal(await client.testSubjectCompatibility('evolving-value', order(ID, COUNT)), true)
    assert.equal(await client.testCompatibility('evolving-value', 1, order({ name: 'x', type: 'int' })), false)
    assert.equal(await refusal(client.register('evolving-value', order({ name: 'x', type: 'int' }), false)), 409)
    assert.equal(await client.updateCompatibility('evolving-value', 'FULL'), 'FULL')
    assert.equal(await client.getCompatibility('evolving-value'), 'FULL')
    assert.equal(await client.getDefaultCompatibility(), 'BACKWARD')
    await client.updateConfig('evolving-value', { compatibilityLevel: 'NONE', normalize: true })
    assert.deepEqual(await client.getConfig('evolving-value'), { compatibilityLevel: 'NONE', normalize: true })
  })

  test('finds by metadata, and follows an alias', async () => {
    const version = (major: string): object => ({ properties: { major } })
    await client.updateConfig('contracts', { compatibilityGroup: 'major' })
    await client.register('contracts', { ...order(ID), metadata: version('1') }, false)
    await client.register('contracts', { ...order(COUNT), metadata: version('2') }, false)
    assert.equal((await client.getLatestWithMetadata('contracts', { major: '1' }, false)).version, 1)
    await client.updateConfig('contracts-alias', { alias: 'contracts' })
    assert.equal((await client.getLatestSchemaMetadata('contracts-alias')).subject, 'contracts')
  })

  test('is told by codes what is wrong, and is not let in with another password', async () => {
    assert.equal(await refusal(client.getLatestSchemaMetadata('none')), 40401)
    assert.equal(await refusal(client.getBySubjectAndId('', 987_654)), 40403)
    assert.equal(await refusal(client.register('bad', { schemaType: 'AVRO', schema: '{' }, false)), 42201)
    assert.equal(await refusal(newClient('another').getAllSubjects()), 401)
  })
})

suite('the serializers', () => {
  const wayThrough = async (
    [Serialize, Deserialize]: [SerializerClass, new (client: Client, type: string, options: object) => Deserializer],
    topic: string,
    { message, options = {} }: { message: unknown; options?: object },
  ): Promise<unknown> => {
    const headers = {}
    const payload = await new Serialize(client, library.SerdeType.VALUE, options).serialize(topic, message, headers)
    return await new Deserialize(client, library.SerdeType.VALUE, {}).deserialize(topic, payload, headers)
  }

  test('Avro, with the newest version, its id before the payload or its GUID in a header', async () => {
    const { AvroSerializer, AvroDeserializer } = library
    await client.register('avro-value', order(ID, COUNT), false)
    const message = { id: 'o-1', count: 2 }
    for (const schemaIdSerializer of [undefined, library.HeaderSchemaIdSerializer]) {
      const options = { useLatestVersion: true, ...(schemaIdSerializer === undefined ? {} : { schemaIdSerializer }) }
      const read = await wayThrough([AvroSerializer, AvroDeserializer], 'avro', { message, options })
      assert.deepEqual({ ...(read as object) }, message)
    }
  })

  test('JSON Schema, with a rule that the registry keeps and the client carries out', async () => {
    const { JsonSerializer, JsonDeserializer } = library
    const schema = JSON.stringify({ type: 'object', properties: { n: { type: 'integer' } }, required: ['n'] })
    library.CelExecutor.register()
    const rule = { name: 'small', kind: 'CONDITION', type: 'CEL', mode: 'WRITE', expr: 'message.n < 10' }
    await client.register('json-value', { schemaType: 'JSON', schema, ruleSet: { domainRules: [rule] } }, false)
    const options = { useLatestVersion: true, validate: true }
    assert.deepEqual(await wayThrough([JsonSerializer, JsonDeserializer], 'json', { message: { n: 1 }, options }), {
      n: 1,
    })
    for (const n of ['x', 11]) {
      await assert.rejects(wayThrough([JsonSerializer, JsonDeserializer], 'json', { message: { n }, options }))
    }
  })
})
