/**
 * The classic group protocol as golden text: `golden/*.txt` holds scenarios with everything the machine does.
 * `UPDATE_GOLDEN=1` writes what it does now; the review is of the diff.
 */
import assert from 'node:assert/strict'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { Trace } from './trace.ts'

const folder = join(import.meta.dirname, 'golden')

/** A file is blocks of commands, `----` and output; comments stand where they were. */
function replay(text: string): string {
  const trace = new Trace()
  const blocks = text.trimEnd().split(/\n\n+/)
  const replayed = blocks.map((block) => {
    const lines = block.split('\n')
    const end = lines.indexOf('----')
    const head = end === -1 ? lines : lines.slice(0, end)
    const commands = head.filter((line) => !line.startsWith('#'))
    if (commands.length === 0) return block
    const output = commands.map((command) => trace.run(command)).filter((one) => one !== '')
    return [...head, '----', ...output].join('\n')
  })
  return `${replayed.join('\n\n')}\n`
}

for (const file of readdirSync(folder).toSorted()) {
  test(`trace ${file.replace('.txt', '').replaceAll('-', ' ')}`, () => {
    const path = join(folder, file)
    const expected = readFileSync(path, 'utf8')
    const actual = replay(expected)
    if (process.env['UPDATE_GOLDEN'] === '1') writeFileSync(path, actual)
    else assert.equal(actual, expected)
  })
}
