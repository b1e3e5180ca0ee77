/** Avro: what is parsed and refused, and the canonical and normalized texts. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { equalResolved, parseSchema, SchemaError } from '../../src/formats/index.ts'
import { avroSchema } from './avro-generator.ts'
import { avro } from './tools.ts'

const CANONICAL: readonly (readonly [what: string, schema: string, canonical: string])[] = [
  ['a primitive', ' "string" ', '"string"'],
  ['a primitive as an object', '{"type":"int"}', '"int"'],
  ['a logical type', '{"logicalType":"date","type":"int"}', '{"type":"int","logicalType":"date"}'],
  [
    'members in order, blanks gone',
    '{"fields":[{"type":"int","name":"a","aliases":["b"],"default":1,"doc":"d","x":{"z":1,"a":2}}],"name":"R","type":"record","aliases":["S"],"p":[1.0,1e3,"\\u001f"]}',
    '{"type":"record","name":"R","fields":[{"name":"a","type":"int","doc":"d","default":1,"aliases":["b"],"x":{"z":1,"a":2}}],"p":[1.0,1000.0,"\\u001F"],"aliases":["S"]}',
  ],
  [
    'a full name split',
    '{"type":"fixed","name":"a.b.F","size":4}',
    '{"type":"fixed","name":"F","namespace":"a.b","size":4}',
  ],
  [
    'the enclosing namespace is not repeated, a further one is',
    '{"type":"record","name":"a.R","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["X"],"default":"X"}},{"name":"f","type":{"type":"fixed","name":"b.F","size":1}},{"name":"g","type":["E","b.F"]}]}',
    '{"type":"record","name":"R","namespace":"a","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["X"],"default":"X"}},{"name":"f","type":{"type":"fixed","name":"F","namespace":"b","size":1}},{"name":"g","type":["E","b.F"]}]}',
  ],
  [
    'recursion by name',
    '{"type":"record","name":"a.L","fields":[{"name":"next","type":["null","a.L"],"default":null}]}',
    '{"type":"record","name":"L","namespace":"a","fields":[{"name":"next","type":["null","L"],"default":null}]}',
  ],
  [
    'order other than ascending, digits of large numbers, comments',
    '/* c */ {"type":"record","name":"R","fields":[{"name":"a","type":"long","default":9223372036854775807,"order":"DESCENDING"}, // x\n {"name":"d","type":"double","default":"1"}]}',
    '{"type":"record","name":"R","fields":[{"name":"a","type":"long","default":9223372036854775807,"order":"descending"},{"name":"d","type":"double","default":1.0}]}',
  ],
]

for (const [what, schema, canonical] of CANONICAL) {
  test(`canonical Avro: ${what}`, () => assert.equal(avro(schema).canonical, canonical))
}

test('normalized Avro: full names, sorted attributes and aliases', () => {
  const a = avro(
    '{"type":"record","namespace":"n","name":"R","z":1,"b":{"y":1,"x":2},"aliases":["T","S"],"fields":[{"name":"r","type":["null","R"]}]}',
  )
  const b = avro(
    '{"type":"record","name":"n.R","b":{"x":2,"y":1},"z":1,"aliases":["n.S","n.T"],"fields":[{"name":"r","type":["null","n.R"]}]}',
  )
  assert.notEqual(a.canonical, b.canonical)
  assert.equal(a.normalized(), b.normalized())
  assert.equal(
    a.normalized(),
    '{"type":"record","name":"n.R","fields":[{"name":"r","type":["null","n.R"]}],"b":{"x":2,"y":1},"z":1,"aliases":["n.S","n.T"]}',
  )
})

const INVALID: readonly (readonly [schema: string, message: string])[] = [
  ['', 'line 1, column 1: the text ends too early'],
  ['{"type":"int"', 'line 1, column 14: "," or "}" was expected'],
  ['"int" x', 'line 1, column 7: content after the end of the JSON value'],
  ['"Foo"', '"Foo" is not a defined name'],
  ['{"type":"record","name":"R"}', '"fields" is missing'],
  ['{"type":"record","fields":[]}', '"name" is missing'],
  [
    '{"type":"record","name":"R","fields":[{"name":"a","type":"intt"}]}',
    '/fields/0/type: "intt" is not a defined name',
  ],
  [
    '{"type":"record","name":"R","fields":[{"name":"a","type":"int"},{"name":"a","type":"int"}]}',
    '/fields/1: field "a" is defined twice',
  ],
  ['{"type":"record","name":"R","fields":[{"name":"a-b","type":"int"}]}', '/fields/0/name: "a-b" is not a name'],
  ['["int",["null"]]', '/1: a union cannot hold a union'],
  ['["int",{"type":"int","logicalType":"date"}]', '/1: a union has int twice'],
  ['{"type":"enum","name":"E","symbols":["A","A"]}', '/symbols/1: symbol "A" is listed twice'],
  ['{"type":"enum","name":"E","symbols":["A"],"default":"B"}', '/default: the default "B" is not one of the symbols'],
  ['{"type":"fixed","name":"F","size":1.5}', '/size: "size" must be a whole number of bytes'],
  ['{"type":"fixed","name":"int","size":1}', '/name: "int" is the name of a primitive type'],
  ['[{"type":"fixed","name":"F","size":1},{"type":"fixed","name":"F","size":1}]', '/1: "F" is defined twice'],
  ['{"type":"array"}', '"items" is missing'],
  ['{"type":{"type":"int"}}', 'an object needs a "type" that is a string'],
]

