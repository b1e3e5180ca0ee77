/** The registry's machine: given these records, when this request, then these records and this response. */
import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import { ParsedCache } from '../src/core/parsed-cache.ts'
import type { Entry } from '../src/core/state.ts'
import { Driver, field, optional, record, replay } from './support/machine.ts'

const A1 = record('A', field('x'))
const A2 = record('A', field('x'), optional('y'))
const A3 = record('A', field('x'), optional('y'), optional('z'))
const B1 = record('B', field('x'))

suite('registering', () => {
  test('a first schema gets version 1 and id 1, as one record', () => {
    const { records, response } = new Driver().when({
      kind: 'register',
      subject: 'a',
      body: { schema: '"string"' },
      normalize: false,
    })
    assert.deepEqual(records, [
      {
        key: '{"keytype":"SCHEMA","subject":"a","version":1,"magic":1}',
        value:
          '{"subject":"a","version":1,"id":1,"md5":"CV1xzxJVa51eMwrVdbPfXQ==","schema":"\\"string\\"","deleted":false}',
      },
    ])
    assert.ok(response.ok)
    assert.equal(response.value.guid, '095d71cf-1255-6b9d-5e33-0ad575b3df5d')
  })

  test('the same schema again is answered with what is there, and writes nothing', () => {
    const driver = new Driver()
    driver.register('a', A1)
    const { records, response } = driver.when({
      kind: 'register',
      subject: 'a',
      body: { schema: A1 },
      normalize: false,
    })
    assert.deepEqual(records, [])
    assert.ok(response.ok)
    assert.equal(response.value.version, 1)
  })

  test('the same schema under another subject of the context has the same id, in another context its own', () => {
    const driver = new Driver()
    assert.deepEqual(driver.register('a', A1), { id: 1, version: 1 })
    assert.deepEqual(driver.register('a', A2), { id: 2, version: 2 })
    assert.deepEqual(driver.register('b', A2), { id: 2, version: 1 })
    assert.deepEqual(driver.register(':.prod:b', A2), { id: 1, version: 1 })
  })

  test('the first schema of a context comes with a record of the context', () => {
    const { records } = new Driver().when({
      kind: 'register',
      subject: ':.prod:a',
      body: { schema: '"int"' },
      normalize: false,
    })
    assert.equal(records[0]!.key, '{"keytype":"CONTEXT","tenant":"default","context":".prod","magic":0}')
    assert.equal(records.length, 2)
  })

  test('an incompatible schema is refused with the code that is configured', () => {
    for (const incompatibleCode of [409, 40901] as const) {
      const driver = new Driver({ incompatibleCode })
      driver.register('a', A1)
      const body = { schema: record('A', field('x'), field('y')) }
      assert.equal(driver.refusal({ kind: 'register', subject: 'a', body, normalize: false }), incompatibleCode)
    }
  })

  test('BACKWARD looks at the newest version, BACKWARD_TRANSITIVE at all', () => {
    const renamed = record('A', field('x'), field('y', 'string', { default: '' }))
    const driver = new Driver()
    driver.register('a', record('A', field('y')))
    driver.register('a', A1.replace('"int"', '"int","default":1'))
    driver.do({ kind: 'setConfig', subject: 'a', change: { compatibilityLevel: 'BACKWARD_TRANSITIVE' } })
    assert.equal(driver.refusal({ kind: 'register', subject: 'a', body: { schema: renamed }, normalize: false }), 409)
    driver.do({ kind: 'setConfig', subject: 'a', change: { compatibilityLevel: 'BACKWARD' } })
    assert.equal(driver.register('a', renamed).version, 3)
  })

  test('only versions of the same compatibility group are compared', () => {
    const driver = new Driver()
    driver.do({ kind: 'setConfig', subject: 'a', change: { compatibilityGroup: 'major' } })
    driver.register('a', A1, { metadata: { properties: { major: '1' } } })
    const incompatible = record('A', field('other'))
    assert.equal(driver.register('a', incompatible, { metadata: { properties: { major: '2' } } }).version, 2)
  })

  const refused: readonly [string, number, object][] = [
    ['what does not parse', 42201, { schema: '{"type":"no such type"}' }],
    ['nothing', 42201, { schema: '' }],
    ['a type that there is not', 42201, { schema: '{}', schemaType: 'XML' }],
    ['a reference to nothing', 42201, { schema: '"int"', references: [{ name: 'x', subject: 'x', version: 1 }] }],
    ['a version that is not the next', 42201, { schema: '"int"', version: 7 }],
    ['an id outside of an import', 42205, { schema: '"int"', id: 7 }],
    ['a rule without a type', 42210, { schema: '"int"', ruleSet: { domainRules: [{ name: 'r' }] } }],
  ]
  for (const [what, code, body] of refused) {
    test(`${what} is refused with ${code}`, () => {
      assert.equal(new Driver().refusal({ kind: 'register', subject: 'a', body, normalize: false }), code)
    })
  }

  test('a schema larger than allowed is refused with 42209', () => {
    const driver = new Driver({ schemaSizeMaxBytes: 10 })
    assert.equal(driver.refusal({ kind: 'register', subject: 'a', body: { schema: A1 }, normalize: false }), 42209)
  })

  test('so is one whose record would be, with what has to be escaped and all the bytes of its letters', () => {
    const driver = new Driver({ schemaSizeMaxBytes: 400 })
    const refusal = (doc: string): number => {
      const body = { schema: JSON.stringify({ type: 'enum', name: 'E', symbols: ['A'], doc }) }
      return driver.refusal({ kind: 'register', subject: 'a', body, normalize: false })
    }
    assert.equal(refusal('"'.repeat(150)), 42209)
    assert.equal(refusal('щ'.repeat(200)), 42209)
    driver.register('a', JSON.stringify({ type: 'enum', name: 'E', symbols: ['A'], doc: 'x'.repeat(150) }))
  })

  test('a subject that is a context or has control characters is refused with 42208', () => {
    for (const subject of [':.prod:', '', ':.__GLOBAL:a', 'a\nb']) {
      const body = { schema: '"int"' }
      assert.equal(new Driver().refusal({ kind: 'register', subject, body, normalize: false }), 42208)
    }
  })

  test('what a request leaves out of its contract comes from the configuration and the version before', () => {
    const driver = new Driver()
    const change = {
      defaultMetadata: { properties: { team: 'a', tier: '1' } },
      overrideMetadata: { properties: { tier: '2' } },
    }
    driver.do({ kind: 'setConfig', subject: 'a', change })
    driver.register('a', A1, { metadata: { properties: { owner: 'me' } } })
    const second = driver.do({ kind: 'register', subject: 'a', body: { schema: A2 }, normalize: false })
    assert.deepEqual(second.metadata, { properties: { team: 'a', tier: '2', owner: 'me' } })
  })
})

