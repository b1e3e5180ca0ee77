/** What a topic may be called, and the levels of metadata.version. */
import assert from 'node:assert/strict'
import test from 'node:test'
import {
  defaultFeatureLevels,
  isInternalTopic,
  METADATA_VERSION_LATEST,
  METADATA_VERSION_LEVELS,
  METADATA_VERSION_MIN,
  metadataVersionName,
  parseMetadataVersion,
  partitionRecordVersion,
  registerBrokerRecordVersion,
  topicCollisionKey,
  topicNameProblem,
} from '../src/index.ts'

test('legal names are legal', () => {
  for (const name of ['a', 'A.b_c-9', '...', '__consumer_offsets', 'x'.repeat(249)]) {
    assert.equal(topicNameProblem(name), undefined, name)
  }
})

test('illegal names say why', () => {
  for (const name of ['', '.', '..', 'a b', 'ä', 'a/b', 'a\n', 'x'.repeat(250)]) {
    assert.equal(typeof topicNameProblem(name), 'string', JSON.stringify(name))
  }
})

test('names that differ in . and _ only collide', () => {
  assert.equal(topicCollisionKey('a.b_c'), topicCollisionKey('a_b.c'))
  assert.notEqual(topicCollisionKey('a-b'), topicCollisionKey('a_b'))
})

test('internal topics are those of the cluster', () => {
  assert.ok(isInternalTopic('__consumer_offsets') && isInternalTopic('__transaction_state'))
  assert.ok(!isInternalTopic('__mine'))
})

test('metadata.version levels are without a gap and found by name, release and number', () => {
  assert.deepEqual(
    METADATA_VERSION_LEVELS.map((each) => each.level),
    Array.from({ length: METADATA_VERSION_LATEST - METADATA_VERSION_MIN + 1 }, (_, i) => METADATA_VERSION_MIN + i),
  )
  for (const text of ['4.3-IV0', '4.3', '30']) assert.equal(parseMetadataVersion(text)?.level, 30)
  assert.equal(parseMetadataVersion('4.0')?.level, 25, 'a release is its newest level')
  assert.equal(parseMetadataVersion('9.9'), undefined)
  assert.equal(metadataVersionName(30), '4.3-IV0')
})

test('a level selects record versions and features', () => {
  assert.deepEqual([7, 8, 17, 30].map(registerBrokerRecordVersion), [1, 2, 3, 4])
  assert.deepEqual([16, 17, 22, 23].map(partitionRecordVersion), [0, 1, 1, 2])
  assert.deepEqual([...defaultFeatureLevels(21)], [])
  assert.equal(defaultFeatureLevels(30).size, 5)
})
