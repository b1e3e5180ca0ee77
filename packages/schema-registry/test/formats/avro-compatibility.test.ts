/** Avro compatibility: golden rows per rule, self-compatibility, and agreement with avsc reading what avsc wrote. */
import assert from 'node:assert/strict'
import test from 'node:test'
import avsc from 'avsc'
import fc from 'fast-check'
import { checkCompatibility, COMPATIBILITY_LEVELS, differences, type ParsedAvro } from '../../src/formats/index.ts'
import { avroPair, avroSchema } from './avro-generator.ts'
import { avro, check } from './tools.ts'

const record = (...fields: unknown[]) => ({ type: 'record', name: 'R', fields })
const field = (type: unknown, more: object = {}) => ({ name: 'f', type, ...more })
const enumOf = (symbols: string[], more: object = {}) => ({ type: 'enum', name: 'E', symbols, ...more })

/** what · new schema · old schema · BACKWARD · FORWARD */
const RULES: readonly (readonly [
  what: string,
  schema: unknown,
  previous: unknown,
  backward: string[],
  forward: string[],
])[] = [
  ['equal', record(field('int')), record(field('int')), [], []],
  ['int to long', record(field('long')), record(field('int')), [], ['TYPE_MISMATCH /fields/0/type']],
  ['int to float', '"float"', '"int"', [], ['TYPE_MISMATCH /']],
  ['long to double', '"double"', '"long"', [], ['TYPE_MISMATCH /']],
  ['float to double', '"double"', '"float"', [], ['TYPE_MISMATCH /']],
  ['string and bytes', '"string"', '"bytes"', [], []],
  ['int to string', '"string"', '"int"', ['TYPE_MISMATCH /'], ['TYPE_MISMATCH /']],
  ['a field with default added', record(field('int', { default: 0 })), record(), [], []],
  [
    'a field without default added',
    record(field('int')),
    record(),
    ['READER_FIELD_MISSING_DEFAULT_VALUE /fields/0'],
    [],
  ],
  [
    'a field without default removed',
    record(),
    record(field('int')),
    [],
    ['READER_FIELD_MISSING_DEFAULT_VALUE /fields/0'],
  ],
  [
    'a field renamed with an alias',
    record({ name: 'g', type: 'int', aliases: ['f'] }),
    record(field('int')),
    [],
    ['READER_FIELD_MISSING_DEFAULT_VALUE /fields/0'],
  ],
  ['a symbol added', enumOf(['A', 'B']), enumOf(['A']), [], ['MISSING_ENUM_SYMBOLS /symbols']],
  ['a symbol added, default in both', enumOf(['A', 'B'], { default: 'A' }), enumOf(['A'], { default: 'A' }), [], []],
  [
    'another size',
    { type: 'fixed', name: 'F', size: 2 },
    { type: 'fixed', name: 'F', size: 1 },
    ['FIXED_SIZE_MISMATCH /size'],
    ['FIXED_SIZE_MISMATCH /size'],
  ],
  [
    'another name and size',
    { type: 'fixed', name: 'G', size: 2 },
    { type: 'fixed', name: 'F', size: 1 },
    ['NAME_MISMATCH /name', 'FIXED_SIZE_MISMATCH /size'],
    ['NAME_MISMATCH /name', 'FIXED_SIZE_MISMATCH /size'],
  ],
  ['another namespace', { ...record(), namespace: 'a' }, { ...record(), namespace: 'b' }, [], []],
  ['another name with an alias', { ...record(), name: 'S', aliases: ['R'] }, record(), [], ['NAME_MISMATCH /name']],
  ['a branch added', ['null', 'int'], ['null'], [], ['MISSING_UNION_BRANCH /1']],
  ['a type made a union', ['null', 'int'], '"int"', [], ['TYPE_MISMATCH /']],
  ['a union with promotion', ['null', 'long'], ['int', 'null'], [], ['MISSING_UNION_BRANCH /1']],
  ['a union read by a type that takes all its branches', '"double"', ['int', 'float'], [], ['MISSING_UNION_BRANCH /']],
  [
    'items',
    { type: 'array', items: 'int' },
    { type: 'array', items: 'string' },
    ['TYPE_MISMATCH /items'],
    ['TYPE_MISMATCH /items'],
  ],
  ['values', { type: 'map', values: 'long' }, { type: 'map', values: 'int' }, [], ['TYPE_MISMATCH /values']],
  [
    'array and map',
    { type: 'array', items: 'int' },
    { type: 'map', values: 'int' },
    ['TYPE_MISMATCH /'],
    ['TYPE_MISMATCH /'],
  ],
  [
    'inside a nested record',
    record(field({ type: 'record', name: 'I', fields: [field(['null', 'int'])] })),
    record(field({ type: 'record', name: 'I', fields: [field(['null', 'string'])] })),
    ['MISSING_UNION_BRANCH /fields/0/type/fields/0/type/1'],
    ['MISSING_UNION_BRANCH /fields/0/type/fields/0/type/1'],
  ],
  [
    'inside a record of a union',
    ['null', record(field('int'), { name: 'g', type: 'int' })],
    ['null', record(field('int'))],
    ['MISSING_UNION_BRANCH /1', 'READER_FIELD_MISSING_DEFAULT_VALUE /1/fields/1'],
    [],
  ],
  [
    'recursive, changed once below',
    record(field('long'), { name: 'next', type: ['null', 'R'] }),
    record(field('int'), { name: 'next', type: ['null', 'R'] }),
    [],
    ['TYPE_MISMATCH /fields/0/type', 'MISSING_UNION_BRANCH /fields/1/type/1'],
  ],
]