suite('references', () => {
  const withReference = (): Driver => {
    const driver = new Driver()
    driver.register('b', B1)
    driver.register('a', record('A', field('b', 'B')), { references: [{ name: 'B', subject: 'b', version: -1 }] })
    return driver
  }

  test('the newest version is written as the number that it has', () => {
    assert.match(withReference().log.at(-1)!.value!, /"references":\[\{"name":"B","subject":"b","version":1\}\]/)
  })

  test('what is referred to cannot be deleted, until what refers to it is', () => {
    const driver = withReference()
    assert.equal(driver.refusal({ kind: 'deleteSubject', subject: 'b', permanent: false }), 42206)
    assert.equal(driver.refusal({ kind: 'deleteVersion', subject: 'b', version: 1, permanent: false }), 42206)
    driver.do({ kind: 'deleteSubject', subject: 'a', permanent: false })
    assert.deepEqual(driver.do({ kind: 'deleteSubject', subject: 'b', permanent: false }), [1])
  })

  test('without its references a schema is found when it is the same once they are inlined', () => {
    const driver = withReference()
    const inlined = JSON.stringify({ type: 'record', name: 'A', fields: [field('b', JSON.parse(B1))] })
    assert.deepEqual(driver.register('a', inlined), { id: 2, version: 1 })
  })
})

