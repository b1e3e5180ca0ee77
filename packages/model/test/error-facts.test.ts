/** The table of error codes: complete, and never at a loss for a code of a later release. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ErrorCode, errorFacts, errorName, ERRORS, isRetriable } from '../src/index.ts'

test('codes run from -1 to 133 without a gap', () => {
  assert.deepEqual(
    ERRORS.map((facts) => facts.code),
    Array.from({ length: 135 }, (_, i) => i - 1),
  )
})

test('every error has a name and one sentence of its own', () => {
  for (const { code, name, message } of ERRORS) {
    assert.equal(ErrorCode[name], code)
    assert.match(message, /^[A-Za-z].*[^.]\.$/)
  }
  assert.equal(new Set(ERRORS.map((facts) => facts.message)).size, ERRORS.length)
})

test('a code of a later release has a name, is not retried and reads as an unknown error', () => {
  assert.equal(errorName(140), 'ERROR_140')
  assert.equal(isRetriable(140), false)
  assert.equal(errorFacts(140).name, 'UNKNOWN_SERVER_ERROR')
})

test('what metadata or time can heal is retriable, what the caller did wrong is not', () => {
  assert.equal(isRetriable(ErrorCode.NOT_LEADER_OR_FOLLOWER), true)
  assert.equal(isRetriable(ErrorCode.REQUEST_TIMED_OUT), true)
  assert.equal(isRetriable(ErrorCode.MESSAGE_TOO_LARGE), false)
  assert.equal(isRetriable(ErrorCode.TOPIC_AUTHORIZATION_FAILED), false)
})
