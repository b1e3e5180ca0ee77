/** The REST API over a real socket, on a broker of the testkit; every answer is held against the OpenAPI document. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { after, before, suite, test } from 'node:test'
import { startBraidlog, type Braidlog } from '@braidlog/testkit'
import { startRegistry, type RegistryError } from '../src/index.ts'
import { field, optional, record } from './support/machine.ts'
import { RestClient } from './support/rest.ts'

const V1 = record('V', field('x'))
const V2 = record('V', field('x'), optional('y'))
const BROKEN = record('V', field('x'), field('z'))

let broker: Braidlog
let rest: RestClient
let topics = 0

/** A registry of its own on the shared broker. */
async function fresh(options: object = {}): Promise<RestClient> {
  const name = `schemas-${topics++}`
  const kafka = { bootstrapServers: broker.bootstrapServers }
  return await RestClient.start({ kafka, topic: name, groupId: name, ...options })
}

before(async () => {
  broker = await startBraidlog()
  rest = await fresh()
})
after(async () => {
  await rest.registry.close()
  await broker.stop()
})

suite('subjects and versions', () => {
  test('a schema is registered, listed, read, looked up and deleted', async () => {
    await using own = await fresh()
    assert.deepEqual(await own.register('a-value', V1), { id: 1, version: 1 })
    assert.deepEqual(await own.register('a-value', V2), { id: 2, version: 2 })
    assert.deepEqual(await own.ok('GET', '/subjects'), ['a-value'])
    assert.deepEqual(await own.ok('GET', '/subjects/a-value/versions'), [1, 2])
    const version = await own.ok('GET', '/subjects/a-value/versions/latest')
    assert.deepEqual([version.subject, version.version, version.id, version.schema], ['a-value', 2, 2, V2])
    assert.deepEqual(await own.ok('GET', '/subjects/a-value/versions/1/schema'), JSON.parse(V1))
    assert.equal((await own.ok('POST', '/subjects/a-value', { schema: V1 })).version, 1)
    assert.equal(await own.ok('DELETE', '/subjects/a-value/versions/1'), 1)
    assert.deepEqual(await own.ok('GET', '/subjects/a-value/versions'), [2])
    assert.deepEqual(await own.ok('GET', '/subjects/a-value/versions?deleted=true'), [1, 2])
    assert.deepEqual(await own.ok('GET', '/subjects/a-value/versions?deletedOnly=true'), [1])
    assert.equal((await own.ok('GET', '/subjects/a-value/versions/1?deleted=true')).deleted, true)
    assert.deepEqual(await own.ok('DELETE', '/subjects/a-value'), [2])
    assert.deepEqual(await own.ok('GET', '/subjects'), [])
    assert.deepEqual(await own.ok('GET', '/subjects?deleted=true'), ['a-value'])
    assert.deepEqual(await own.ok('DELETE', '/subjects/a-value?permanent=true'), [1, 2])
    assert.equal(await own.code('GET', '/schemas/ids/1'), 40403)
  })

  test('lists can be cut to pages', async () => {
    for (const name of ['page-a', 'page-b', 'page-c']) await rest.register(name, V1)
    const names = await rest.ok('GET', '/subjects?subjectPrefix=page-&offset=1&limit=1')
    assert.deepEqual(names, ['page-b'])
    assert.equal((await rest.ok('GET', '/schemas?subjectPrefix=page-&limit=2')).length, 2)
  })

  test('a subject with a slash, and one in other letters, are subjects like any other', async () => {
    for (const subject of ['a/b c+d', 'заказы']) {
      await rest.register(subject, V1)
      const version = await rest.ok('GET', `/subjects/${encodeURIComponent(subject)}/versions/latest`)
      assert.equal(version.subject, subject)
    }
  })

  test('an incompatible schema is refused, and the check says why, shows it and knows how to mend it', async () => {
    await rest.register('strict', V1)
    const refused = await rest.send('POST', '/subjects/strict/versions', { schema: BROKEN })
    assert.equal(refused.status, 409)
    assert.match(
      refused.body.message,
      /READER_FIELD_MISSING_DEFAULT_VALUE.*oldSchemaVersion: 1.*compatibility: 'BACKWARD'/,
    )
    const path = '/compatibility/subjects/strict/versions/latest'
    assert.deepEqual(await rest.ok('POST', path, { schema: V2 }), { is_compatible: true })
    assert.deepEqual(await rest.ok('POST', path, { schema: BROKEN }), { is_compatible: false })
    const verbose = await rest.ok('POST', `${path}?verbose=true`, { schema: BROKEN })
    assert.equal(verbose.messages.at(-1), "{validateFields: 'false', compatibility: 'BACKWARD'}")
    const [explained] = (await rest.ok('POST', `${path}?explain=true`, { schema: BROKEN })).incompatibilities
    assert.equal(explained.path, '/fields/1')
    assert.equal(explained.counterExample.refusedBy, 'new')
    assert.match(explained.fix, /default/)
  })

  test('JSON Schema and Protobuf are registered, referred to and rendered', async () => {
    const proto = 'syntax = "proto3";\npackage p;\n\nmessage A {\n  int32 x = 1;\n}\n'
    await rest.register('proto-a', proto, { schemaType: 'PROTOBUF' })
    const importing = 'syntax = "proto3";\nimport "a.proto";\n\nmessage B {\n  p.A a = 1;\n}\n'
    const references = [{ name: 'a.proto', subject: 'proto-a', version: 1 }]
    const { id } = await rest.register('proto-b', importing, { schemaType: 'PROTOBUF', references })
    const schema = await rest.ok('GET', `/schemas/ids/${id}`)
    assert.deepEqual([schema.schemaType, schema.references], ['PROTOBUF', references])
    assert.deepEqual(await rest.ok('GET', '/subjects/proto-a/versions/1/referencedby'), [id])
    assert.deepEqual(await rest.ok('GET', '/subjects/proto-a/versions/1/referencedBy'), [id])
    const serialized = (await rest.ok('GET', `/schemas/ids/${id}?format=serialized`)).schema
    assert.match(Buffer.from(serialized, 'base64').toString('latin1'), /a\.proto/)
    await rest.register('json', '{"type":"object"}', { schemaType: 'JSON' })
    assert.deepEqual(await rest.ok('GET', '/schemas/types'), ['JSON', 'PROTOBUF', 'AVRO'])
  })
})

