/** Protobuf compatibility: golden rows per change, self-compatibility, and agreement with protobufjs reading what protobufjs wrote. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import protobufjs from 'protobufjs'
import { checkCompatibility, COMPATIBILITY_LEVELS, differences, parseSchema } from '../../src/formats/index.ts'
import { protoFile, protoPair } from './protobuf-generator.ts'
import { check, protobuf } from './tools.ts'

const p3 = (body: string): string => `syntax = "proto3"; package p; ${body}`
const message = (body: string): string =>
  p3(`message M { ${body} } message N { int32 a = 1; } message O { } enum E { Z = 0; }`)
const p2 = (body: string): string => `syntax = "proto2"; message M { ${body} }`

/** what · new schema · old schema · changes */
const RULES: readonly (readonly [what: string, schema: string, previous: string, changes: string[]])[] = [
  ['equal', message('string a = 1;'), message('string a = 1;'), []],
  [
    'package changed',
    'syntax = "proto3"; package q; message M {}',
    'syntax = "proto3"; package p; message M {}',
    ['PACKAGE_CHANGED #/'],
  ],
  ['message added', p3('message M {} message Q {}'), p3('message M {}'), []],
  ['message removed', p3('message M {}'), p3('message M {} message Q {}'), ['MESSAGE_REMOVED #/Q']],
  ['nested message removed', p3('message M {}'), p3('message M { message Q {} }'), ['MESSAGE_REMOVED #/M/Q']],
  ['message moved', p3('message M { Q q = 1; message Q {} }'), p3('message M { Q q = 1; } message Q {}'), []],
  [
    'message moved and changed',
    p3('message M { Q q = 1; message Q { string a = 1; } }'),
    p3('message M { Q q = 1; } message Q { int32 a = 1; }'),
    ['FIELD_SCALAR_KIND_CHANGED #/Q/1'],
  ],
  ['enum removed', p3('message M {}'), p3('message M {} enum X { Z = 0; }'), []],
  ['enum constant changed', p3('enum X { Z = 0; B = 1; }'), p3('enum X { Z = 0; A = 1; C = 2; }'), []],
  ['field added', message('string a = 1; string b = 2;'), message('string a = 1;'), []],
  ['field removed', message(''), message('string a = 1;'), []],
  ['field renamed', message('string b = 1;'), message('string a = 1;'), []],
  [
    'within a group of kinds',
    message('int64 a = 1; E b = 2; sint64 c = 3; bytes d = 4; sfixed32 e = 5;'),
    message('bool a = 1; uint32 b = 2; sint32 c = 3; string d = 4; fixed32 e = 5;'),
    [],
  ],
  ['int32 to sint32', message('sint32 a = 1;'), message('int32 a = 1;'), ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
  ['string to int32', message('int32 a = 1;'), message('string a = 1;'), ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
  ['float to double', message('double a = 1;'), message('float a = 1;'), ['FIELD_SCALAR_KIND_CHANGED #/M/1']],
  ['scalar to message', message('N a = 1;'), message('string a = 1;'), ['FIELD_KIND_CHANGED #/M/1']],
  ['map to message', message('N a = 1;'), message('map<string, string> a = 1;'), ['FIELD_KIND_CHANGED #/M/1']],
  ['another message', message('O a = 1;'), message('N a = 1;'), ['FIELD_NAMED_TYPE_CHANGED #/M/1']],
  [
    'map value changed',
    message('map<string, int32> a = 1;'),
    message('map<string, string> a = 1;'),
    ['FIELD_SCALAR_KIND_CHANGED #/M/1/2'],
  ],
  ['string label changed', message('repeated string a = 1;'), message('string a = 1;'), []],
  [
    'numeric label changed',
    message('repeated int32 a = 1;'),
    message('int32 a = 1;'),
    ['FIELD_NUMERIC_LABEL_CHANGED #/M/1'],
  ],
  ['required added', p2('required string a = 1;'), p2(''), ['REQUIRED_FIELD_ADDED #/M/1']],
  ['required removed', p2(''), p2('required string a = 1;'), ['REQUIRED_FIELD_REMOVED #/M/1']],
  ['made required', p2('required string a = 1;'), p2('optional string a = 1;'), ['REQUIRED_FIELD_ADDED #/M/1']],
  ['oneof added', message('oneof o { string a = 1; string b = 2; }'), message(''), []],
  ['oneof removed whole', message(''), message('oneof o { string a = 1; string b = 2; }'), []],
  [
    'oneof renamed',
    message('oneof q { string a = 1; string b = 2; }'),
    message('oneof o { string a = 1; string b = 2; }'),
    [],
  ],
  ['oneof field added', message('oneof o { string a = 1; string b = 2; }'), message('oneof o { string a = 1; }'), []],
  [
    'oneof field removed',
    message('oneof o { string a = 1; }'),
    message('oneof o { string a = 1; string b = 2; }'),
    ['ONEOF_FIELD_REMOVED #/M/o/2'],
  ],
  [
    'oneof fields moved to the top',
    message('string a = 1; string b = 2;'),
    message('oneof o { string a = 1; string b = 2; }'),
    [],
  ],
  ['one field moved to a new oneof', message('oneof o { string a = 1; }'), message('string a = 1;'), []],
  [
    'several fields moved to a oneof',
    message('oneof o { string a = 1; string b = 2; }'),
    message('string a = 1; string b = 2;'),
    ['MULTIPLE_FIELDS_MOVED_TO_ONEOF #/M/o'],
  ],
  [
    'a field moved to an existing oneof',
    message('oneof o { string a = 1; string b = 2; }'),
    message('string a = 1; oneof o { string b = 2; }'),
    ['FIELD_MOVED_TO_EXISTING_ONEOF #/M/o'],
  ],
  [
    'recursive, changed once',
    p3('message M { M m = 1; string a = 2; }'),
    p3('message M { M m = 1; int32 a = 2; }'),
    ['FIELD_SCALAR_KIND_CHANGED #/M/2'],
  ],
]

for (const [what, schema, previous, changes] of RULES) {
  test(`Protobuf: ${what}`, () => {
    const [a, b] = [protobuf(schema), protobuf(previous)]
    assert.deepEqual(check(a, b, 'BACKWARD'), changes)
    assert.deepEqual(check(b, a, 'FORWARD'), changes)
    assert.deepEqual(check(a, b, 'NONE'), [])
  })
}

test('types of references are compared where fields use them, unless both name the same reference', () => {
  const of = (version: number, inner: string) =>
    parseSchema({
      schemaType: 'PROTOBUF',
      schema: p3('import "r.proto"; message M { r.R r = 1; }'),
      references: [
        {
          name: 'r.proto',
          subject: 'r',
          version,
          schema: `syntax = "proto3"; package r; message R { ${inner} a = 1; }`,
        },
      ],
    })
  assert.deepEqual(check(of(2, 'string'), of(1, 'int32')), ['FIELD_SCALAR_KIND_CHANGED #/M/1/1'])
  assert.deepEqual(check(of(2, 'int64'), of(1, 'int32')), [])
  assert.deepEqual(check(of(1, 'int32'), of(1, 'int32')), [])
})

test('an incompatibility names path and change, and shows an edit', () => {
  const [found] = checkCompatibility({
    schema: protobuf(message('int32 a = 1;')),
    previous: [protobuf(message('string a = 1;'))],
    level: 'BACKWARD',
  })
  assert.equal(
    found?.message,
    `{errorType:"FIELD_SCALAR_KIND_CHANGED", description:"The kind (string and int32) of field a at path '#/M/1' in the new schema does not match the old schema"}`,
  )
  assert.equal(found.fix, 'give the field a its type back')
})

test('a schema is compatible with itself at every level', () => {
  fc.assert(
    fc.property(protoFile(), (text) => {
      // The rules themselves, past the shortcut for equal texts.
      const rules = differences({
        reader: protobuf(text),
        writer: protobuf(text),
        policy: 'STRICT',
        editable: 'reader',
      })
      assert.deepEqual(rules, [])
      for (const level of COMPATIBILITY_LEVELS) assert.deepEqual(check(protobuf(text), protobuf(text), level), [])
    }),
    { numRuns: 100 },
  )
})

test('every incompatibility shows a document that the old schema can write and protobufjs takes', () => {
  for (const [what, schema, previous, changes] of RULES) {
    const found = checkCompatibility({ schema: protobuf(schema), previous: [protobuf(previous)], level: 'BACKWARD' })
    assert.equal(found.length, changes.length)
    for (const { counterExample, fix } of found) {
      assert.ok(counterExample !== undefined && fix !== undefined, what)
      assert.deepEqual([counterExample.acceptedBy, counterExample.refusedBy], ['previous', 'new'])
      JSON.parse(counterExample.document)
    }
  }
  const shown = (schema: string, previous: string): string | undefined =>
    checkCompatibility({ schema: protobuf(schema), previous: [protobuf(previous)], level: 'BACKWARD' })[0]
      ?.counterExample?.document
  assert.equal(shown(message('int32 some_name = 1;'), message('string some_name = 1;')), '{"someName":"a"}')
  assert.equal(shown(message('double a = 1;'), message('repeated int64 a = 1;')), '{"a":["1"]}')
  assert.equal(shown(message('N a = 1;'), message('map<int32, bytes> a = 1;')), '{"a":{"1":"YQ=="}}')
  assert.equal(shown(message('map<string, int32> a = 1;'), message('map<string, string> a = 1;')), '{"a":{"a":"a"}}')
  assert.equal(
    shown(message('oneof o { string a = 1; string b = 2; }'), message('string a = 1; string b = 2;')),
    '{"a":"a","b":"a"}',
  )
})

test('what is called compatible is read by protobufjs', () => {
  let read = 0
  fc.assert(
    fc.property(protoPair(), ([schema, previous]) => {
      if (check(protobuf(schema), protobuf(previous)).length > 0) return
      const [reader, writer] = [
        protobufjs.parse(schema, { keepCase: true }).root,
        protobufjs.parse(previous, { keepCase: true }).root,
      ]
      for (const name of ['p.A', 'p.B']) {
        const [to, from] = [reader.lookupType(name), writer.lookupType(name)]
        const value = from.fromObject(sample(from, 0))
        const decoded = to.decode(from.encode(value).finish())
        // No field both know changes its wire type: what is read was either known or skipped whole.
        assert.equal(to.verify(to.toObject(decoded)), null)
        read++
      }
    }),
    { numRuns: 300, seed: 11 },
  )
  assert.ok(read > 100, `${read} read`)
})

function sample(type: protobufjs.Type, depth: number): { [name: string]: unknown } {
  const object: { [name: string]: unknown } = {}
  for (const field of type.fieldsArray) {
    field.resolve()
    const inner = field.resolvedType
    let value: unknown
    if (inner instanceof protobufjs.Type) value = depth < 2 ? sample(inner, depth + 1) : {}
    else if (inner instanceof protobufjs.Enum) value = 0
    else if (field.type === 'string') value = 'text'
    else if (field.type === 'bytes') value = Buffer.from('text')
    else value = field.type === 'bool' ? true : 1
    if (field.map) object[field.name] = { k: value }
    else object[field.name] = field.repeated ? [value, value] : value
  }
  return object
}
