/** Protobuf: what is parsed and refused, canonical and normalized texts, descriptors both ways, references. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import protobufjs from 'protobufjs'
import descriptor from 'protobufjs/ext/descriptor/index.js'
import {
  equalResolved,
  parseSchema,
  protobufMessages,
  SchemaError,
  type ParsedProtobuf,
} from '../../src/formats/index.ts'
import { protoFile } from './protobuf-generator.ts'
import { protobuf } from './tools.ts'

const RICH = `
// a comment
syntax = "proto3"; /* another */
package acme.v1;
import public "google/protobuf/timestamp.proto"; import "google/protobuf/wrappers.proto";
option java_package = "com.acme"; option (custom).part = { a: 1, b { c: "x" } d: [1, 2] };
message Order {
  reserved 5, 7 to 9, 100 to max; reserved "old";
  option deprecated = true;
  string id = 1 [json_name = "ID", deprecated = true];
  repeated Line lines = 2;
  map<string, .acme.v1.Order.Line> by_name = 3;
  optional int32 count = 4 [deprecated=true];
  oneof pay { string card = 10; bytes 	cash = 11; }
  google.protobuf.Timestamp at = 12;
  enum Kind { option allow_alias = true; NONE = 0; A = 1; B = 0x1; NEG = -1 [deprecated = true]; }
  message Line { Kind kind = 1; }
}
service Orders { rpc Get (Order) returns (stream Order); rpc Put (stream Order) returns (Order) { option deprecated = true; } }
`

const RICH_CANONICAL = `syntax = "proto3";
package acme.v1;

import public "google/protobuf/timestamp.proto";
import "google/protobuf/wrappers.proto";

option java_package = "com.acme";
option (custom).part = {
  a: 1,
  b: {
    c: "x"
  },
  d: [
    1,
    2
  ]
};

message Order {
  reserved 5, 7 to 9, 100 to max;
  reserved "old";

  option deprecated = true;

  string id = 1 [
    json_name = "ID",
    deprecated = true
  ];
  repeated Line lines = 2;
  map<string, .acme.v1.Order.Line> by_name = 3;
  optional int32 count = 4 [deprecated = true];
  google.protobuf.Timestamp at = 12;

  oneof pay {
    string card = 10;
    bytes cash = 11;
  }

  enum Kind {
    option allow_alias = true;

    NONE = 0;
    A = 1;
    B = 1;
    NEG = -1 [deprecated = true];
  }

  message Line {
    Kind kind = 1;
  }
}

service Orders {
  rpc Get (Order) returns (stream Order);
  rpc Put (stream Order) returns (Order) {
    option deprecated = true;
  }
}
`

test('canonical Protobuf: one layout, no comments', () => {
  const parsed = protobuf(RICH)
  assert.equal(parsed.canonical, RICH_CANONICAL)
  assert.equal(protobuf(parsed.canonical).canonical, RICH_CANONICAL)
  assert.equal(parsed.name, 'acme.v1.Order')
})

test('canonical Protobuf: proto2 with groups, extensions, extends, defaults', () => {
  const canonical = `syntax = "proto2";