suite('ids and contexts', () => {
  test('an id leads to its schema, subjects and versions; so does a GUID', async () => {
    await using own = await fresh()
    const { id } = await own.register('one', V1)
    await own.register('two', V1)
    const schema = await own.ok('GET', `/schemas/ids/${id}?fetchMaxId=true`)
    assert.deepEqual([schema.schema, schema.maxId], [V1, 1])
    assert.deepEqual(await own.ok('GET', `/schemas/ids/${id}/schema`), JSON.parse(V1))
    assert.deepEqual(await own.ok('GET', `/schemas/ids/${id}/subjects`), ['one', 'two'])
    assert.deepEqual(await own.ok('GET', `/schemas/ids/${id}/versions?subject=two`), [{ subject: 'two', version: 1 }])
    assert.equal((await own.ok('GET', `/schemas/guids/${schema.guid}`)).schema, V1)
    assert.deepEqual(await own.ok('GET', `/schemas/guids/${schema.guid}/ids`), [{ context: '.', id }])
  })

  test('a context has ids, subjects, configuration and mode of its own', async () => {
    await using own = await fresh()
    await own.register('a', V1)
    const path = '/contexts/.prod'
    assert.equal((await own.ok('POST', `${path}/subjects/a/versions`, { schema: V2 })).id, 1)
    assert.deepEqual(await own.ok('GET', `${path}/subjects`), [':.prod:a'])
    assert.deepEqual(await own.ok('GET', '/contexts/:.prod:/subjects/a/versions'), [1])
    assert.equal((await own.ok('GET', '/schemas/ids/1?subject=:.prod:')).schema, V2)
    assert.equal((await own.ok('GET', `${path}/schemas/ids/1`)).schema, V2)
    assert.equal((await own.ok('GET', '/schemas/ids/1')).schema, V1)
    assert.deepEqual(await own.ok('GET', '/contexts'), ['.', '.prod'])
    await own.ok('PUT', `${path}/config`, { compatibility: 'NONE' })
    assert.deepEqual(await own.ok('GET', '/config/:.prod:a?defaultToGlobal=true'), { compatibilityLevel: 'NONE' })
    assert.deepEqual(await own.ok('GET', '/config/a?defaultToGlobal=true'), { compatibilityLevel: 'BACKWARD' })
    await own.ok('DELETE', `${path}/subjects/a`)
    assert.equal(await own.code('DELETE', path), 42211)
    await own.ok('DELETE', `${path}/subjects/a?permanent=true`)
    assert.equal((await own.send('DELETE', path)).status, 204)
  })
})

