/** `SPEC.md` says what every role does with every event; so does the machine. */
import assert from 'node:assert/strict'
import * as fs from 'node:fs'
import test from 'node:test'
import { cellsOf, specTable, upgradeTable } from './spec.ts'

test('every cell of the table in SPEC.md is what the machine does', () => {
  const markdown = fs.readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8')
  const table = specTable()
  assert.deepEqual(cellsOf(markdown).slice(0, table.length), table)
})

test('the table of the way to a dynamic quorum is what a leader does', () => {
  const markdown = fs.readFileSync(new URL('../SPEC.md', import.meta.url), 'utf8')
  const table = upgradeTable()
  const cells = cellsOf(markdown)
  const start = cells.findIndex(([title]) => title === table[0]![0])
  assert.deepEqual(cells.slice(start, start + table.length), table)
})
