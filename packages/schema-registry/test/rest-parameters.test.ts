/** Query parameters and settings that change what an answer shows: each with a request with it and one without. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { startBraidlog, type Braidlog } from '@braidlog/testkit'
import { field, optional, record } from './support/machine.ts'
import { RestClient } from './support/rest.ts'

const V1 = record('V', field('x'))
const V2 = record('V', field('x'), optional('y'))

let broker: Braidlog
let topics = 0

async function fresh(options: object = {}): Promise<RestClient> {
  const name = `schemas-${topics++}`
  return await RestClient.start({
    kafka: { bootstrapServers: broker.bootstrapServers },
    topic: name,
    groupId: name,
    ...options,
  })
}

before(async () => {
  broker = await startBraidlog()
})
after(async () => {
  await broker.stop()
})

suite('aliases', () => {
  test('what is asked of an alias is answered by the subject behind it; its configuration is its own', async () => {
    await using rest = await fresh()
    await rest.register('orders-value', V1)
    await rest.ok('PUT', '/config/old-orders', { alias: 'orders-value' })
    assert.equal((await rest.ok('GET', '/subjects/old-orders/versions/latest')).subject, 'orders-value')
    assert.equal((await rest.ok('POST', '/subjects/old-orders', { schema: V1 })).subject, 'orders-value')
    assert.deepEqual(await rest.register('old-orders', V2), { id: 2, version: 2 })
    assert.deepEqual(await rest.ok('GET', '/subjects'), ['orders-value'])
    assert.equal(
      (await rest.ok('POST', '/compatibility/subjects/old-orders/versions', { schema: V1 })).is_compatible,
      true,
    )
    assert.deepEqual(await rest.ok('GET', '/config/old-orders'), { alias: 'orders-value' })
    assert.deepEqual(await rest.ok('GET', '/schemas/ids/1/versions?subject=old-orders'), [
      { subject: 'orders-value', version: 1 },
    ])
  })

  test('an alias of an alias is not followed, nor does one that is its own name go round', async () => {
    await using rest = await fresh()
    await rest.register('c', V1)
    await rest.ok('PUT', '/config/a', { alias: 'b' })
    await rest.ok('PUT', '/config/b', { alias: 'c' })
    await rest.ok('PUT', '/config/d', { alias: 'd' })
    assert.equal(await rest.code('GET', '/subjects/a/versions'), 40401)
    assert.deepEqual(await rest.ok('GET', '/subjects/b/versions'), [1])
    assert.equal(await rest.code('GET', '/subjects/d/versions'), 40401)
  })

  test('without a context an alias belongs to the context of its subject', async () => {
    await using rest = await fresh()
    await rest.register(':.prod:orders', V1)
    await rest.ok('PUT', '/config/:.prod:old', { alias: 'orders' })
    await rest.ok('PUT', '/config/elsewhere', { alias: ':.prod:orders' })
    assert.deepEqual(await rest.ok('GET', '/subjects/:.prod:old/versions'), [1])
    assert.deepEqual(await rest.ok('GET', '/contexts/.prod/subjects/old/versions'), [1])
    assert.equal((await rest.ok('GET', '/subjects/elsewhere/versions/1')).subject, ':.prod:orders')
  })

  test('the list of schemas finds them by their aliases when asked to, and shows them', async () => {
    await using rest = await fresh()
    await rest.register('orders-value', V1)
    await rest.ok('PUT', '/config/legacy', { alias: 'orders-value' })
    assert.deepEqual(await rest.ok('GET', '/schemas?subjectPrefix=legacy'), [])
    const [found] = await rest.ok('GET', '/schemas?subjectPrefix=legacy&aliases=true')
    assert.deepEqual([found.subject, found.aliases], ['orders-value', ['legacy']])
  })
})

suite('what is shown', () => {
  test('findTags: entities with the tags, from the schema and from its metadata', async () => {
    await using rest = await fresh()
    const tagged = record('T', field('name', 'string', { 'confluent:tags': ['PII', 'EU'] }), field('n'))
    const { id } = await rest.register('t', tagged, { metadata: { tags: { 'T.n': ['COUNT'] } } })
    const path = '/subjects/t/versions/1'
    assert.equal((await rest.ok('GET', path)).schemaTags, undefined)
    const entity = (entityPath: string, tags: string[]) => ({
      schemaEntity: { entityPath, entityType: 'sr_field' },
      tags,
    })
    assert.deepEqual((await rest.ok('GET', `${path}?findTags=PII`)).schemaTags, [entity('T.name', ['PII'])])
    assert.deepEqual((await rest.ok('GET', `/schemas/ids/${id}?findTags=*`)).schemaTags, [
      entity('T.name', ['PII', 'EU']),
      entity('T.n', ['COUNT']),
    ])
    assert.deepEqual((await rest.ok('GET', `${path}?findTags=EU&findTags=COUNT`)).schemaTags.length, 2)
  })

  test('findTags knows the tags of JSON Schema and of Protobuf', async () => {
    await using rest = await fresh()
    const json = '{"type":"object","properties":{"a":{"type":"string","confluent:tags":["PII"]}}}'
    await rest.register('j', json, { schemaType: 'JSON' })
    const proto =
      'syntax = "proto3";\nimport "confluent/meta.proto";\nmessage M {\n  string a = 1 [(confluent.field_meta).tags = "PII"];\n' +
      '  string b = 2 [(confluent.field_meta) = { tags: ["PII", "X"] }];\n}\n'
    await rest.register('p', proto, { schemaType: 'PROTOBUF' })
    const paths = async (subject: string): Promise<string[]> =>
      (await rest.ok('GET', `/subjects/${subject}/versions/1?findTags=PII`)).schemaTags.map(
        (each: { schemaEntity: { entityPath: string } }) => each.schemaEntity.entityPath,
      )
    assert.deepEqual(await paths('j'), ['#/a'])
    assert.deepEqual(await paths('p'), ['.M.a', '.M.b'])
  })

  test('referenceFormat=qualified: references name the context that they belong to', async () => {
    await using rest = await fresh()
    await rest.register(':.prod:item', record('Item', field('sku')))
    const references = [{ name: 'Item', subject: 'item', version: 1 }]
    await rest.register(':.prod:order', record('Order', field('item', 'Item')), { references })
    const path = '/subjects/:.prod:order/versions/1'
    assert.deepEqual((await rest.ok('GET', path)).references, references)
    assert.deepEqual((await rest.ok('GET', `${path}?referenceFormat=qualified`)).references, [
      { name: 'Item', subject: ':.prod:item', version: 1 },
    ])
  })

  test('referencedby: with `deleted` also by what was soft-deleted', async () => {
    await using rest = await fresh()
    await rest.register('item', record('Item', field('sku')))
    const references = [{ name: 'Item', subject: 'item', version: 1 }]
    const { id } = await rest.register('order', record('Order', field('item', 'Item')), { references })
    await rest.ok('DELETE', '/subjects/order')
    assert.deepEqual(await rest.ok('GET', '/subjects/item/versions/1/referencedby'), [])
    assert.deepEqual(await rest.ok('GET', '/subjects/item/versions/1/referencedby?deleted=true'), [id])
    assert.deepEqual(await rest.ok('GET', '/subjects/item/versions/1/referencedby?deleted=true&limit=0'), [])
  })

  test('schemas: only the latest, only those with a rule of a type', async () => {
    await using rest = await fresh()
    await rest.register('a', V1)
    await rest.register('a', V2)
    const ruleSet = { domainRules: [{ name: 'r', kind: 'CONDITION', type: 'CEL', mode: 'WRITE', expr: 'true' }] }
    await rest.register('b', V1, { ruleSet })
    const versions = (list: { subject: string; version: number }[]): unknown[] =>
      list.map(({ subject, version }) => [subject, version])
    assert.deepEqual(versions(await rest.ok('GET', '/schemas?latestOnly=true')), [
      ['a', 2],
      ['b', 1],
    ])
    assert.deepEqual(versions(await rest.ok('GET', '/schemas?ruleType=CEL')), [['b', 1]])
    assert.deepEqual(await rest.ok('GET', '/schemas?ruleType=JSONATA'), [])
  })

  test('lookups and lists with `deleted`, of ids too', async () => {
    await using rest = await fresh()
    const { id } = await rest.register('a', V1)
    await rest.register('b', V1)
    await rest.ok('DELETE', '/subjects/a')
    assert.equal(await rest.code('POST', '/subjects/a', { schema: V1 }), 40401)
    assert.equal((await rest.ok('POST', '/subjects/a?deleted=true', { schema: V1 })).deleted, true)
    assert.deepEqual(await rest.ok('GET', `/schemas/ids/${id}/subjects`), ['b'])
    assert.deepEqual(await rest.ok('GET', `/schemas/ids/${id}/subjects?deleted=true&offset=0&limit=1`), ['a'])
    assert.deepEqual(await rest.ok('GET', '/subjects?deletedOnly=true'), ['a'])
  })
})

suite('tags', () => {
  const entity = (entityPath: string, ...tags: string[]) => ({
    schemaEntity: { entityPath, entityType: 'sr_field' },
    tags,
  })
  const proto = 'syntax = "proto3";\npackage p;\n\nmessage M {\n  string a = 1;\n}\n'
  const formats: readonly [schemaType: string, schema: string, path: string, tagged: RegExp][] = [
    [
      'AVRO',
      '{"type":"record","name":"R","namespace":"ns","fields":[{"name":"a","type":["null","string"]}]}',
      'ns.R.a',
      /"type":\["null","string"\],"confluent:tags":\["PII"\]/,
    ],
    [
      'JSON',
      '{"type":"object","properties":{"a":{"type":"array","items":{"type":"object","properties":{"b/c":{}}}}}}',
      '#/a/[]/b~1c',
      /"b\/c":\{"confluent:tags":\["PII"\]\}/,
    ],
    ['PROTOBUF', proto, '.p.M.a', /import "confluent\/meta.proto";[^]*a = 1 \[\(confluent\.field_meta\) = \{\s*tags: /],
  ]
  for (const [schemaType, schema, path, tagged] of formats) {
    test(`${schemaType}: are added, taken over by the next version, and taken away`, async () => {
      await using rest = await fresh({ compatibility: 'NONE' })
      const post = async (body: object, to = 'versions') => await rest.ok('POST', `/subjects/t/${to}`, body)
      assert.equal((await post({ schema, schemaType })).version, 1)
      assert.equal((await post({ schema, schemaType, schemaTagsToAdd: [entity(path, 'PII')] })).version, 2)
      assert.match((await rest.ok('GET', '/subjects/t/versions/2')).schema, tagged)
      const found = async (version: number): Promise<unknown> =>
        (await rest.ok('GET', `/subjects/t/versions/${version}?findTags=*`)).schemaTags
      assert.deepEqual(await found(2), [entity(path, 'PII')])
      assert.equal((await post({ schema, schemaType, propagateSchemaTags: true })).version, 2)
      assert.equal((await post({ schemaTagsToAdd: [entity(path, 'EU')] }, 'versions/2/tags')).version, 3)
      assert.deepEqual(await found(3), [entity(path, 'PII', 'EU')])
      assert.equal(
        (await post({ schemaTagsToRemove: [entity(path, 'PII', 'EU')] }, 'versions/latest/tags')).version,
        schemaType === 'PROTOBUF' ? 4 : 1,
      )
      assert.equal(
        await rest.code('POST', '/subjects/t/versions/1/tags', { schemaTagsToAdd: [entity('none', 'X')] }),
        42201,
      )
    })
  }
})

suite('what is checked', () => {
  test('against the latest of nothing everything is compatible; a version that there is not is refused', async () => {
    await using rest = await fresh()
    assert.deepEqual(await rest.ok('POST', '/compatibility/subjects/none/versions/latest', { schema: V1 }), {
      is_compatible: true,
    })
    assert.deepEqual(await rest.ok('POST', '/compatibility/subjects/none/versions?verbose=true', { schema: V1 }), {
      is_compatible: true,
      messages: [],
    })
    assert.equal(await rest.code('POST', '/compatibility/subjects/none/versions/1', { schema: V1 }), 40401)
  })

  test('validateNewSchemas=false: a default that does not fit its type is let through', async () => {
    await using rest = await fresh()
    const schema = record('D', field('x', 'int', { default: 'no int' }))
    assert.equal(await rest.code('POST', '/subjects/a/versions', { schema }), 42201)
    await rest.ok('PUT', '/config/a', { validateNewSchemas: false })
    assert.equal((await rest.register('a', schema)).version, 1)
  })

  test('normalize: what means the same is the same version, by request or by configuration', async () => {
    await using rest = await fresh()
    const one = '{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}'
    const other = '{"properties":{"b":{"type":"string"},"a":{"type":"string"}},"type":"object"}'
    const post = async (schema: string, query = '') =>
      (await rest.ok('POST', `/subjects/n/versions${query}`, { schema, schemaType: 'JSON' })).version
    assert.equal(await post(one, '?normalize=true'), 1)
    assert.equal(await post(other, '?normalize=true'), 1)
    await rest.ok('PUT', '/config/n', { normalize: true })
    assert.equal(await post(other), 1)
    await rest.ok('PUT', '/config/n', { normalize: false })
    assert.equal(await post(other), 2)
  })
})

suite('deleting what is in use', () => {
  const uses = [{ topic: 'orders', partition: 3, firstOffset: 10, lastOffset: 99 }]
  test('a permanent delete is refused while retained records have the id, unless it is forced', async () => {
    const asked: number[] = []
    const usage = {
      usesOf: async ({ id }: { id: number }) => {
        asked.push(id)
        return await Promise.resolve(id === 1 ? uses : [])
      },
    }
    await using rest = await fresh({ usage })
    await rest.register('a', V1)
    await rest.register('a', V2)
    await rest.ok('DELETE', '/subjects/a')
    assert.deepEqual(asked, [])
    const refused = await rest.send('DELETE', '/subjects/a?permanent=true')
    assert.equal(refused.body.error_code, 42205)
    assert.match(refused.body.message, /Schema 1 is in use by records of orders-3, offsets 10 to 99/)
    assert.equal(await rest.ok('DELETE', '/subjects/a/versions/2?permanent=true'), 2)
    assert.equal(await rest.code('DELETE', '/subjects/a/versions/1?permanent=true'), 42205)
    assert.equal(await rest.ok('DELETE', '/subjects/a/versions/1?permanent=true&force=true'), 1)
  })

  test('an id that another subject keeps is not asked about', async () => {
    await using rest = await fresh({ usage: { usesOf: async () => await Promise.resolve(uses) } })
    await rest.register('a', V1)
    await rest.register('b', V1)
    await rest.ok('DELETE', '/subjects/a')
    assert.deepEqual(await rest.ok('DELETE', '/subjects/a?permanent=true'), [1])
  })

  test('not to know is to refuse', async () => {
    await using rest = await fresh({ usage: { usesOf: () => Promise.reject(new Error('no index')) } })
    await rest.register('a', V1)
    await rest.ok('DELETE', '/subjects/a')
    const refused = await rest.send('DELETE', '/subjects/a?permanent=true')
    assert.match(refused.body.message, /cannot be found out.*no index.*force=true/)
  })

  test('protectUsed: what records of the cluster name is in use, by id and by GUID, until they are gone', async () => {
    await using rest = await fresh({ protectUsed: { excludeTopics: ['ignored'] } })
    await rest.register('a', V1)
    const { guid } = await rest.ok('GET', '/subjects/a/versions/1')
    await rest.register('b', V2)
    await rest.ok('DELETE', '/subjects/a')
    await rest.ok('DELETE', '/subjects/b')
    const producer = broker.kafka.producer<Buffer, Buffer>()
    const topics = ['by-id', 'by-guid', 'ignored'].map((name) => ({ name, partitions: 1, replicationFactor: 1 }))
    await broker.admin.createTopics(topics)
    const byId = Buffer.from([0, 0, 0, 0, 2, 1])
    await producer.send({ topic: 'ignored', value: byId })
    assert.deepEqual(await rest.ok('DELETE', '/subjects/b?permanent=true'), [1])
    await producer.send({ topic: 'by-id', value: Buffer.from([0, 0, 0, 0, 1, 1]) })
    const header = Buffer.concat([Buffer.from([1]), Buffer.from(guid.replaceAll('-', ''), 'hex')])
    await producer.send({ topic: 'by-guid', value: Buffer.from('x'), headers: { __value_schema_id: header } })
    await producer.close()
    const refused = await rest.send('DELETE', '/subjects/a?permanent=true')
    assert.equal(refused.body.error_code, 42205)
    assert.match(refused.body.message, /in use by records of by-(?:id|guid)-0, offsets 0 to 0 and 1 more/)
    await broker.admin.deleteTopics(['by-id', 'by-guid'])
    assert.deepEqual(await rest.ok('DELETE', '/subjects/a?permanent=true'), [1])
  })
})
