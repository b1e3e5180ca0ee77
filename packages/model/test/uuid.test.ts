/** Uuids against the platform's own base64url, and the rules about reserved and awkward ids. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { SeededRandom } from '@braidlog/base'
import fc from 'fast-check'
import { METADATA_TOPIC_ID, parseUuid, randomUuid, uuidFromBytes, uuidToBytes, ZERO_UUID } from '../src/index.ts'

test('any 16 bytes print as base64url without padding and read back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const uuid = uuidFromBytes(bytes)
      assert.equal(uuid, Buffer.from(bytes).toString('base64url'))
      const back = new Uint8Array(18)
      uuidToBytes(uuid, back, 1)
      assert.deepEqual(back.subarray(1, 17), bytes)
      assert.equal(parseUuid(uuid), uuid)
    }),
  )
})

test('well-known ids have their bytes', () => {
  assert.equal(uuidFromBytes(new Uint8Array(16)), ZERO_UUID)
  assert.equal(uuidFromBytes(Uint8Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : 0))), METADATA_TOPIC_ID)
})

test('what is no uuid is refused', () => {
  for (const text of [
    '',
    'short',
    `${ZERO_UUID}=`,
    `${ZERO_UUID}A`,
    'AAAAAAAAAAAAAAAAAAAAAB',
    'AAAAAAAAAAAAAAAAAAAA+A',
  ]) {
    assert.equal(parseUuid(text), undefined, text)
  }
})

test('random ids are version 4 and never start with a dash', () => {
  const random = new SeededRandom(5)
  for (let i = 0; i < 500; i++) {
    const uuid = randomUuid(random)
    const bytes = new Uint8Array(16)
    uuidToBytes(uuid, bytes)
    assert.equal(bytes[6]! >> 4, 4)
    assert.equal(bytes[8]! >> 6, 2)
    assert.notEqual(uuid[0], '-')
  }
})
