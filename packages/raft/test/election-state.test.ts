/** The file quorum-state, as Apache Kafka writes it. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { ZERO_UUID } from '@braidlog/model'
import { formatElectionState, parseElectionState, RaftError, UNATTACHED } from '../src/index.ts'

const leading = { ...UNATTACHED, leaderId: 1, leaderEpoch: 1 }

test('both versions are written as Apache Kafka writes them', () => {
  assert.equal(
    formatElectionState(leading, 1, [1]),
    '{"leaderId":1,"leaderEpoch":1,"votedId":-1,"votedDirectoryId":"AAAAAAAAAAAAAAAAAAAAAA","data_version":1}',
  )
  assert.equal(
    formatElectionState(leading, 0, [1]),
    '{"clusterId":"","leaderId":1,"leaderEpoch":1,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":1}],"data_version":0}',
  )
})

test('both versions read back', () => {
  for (const kraftVersion of [0, 1]) {
    assert.deepEqual(parseElectionState(formatElectionState(leading, kraftVersion, [1]), 'f'), leading)
  }
  assert.equal(parseElectionState(formatElectionState(leading, 0, [1]), 'f').votedDirectoryId, ZERO_UUID)
})

test('a damaged vote is refused: an epoch must not get a second leader', () => {
  for (const text of ['', '{', '{"leaderId":1}', '{"data_version":2}', '{"leaderId":"1","data_version":0}']) {
    assert.throws(
      () => parseElectionState(text, 'quorum-state'),
      (error) => error instanceof RaftError && error.code === 'CORRUPT' && error.message.includes('quorum-state'),
    )
  }
})
