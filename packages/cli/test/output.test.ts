/** One result in every format, and what a terminal changes. */
import assert from 'node:assert/strict'
import { Readable, Writable } from 'node:stream'
import test from 'node:test'
import { CliError } from '../src/exit.ts'
import { OUTPUT_FORMATS, render, renderError, toJson, type Result } from '../src/output.ts'
import { Terminal, type Io } from '../src/terminal.ts'
import { assertGolden } from './drive.ts'

const result: Result = {
  data: [
    { name: 'orders', records: 12n, note: null },
    { name: 'a-much-longer-name', records: 2n ** 60n, note: 'two\nlines\tand a tab' },
  ],
  table: {
    columns: [{ title: 'name' }, { title: 'records', align: 'right' }, { title: 'id', wide: true }, { title: 'note' }],
    rows: [
      ['orders', 12n, 'x', null],
      ['a-much-longer-name', 2n ** 60n, 'y', 'two lines'],
    ],
  },
}

test('one result in every format', async () => {
  const texts: string[] = []
  for (const format of OUTPUT_FORMATS) texts.push(`-o ${format}\n${await render('topic list', result, format, false)}`)
  assertGolden('formats.txt', texts.join('\n'))
})

test('a result without a table is names and values, a sentence is itself', async () => {
  const plain: Result = { data: { a: 1, b: { c: 2 } } }
  assert.equal(await render('x', plain, 'tsv', false), 'a\t1\nb\t{"c":2}\n')
  assert.equal(await render('x', { data: { done: true }, text: 'Done.' }, 'table', false), 'Done.\n')
  assert.equal(await render('x', { data: 7 }, 'jsonl', false), '7\n')
})

test('an error has the same envelope as a result', () => {
  const text = renderError('topic create', { exitCode: 1, code: 'TOPIC_ALREADY_EXISTS', message: 'there is one' })
  assert.deepEqual(JSON.parse(text), {
    command: 'topic create',
    version: 1,
    error: { code: 'TOPIC_ALREADY_EXISTS', message: 'there is one' },
  })
})

test('integers are numbers as long as a double holds them and strings beyond; maps are objects, bytes base64', () => {
  assert.equal(toJson({ a: 5n, b: 2n ** 53n }), '{"a":5,"b":"9007199254740992"}')
  assert.equal(toJson({ a: new Map([['x', 1]]), b: Uint8Array.of(255) }), '{"a":{"x":1},"b":"/w=="}')
})

function terminal(options: { tty: boolean; env?: Record<string, string>; answer?: string }): {
  terminal: Terminal
  printed: () => string
} {
  let text = ''
  const sink = (): Writable & { isTTY: boolean } =>
    Object.assign(
      new Writable({
        write: (chunk: Buffer, _encoding, done) => {
          text += chunk.toString()
          done()
        },
      }),
      { isTTY: options.tty },
    )
  const stdin = Object.assign(Readable.from(options.answer === undefined ? [] : [`${options.answer}\n`]), {
    isTTY: options.tty,
  })
  const io: Io = { stdin, stdout: sink(), stderr: sink(), env: options.env ?? {}, cwd: '.' }
  return { terminal: new Terminal(io, false), printed: () => text }
}

test('colour only for a person who has not asked for none', () => {
  assert.equal(terminal({ tty: true }).terminal.color, true)
  assert.equal(terminal({ tty: false }).terminal.color, false)
  for (const env of [{ NO_COLOR: '1' }, { CI: 'true' }, { TERM: 'dumb' }]) {
    assert.equal(terminal({ tty: true, env }).terminal.color, false)
  }
})

test('progress is drawn for a person only', () => {
  const pipe = terminal({ tty: false })
  const silent = pipe.terminal.progress({ unit: 'records' })
  silent.update(5)
  silent.end()
  assert.equal(pipe.printed(), '')
})

test('a destructive command asks a person, and needs -y from a script', async () => {
  await terminal({ tty: false }).terminal.confirm('Delete?', true)
  await assert.rejects(terminal({ tty: false }).terminal.confirm('Delete?', false), (error) => {
    assert.ok(error instanceof CliError)
    assert.match(error.hint!, /-y/)
    return true
  })
  await terminal({ tty: true, answer: 'yes' }).terminal.confirm('Delete?', false)
  await assert.rejects(terminal({ tty: true, answer: 'no' }).terminal.confirm('Delete?', false), /not done/)
})
