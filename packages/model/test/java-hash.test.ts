/** The JVM's string hash, against values a JVM prints. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { internalPartitionFor, javaAbs, javaStringHash } from '../src/index.ts'

test('string hashes are those of java.lang.String', () => {
  assert.equal(javaStringHash(''), 0)
  assert.equal(javaStringHash('a'), 97)
  assert.equal(javaStringHash('Aa'), javaStringHash('BB'))
  assert.equal(javaStringHash('polygenelubricants'), -2147483648)
  assert.equal(javaStringHash('hello world'), 1794106052)
  assert.equal(javaStringHash('\u{1F600}'), 0xd83d * 31 + 0xde00)
})

test('abs of the smallest int is 0, as in Utils.abs', () => {
  assert.equal(javaAbs(-0x80000000), 0)
  assert.equal(javaAbs(-1), 1)
  assert.equal(internalPartitionFor('polygenelubricants', 50), 0)
})