for (const [schema, message] of INVALID) {
  test(`refused Avro: ${message}`, () => {
    assert.throws(
      () => avro(schema),
      (error) => error instanceof SchemaError && error.code === 'INVALID_SCHEMA' && error.message === message,
    )
  })
}

const DEFAULTS: readonly (readonly [type: unknown, value: string, fits: boolean])[] = [
  ['int', '1', true],
  ['int', '2147483648', false],
  ['int', '1.0', false],
  ['long', '9223372036854775807', true],
  ['long', '9223372036854775808', false],
  ['float', '1', true],
  ['double', '"NaN"', true],
  ['string', '1', false],
  ['bytes', '"\\u00ff"', true],
  ['bytes', '"\\u0100"', false],
  ['boolean', '"true"', false],
  [['null', 'int'], '1', true],
  [['null', 'int'], '"x"', false],
  [{ type: 'array', items: 'int' }, '[1,"x"]', false],
  [{ type: 'map', values: 'int' }, '{"a":1}', true],
  [{ type: 'enum', name: 'E', symbols: ['A'] }, '"B"', false],
  [{ type: 'fixed', name: 'F', size: 2 }, '"ab"', true],
  [{ type: 'fixed', name: 'F', size: 2 }, '"abc"', false],
  [{ type: 'record', name: 'I', fields: [{ name: 'x', type: 'int', default: 1 }] }, '{}', true],
  [{ type: 'record', name: 'I', fields: [{ name: 'x', type: 'int' }] }, '{}', false],
]

test('defaults are judged only when new schemas are validated', () => {
  for (const [type, value, fits] of DEFAULTS) {
    const schema = `{"type":"record","name":"R","fields":[{"name":"f","type":${JSON.stringify(type)},"default":${value}}]}`
    const parse = (validate: boolean) => parseSchema({ schemaType: 'AVRO', schema }, { validate })
    assert.doesNotThrow(() => parse(false), schema)
    if (fits) assert.doesNotThrow(() => parse(true), schema)
    else assert.throws(() => parse(true), /does not fit/, schema)
  }
})

test('references: known by name in the canonical text, inlined in the resolved one', () => {
  const inner = {
    name: 'n.Inner',
    subject: 'inner',
    version: 1,
    schema: '{"type":"record","name":"n.Inner","fields":[{"name":"e","type":"n.E"}]}',
  }
  const references = [
    {
      ...inner,
      references: [{ name: 'n.E', subject: 'e', version: 2, schema: '{"type":"enum","name":"n.E","symbols":["A"]}' }],
    },
  ]
  const schema = '{"type":"record","name":"n.Outer","fields":[{"name":"i","type":"Inner"},{"name":"e","type":"n.E"}]}'
  const parsed = parseSchema({ schemaType: 'AVRO', schema, references })
  assert.deepEqual(parsed.references, [{ name: 'n.Inner', subject: 'inner', version: 1 }])
  assert.equal(
    parsed.canonical,
    '{"type":"record","name":"Outer","namespace":"n","fields":[{"name":"i","type":"Inner"},{"name":"e","type":"E"}]}',
  )
  const resolved = parsed.format('resolved')
  assert.equal(
    resolved,
    '{"type":"record","name":"Outer","namespace":"n","fields":[{"name":"i","type":{"type":"record","name":"Inner","fields":[{"name":"e","type":{"type":"enum","name":"E","symbols":["A"]}}]}},{"name":"e","type":"E"}]}',
  )
  assert.equal(parsed.format('unheard-of'), parsed.canonical)
  assert.ok(equalResolved(parsed, avro(resolved)))
  assert.ok(!equalResolved(parsed, avro('"int"')))
  assert.deepEqual(
    parsed.entities().map(({ path }) => path),
    ['n.Outer', 'n.Outer.i', 'n.Outer.e', 'n.Inner', 'n.Inner.e', 'n.E'],
  )
  assert.throws(() => parseSchema({ schemaType: 'AVRO', schema }), /"Inner" is not a defined name/)
})

test('canonical, normalized and resolved texts are fixed points', () => {
  fc.assert(
    fc.property(avroSchema(), (schema) => {
      const parsed = avro(JSON.stringify(schema))
      assert.equal(avro(parsed.canonical).canonical, parsed.canonical)
      assert.equal(avro(parsed.normalized()).normalized(), parsed.normalized())
      assert.equal(avro(parsed.canonical).normalized(), parsed.normalized())
    }),
    { numRuns: 200 },
  )
})

test('any text parses or is refused as a SchemaError', () => {
  const hostile = [
    '['.repeat(100_000),
    '{"type":"array","items":'.repeat(10_000),
    `${'{"type":"array","items":'.repeat(300)}"int"${'}'.repeat(300)}`,
    `"${'\\'.repeat(1001)}`,
    '9'.repeat(100_000),
    `{"a":${'['.repeat(2000)}`,
  ]
  for (const text of hostile) assert.throws(() => avro(text), SchemaError)
  const mutated = fc.tuple(avroSchema(), fc.nat(), fc.string()).map(([schema, at, junk]) => {
    const text = JSON.stringify(schema)
    const i = at % text.length
    return text.slice(0, i) + junk + text.slice(i + 1)
  })
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), mutated), (text) => {
      try {
        avro(text)
      } catch (error) {
        assert.ok(error instanceof SchemaError, String(error))
      }
    }),
    { numRuns: 500 },
  )
})
