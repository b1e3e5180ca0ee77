/** JSON Schema compatibility: golden rows per change type, policies, recursion, and agreement with ajv over generated documents. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { Ajv } from 'ajv'
import fc from 'fast-check'
import { checkCompatibility, COMPATIBILITY_LEVELS, type ParsedJson } from '../../src/formats/index.ts'
import { Shapes } from '../../src/formats/json/shape.ts'
import { samples } from '../../src/formats/json/witness.ts'
import { printJson } from '../../src/formats/json-text.ts'
import { jsonPair, jsonSchema } from './json-generator.ts'
import { check, json } from './tools.ts'

const object = (properties: object, more: object = {}) => ({ type: 'object', properties, ...more })
const closed = (properties: object, more: object = {}) => object(properties, { additionalProperties: false, ...more })
const partial = (schema: unknown, properties: object = {}) => object(properties, { additionalProperties: schema })
const string = { type: 'string' }
const integer = { type: 'integer' }
const number = { type: 'number' }

/** what · new schema · old schema · STRICT · LENIENT where it differs */
const RULES: readonly (readonly [
  what: string,
  schema: unknown,
  previous: unknown,
  strict: string[],
  lenient?: string[],
])[] = [
  ['equal', object({ a: string }), object({ a: string }), []],
  ['multipleOf added', { ...number, multipleOf: 2 }, number, ['MULTIPLE_OF_ADDED #/multipleOf']],
  ['multipleOf removed', number, { ...number, multipleOf: 2 }, []],
  ['dependency removed', object({}), object({}, { dependencies: { a: ['b'] } }), []],
  [
    'dependency changed',
    object({}, { dependencies: { a: ['c'] } }),
    object({}, { dependencies: { a: ['b'] } }),
    ['DEPENDENCY_ARRAY_CHANGED #/dependencies/a'],
  ],
  ['dependency schema removed', object({}), object({}, { dependencies: { a: object({ b: string }) } }), []],
  [
    'unevaluated properties added',
    { $schema: 'https://json-schema.org/draft/2020-12/schema', ...object({}) },
    { $schema: 'https://json-schema.org/draft/2020-12/schema', ...object({}, { unevaluatedProperties: false }) },
    [],
  ],
  [
    'additional items added',
    { type: 'array', items: [string] },
    { type: 'array', items: [string], additionalItems: false },
    [],
  ],
  [
    'additional items removed',
    { type: 'array', items: [string], additionalItems: false },
    { type: 'array', items: [string] },
    ['ADDITIONAL_ITEMS_REMOVED #/additionalItems'],
  ],
  [
    'additional items narrowed',
    { type: 'array', items: [string], additionalItems: integer },
    { type: 'array', items: [string] },
    ['ADDITIONAL_ITEMS_NARROWED #/additionalItems'],
  ],
  [
    'additional items extended',
    { type: 'array', items: [string], additionalItems: number },
    { type: 'array', items: [string], additionalItems: integer },
    [],
  ],
  ['item with the empty schema added to open', { type: 'array', items: [{}] }, { type: 'array', items: [] }, []],
  ['item removed from open', { type: 'array', items: [] }, { type: 'array', items: [string] }, []],
  [
    'false item removed from closed',
    { type: 'array', items: [string], additionalItems: false },
    { type: 'array', items: [string, false], additionalItems: false },
    [],
  ],
  [
    'item added, covered',
    { type: 'array', items: [string], additionalItems: string },
    { type: 'array', items: [], additionalItems: string },
    [],
  ],
  [
    'item added, not covered',
    { type: 'array', items: [integer], additionalItems: string },
    { type: 'array', items: [], additionalItems: string },
    ['ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/0'],
  ],
  [
    'item removed, covered',
    { type: 'array', items: [], additionalItems: string },
    { type: 'array', items: [string], additionalItems: string },
    [],
  ],
  [
    'item removed, not covered',
    { type: 'array', items: [], additionalItems: string },
    { type: 'array', items: [integer], additionalItems: string },
    ['ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/items/0'],
  ],
  ['annotations', { ...string, title: 'a', description: 'b', default: 'c', $id: 'd' }, { ...string, title: 'x' }, []],
  ['anything read by everything', {}, object({ a: string }), []],
  ['anything read by true', true, string, []],
  ['nothing written', string, false, []],
  ['everything no longer', string, {}, ['TYPE_NARROWED #/']],
  ['integer to number', number, integer, []],
  ['number to integer', integer, number, ['TYPE_NARROWED #/']],
  ['another type', string, integer, ['TYPE_CHANGED #/']],
  ['maxLength increased', { ...string, maxLength: 3 }, { ...string, maxLength: 2 }, []],
  ['maxLength removed', string, { ...string, maxLength: 2 }, []],
  [
    'maxLength decreased',
    { ...string, maxLength: 2 },
    { ...string, maxLength: 3 },
    ['MAX_LENGTH_DECREASED #/maxLength'],
  ],
  ['maxLength added', { ...string, maxLength: 2 }, string, ['MAX_LENGTH_ADDED #/maxLength']],
  ['minLength decreased', { ...string, minLength: 1 }, { ...string, minLength: 2 }, []],
  [
    'minLength increased',
    { ...string, minLength: 2 },
    { ...string, minLength: 1 },
    ['MIN_LENGTH_INCREASED #/minLength'],
  ],
  ['pattern removed', string, { ...string, pattern: '^a' }, []],
  ['pattern added', { ...string, pattern: '^a' }, string, ['PATTERN_ADDED #/pattern']],
  ['pattern changed', { ...string, pattern: '^a' }, { ...string, pattern: '^b' }, ['PATTERN_CHANGED #/pattern']],
  ['maximum increased', { ...number, maximum: 3 }, { ...number, maximum: 2 }, []],
  ['maximum decreased', { ...number, maximum: 2 }, { ...number, maximum: 3 }, ['MAXIMUM_DECREASED #/maximum']],
  ['minimum added', { ...number, minimum: 2 }, number, ['MINIMUM_ADDED #/minimum']],
  [
    'exclusiveMaximum decreased',
    { ...number, exclusiveMaximum: 2 },
    { ...number, exclusiveMaximum: 3 },
    ['EXCLUSIVE_MAXIMUM_DECREASED #/exclusiveMaximum'],
  ],
  ['exclusiveMinimum decreased', { ...number, exclusiveMinimum: 2 }, { ...number, exclusiveMinimum: 3 }, []],
  ['multipleOf reduced', { ...number, multipleOf: 2 }, { ...number, multipleOf: 4 }, []],
  [
    'multipleOf expanded',
    { ...number, multipleOf: 4 },
    { ...number, multipleOf: 2 },
    ['MULTIPLE_OF_EXPANDED #/multipleOf'],
  ],
  [
    'multipleOf changed',
    { ...number, multipleOf: 3 },
    { ...number, multipleOf: 2 },
    ['MULTIPLE_OF_CHANGED #/multipleOf'],
  ],
  [
    'required added',
    object({ a: string }, { required: ['a'] }),
    object({ a: string }),
    ['REQUIRED_ATTRIBUTE_ADDED #/required/a'],
  ],
  [
    'required added with default',
    object({ a: { ...string, default: '' } }, { required: ['a'] }),
    object({ a: string }),
    [],
  ],
  ['required removed', object({ a: string }), object({ a: string }, { required: ['a'] }), []],
  [
    'maxProperties decreased',
    object({}, { maxProperties: 1 }),
    object({}, { maxProperties: 2 }),
    ['MAX_PROPERTIES_DECREASED #/maxProperties'],
  ],
  [
    'minProperties increased',
    object({}, { minProperties: 2 }),
    object({}, { minProperties: 1 }),
    ['MIN_PROPERTIES_INCREASED #/minProperties'],
  ],
  [
    'dependency extended',
    object({}, { dependencies: { a: ['b', 'c'] } }),
    object({}, { dependencies: { a: ['b'] } }),
    ['DEPENDENCY_ARRAY_EXTENDED #/dependencies/a'],
  ],
  [
    'dependency narrowed',
    object({}, { dependencies: { a: ['b'] } }),
    object({}, { dependencies: { a: ['b', 'c'] } }),
    [],
  ],
  [
    'dependency added',
    object({}, { dependencies: { a: ['b'] } }),
    object({}),
    ['DEPENDENCY_ARRAY_ADDED #/dependencies/a'],
  ],
  [
    'dependency schema added',
    object({}, { dependencies: { a: object({ b: string }) } }),
    object({}),
    ['DEPENDENCY_SCHEMA_ADDED #/dependencies/a'],
  ],
  ['additional properties added', object({}), closed({}), []],
  [
    'additional properties removed',
    closed({}),
    object({}),
    ['ADDITIONAL_PROPERTIES_REMOVED #/additionalProperties'],
    [],
  ],
  [
    'additional properties narrowed',
    partial(string),
    object({}),
    ['ADDITIONAL_PROPERTIES_NARROWED #/additionalProperties'],
    [],
  ],
  ['additional properties extended', object({}), partial(string), []],
  [
    'unevaluated properties removed',
    { $schema: 'https://json-schema.org/draft/2020-12/schema', ...object({}, { unevaluatedProperties: false }) },
    { $schema: 'https://json-schema.org/draft/2020-12/schema', ...object({}) },
    ['UNEVALUATED_PROPERTIES_REMOVED #/unevaluatedProperties'],
    [],
  ],
  [
    'optional property added to open',
    object({ a: string }),
    object({}),
    ['OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a'],
    [],
  ],
  ['empty property added to open', object({ a: {} }), object({}), []],
  [
    'required property added to open',
    object({ a: string }, { required: ['a'] }),
    object({}),
    ['REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a'],
  ],
  [
    'required property with default added to open',
    object({ a: { ...string, default: '' } }, { required: ['a'] }),
    object({}),
    ['REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL #/properties/a'],
    [],
  ],
  ['optional property added to closed', closed({ a: string }), closed({}), []],
  [
    'required property added to closed',
    closed({ a: string }, { required: ['a'] }),
    closed({}),
    ['REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL #/properties/a'],
  ],
  [
    'required property with default added to closed',
    closed({ a: { ...string, default: '' } }, { required: ['a'] }),
    closed({}),
    [],
  ],
  ['property added, covered', partial(string, { a: string }), partial(string), []],
  [
    'property added, not covered',
    partial(string, { a: integer }),
    partial(string),
    ['PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a'],
    [],
  ],
  ['property removed from open', object({}), object({ a: string }), []],
  [
    'property removed from closed',
    closed({}),
    closed({ a: string }),
    ['PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL #/properties/a'],
    [],
  ],
  ['false property removed from closed', closed({}), closed({ a: false }), []],
  ['property removed, covered', partial(string), partial(string, { a: string }), []],
  [
    'property removed, not covered',
    partial(string),
    partial(string, { a: integer }),
    ['PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL #/properties/a'],
    [],
  ],
  [
    'property covered by a pattern',
    closed({ ab: string }, { patternProperties: { '^a': string } }),
    closed({}, { patternProperties: { '^a': string } }),
    [],
  ],
  [
    'pattern added',
    object({}, { patternProperties: { '^a': string } }),
    object({ b: string }),
    ['SCHEMA_ADDED #/patternProperties/^a'],
  ],
  [
    'pattern changed',
    object({}, { patternProperties: { '^a': integer } }),
    object({}, { patternProperties: { '^a': string } }),
    ['TYPE_CHANGED #/patternProperties/^a'],
  ],
  [
    'nested',
    object({ a: object({ b: integer }) }),
    object({ a: object({ b: string }) }),
    ['TYPE_CHANGED #/properties/a/properties/b'],
  ],
  ['items changed', { type: 'array', items: integer }, { type: 'array', items: string }, ['TYPE_CHANGED #/items']],
  ['items added', { type: 'array', items: integer }, { type: 'array' }, ['SCHEMA_ADDED #/items']],
  ['items removed', { type: 'array' }, { type: 'array', items: integer }, []],
  [
    'item added to open',
    { type: 'array', items: [string] },
    { type: 'array', items: [] },
    ['ITEM_ADDED_TO_OPEN_CONTENT_MODEL #/items/0'],
  ],
  [
    'item added to closed',
    { type: 'array', items: [string, string], additionalItems: false },
    { type: 'array', items: [string], additionalItems: false },
    [],
  ],
  [
    'item removed from closed',
    { type: 'array', items: [string], additionalItems: false },
    { type: 'array', items: [string, string], additionalItems: false },
    ['ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL #/items/1'],
  ],
  [
    'maxItems decreased',
    { type: 'array', maxItems: 1 },
    { type: 'array', maxItems: 2 },
    ['MAX_ITEMS_DECREASED #/maxItems'],
  ],
  ['minItems decreased', { type: 'array', minItems: 1 }, { type: 'array', minItems: 2 }, []],
  ['uniqueItems added', { type: 'array', uniqueItems: true }, { type: 'array' }, ['UNIQUE_ITEMS_ADDED #/uniqueItems']],
  ['uniqueItems removed', { type: 'array' }, { type: 'array', uniqueItems: true }, []],
  ['enum extended', { ...string, enum: ['a', 'b'] }, { ...string, enum: ['a'] }, []],
  ['enum narrowed', { ...string, enum: ['a'] }, { ...string, enum: ['a', 'b'] }, ['ENUM_ARRAY_NARROWED #/enum']],
  ['enum changed', { enum: ['a', 'c'] }, { enum: ['a', 'b'] }, ['ENUM_ARRAY_CHANGED #/enum']],
  ['enum added', { ...string, enum: ['a'] }, string, ['PRODUCT_TYPE_EXTENDED #/']],
  ['enum removed', string, { ...string, enum: ['a'] }, []],
  ['type made nullable', { type: ['null', 'string'] }, string, []],
  ['type no longer nullable', string, { type: ['null', 'string'] }, ['SUM_TYPE_NARROWED #/']],
  ['oneOf extended', { oneOf: [string, integer, { type: 'null' }] }, { oneOf: [string, integer] }, []],
  [
    'oneOf narrowed',
    { oneOf: [string, integer] },
    { oneOf: [string, integer, { type: 'null' }] },
    ['SUM_TYPE_NARROWED #/'],
  ],
  ['oneOf reordered', { oneOf: [integer, string] }, { oneOf: [string, integer] }, []],
  ['oneOf to anyOf', { anyOf: [string, integer] }, { oneOf: [string, integer] }, []],
  ['anyOf to oneOf', { oneOf: [string, integer] }, { anyOf: [string, integer] }, ['COMBINED_TYPE_CHANGED #/']],
  [
    'a branch changed',
    { oneOf: [string, { type: 'boolean' }] },
    { oneOf: [string, integer] },
    ['COMBINED_TYPE_SUBSCHEMAS_CHANGED #/', 'TYPE_CHANGED #/oneOf/1'],
  ],
  [
    'allOf narrowed',
    { allOf: [object({ a: string }), object({ b: string })] },
    { allOf: [object({ a: string }), object({ b: string }), object({ c: string })] },
    [],
  ],
  [
    'allOf extended',
    { allOf: [object({ a: string }), object({ b: string })] },
    { allOf: [object({ a: string })] },
    ['PRODUCT_TYPE_EXTENDED #/', 'OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL #/allOf/1/properties/b'],
    [],
  ],
  ['singleton unwrapped', string, { oneOf: [string] }, []],
  ['not narrowed', { not: { ...string, minLength: 3 } }, { not: string }, []],
  ['not extended', { not: string }, { not: { ...string, minLength: 3 } }, ['NOT_TYPE_EXTENDED #/not']],
  ['connect bytes', { ...string, 'connect.type': 'bytes' }, { ...number, 'connect.type': 'bytes' }, []],
  [
    'recursive, changed once',
    { definitions: { n: object({ v: string, next: { $ref: '#/definitions/n' } }) }, $ref: '#/definitions/n' },
    { definitions: { n: object({ v: integer, next: { $ref: '#/definitions/n' } }) }, $ref: '#/definitions/n' },
    ['TYPE_CHANGED #/properties/v'],
  ],
]