suite('deleting', () => {
  test('softly: one record says up to which version; numbers go on behind it', () => {
    const driver = new Driver()
    driver.register('a', A1)
    driver.register('a', A2)
    const { records, response } = driver.when({ kind: 'deleteSubject', subject: 'a', permanent: false })
    assert.deepEqual(records, [
      { key: '{"keytype":"DELETE_SUBJECT","subject":"a","magic":0}', value: '{"subject":"a","version":2}' },
    ])
    assert.deepEqual(response, { ok: true, value: [1, 2] })
    assert.deepEqual(driver.register('a', A3), { id: 3, version: 3 })
  })

  test('a schema that was soft-deleted keeps its id, and its old version goes', () => {
    const driver = new Driver()
    driver.register('a', A1)
    driver.do({ kind: 'deleteSubject', subject: 'a', permanent: false })
    assert.deepEqual(driver.register('a', A1), { id: 1, version: 2 })
    assert.deepEqual(driver.log.at(-1), {
      key: '{"keytype":"SCHEMA","subject":"a","version":1,"magic":1}',
      value: null,
    })
  })

  test('permanently: tombstones under the bytes of every key it was found under, and one for the DELETE_SUBJECT', () => {
    const value = '{"subject":"a","version":1,"id":5,"schema":"\\"int\\"","deleted":true}'
    const old = '{"magic":0,"keytype":"SCHEMA","subject":"a","version":1}'
    const usual = '{"keytype":"SCHEMA","subject":"a","version":1,"magic":1}'
    const driver = new Driver().given({ key: old, value }, { key: usual, value })
    const { records } = driver.when({ kind: 'deleteSubject', subject: 'a', permanent: true })
    assert.deepEqual(records, [
      { key: old, value: null },
      { key: usual, value: null },
      { key: '{"keytype":"DELETE_SUBJECT","subject":"a","magic":0}', value: null },
    ])
    assert.deepEqual(driver.register('a', '"string"'), { id: 6, version: 1 })
  })

  test('configuration and mode of a subject go with its last live version', () => {
    const driver = new Driver()
    driver.register('a', A1)
    driver.do({ kind: 'setConfig', subject: 'a', change: { compatibilityLevel: 'NONE' } })
    const { records } = driver.when({ kind: 'deleteVersion', subject: 'a', version: 'latest', permanent: false })
    assert.deepEqual(
      records.map(({ key, value }) => [JSON.parse(key).keytype, value === null]),
      [
        ['SCHEMA', false],
        ['CONFIG', true],
      ],
    )
  })

  test('members of a value that are not ours survive a soft delete', () => {
    const key = '{"keytype":"SCHEMA","subject":"a","version":1,"magic":1}'
    const value = '{"subject":"a","version":1,"id":5,"schema":"\\"int\\"","later":{"x":1},"deleted":false}'
    const driver = new Driver().given({ key, value })
    driver.do({ kind: 'deleteVersion', subject: 'a', version: 1, permanent: false })
    assert.equal(driver.log.at(-1)!.value, value.replace('false', 'true'))
  })

  test('refusals tell what was deleted already, and how', () => {
    const driver = new Driver()
    const subject = (permanent: boolean) => driver.refusal({ kind: 'deleteSubject', subject: 'a', permanent })
    const version = (permanent: boolean) =>
      driver.refusal({ kind: 'deleteVersion', subject: 'a', version: 1, permanent })
    assert.deepEqual([subject(false), version(false)], [40401, 40401])
    driver.register('a', A1)
    driver.register('a', A2)
    assert.deepEqual([subject(true), version(true)], [40405, 40407])
    assert.equal(driver.refusal({ kind: 'deleteVersion', subject: 'a', version: 9, permanent: false }), 40402)
    driver.do({ kind: 'deleteVersion', subject: 'a', version: 1, permanent: false })
    assert.equal(version(false), 40406)
    driver.do({ kind: 'deleteSubject', subject: 'a', permanent: false })
    assert.equal(subject(false), 40404)
  })

  test('a context can be forgotten once it is empty', () => {
    const driver = new Driver()
    driver.register(':.prod:a', A1)
    assert.equal(driver.refusal({ kind: 'deleteContext', context: '.prod' }), 42211)
    driver.do({ kind: 'deleteSubject', subject: ':.prod:a', permanent: false })
    driver.do({ kind: 'deleteSubject', subject: ':.prod:a', permanent: true })
    driver.do({ kind: 'deleteContext', context: '.prod' })
    assert.deepEqual(driver.machine.core.state.contexts(), ['.'])
    assert.equal(driver.refusal({ kind: 'deleteContext', context: '.prod' }), 40401)
  })
})

