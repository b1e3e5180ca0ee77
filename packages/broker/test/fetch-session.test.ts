/** Fetch sessions: epochs, incremental changes, rotation, eviction. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SeededRandom } from '@braidlog/base'
import { ErrorCode, ZERO_UUID } from '@braidlog/model'
import type { FetchRequest } from '@braidlog/protocol'
import { FetchSessions } from '../src/fetch-session.ts'

function request(
  session: { id?: number; epoch: number },
  topics: Record<string, readonly (readonly [partition: number, offset: number])[]> = {},
  forgotten: Record<string, readonly number[]> = {},
): FetchRequest {
  return {
    clusterId: null,
    replicaId: -1,
    replicaState: { replicaId: -1, replicaEpoch: -1 },
    maxWaitMs: 0,
    minBytes: 0,
    maxBytes: 1,
    isolationLevel: 0,
    sessionId: session.id ?? 0,
    sessionEpoch: session.epoch,
    topics: Object.entries(topics).map(([topic, partitions]) => ({
      topic,
      topicId: ZERO_UUID,
      partitions: partitions.map(([partition, fetchOffset]) => ({
        partition,
        currentLeaderEpoch: -1,
        fetchOffset,
        lastFetchedEpoch: -1,
        logStartOffset: -1,
        partitionMaxBytes: 1,
        replicaDirectoryId: ZERO_UUID,
        highWatermark: Infinity,
      })),
    })),
    forgottenTopicsData: Object.entries(forgotten).map(([topic, partitions]) => ({
      topic,
      topicId: ZERO_UUID,
      partitions: [...partitions],
    })),
    rackId: '',
  }
}

const shape = (context: { partitions: readonly { topic: string; partition: number; fetchOffset: number }[] }) =>
  context.partitions.map((each) => `${each.topic}-${each.partition}@${each.fetchOffset}`)

describe('fetch sessions', () => {
  it('say everything again to a follower that has cut its log', () => {
    const sessions = new FetchSessions(10, new SeededRandom(1))
    const { sessionId: id } = sessions.open(request({ epoch: 0 }, { a: [[0, 9]], b: [[0, 9]] }), false, 0)
    const open = (epoch: number, a: number) => sessions.open(request({ id, epoch }, { a: [[0, a]] }), false, epoch)
    for (const partition of open(1, 9).partitions) partition.toldHighWatermark = partition.toldLogStartOffset = 5
    const told = (epoch: number, a: number) => open(epoch, a).partitions.map((each) => each.toldHighWatermark)
    assert.deepEqual(told(2, 12), [5, 5], 'who goes on has heard it')
    assert.deepEqual(told(3, 7), [-1, 5])
  })

  it('begin with a full fetch of epoch 0 and go on with what changed', () => {
    const sessions = new FetchSessions(10, new SeededRandom(1))
    const full = sessions.open(request({ epoch: 0 }, { a: [[0, 0]], b: [[1, 5]] }), false, 0)
    assert(full.sessionId > 0)
    assert.equal(full.incremental, false)
    const next = sessions.open(
      request({ id: full.sessionId, epoch: 1 }, { a: [[0, 7]], c: [[0, 0]] }, { b: [1] }),
      false,
      1,
    )
    assert.equal(next.incremental, true)
    assert.deepEqual(shape(next), ['a-0@7', 'c-0@0'])
    assert.deepEqual(shape(sessions.open(request({ id: full.sessionId, epoch: 2 }), false, 2)), ['a-0@7', 'c-0@0'])
  })

  it('refuse unknown ids, wrong epochs and a change between names and topic ids', () => {
    const sessions = new FetchSessions(10, new SeededRandom(1))
    const { sessionId: id } = sessions.open(request({ epoch: 0 }, { a: [[0, 0]] }), false, 0)
    assert.equal(
      sessions.open(request({ id: id + 1, epoch: 1 }), false, 0).errorCode,
      ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
    )
    assert.equal(sessions.open(request({ id, epoch: 2 }), false, 0).errorCode, ErrorCode.INVALID_FETCH_SESSION_EPOCH)
    assert.equal(sessions.open(request({ id, epoch: 1 }), true, 0).errorCode, ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR)
    assert.equal(sessions.open(request({ id, epoch: 1 }), false, 0).errorCode, ErrorCode.NONE)
  })

  it('end with epoch -1, and when the last partition is forgotten', () => {
    const sessions = new FetchSessions(10, new SeededRandom(1))
    const one = sessions.open(request({ epoch: 0 }, { a: [[0, 0]] }), false, 0)
    assert.equal(sessions.open(request({ id: one.sessionId, epoch: -1 }, { a: [[0, 3]] }), false, 0).sessionId, 0)
    assert.equal(sessions.size, 0)
    const two = sessions.open(request({ epoch: 0 }, { a: [[0, 0]] }), false, 0)
    const emptied = sessions.open(request({ id: two.sessionId, epoch: 1 }, {}, { a: [0] }), false, 0)
    assert.deepEqual([emptied.sessionId, emptied.partitions.length, sessions.size], [0, 0, 0])
  })

  it('move a partition that returned data behind the others', () => {
    const sessions = new FetchSessions(10, new SeededRandom(1))
    const full = sessions.open(
      request(
        { epoch: 0 },
        {
          a: [
            [0, 0],
            [1, 0],
            [2, 0],
          ],
        },
      ),
      false,
      0,
    )
    sessions.rotate(full.sessionId, full.partitions[0]!)
    const next = sessions.open(request({ id: full.sessionId, epoch: 1 }), false, 0)
    assert.deepEqual(shape(next), ['a-1@0', 'a-2@0', 'a-0@0'])
  })

  it('stay within the bound: a newcomer goes without unless an old one may be evicted', () => {
    const sessions = new FetchSessions(2, new SeededRandom(1))
    const minutes = 60_000
    const first = sessions.open(request({ epoch: 0 }, { a: [[0, 0]] }), false, 0)
    const second = sessions.open(request({ epoch: 0 }, { a: [[0, 0]] }), false, 0)
    assert.equal(
      sessions.open(
        request(
          { epoch: 0 },
          {
            a: [
              [0, 0],
              [1, 0],
            ],
          },
        ),
        false,
        1 * minutes,
      ).sessionId,
      0,
    )
    // The second is in use, the first has been silent for longer than two minutes.
    sessions.open(request({ id: second.sessionId, epoch: 1 }), false, 2.5 * minutes)
    const third = sessions.open(request({ epoch: 0 }, { a: [[0, 0]] }), false, 2.5 * minutes)
    assert(third.sessionId > 0)
    assert.equal(
      sessions.open(request({ id: first.sessionId, epoch: 1 }), false, 2.5 * minutes).errorCode,
      ErrorCode.FETCH_SESSION_ID_NOT_FOUND,
    )
    // A larger one may take the place of a smaller one that has lived long enough.
    const large = sessions.open(
      request(
        { epoch: 0 },
        {
          a: [
            [0, 0],
            [1, 0],
          ],
        },
      ),
      false,
      2.6 * minutes,
    )
    assert(large.sessionId > 0)
    assert.deepEqual([sessions.size, sessions.evicted], [2, 2])
  })
})
