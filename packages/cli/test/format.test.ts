/** How records are printed and lines are read: tokens, escapes, delimiters, JSON, bytes that are no text. */
import assert from 'node:assert/strict'
import { Readable } from 'node:stream'
import test from 'node:test'
import fc from 'fast-check'
import { CliError } from '../src/exit.ts'
import { ByteSink, compileFormat, jsonPrinter, plainPrinter, unescape, type RawRecord } from '../src/format.ts'
import { lines } from '../src/lines.ts'

function record(
  fields: { key?: Buffer | null; value?: Buffer | null; headers?: [string, Buffer | null][] } = {},
): RawRecord {
  const { key = Buffer.from('k'), value = Buffer.from('v'), headers = [] } = fields
  return {
    topic: 'orders',
    partition: 2,
    offset: 2n ** 53n + 1n,
    timestamp: 1_700_000_000_000,
    timestampType: 'create',
    leaderEpoch: 0,
    key,
    value,
    rawKey: key,
    rawValue: value,
    error: null,
    headers: Object.assign(headers, { size: headers.length }) as unknown as RawRecord['headers'],
    detach: () => record(fields),
  }
}

function printed(format: string, one: RawRecord, nullText = 'NULL'): string {
  const sink = new ByteSink()
  compileFormat(format, nullText)(one, sink)
  return sink.take().toString('latin1')
}

test('every token prints its part', () => {
  const one = record({
    headers: [
      ['a', Buffer.from('1')],
      ['b', null],
    ],
  })
  assert.equal(
    printed('%t %p %o %k %s %v %K %S %V %T %h %%', one),
    'orders 2 9007199254740993 k v v 1 1 1 1700000000000 a=1,b=NULL %',
  )
})

test('null prints as asked and has size -1', () => {
  assert.equal(printed('%k|%s|%K|%S', record({ key: null, value: null }), '~'), '~|~|-1|-1')
})

test('escapes are read and unknown tokens refused', () => {
  assert.equal(printed('a\\tb\\n\\r\\x41\\\\\\q', record()), 'a\tb\n\rA\\q')
  assert.throws(() => printed('%y', record()), CliError)
  assert.throws(() => printed('100%', record()), CliError)
  assert.throws(() => printed('\\xg1', record()), CliError)
  assert.equal(unescape('\\t,\\n'), '\t,\n')
})

test('bytes that are no text pass unchanged', () => {
  const bytes = Buffer.from([0, 0xff, 0xfe, 0x0a])
  const sink = new ByteSink()
  plainPrinter({ keyDelimiter: ':', delimiter: '\n', nullText: '' })(record({ key: bytes, value: bytes }), sink)
  assert.deepEqual(sink.take(), Buffer.concat([bytes, Buffer.from(':'), bytes, Buffer.from('\n')]))
})

test('a sink hands out what went in, however large', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.uint8Array({ maxLength: 200_000 })), { maxLength: 6 }), (parts) => {
      const sink = new ByteSink()
      for (const part of parts) {
        if (typeof part === 'string') sink.text(part)
        else sink.bytes(part)
      }
      const expected = Buffer.concat(parts.map((part) => Buffer.from(part as string)))
      assert.equal(sink.sizeBytes, expected.length)
      assert.equal(sink.take().equals(expected), true)
      assert.equal(sink.sizeBytes, 0)
    }),
    { numRuns: 30 },
  )
})

test('a record as JSON has the names of kcat; an offset beyond 2^53 is a string, bytes are base64', () => {
  const sink = new ByteSink()
  jsonPrinter(record({ key: Buffer.from([0xff]), value: Buffer.from('ä'), headers: [['h', null]] }), sink)
  assert.deepEqual(JSON.parse(sink.take().toString()), {
    topic: 'orders',
    partition: 2,
    offset: '9007199254740993',
    tstype: 'create',
    ts: 1_700_000_000_000,
    headers: ['h', null],
    key: '/w==',
    key_encoding: 'base64',
    payload: 'ä',
  })
})

async function linesOf(chunks: readonly (Buffer | string)[], delimiter = '\n'): Promise<string[]> {
  const found: string[] = []
  const stream = Readable.from(chunks.map((chunk) => Buffer.from(chunk as string)))
  for await (const group of lines(stream, Buffer.from(delimiter), new AbortController().signal)) {
    found.push(...group.map((line) => line.toString('latin1')))
  }
  return found
}

test('lines are the same however the stream is cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.string()),
      fc.array(fc.nat(20), { minLength: 1, maxLength: 10 }),
      async (texts, cuts) => {
        const clean = texts.map((text) => Buffer.from(text.replace(/[\r\n]/g, '.')).toString('latin1'))
        const whole = Buffer.from(clean.map((text) => `${text}\n`).join(''), 'latin1')
        const chunks: Buffer[] = []
        for (let at = 0, i = 0; at < whole.length; i++) {
          const size = cuts[i % cuts.length]! + 1
          chunks.push(whole.subarray(at, at + size))
          at += size
        }
        assert.deepEqual(await linesOf(chunks), clean)
      },
    ),
    { numRuns: 50 },
  )
})

test('a last line without a delimiter counts, an empty one does not; \\r\\n ends a line too', async () => {
  assert.deepEqual(await linesOf(['a\nb']), ['a', 'b'])
  assert.deepEqual(await linesOf(['a\n']), ['a'])
  assert.deepEqual(await linesOf(['\n\n']), ['', ''])
  assert.deepEqual(await linesOf(['a\r', '\nb\r\n']), ['a', 'b'])
  assert.deepEqual(await linesOf(['a-', '-b--c'], '--'), ['a', 'b', 'c'])
  await assert.rejects(linesOf(['a'], ''), CliError)
})