suite('modes', () => {
  const mode = (driver: Driver, subject: string | null, to: string, force = false) =>
    driver.do({ kind: 'setMode', subject, mode: to, force })

  test('a subject has its own mode, else its context, else the global one', () => {
    const driver = new Driver()
    mode(driver, ':.prod:', 'READONLY')
    const body = { schema: A1 }
    assert.equal(driver.refusal({ kind: 'register', subject: ':.prod:a', body, normalize: false }), 42205)
    mode(driver, ':.prod:a', 'READWRITE')
    assert.deepEqual(driver.register(':.prod:a', A1), { id: 1, version: 1 })
    mode(driver, null, 'READONLY')
    assert.equal(driver.refusal({ kind: 'register', subject: 'a', body, normalize: false }), 42205)
    assert.equal(driver.refusal({ kind: 'deleteSubject', subject: 'a', permanent: false }), 42205)
  })

  test('an import keeps ids and versions, and importing the same again writes nothing', () => {
    const driver = new Driver()
    mode(driver, null, 'IMPORT')
    const body = { schema: A1, id: 40, version: 4 }
    assert.deepEqual(driver.register('a', A1, body), { id: 40, version: 4 })
    const again = driver.when({ kind: 'register', subject: 'a', body, normalize: false })
    assert.deepEqual(again.records, [])
    assert.equal(again.response.ok, true)
    mode(driver, null, 'READWRITE')
    assert.deepEqual(driver.register('a', A2), { id: 41, version: 5 })
  })

  test('an import needs an id, and an id that stands for something else is refused', () => {
    const driver = new Driver()
    mode(driver, null, 'IMPORT')
    driver.register('a', A1, { id: 40 })
    const refusal = (body: object) => driver.refusal({ kind: 'register', subject: 'b', body, normalize: false })
    assert.equal(refusal({ schema: B1 }), 42205)
    assert.equal(refusal({ schema: B1, id: 40 }), 42207)
  })

  test('IMPORT is refused while there are live subjects, and clears what is soft-deleted', () => {
    const driver = new Driver()
    driver.register('a', A1)
    assert.equal(driver.refusal({ kind: 'setMode', subject: null, mode: 'IMPORT', force: false }), 42205)
    driver.do({ kind: 'deleteSubject', subject: 'a', permanent: false })
    const { records } = driver.when({ kind: 'setMode', subject: null, mode: 'IMPORT', force: false })
    assert.deepEqual(
      records.map(({ key }) => key),
      [
        '{"keytype":"CLEAR_SUBJECT","subject":null,"magic":0}',
        '{"keytype":"SCHEMA","subject":"a","version":1,"magic":1}',
        '{"keytype":"MODE","subject":null,"magic":0}',
      ],
    )
    assert.deepEqual(driver.machine.core.state.subjects(), [])
  })

  test('a mode that there is not is refused with 42204, every change with 42205 where modes are fixed', () => {
    assert.equal(new Driver().refusal({ kind: 'setMode', subject: null, mode: 'WRITE', force: false }), 42204)
    const fixed = new Driver({ modeMutability: false })
    assert.equal(fixed.refusal({ kind: 'setMode', subject: null, mode: 'READONLY', force: false }), 42205)
  })

  test('deleting recursively takes the modes below as well', () => {
    const driver = new Driver()
    mode(driver, ':.prod:', 'READONLY')
    mode(driver, ':.prod:a', 'READONLY')
    mode(driver, 'b', 'READONLY')
    driver.do({ kind: 'deleteMode', subject: ':.prod:', recursive: true })
    assert.deepEqual(driver.machine.core.state.modeScopes(), ['b'])
    assert.equal(driver.refusal({ kind: 'deleteMode', subject: 'c', recursive: false }), 40409)
  })
})

