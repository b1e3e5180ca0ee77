/**
 * The bytes of `_schemas`: what other registries write is understood, and what is written is what they write.
 *
 * The texts follow the form that is documented for Confluent's registry: members in this order, nothing between them. Each is read and
 * written again, and has to come out as it went in; where a text is not one that we would write, only its key has to.
 */
import assert from 'node:assert/strict'
import test, { suite } from 'node:test'
import fc from 'fast-check'
import { decodeRecord, encodeRecord, type RecordText } from '../src/core/record.ts'
import { Driver, field, record, replay } from './support/machine.ts'

const golden: readonly [what: string, key: string, value: string | null][] = [
  [
    'a schema',
    '{"keytype":"SCHEMA","subject":"orders-value","version":1,"magic":1}',
    '{"subject":"orders-value","version":1,"id":1,"md5":"rv+GkVnWvFwYVZIzR3TpEw==","schema":"\\"string\\"","deleted":false}',
  ],
  [
    'a schema of another type, with references',
    '{"keytype":"SCHEMA","subject":"p","version":12,"magic":1}',
    '{"subject":"p","version":12,"id":9,"md5":"AAAAAAAAAAAAAAAAAAAAAA==","schema":"syntax = \\"proto3\\";\\nimport \\"a.proto\\";\\n","schemaType":"PROTOBUF","references":[{"name":"a.proto","subject":"a","version":3}],"deleted":false}',
  ],
  [
    'a data contract',
    '{"keytype":"SCHEMA","subject":"c","version":1,"magic":1}',
    '{"subject":"c","version":1,"id":2,"schema":"{}","schemaType":"JSON","metadata":{"tags":{"a":["PII"]},"properties":{"owner":"x"},"sensitive":["owner"]},"ruleSet":{"migrationRules":[],"domainRules":[{"name":"r","kind":"CONDITION","mode":"WRITE","type":"CEL","expr":"true","disabled":false}]},"deleted":false}',
  ],
  [
    'a soft-deleted schema',
    '{"keytype":"SCHEMA","subject":"d","version":2,"magic":1}',
    '{"subject":"d","version":2,"id":3,"schema":"\\"int\\"","deleted":true}',
  ],
  [
    'a subject in a context, with letters beyond ASCII',
    '{"keytype":"SCHEMA","subject":":.prod:заказы","version":1,"magic":1}',
    '{"subject":":.prod:заказы","version":1,"id":1,"schema":"\\"int\\"","deleted":false}',
  ],
  ['a permanently deleted schema', '{"keytype":"SCHEMA","subject":"d","version":2,"magic":1}', null],
  ['the global configuration', '{"keytype":"CONFIG","subject":null,"magic":0}', '{"compatibilityLevel":"FULL"}'],
  [
    'the configuration of a subject',
    '{"keytype":"CONFIG","subject":"a","magic":0}',
    '{"alias":"b","normalize":true,"compatibilityLevel":"BACKWARD","compatibilityGroup":"major","defaultMetadata":{"properties":{"a":"b"}}}',
  ],
  ['no configuration any more', '{"keytype":"CONFIG","subject":"a","magic":0}', null],
  ['the global mode', '{"keytype":"MODE","subject":null,"magic":0}', '{"subject":null,"mode":"READONLY"}'],
  ['the mode of a subject', '{"keytype":"MODE","subject":"a","magic":0}', '{"subject":"a","mode":"IMPORT"}'],
  ['no mode any more', '{"keytype":"MODE","subject":"a","magic":0}', null],
  ['a deleted subject', '{"keytype":"DELETE_SUBJECT","subject":"a","magic":0}', '{"subject":"a","version":4}'],
  ['a deleted subject forgotten', '{"keytype":"DELETE_SUBJECT","subject":"a","magic":0}', null],
  ['a cleared subject', '{"keytype":"CLEAR_SUBJECT","subject":"a","magic":0}', '{"subject":"a"}'],
  [
    'a context',
    '{"keytype":"CONTEXT","tenant":"default","context":".prod","magic":0}',
    '{"tenant":"default","context":".prod"}',
  ],
  ['nothing, to find the end', '{"keytype":"NOOP","magic":0}', null],
]