for (const [what, schema, previous, backward, forward] of RULES) {
  test(`Avro: ${what}`, () => {
    const [a, b] = [avro(schema), avro(previous)]
    assert.deepEqual(check(a, b, 'BACKWARD'), backward)
    assert.deepEqual(check(a, b, 'FORWARD'), forward)
    assert.deepEqual(check(a, b, 'FULL'), [...forward.map((line) => `> ${line}`), ...backward])
    assert.deepEqual(check(b, a, 'BACKWARD'), forward)
    assert.deepEqual(check(a, b, 'NONE'), [])
  })
}

test('a branch is not accepted on an assumption that fails later', () => {
  // R's first union can hold A only if A's own R could be read, which the last field of R refutes.
  const schema = (last: string) => ({
    type: 'record',
    name: 'R',
    fields: [
      { name: 'u', type: ['null', { type: 'record', name: 'A', fields: [{ name: 'r', type: 'R' }] }] },
      { name: 'last', type: last },
    ],
  })
  const wrapped = (last: string) => ({
    type: 'record',
    name: 'W',
    fields: [
      { name: 'x', type: ['null', schema(last)] },
      { name: 'y', type: ['null', 'A'] },
    ],
  })
  assert.deepEqual(
    check(avro(wrapped('int')), avro(wrapped('string'))).filter((line) => line.startsWith('MISSING')),
    [
      'MISSING_UNION_BRANCH /fields/0/type/1',
      'MISSING_UNION_BRANCH /fields/0/type/1/fields/0/type/1',
      'MISSING_UNION_BRANCH /fields/1/type/1',
    ],
  )
})

test('levels that are not transitive look at the newest version, the others at all', () => {
  const versions = [avro(record(field('long'))), avro(record(field('string')))]
  const schema = avro(record(field('long')))
  assert.deepEqual(check(schema, versions, 'BACKWARD'), [])
  assert.deepEqual(check(schema, versions, 'BACKWARD_TRANSITIVE'), ['TYPE_MISMATCH /fields/0/type'])
  assert.equal(checkCompatibility({ schema, previous: versions, level: 'FULL_TRANSITIVE' })[0]?.previousIndex, 1)
})

test('an incompatibility names path and change, shows a document and an edit', () => {
  const schema = avro(record({ name: 'id', type: 'string' }, { name: 'x', type: ['null', 'int'] }))
  const [found] = checkCompatibility({
    schema,
    previous: [avro(record({ name: 'id', type: 'string' }))],
    level: 'BACKWARD',
  })
  assert.equal(
    found?.message,
    "{errorType:'READER_FIELD_MISSING_DEFAULT_VALUE', description:'The field 'x' at path '/fields/1' in the new schema has no default value and is missing in the old schema', additionalInfo:'x'}",
  )
  assert.deepEqual(found.counterExample, { document: '{"id":""}', acceptedBy: 'previous', refusedBy: 'new' })
  assert.equal(found.fix, 'give the field "x" a default: "default": null')
})

test('schemas of two types are incompatible', () => {
  const other = { ...avro('"int"'), schemaType: 'JSON' } as never
  assert.deepEqual(check(avro('"int"'), other), ['SCHEMA_TYPE_CHANGED '])
})

test('a schema is compatible with itself at every level', () => {
  fc.assert(
    fc.property(avroSchema(), (schema) => {
      const [a, b] = [avro(JSON.stringify(schema)), avro(JSON.stringify(schema))]
      // The rules themselves, past the shortcut for equal texts.
      assert.deepEqual(differences({ reader: a, writer: b, policy: 'STRICT', editable: 'reader' }), [])
      for (const level of COMPATIBILITY_LEVELS) assert.deepEqual(check(a, b, level), [])
    }),
    { numRuns: 100 },
  )
})

/** avsc compares names with their namespace, and has no union without branches; such pairs are not its to judge. */
function namesWithoutNamespace(text: string): string {
  return text.replaceAll(/ns\d\./g, '')
}

test('what is called compatible is read by avsc, and counter-examples are not', () => {
  let read = 0
  let refused = 0
  fc.assert(
    fc.property(avroPair(), ([a, b]) => {
      const [newText, oldText] = [namesWithoutNamespace(JSON.stringify(a)), namesWithoutNamespace(JSON.stringify(b))]
      if (newText.includes('[]') || oldText.includes('[]')) return
      const reader = avro(newText) as ParsedAvro
      const writer = avro(oldText) as ParsedAvro
      const options = { wrapUnions: true }
      let types: readonly avsc.Type[]
      try {
        types = [avsc.Type.forSchema(JSON.parse(newText), options), avsc.Type.forSchema(JSON.parse(oldText), options)]
      } catch {
        return // defaults avsc judges while parsing
      }
      const [readerType, writerType] = types as [avsc.Type, avsc.Type]
      const found = checkCompatibility({ schema: reader, previous: [writer], level: 'BACKWARD' })
      if (found.length === 0) {
        const resolver = readerType.createResolver(writerType)
        for (let i = 0; i < 3; i++) readerType.fromBuffer(writerType.toBuffer(writerType.random()), resolver)
        read++
      }
      for (const { counterExample } of found) {
        if (counterExample === undefined) continue
        const bytes = writerType.toBuffer(writerType.fromString(counterExample.document))
        assert.throws(
          () => readerType.fromBuffer(bytes, readerType.createResolver(writerType)),
          counterExample.document,
        )
        refused++
      }
    }),
    { numRuns: 800, seed: 42 },
  )
  assert.ok(read > 50 && refused > 50, `${read} read, ${refused} refused`)
})