suite('configuration and mode', () => {
  test('a level is put as `compatibility` and read as `compatibilityLevel`', async () => {
    await using own = await fresh()
    assert.deepEqual(await own.ok('GET', '/config'), { compatibilityLevel: 'BACKWARD' })
    assert.deepEqual(await own.ok('PUT', '/config/a', { compatibility: 'FULL' }), { compatibility: 'FULL' })
    assert.deepEqual(await own.ok('GET', '/config/a'), { compatibilityLevel: 'FULL' })
    assert.deepEqual(await own.ok('DELETE', '/config/a'), { compatibilityLevel: 'FULL' })
    assert.equal(await own.code('GET', '/config/a'), 40408)
    assert.equal(await own.code('PUT', '/config', { compatibility: 'SOME' }), 42203)
    assert.equal(await own.code('PUT', '/config', { compatibility: 1 }), 42203)
  })

  test('an import through REST keeps ids', async () => {
    await using own = await fresh()
    assert.deepEqual(await own.ok('PUT', '/mode', { mode: 'IMPORT' }), { mode: 'IMPORT' })
    assert.deepEqual(await own.register('a', V1, { id: 77, version: 3 }), { id: 77, version: 3 })
    assert.deepEqual(await own.ok('DELETE', '/mode'), { mode: 'IMPORT' })
    assert.deepEqual(await own.ok('GET', '/mode'), { mode: 'READWRITE' })
    assert.equal(await own.code('GET', '/mode/a'), 40409)
    assert.equal(await own.code('PUT', '/mode', { mode: 'SOME' }), 42204)
  })
})

suite('refusals', () => {
  const refused: readonly [string, string, unknown, number][] = [
    ['GET', '/subjects/none/versions', undefined, 40401],
    ['GET', '/subjects/known/versions/9', undefined, 40402],
    ['GET', '/subjects/known/versions/0', undefined, 42202],
    ['GET', '/subjects/known/versions/first', undefined, 42202],
    ['POST', '/subjects/none', { schema: V1 }, 40401],
    ['POST', '/subjects/known', { schema: V2 }, 40403],
    ['POST', '/subjects/known/versions', { schema: '{' }, 42201],
    ['POST', '/subjects/known/versions', { schema: 1 }, 422],
    ['POST', '/subjects/known/versions', { shema: V1 }, 422],
    ['POST', '/subjects/known/versions', [], 422],
    ['POST', '/compatibility/subjects/none/versions/1', { schema: V1 }, 40401],
    ['DELETE', '/subjects/none', undefined, 40401],
    ['DELETE', '/subjects/known?permanent=true', undefined, 40405],
    ['DELETE', '/subjects/known/versions/1?permanent=true', undefined, 40407],
    ['GET', '/schemas/ids/9999', undefined, 40403],
    ['GET', '/schemas/guids/00000000-0000-0000-0000-000000000000', undefined, 40403],
    ['GET', '/schemas/ids/x', undefined, 404],
    ['GET', '/elsewhere', undefined, 404],
    ['PATCH', '/subjects', undefined, 405],
  ]
  before(async () => {
    await rest.register('known', V1)
  })
  for (const [method, path, body, code] of refused) {
    test(`${method} ${path} ${body === undefined ? '' : JSON.stringify(body)} is refused with ${code}`, async () => {
      assert.equal(await rest.code(method, path, body), code)
    })
  }

  test('a body that is not JSON is refused with 400, one of another media type with 415', async () => {
    const path = '/subjects/known/versions'
    assert.equal(await rest.code('POST', path, undefined, { text: '{' }), 400)
    assert.equal(await rest.code('POST', path, {}, { headers: { 'content-type': 'text/plain' } }), 415)
  })

  test('the answer is of the media type that the client asked for; none of ours is refused with 406', async () => {
    const typed = async (accept: string) =>
      (await rest.send('GET', '/subjects', undefined, { headers: { accept } })).headers.get('content-type')
    assert.equal(await typed('application/json'), 'application/json')
    assert.equal(await typed('*/*'), 'application/vnd.schemaregistry.v1+json')
    assert.equal(
      await typed('application/json;q=0.5, application/vnd.schemaregistry+json'),
      'application/vnd.schemaregistry+json',
    )
    assert.equal(await rest.code('GET', '/subjects', undefined, { headers: { accept: 'text/html' } }), 406)
  })

  test('a body over the bound is refused with 413, whether its size is announced or not', async () => {
    await using own = await fresh({ bodySizeMaxBytes: 1_000 })
    const text = JSON.stringify({ schema: 'x'.repeat(2_000) })
    assert.equal(await own.code('POST', '/subjects/a/versions', undefined, { text }), 413)
    const response = await fetch(`${own.registry.url}/subjects/a/versions`, {
      method: 'POST',
      body: new Blob([text]).stream(),
      duplex: 'half',
    } as RequestInit)
    assert.equal(response.status, 413)
  })
})

