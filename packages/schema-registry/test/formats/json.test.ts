/** JSON Schema: what is parsed and refused, canonical and resolved texts, references, patterns that would hang. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { equalResolved, parseSchema, SchemaError } from '../../src/formats/index.ts'
import { patternMatches, patternSample } from '../../src/formats/json/pattern.ts'
import { resolveUri } from '../../src/formats/json/uri.ts'
import { jsonSchema } from './json-generator.ts'
import { check, json } from './tools.ts'

test('canonical: no blanks, members in their order, numbers as they are meant', () => {
  const parsed = json(' { "type" : "object", "2": 1.0, "1": 10000000000000000001, "x": 1e10, "s": "\\u00e9\\u0007/" } ')
  assert.equal(parsed.canonical, '{"type":"object","2":1.0,"1":10000000000000000001,"x":1.0E10,"s":"é\\u0007/"}')
  assert.equal(parsed.normalized(), '{"1":10000000000000000001,"2":1.0,"s":"é\\u0007/","type":"object","x":1.0E10}')
  assert.equal(json('true').canonical, 'true')
})

const INVALID: readonly (readonly [schema: string, message: string])[] = [
  ['{"type":"strin"}', '/type: "type" has the unknown type "strin"'],
  ['{"properties":{"a":{"type":1}}}', '/properties/a/type: "type" must be a type or a list of types'],
  ['{"properties":{"a/b":1}}', '/properties/a~1b: a schema must be an object or a boolean'],
  ['{"required":["a",1]}', '/required: "required" must be a list of property names'],
  ['{"maxLength":-1}', '/maxLength: "maxLength" must be a whole number, 0 or more'],
  ['{"pattern":"["}', '/pattern: "pattern" is not a regular expression'],
  ['{"$ref":"#/definitions/x"}', '/$ref: "#/definitions/x" refers to nothing known'],
  ['{"$ref":"http://example.org/other.json"}', '/$ref: "http://example.org/other.json" refers to nothing known'],
  ['{"$ref":"#"}', '/$ref: the reference leads back to itself'],
  ['{"anyOf":[]}', '/anyOf: "anyOf" must be a list of at least one schema'],
  [
    '{"$schema":"http://json-schema.org/draft-04/schema#","exclusiveMaximum":1}',
    '/exclusiveMaximum: "exclusiveMaximum" must be true or false in draft 4',
  ],
  ['1', 'a schema must be an object or a boolean'],
]

for (const [schema, message] of INVALID) {
  test(`refused JSON Schema: ${message}`, () => {
    assert.throws(
      () => json(schema),
      (error) => error instanceof SchemaError && error.code === 'INVALID_SCHEMA' && error.message === message,
    )
  })
}

test('every draft is read in its own way', () => {
  const of = (draft: string, rest: object) =>
    json({ $schema: `http${draft.includes('/') ? 's' : ''}://json-schema.org/${draft}/schema`, ...rest })
  assert.deepEqual(
    check(
      of('draft-04', { type: 'number', maximum: 3, exclusiveMaximum: true }),
      of('draft-07', { type: 'number', exclusiveMaximum: 4 }),
    ),
    ['EXCLUSIVE_MAXIMUM_DECREASED #/exclusiveMaximum'],
  )
  assert.deepEqual(
    check(
      of('draft/2020-12', { type: 'array', prefixItems: [{ type: 'string' }], items: false }),
      of('draft-06', { type: 'array', items: [{ type: 'string' }], additionalItems: false }),
    ),
    [],
  )
  // Siblings of $ref count since 2019-09.
  const siblings = (draft: string) =>
    of(draft, { definitions: { s: { type: 'string' } }, $ref: '#/definitions/s', maxLength: 2 })
  assert.deepEqual(check(siblings('draft-07'), json({ type: 'string' })), [])
  assert.notDeepEqual(check(siblings('draft/2019-09'), json({ type: 'string' })), [])
})

test('references resolve by name, by $id, by anchor, and through each other', () => {
  const address = {
    name: 'address.json',
    subject: 'address',
    version: 1,
    schema:
      '{"$id":"http://x.org/address.json","type":"object","properties":{"zip":{"$ref":"zip.json#/definitions/zip"},"next":{"$ref":"#"}}}',
  }
  const zip = {
    name: 'http://x.org/zip.json',
    subject: 'zip',
    version: 1,
    schema: '{"definitions":{"zip":{"$id":"#zip","type":"string","maxLength":5}}}',
  }
  const schema =
    '{"properties":{"home":{"$ref":"address.json"},"zip":{"$ref":"http://x.org/zip.json#/definitions/zip"}}}'
  const parsed = parseSchema({ schemaType: 'JSON', schema, references: [{ ...address, references: [zip] }] })
  assert.equal(parsed.canonical, schema)
  const resolved = parsed.format('resolved')
  const alone = json(resolved)
  assert.deepEqual(check(alone, parsed, 'FULL'), [])
  assert.ok(equalResolved(parsed, alone) === (alone.format('resolved') === resolved))
  assert.deepEqual(
    check(
      json('{"properties":{"home":{"properties":{"zip":{"type":"string","maxLength":4},"next":{}}},"zip":{}}}'),
      parsed,
    ),
    ['MAX_LENGTH_DECREASED #/properties/home/properties/zip/maxLength'],
  )
  assert.throws(
    () => parseSchema({ schemaType: 'JSON', schema, references: [] }),
    /"address.json" refers to nothing known/,
  )
})

test('URIs resolve as RFC 3986 has it', () => {
  const rows = [
    ['http://a/b/c/d;p', 'g', 'http://a/b/c/g'],
    ['http://a/b/c/d;p', '../g', 'http://a/b/g'],
    ['http://a/b/c/d;p', '/g', 'http://a/g'],
    ['http://a/b/c/d;p', '//g', 'http://g'],
    ['http://a/b/c/d;p', '#s', 'http://a/b/c/d;p#s'],
    ['http://a', 'g', 'http://a/g'],
    ['', 'g.json', 'g.json'],
    ['dir/a.json', 'b.json#x', 'dir/b.json#x'],
    ['urn:x:y', '#s', 'urn:x:y#s'],
  ]
  for (const [base = '', reference = '', expected] of rows) assert.equal(resolveUri(base, reference), expected)
})

test('patterns match as the host matches them, where the matcher answers', () => {
  const patterns = [
    '^a',
    'b$',
    '[0-9]+',
    '^(a|b)*c?$',
    'a{2,3}',
    '\\d\\w\\s',
    '[^a-c]',
    '^$',
    '(?=a)ab',
    '(?!a)b',
    '\\bx\\b',
    'a.c',
    '^[\\w.-]+@[\\w-]+$',
    'x*?y',
    '[\\]]',
    '\\u0061',
  ]
  fc.assert(
    fc.property(fc.constantFrom(...patterns), fc.stringMatching(/^[abcxy0-9 .@\]-]{0,8}$/), (pattern, text) => {
      assert.equal(patternMatches(pattern, text), new RegExp(pattern).test(text))
    }),
    { numRuns: 1000 },
  )
  for (const pattern of patterns) {
    const sample = patternSample(pattern)
    if (sample !== undefined) assert.ok(new RegExp(pattern).test(sample), pattern)
  }
})

test('patterns that backtrack without end are given up', () => {
  for (const pattern of ['^(a+)+$', '^(a|a)*$', '(x*)*y', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
    assert.equal(
      patternMatches(pattern, `${'a'.repeat(60)}!`.replaceAll('a', pattern.includes('x') ? 'x' : 'a')),
      undefined,
    )
  }
  const name = 'a'.repeat(60)
  const hostile = json({
    type: 'object',
    properties: { [`${name}!`]: { type: 'string' } },
    patternProperties: { '^(a+)+$': { type: 'integer' } },
    additionalProperties: false,
  })
  assert.ok(Array.isArray(check(hostile, json({ type: 'object', additionalProperties: false, properties: { b: {} } }))))
})

test('canonical and normalized texts are fixed points', () => {
  fc.assert(
    fc.property(jsonSchema(), (schema) => {
      const parsed = json(JSON.stringify(schema))
      assert.equal(json(parsed.canonical).canonical, parsed.canonical)
      assert.equal(json(parsed.normalized()).canonical, parsed.normalized())
    }),
    { numRuns: 200 },
  )
})

test('any text parses or is refused as a SchemaError, and any two schemas are compared', () => {
  const hostile = ['{"not":'.repeat(50_000), `${'{"not":'.repeat(400)}{}${'}'.repeat(400)}`, `${'[['.repeat(5000)}`]
  for (const text of hostile) assert.throws(() => json(text), SchemaError)
  const chain = {
    definitions: Object.fromEntries(
      Array.from({ length: 3000 }, (_, i) => [`d${i}`, { $ref: `#/definitions/d${i + 1}` }]),
    ),
    $ref: '#/definitions/d0',
  }
  chain.definitions['d3000'] = { $ref: '#/definitions/d0' }
  assert.throws(() => json(chain), /leads back to itself/)
  const mutated = fc.tuple(jsonSchema(), fc.nat(), fc.string()).map(([schema, at, junk]) => {
    const text = JSON.stringify(schema)
    const i = at % text.length
    return text.slice(0, i) + junk + text.slice(i + 1)
  })
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), mutated), (text) => {
      try {
        check(json(text), json('{"type":"object","properties":{"a":{"type":"string"}}}'), 'FULL')
      } catch (error) {
        assert.ok(error instanceof SchemaError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})
