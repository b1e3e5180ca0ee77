/** A short run of the fuzzer over all decoders, and proof that it finds what is hidden. `npm run fuzz` runs longer. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Fuzzer } from '../fuzz/fuzzer.ts'
import { messageTarget, type Target } from '../fuzz/target.ts'
import { int8, string, struct, structs } from '../src/declare.ts'
import { message, Reader } from '../src/index.ts'
import { MESSAGE_VERSIONS } from './arbitrary.ts'

test('eight thousand mutated inputs break no decoder', () => {
  const targets = MESSAGE_VERSIONS.map(({ message, version }) => messageTarget(message, version))
  const fuzzer = new Fuzzer(targets, 20261124)
  assert.equal(fuzzer.run(8_000), undefined)
  assert.ok(fuzzer.progress().corpusSize > 250, 'inputs that reach something new are kept')
})

const Hidden = message({
  kind: 'data',
  name: 'Hidden',
  versions: '0',
  flexible: '0+',
  fields: {
    rooms: structs({
      name: string({ nullable: '0+' }),
      box: struct({ key: int8() }, { nullable: '0+', default: null, tag: 5, tagged: '0+' }),
    }),
  },
})

/** A decoder that breaks only for a message with three rooms, one of them with a box and without a name. */
function brokenTarget(): Target {
  const target = messageTarget(Hidden, 0)
  return {
    ...target,
    explore(bytes) {
      target.explore(bytes)
      const { rooms } = Hidden.read(new Reader(bytes), 0)
      if (rooms.length >= 3 && rooms.some(({ name, box }) => name === null && box !== null))
        throw new TypeError('found')
    },
  }
}

test('a bug that needs several conditions at once is found and made small', () => {
  const finding = new Fuzzer([brokenTarget()], 1).run(50_000)
  assert.ok(finding !== undefined)
  assert.equal((finding.error as Error).message, 'found')
  assert.ok(finding.input.length <= 32, `${finding.input.length} bytes`)
})

test('the same seed finds the same input', () => {
  const [first, second] = [new Fuzzer([brokenTarget()], 2), new Fuzzer([brokenTarget()], 2)]
  assert.deepEqual(first.run(50_000), second.run(50_000))
  assert.deepEqual(first.progress(), second.progress())
})
