/** What a declaration means, on messages made for the purpose. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { int16, int32, int64, string, struct, structs } from '../src/declare.ts'
import { ProtocolError, type ProtocolErrorCode } from '../src/errors.ts'
import { FetchRequest, message, OffsetCommitRequest } from '../src/index.ts'

const Probe = message({
  kind: 'data',
  name: 'Probe',
  versions: '0-3',
  flexible: '2+',
  fields: {
    id: int32({ default: -1 }),
    label: string({ versions: '1+', nullable: '2+', ignorable: true }),
    strict: int16({ versions: '1+' }),
    late: string({ versions: '2+', nullable: '2+', default: null, tag: 3, tagged: '2+' }),
    early: int64({ versions: '2+', tag: 0, tagged: '2+', ignorable: true }),
    parts: structs({ offset: int64() }),
    inner: struct({ a: int16(), b: string() }, { versions: '3+', nullable: '3+', default: null }),
  },
})

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex')
const bytes = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))

function refused(code: ProtocolErrorCode, where: string, act: () => unknown): void {
  assert.throws(act, (error) => {
    assert.ok(error instanceof ProtocolError)
    assert.deepEqual([error.code, error.where], [code, where])
    return true
  })
}

test('absent fields take their defaults, on the wire and in the value', () => {
  assert.equal(hex(Probe.encode({}, 0)), 'ffffffff 00000000'.replace(' ', ''))
  assert.deepEqual(Probe.decode(bytes('00000007 00000000'), 0), {
    id: 7,
    label: '',
    strict: 0,
    late: null,
    early: 0,
    parts: [],
    inner: null,
  })
})

test('tagged fields are written in the order of their tags, and only when they differ from the default', () => {
  assert.equal(
    hex(Probe.encode({ late: 'x', early: 5 }, 2)),
    hex(bytes('ffffffff 01 0000 01 02 00 08 0000000000000005 03 02 0278')),
  )
  assert.equal(hex(Probe.encode({}, 2)), hex(bytes('ffffffff 01 0000 01 00')))
})

test('unknown tagged fields are stepped over, at the end of every struct', () => {
  const value = Probe.decode(bytes('00000001 01 0000 02 0000000000000002 01 63 03 aabbcc 01 09 00'), 2)
  assert.deepEqual(value.parts, [{ offset: 2 }])
})

test('tagged fields out of order are accepted, as Apache Kafka does', () => {
  const value = Probe.decode(bytes('00000001 01 0000 01 02 03 02 0278 00 08 0000000000000005'), 2)
  assert.deepEqual([value.late, value.early], ['x', 5])
})

test('a tagged field that is longer or shorter than its size is refused', () => {
  refused('TRAILING_BYTES', 'Probe v2', () =>
    Probe.decode(bytes('00000001 01 0000 01 01 00 09 0000000000000005 00'), 2),
  )
  refused('TRAILING_BYTES', 'Probe v2', () => Probe.decode(bytes('00000001 01 0000 01 01 00 07 0000000000000005'), 2))
})

test('a nullable struct is preceded by -1 or 1', () => {
  assert.equal(hex(Probe.encode({ inner: null }, 3)), hex(bytes('ffffffff 01 0000 01 ff 00')))
  assert.equal(hex(Probe.encode({ inner: { a: 2 } }, 3)), hex(bytes('ffffffff 01 0000 01 01 0002 01 00 00')))
  refused('INVALID_VALUE', 'Probe v3: inner', () => Probe.decode(bytes('ffffffff 01 0000 01 02 0002 01 00 00'), 3))
})

test('a field that the version lacks is dropped when ignorable, refused when set otherwise', () => {
  assert.equal(hex(Probe.encode({ label: 'dropped', early: 9, strict: 0, inner: null }, 0)), 'ffffffff00000000')
  refused('UNSUPPORTED_VERSION', 'Probe v0: strict', () => Probe.encode({ strict: 1 }, 0))
  refused('UNSUPPORTED_VERSION', 'Probe v2: inner', () => Probe.encode({ inner: {} }, 2))
})

test('null is refused on both sides where the version has none', () => {
  refused('UNEXPECTED_NULL', 'Probe v1: label', () => Probe.encode({ label: null }, 1))
  refused('UNEXPECTED_NULL', 'Probe v1: label', () => Probe.decode(bytes('00000001 ffff 0000 00000000'), 1))
  refused('UNEXPECTED_NULL', 'Probe v0: parts', () => Probe.decode(bytes('00000001 ffffffff'), 0))
  assert.equal(Probe.decode(Probe.encode({ label: null }, 2), 2).label, null)
})

test('errors name the field, its index and the version', () => {
  refused('INVALID_VALUE', 'Probe v0: parts[1].offset', () => Probe.encode({ parts: [{}, { offset: 0.5 }] }, 0))
  refused('INVALID_VALUE', 'Probe v0: parts[0].offset', () =>
    Probe.decode(bytes('00000001 00000001 0020000000000000'), 0),
  )
})

test('of a large message only the name is told: to look for the field would take too long', () => {
  const parts = Array.from({ length: 10_000 }, () => ({}))
  const encoded = Probe.encode({ parts }, 0)
  encoded[encoded.length - 7] = 0x20
  refused('INVALID_VALUE', 'Probe v0', () => Probe.decode(encoded, 0))
  refused('INVALID_VALUE', 'Probe v0', () => Probe.encode({ parts: [...parts, { offset: 0.5 }] }, 0))
})

test('bytes after the message are refused, a cut message as well', () => {
  refused('TRAILING_BYTES', 'Probe v0', () => Probe.decode(bytes('00000001 00000000 00'), 0))
  refused('TRUNCATED', 'Probe v0: parts', () => Probe.decode(bytes('00000001 000000'), 0))
})

test('versions that the message does not have are refused', () => {
  for (const version of [-1, 4, 1.5, NaN]) {
    refused('UNSUPPORTED_VERSION', 'Probe', () => Probe.encode({}, version))
    refused('UNSUPPORTED_VERSION', 'Probe', () => Probe.decode(new Uint8Array(8), version))
  }
  refused('UNSUPPORTED_VERSION', 'FetchRequest', () => FetchRequest.decode(new Uint8Array(0), 3))
})

test('values of all versions have the same fields in the same order', () => {
  const names = [2, 6, 7, 8, 9].map((version) =>
    Object.keys(OffsetCommitRequest.decode(OffsetCommitRequest.encode({}, version), version)),
  )
  for (const each of names) assert.deepEqual(each, names[0])
})

test('defaults that are objects are not shared between values', () => {
  const first = Probe.decode(Probe.encode({}, 2), 2)
  first.parts.push({ offset: 1 })
  assert.deepEqual(Probe.decode(Probe.encode({}, 2), 2).parts, [])
})

test('where code generation is forbidden the interpreter does the work', () => {
  const index = join(import.meta.dirname, '..', 'src', 'index.ts')
  const script = `
    import { MetadataRequest } from ${JSON.stringify(index)}
    const bytes = MetadataRequest.encode({ topics: [{ name: 'orders' }] }, 12)
    console.log(MetadataRequest.decode(bytes, 12).topics[0].name)`
  const flags = ['--disallow-code-generation-from-strings', '--input-type=module', '--eval', script]
  const { stdout, stderr } = spawnSync(process.execPath, flags, { encoding: 'utf8', timeout: 30_000 })
  assert.equal(stdout, 'orders\n', stderr)
})