/** Bounds: a higher one lets more through where it is a maximum, and less where it is a minimum. */
const BOUNDS: readonly (readonly [keyword: string, type: string, name: string])[] = [
  ['maxLength', 'string', 'MAX_LENGTH'],
  ['minLength', 'string', 'MIN_LENGTH'],
  ['maximum', 'number', 'MAXIMUM'],
  ['minimum', 'number', 'MINIMUM'],
  ['exclusiveMaximum', 'number', 'EXCLUSIVE_MAXIMUM'],
  ['exclusiveMinimum', 'number', 'EXCLUSIVE_MINIMUM'],
  ['maxItems', 'array', 'MAX_ITEMS'],
  ['minItems', 'array', 'MIN_ITEMS'],
  ['maxProperties', 'object', 'MAX_PROPERTIES'],
  ['minProperties', 'object', 'MIN_PROPERTIES'],
]
for (const [keyword, type, name] of BOUNDS) {
  test(`${keyword}: increased, decreased, added and removed, in both directions`, () => {
    const isMaximum = /max/i.test(keyword)
    const bound = (value?: number) => json({ type, ...(value === undefined ? {} : { [keyword]: value }) })
    const at = `#/${keyword}`
    const [increased, decreased] = [check(bound(5), bound(3)), check(bound(3), bound(5))]
    assert.deepEqual(increased, isMaximum ? [] : [`${name}_INCREASED ${at}`])
    assert.deepEqual(decreased, isMaximum ? [`${name}_DECREASED ${at}`] : [])
    assert.deepEqual(check(bound(3), bound()), [`${name}_ADDED ${at}`])
    assert.deepEqual(check(bound(), bound(3)), [])
    // Forwards it is the other schema that reads.
    assert.deepEqual(check(bound(3), bound(5), 'FORWARD'), increased)
    assert.deepEqual(check(bound(3), bound(), 'FORWARD'), [])
    assert.equal(check(bound(), bound(3), 'FULL').length, 1)
    for (const pair of [check(bound(3), bound(5), 'BACKWARD', 'LENIENT'), decreased]) assert.deepEqual(pair, decreased)
  })
}