suite('records as other registries write them', () => {
  for (const [what, key, value] of golden) {
    test(`${what} comes out as it went in`, () => {
      const decoded = decodeRecord(key, value)
      assert.ok(decoded.ok)
      assert.equal(decoded.record.keyText, undefined)
      assert.deepEqual(encodeRecord(decoded.record), { key, value })
    })
  }

  test('members that are not known stay in the value of a schema', () => {
    const key = '{"keytype":"SCHEMA","subject":"a","version":1,"magic":1}'
    const value =
      '{"subject":"a","version":1,"id":1,"schema":"\\"int\\"","offset":7,"timestamp":1,"ts":{"a":[1]},"deleted":false}'
    const decoded = decodeRecord(key, value)
    assert.ok(decoded.ok)
    assert.equal(encodeRecord(decoded.record).value, value)
  })

  test('keys of older registries, and of those that order members otherwise, mean the same and are kept as they are', () => {
    const keys = [
      '{"keytype":"SCHEMA","subject":"a","version":1,"magic":0}',
      '{"magic":1,"keytype":"SCHEMA","version":1,"subject":"a"}',
      '{ "keytype": "SCHEMA", "subject": "a", "version": 1, "magic": 1 }',
      '{"subject":"a","magic":0,"keytype":"CONFIG"}',
      '{"keytype":"CONTEXT","tenant":"default","context":".prod"}',
    ]
    for (const key of keys) {
      const decoded = decodeRecord(key, null)
      assert.ok(decoded.ok)
      assert.equal(encodeRecord(decoded.record).key, key)
    }
  })

  test('what cannot be understood is passed over, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), fc.option(fc.oneof(fc.string(), fc.json())), (key, value) => {
        const decoded = decodeRecord(key, value)
        if (decoded.ok) encodeRecord(decoded.record)
      }),
    )
  })

  test('of a topic of theirs that we have changed, all that was not meant to change is left as it was', () => {
    const kept = golden.flatMap(([, key, value]) =>
      value === null || /MODE|_SUBJECT/.test(key) ? [] : [{ key, value }],
    )
    const driver = new Driver().given(...kept)
    driver.register('new', record('R', field('x')))
    driver.do({ kind: 'setConfig', subject: 'new', change: { normalize: true } })
    driver.do({ kind: 'deleteSubject', subject: 'new', permanent: false })
    driver.do({ kind: 'deleteSubject', subject: 'new', permanent: true })
    const newest = new Map(driver.log.map(({ key, value }) => [key, value]))
    for (const { key, value } of kept) assert.equal(newest.get(key), value)
  })
})

suite('what is taken back stays away', () => {
  const other = '{"subject":"a","magic":0,"keytype":"CONFIG"}'
  const usual = '{"keytype":"CONFIG","subject":"a","magic":0}'

  /** What is left when compaction has been through, tombstones and all. */
  const compacted = (log: readonly RecordText[]): RecordText[] => {
    const newest = new Map(log.map((text) => [text.key, text]))
    return [...newest.values()].filter(({ value }) => value !== null)
  }

  test('a configuration under the bytes of another registry is changed and removed there too', () => {
    const driver = new Driver().given({ key: other, value: '{"compatibilityLevel":"NONE"}' })
    const change = { compatibilityLevel: 'FULL' as const }
    const { records } = driver.when({ kind: 'setConfig', subject: 'a', change })
    assert.deepEqual(
      records.map(({ key }) => key),
      [usual, other],
    )
    driver.do({ kind: 'deleteConfig', subject: 'a' })
    assert.deepEqual(compacted(driver.log), [])
  })

  test('so are the mode of everything in its other spelling, and a DELETE_SUBJECT', () => {
    const driver = new Driver().given(
      {
        key: '{"keytype":"MODE","subject":":.__GLOBAL:","magic":0}',
        value: '{"subject":":.__GLOBAL:","mode":"READWRITE"}',
      },
      { key: '{"keytype":"SCHEMA","subject":"a","version":1,"magic":1}', value: '{"id":1,"schema":"\\"int\\""}' },
      { key: '{"magic":0,"keytype":"DELETE_SUBJECT","subject":"a"}', value: '{"subject":"a","version":1}' },
    )
    driver.do({ kind: 'deleteSubject', subject: 'a', permanent: true })
    driver.do({ kind: 'deleteMode', subject: null, recursive: false })
    assert.deepEqual(compacted(driver.log), [])
    assert.deepEqual(replay(compacted(driver.log)).machine.core.state.subjects(), [])
  })

  test('a scope has one spelling in the topic', () => {
    const driver = new Driver()
    for (const subject of [':.:a', 'a']) {
      driver.do({ kind: 'setConfig', subject, change: { normalize: true } })
      assert.equal(driver.log.at(-1)!.key, usual)
    }
    driver.do({ kind: 'setConfig', subject: ':.__GLOBAL:', change: { normalize: true } })
    assert.equal(driver.log.at(-1)!.key, '{"keytype":"CONFIG","subject":null,"magic":0}')
  })
})