suite('the process', () => {
  test('what was written is there after a restart', async () => {
    const name = 'restarted'
    const options = { kafka: { bootstrapServers: broker.bootstrapServers }, topic: name, groupId: name }
    {
      await using own = await RestClient.start(options)
      await own.register('a', V1)
      await own.ok('DELETE', '/subjects/a')
      await own.register('b', V2)
    }
    await using own = await RestClient.start(options)
    assert.deepEqual(await own.ok('GET', '/subjects?deleted=true'), ['a', 'b'])
    assert.deepEqual(await own.register('c', '"int"'), { id: 3, version: 1 })
  })

  test('with users, a request without a password is refused with 401; health is not', async () => {
    await using own = await fresh({ auth: { users: { ann: 'secret' } } })
    const basic = (text: string) => ({ headers: { authorization: `Basic ${Buffer.from(text).toString('base64')}` } })
    assert.equal(await own.code('GET', '/subjects'), 401)
    assert.equal(await own.code('GET', '/subjects', undefined, basic('ann:wrong')), 401)
    assert.equal(await own.code('GET', '/subjects', undefined, basic('bob:secret')), 401)
    assert.equal((await own.send('GET', '/subjects', undefined, basic('ann:secret'))).status, 200)
    assert.equal((await own.send('GET', '/health/ready')).status, 200)
  })

  test('it does not listen beyond loopback without a password, nor without TLS', async () => {
    const kafka = { bootstrapServers: broker.bootstrapServers }
    await assert.rejects(startRegistry({ kafka, host: '0.0.0.0', port: 0 }), (error: RegistryError) => {
      assert.equal(error.code, 'OPEN_WITHOUT_AUTHENTICATION')
      return true
    })
    const auth = { users: { ann: 'secret' } }
    await assert.rejects(startRegistry({ kafka, host: '0.0.0.0', port: 0, auth }), { code: 'OPEN_WITHOUT_TLS' })
    await using open = await startRegistry({ kafka, host: '0.0.0.0', port: 0, auth, allowPlaintext: true })
    assert.ok(open.port > 0)
  })

  test('a topic that cannot keep schemas is refused at start', async () => {
    await broker.admin.createTopics([
      { name: 'two-partitions', partitions: 2, replicationFactor: 1 },
      { name: 'deleting', partitions: 1, replicationFactor: 1, configs: { 'cleanup.policy': 'delete' } },
    ])
    const kafka = { bootstrapServers: broker.bootstrapServers }
    for (const topic of ['two-partitions', 'deleting']) {
      await assert.rejects(startRegistry({ kafka, topic, port: 0 }), { code: 'WRONG_TOPIC' })
    }
  })

  test('it closes while a client has sent half a request', async () => {
    const own = await fresh()
    const socket = connect(own.registry.port, '127.0.0.1')
    socket.on('error', () => {})
    await new Promise((resolve) => socket.once('connect', resolve))
    socket.write('POST /subjects/a/versions HTTP/1.1\r\nHost: registry\r\nContent-Length: 100\r\n\r\n{')
    await own.ok('GET', '/subjects')
    await own.registry.close({ timeoutMs: 50 })
    socket.destroy()
  })

  test('it counts, and tells Prometheus numbers without names', async () => {
    await using own = await fresh()
    await own.register('a-secret-name', V1)
    await own.register('a-secret-name', V2)
    await own.ok('DELETE', '/subjects/a-secret-name/versions/1')
    assert.equal(await own.code('GET', '/subjects/none/versions'), 40401)
    const response = await fetch(`${own.registry.url}/metrics`, { headers: { accept: 'text/plain' } })
    assert.match(response.headers.get('content-type')!, /^text\/plain; version=0\.0\.4/)
    const text = await response.text()
    const value = (name: string): string | undefined =>
      text
        .split('\n')
        .find((line) => line.startsWith(`${name} `))
        ?.slice(name.length + 1)
    const [registry, requests] = ['braidlog_registry', 'braidlog_registry_requests_total']
    assert.equal(value(`${registry}_versions`), '2')
    assert.equal(value(`${registry}_deleted_versions`), '1')
    assert.equal(value(`${registry}_leader`), '1')
    assert.equal(value(`${requests}{method="POST",status="2xx"}`), '2')
    assert.equal(value(`${requests}{method="GET",status="4xx"}`), '1')
    assert.equal(value(`${registry}_request_seconds_count`), '4')
    assert.doesNotMatch(text, /secret/)
  })

  test('it says what it is', async () => {
    assert.deepEqual(await rest.ok('GET', '/'), {})
    assert.deepEqual(await rest.ok('GET', '/health/leader'), { isLeader: true, leader: null })
    assert.equal((await rest.ok('GET', '/v1/metadata/version')).version, '0.1.0')
    const { scope } = await rest.ok('GET', '/v1/metadata/id')
    assert.equal(scope.clusters['kafka-cluster'], broker.server.clusterId)
    const served = await fetch(`${rest.registry.url}/openapi.json`)
    assert.equal(((await served.json()) as { openapi: string }).openapi, '3.1.0')
  })
})