for (const [what, schema, previous, strict, lenient = strict] of RULES) {
  test(`JSON Schema: ${what}`, () => {
    const [a, b] = [json(schema), json(previous)]
    assert.deepEqual(check(a, b, 'BACKWARD'), strict)
    assert.deepEqual(check(b, a, 'FORWARD'), strict)
    assert.deepEqual(check(a, b, 'BACKWARD', 'LENIENT'), lenient)
    assert.deepEqual(check(a, b, 'NONE'), [])
  })
}

test('an incompatibility names path and change, shows a document and an edit', () => {
  const [found] = checkCompatibility({
    schema: json(object({ id: integer, a: string }, { required: ['id'] })),
    previous: [json(object({ id: integer }, { required: ['id'] }))],
    level: 'BACKWARD',
  })
  assert.equal(
    found?.message,
    `{errorType:"OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", description:"The old schema has an open content model and the new schema binds a property or item at path '#/properties/a' that was free before"}`,
  )
  assert.deepEqual(found.counterExample, { document: '{"id":0,"a":0}', acceptedBy: 'previous', refusedBy: 'new' })
  assert.match(found.fix ?? '', /LENIENT/)
})

test('recursive oneOf of many branches is decided quickly', () => {
  const refs = Array.from({ length: 12 }, (_, i) => ({ $ref: `#/definitions/d${i}` }))
  const definitions = (last: unknown) =>
    Object.fromEntries(
      refs.map((_, i) => [`d${i}`, object({ a: { oneOf: refs }, b: { oneOf: refs }, c: i === 11 ? last : string })]),
    )
  const [a, b] = [
    json({ definitions: definitions(integer), oneOf: refs }),
    json({ definitions: definitions(string), oneOf: refs }),
  ]
  assert.notDeepEqual(check(a, b), [])
  assert.deepEqual(check(a, a), [])
})