suite('configurations', () => {
  test('a change keeps what it does not name, and null takes a member back', () => {
    const driver = new Driver()
    driver.do({ kind: 'setConfig', subject: 'a', change: { compatibilityLevel: 'FULL', normalize: true } })
    driver.do({ kind: 'setConfig', subject: 'a', change: { normalize: null } })
    assert.deepEqual(driver.log.at(-1), {
      key: '{"keytype":"CONFIG","subject":"a","magic":0}',
      value: '{"compatibilityLevel":"FULL"}',
    })
  })

  test('a level that there is not is refused with 42203, deleting what is not set with 40401', () => {
    const change = { compatibilityLevel: 'SOME' as never }
    assert.equal(new Driver().refusal({ kind: 'setConfig', subject: null, change }), 42203)
    assert.equal(new Driver().refusal({ kind: 'deleteConfig', subject: 'a' }), 40401)
  })
})

suite('parsed schemas', () => {
  test('are held for as long as they are used and there is room; what is written over is forgotten', () => {
    const driver = new Driver()
    for (const name of ['a', 'b', 'c']) driver.register(name, record(name.toUpperCase(), field('x')))
    const { state } = driver.machine.core
    const [a, b, c] = ['a', 'b', 'c'].map((name) => state.version(name, 1)!) as [Entry, Entry, Entry]
    const parsed = {} as never
    const cache = new ParsedCache(2 * a.schema.length)
    for (const entry of [a, b]) cache.set(entry, parsed)
    assert.equal(cache.get(a), parsed)
    cache.set(c, parsed)
    assert.deepEqual([cache.get(a), cache.get(b), cache.get(c)], [parsed, undefined, parsed])
    cache.delete(a)
    cache.set(b, parsed)
    assert.equal(cache.size, 2)
    new ParsedCache(1).set(a, parsed)
  })
})

suite('records of others', () => {
  test('a record of an unknown kind, or none at all, is passed over', async () => {
    const { decodeRecord } = await import('../src/core/record.ts')
    for (const [key, value] of [
      ['{"keytype":"ASSOC","magic":0}', '{}'],
      ['not json', null],
      ['{"keytype":"SCHEMA","subject":"a","version":1}', '{"id":"x"}'],
      ['{"keytype":"SCHEMA","subject":"a","version":1}', '[1]'],
    ] as const) {
      assert.equal(decodeRecord(key, value).ok, false)
    }
  })

  test('a DELETE_SUBJECT leaves later versions alone', () => {
    const driver = new Driver()
    driver.register('a', A1)
    driver.register('a', A2)
    driver.given({ key: '{"keytype":"DELETE_SUBJECT","subject":"a","magic":0}', value: '{"subject":"a","version":1}' })
    assert.deepEqual(
      driver.machine.core.state.versions('a').map(({ deleted }) => deleted),
      [true, false],
    )
  })

  test('a log of which compaction has left the newest records gives the same registry', () => {
    const driver = new Driver()
    driver.register('a', A1)
    driver.register('a', A2)
    driver.do({ kind: 'deleteVersion', subject: 'a', version: 1, permanent: false })
    driver.do({ kind: 'deleteVersion', subject: 'a', version: 1, permanent: true })
    driver.register('b', B1)
    const newest = new Map(driver.log.map((text, at) => [text.key, at]))
    const compacted = driver.log.filter((text, at) => newest.get(text.key) === at)
    assert.deepEqual(replay(compacted).snapshot(), driver.snapshot())
  })
})
