/** `SPEC.md` says what every role does with every event; so does the machine. */
import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import test from 'node:test'
import { cellsOf, specTable } from './spec.ts'

test('every cell of the table in SPEC.md is what the machine does', () => {
  const markdown = fs.readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8')
  const table = specTable()
  assert.deepEqual(cellsOf(markdown).slice(0, table.length), table)
})