test('recursion through `not` never makes a schema incompatible with itself', () => {
  const through = (step: string, inner: unknown) => ({ not: { properties: { x: { $ref: step }, y: inner } } })
  const schema = {
    definitions: { a: through('#/definitions/b', string), b: through('#/definitions/a', integer) },
    $ref: '#/definitions/a',
  }
  assert.deepEqual(check(json(schema), json(schema), 'FULL_TRANSITIVE'), [])
})

test('a check against many versions ends when its steps are used up', () => {
  const refs = Array.from({ length: 16 }, (_, i) => ({ $ref: `#/definitions/d${i}` }))
  const definitions = Object.fromEntries(
    refs.map((_, i) => [`d${i}`, object({ a: { oneOf: refs }, b: { oneOf: refs }, c: { const: i } })]),
  )
  const previous = json({ definitions, oneOf: refs })
  const schema = json({ definitions, oneOf: refs, title: 'other' })
  const checkAgainst = (versions: number) =>
    checkCompatibility({
      schema,
      previous: Array.from({ length: versions }, () => previous),
      level: 'BACKWARD_TRANSITIVE',
    }).map(({ type }) => type)
  assert.deepEqual(checkAgainst(1), [])
  assert.deepEqual(checkAgainst(1_000), ['BUDGET_EXHAUSTED'])
})