message M {
  required string a = 1 [default = "x\\"\\n"];
  optional group G = 2 {
    optional int32 b = 3 [default = -inf];
  }

  extensions 100 to 199;

  extend M {
    optional M self = 100;
  }

  message Empty {}
}

extend M {
  optional int32 more = 101;
}
`
  assert.equal(protobuf(canonical).canonical, canonical)
  assert.equal(protobuf(canonical).format('ignore_extensions').includes('extend M'), false)
})

test('normalized Protobuf: sorted, with full names', () => {
  const a = protobuf(
    'syntax = "proto3"; package p; option b = 1; option a = 2; message M { N n = 2; string s = 1; message N {} }',
  )
  const b = protobuf(
    'syntax = "proto3"; package p; option a = 2; option b = 1; message M { string s = 1; M.N n = 2; message N {} }',
  )
  assert.notEqual(a.canonical, b.canonical)
  assert.equal(a.normalized(), b.normalized())
  assert.match(a.normalized(), / {2}string s = 1;\n {2}\.p\.M\.N n = 2;\n/)
})

test('messages have the indexes of the wire format; entities their dotted paths', () => {
  const parsed = protobuf(
    'syntax = "proto3"; package p; message A { message B {} message C { message D {} } } enum E { Z = 0; } message F { string s = 1; }',
  ) as ParsedProtobuf
  assert.deepEqual(
    protobufMessages(parsed.file).map(({ fullName, indexes }) => `${fullName} ${indexes.join()}`),
    ['p.A 0', 'p.A.B 0,0', 'p.A.C 0,1', 'p.A.C.D 0,1,0', 'p.F 1'],
  )
  assert.deepEqual(
    parsed.entities().map(({ path }) => path),
    ['.p.A', '.p.A.B', '.p.A.C', '.p.A.C.D', '.p.E', '.p.F', '.p.F.s'],
  )
})

const INVALID: readonly (readonly [schema: string, message: RegExp])[] = [
  ['message M', /line 1, column 10: the text ends too early/],
  ['syntax = "proto4";', /unknown syntax "proto4"/],
  ['message M { string a = 0; }', /line 1, column 24: 0 cannot be a field's number/],
  ['message M { string a = 19000; }', /19000 cannot be a field's number/],
  ['message M { string a = 1; int32 b = 1; }', /M\.b: the number 1 is used twice/],
  ['message M { string a = 1; int32 a = 2; }', /M: "a" is defined twice/],
  ['message M { reserved 1; string a = 1; }', /M\.a: the number or name is reserved/],
  ['message M { Foo a = 1; }', /M\.a: "Foo" is not defined/],
  ['import "x.proto"; message M {}', /import "x.proto": "x.proto" is imported, but not among the references/],
  ['syntax = "proto3"; message M { required string a = 1; }', /M\.a: proto3 has no required fields/],
  ['syntax = "proto3"; enum E { A = 1; }', /E\.A: the first constant of a proto3 enum must be 0/],
  ['enum E { A = 0; B = 0; }', /E\.B: the number 0 is used twice/],
  ['message M { map<float, string> m = 1; }', /"float" cannot be the key of a map/],
  ['message M { oneof o { repeated string a = 1; } }', /M\.a: a field of a oneof has no label/],
  ['message M { string a = 1 }', /";" was expected, not "}"/],
  ['message M { string a = 1; } /* x', /a comment is not closed/],
  ['service S { rpc R (X) returns (X); }', /S\.R: "X" is not a message/],
  ['!', /line 1, column 1: "!" is not expected here/],
  ['AAAA', /not a file descriptor/],
]

for (const [schema, message] of INVALID) {
  test(`refused Protobuf: ${schema}`, () => {
    assert.throws(
      () => protobuf(schema),
      (error) => error instanceof SchemaError && message.test(error.message),
    )
  })
}

test('references: imports, public imports through them, and circles', () => {
  const c = { name: 'c.proto', subject: 'c', version: 1, schema: 'syntax = "proto3"; package c; message C {}' }
  const b = {
    name: 'b.proto',
    subject: 'b',
    version: 1,
    schema: 'syntax = "proto3"; package b; import public "c.proto"; message B { c.C c = 1; }',
    references: [c],
  }
  const schema = 'syntax = "proto3"; import "b.proto"; message A { b.B b = 1; c.C c = 2; }'
  const parsed = parseSchema({ schemaType: 'PROTOBUF', schema, references: [b] })
  assert.match(parsed.normalized(), /\.c\.C c = 2/)
  assert.ok(equalResolved(parsed, parseSchema({ schemaType: 'PROTOBUF', schema, references: [{ ...b, version: 2 }] })))
  assert.ok(
    !equalResolved(
      parsed,
      parseSchema({
        schemaType: 'PROTOBUF',
        schema,
        references: [{ ...b, version: 2, references: [{ ...c, schema: `${c.schema} message D {}` }] }],
      }),
    ),
  )
  const hidden = { ...b, schema: b.schema.replace('public ', '') }
  assert.throws(
    () => parseSchema({ schemaType: 'PROTOBUF', schema, references: [hidden] }),
    /A\.c: "c\.C" is not defined/,
  )
  const circular = [
    { name: 'x.proto', subject: 'x', version: 1, schema: 'import "y.proto"; message X {}' },
    { name: 'y.proto', subject: 'y', version: 1, schema: 'import "x.proto"; message Y {}' },
  ]
  assert.throws(
    () => parseSchema({ schemaType: 'PROTOBUF', schema: 'import "x.proto";', references: circular }),
    /imports itself/,
  )
})

test('a descriptor is what another implementation reads, and reads back as the same schema', () => {
  // That implementation has no well-known types at hand when it reads descriptors.
  const parsed = protobuf(RICH.replace('google.protobuf.Timestamp at = 12;', '').replace(/import .*/, ''))
  const serialized = parsed.format('serialized')
  const { FileDescriptorSet, FileDescriptorProto } = descriptor as unknown as Record<
    'FileDescriptorSet' | 'FileDescriptorProto',
    protobufjs.Type
  >
  const set = FileDescriptorSet.create({ file: [FileDescriptorProto.decode(Buffer.from(serialized, 'base64'))] })
  const root = (
    protobufjs.Root as unknown as { fromDescriptor(set: protobufjs.Message): protobufjs.Root }
  ).fromDescriptor(set)
  const order = root.lookupType('acme.v1.Order')
  assert.deepEqual(
    order.fieldsArray.map(({ name, id, type }) => `${name} ${id} ${type}`).sort((a, b) => (a < b ? -1 : 1)),
    [
      'ID 1 string',
      'byName 3 .acme.v1.Order.Line',
      'card 10 string',
      'cash 11 bytes',
      'count 4 int32',

      'lines 2 .acme.v1.Order.Line',
    ],
  )
  const again = protobuf(serialized)
  assert.equal(again.format('serialized'), serialized)
  const paths = (schema: typeof parsed) =>
    schema
      .entities()
      .map(({ path }) => path)
      .sort((a, b) => (a < b ? -1 : 1))
  assert.deepEqual(paths(again), paths(parsed))
})

test('canonical and normalized texts are fixed points, descriptors too', () => {
  fc.assert(
    fc.property(protoFile(), (text) => {
      const parsed = protobuf(text)
      assert.equal(protobuf(parsed.canonical).canonical, parsed.canonical)
      assert.equal(protobuf(parsed.normalized()).normalized(), parsed.normalized())
      const serialized = parsed.format('serialized')
      const again = protobuf(serialized)
      assert.equal(again.format('serialized'), serialized)
      assert.equal(again.normalized(), parsed.normalized())
    }),
    { numRuns: 200 },
  )
})

test('any text parses or is refused as a SchemaError', () => {
  const hostile = [
    'message M {'.repeat(50_000),
    `message M { option a = ${'{a:'.repeat(5000)}`,
    `message M { option a = ${'['.repeat(5000)}`,
    `message M { ${'oneof x {'.repeat(5000)}`,
    'A'.repeat(100_000),
  ]
  for (const text of hostile) assert.throws(() => protobuf(text), SchemaError)
  const mutated = fc.tuple(protoFile(), fc.nat(), fc.string()).map(([text, at, junk]) => {
    const i = at % text.length
    return text.slice(0, i) + junk + text.slice(i + 1)
  })
  const bytes = fc.tuple(protoFile(), fc.nat(), fc.nat(255)).map(([text, at, byte]) => {
    const descriptor = Buffer.from(protobuf(text).format('serialized'), 'base64')
    descriptor[at % descriptor.length] = byte
    return descriptor.toString('base64')
  })
  fc.assert(
    fc.property(fc.oneof(fc.string(), mutated, bytes, fc.base64String()), (text) => {
      try {
        assert.ok(protobuf(text).canonical)
      } catch (error) {
        assert.ok(error instanceof SchemaError || error instanceof assert.AssertionError, String(error))
      }
    }),
    { numRuns: 600 },
  )
})
