/** Every planted bug still finds the line that it changes: rules move, and the bank has to follow. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { MUTANTS } from '../src/mutants/bank.ts'

const packages = join(import.meta.dirname, '..', '..')

it('each planted bug changes exactly one place', () => {
  for (const { name, file, find, replace } of MUTANTS) {
    const places = readFileSync(join(packages, file), 'utf8').split(find).length - 1
    assert.equal(places, 1, `${name}: ${file} has the line ${places} times`)
    assert.notEqual(find, replace)
  }
})

it('no two planted bugs have one name', () => {
  assert.equal(new Set(MUTANTS.map(({ name }) => name)).size, MUTANTS.length)
})