test('a schema is compatible with itself at every level', () => {
  fc.assert(
    fc.property(jsonSchema(), (schema) => {
      // An annotation apart, so that the rules are asked.
      const other = typeof schema === 'object' ? { ...(schema as object), title: 'other' } : schema
      const [a, b] = [json(JSON.stringify(schema)), json(JSON.stringify(other))]
      for (const level of COMPATIBILITY_LEVELS) assert.deepEqual(check(a, b, level), [])
    }),
    { numRuns: 200 },
  )
})

test('what is called compatible is accepted by ajv, and counter-examples are refused', () => {
  let accepted = 0
  let refused = 0
  fc.assert(
    fc.property(jsonPair(), ([a, b]) => {
      const [schema, previous] = [json(JSON.stringify(a)) as ParsedJson, json(JSON.stringify(b)) as ParsedJson]
      // Defaults fill in what is required, as the deserializers do.
      const ajv = new Ajv({ strict: false, useDefaults: true, logger: false, validateSchema: false })
      const [reads, wrote] = [
        ajv.compile(a as object),
        new Ajv({ strict: false, logger: false, validateSchema: false }).compile(b as object),
      ]
      const found = checkCompatibility({ schema, previous: [previous], level: 'BACKWARD' })
      if (found.length === 0) {
        const shapes = new Shapes(previous.document)
        const readerShapes = new Shapes(schema.document)
        const documents = [
          ...samples(shapes, previous.document.root, 0, { steps: 0 }),
          ...samples(readerShapes, schema.document.root, 0, { steps: 0 }),
        ].map((value) => printJson(value))
        for (const text of documents) {
          if (!wrote(JSON.parse(text))) continue
          assert.ok(reads(JSON.parse(text)), `${text} is written but not read`)
          accepted++
        }
      }
      for (const { counterExample } of found) {
        if (counterExample === undefined) continue
        assert.ok(
          wrote(JSON.parse(counterExample.document)),
          `${counterExample.document} is not what the old schema accepts`,
        )
        const plain = new Ajv({ strict: false, logger: false, validateSchema: false }).compile(a as object)
        assert.ok(!plain(JSON.parse(counterExample.document)), `${counterExample.document} is read`)
        refused++
      }
    }),
    { numRuns: 250, seed: 7 },
  )
  assert.ok(accepted > 100 && refused > 30, `${accepted} accepted, ${refused} refused`)
})
