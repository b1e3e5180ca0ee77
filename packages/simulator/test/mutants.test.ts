/** Every planted bug still finds the line that it changes: rules move, and the bank has to follow. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { it } from 'node:test'
import { MUTANTS } from '../src/mutants/bank.ts'
import { noted } from '../src/mutants/noted.ts'

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

it('a seed is noted with its bug, in the place of an older one', () => {
  const entry = (name: string, seed = '') => `  {\n    name: '${name}',\n    replace: '',${seed}\n  },\n`
  const before = entry('a', '\n    seed: 7,') + entry('b')
  assert.equal(noted(before, 'a', 9), entry('a', '\n    seed: 9,') + entry('b'))
  assert.equal(noted(before, 'b', 3), entry('a', '\n    seed: 7,') + entry('b', '\n    seed: 3,'))
  assert.equal(noted(before, 'c', 3), undefined)
})
