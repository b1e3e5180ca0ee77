/** The leader's view of its replicas: rules one by one, then all of them under random input. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { below, SeededRandom } from '@braidlog/base'
import { ReplicaSet, type PartitionState } from '../src/replica-set.ts'

const LAG_MS = 1_000

interface Made {
  readonly set: ReplicaSet
  readonly gone: Set<number>
  readonly fetch: (
    replicaId: number,
    fetchOffset: number,
    leader: { end: number; hw?: number },
    nowMs?: number,
  ) => boolean
}

/** Node 1 leads the replicas 1, 2, 3 in leader epoch 5; its log ended at 10 when the epoch began. */
function made(state: Partial<PartitionState> = {}, epochStartOffset = 10): Made {
  const gone = new Set<number>()
  const set = new ReplicaSet(
    {
      nodeId: 1,
      brokerEpoch: () => 100,
      lagTimeMaxMs: LAG_MS,
      isEligible: (id, epoch) => !gone.has(id) && (epoch === -1 || epoch === 100 * id),
    },
    { leaderEpoch: 5, partitionEpoch: 7, replicas: [1, 2, 3], isr: [1, 2, 3], ...state },
    epochStartOffset,
    0,
  )
  const fetch: Made['fetch'] = (replicaId, fetchOffset, { end, hw = 0 }, nowMs = 0) => {
    const known = set.followerFetched(
      { replicaId, brokerEpoch: 100 * replicaId, fetchOffset, logStartOffset: 0 },
      { endOffset: end, highWatermark: hw },
      nowMs,
    )
    set.invariants()
    return known
  }
  return { set, gone, fetch }
}

const ids = (set: ReplicaSet) => set.pendingProposal?.isr.map((each) => each.brokerId)

describe('high watermark', () => {
  it('is what every replica in sync has', () => {
    const { set, fetch } = made()
    assert.equal(set.highWatermark(20, 20, 0), -1, 'nobody has fetched')
    fetch(2, 15, { end: 20 })
    fetch(3, 12, { end: 20 })
    assert.equal(set.highWatermark(20, 20, 0), 12)
    fetch(3, 20, { end: 20 })
    assert.equal(set.highWatermark(20, 20, 0), 15)
    assert.equal(set.highWatermark(14, 20, 0), 14, 'the leader itself has less on disk')
  })

  it('does not wait for a replica that is out of sync and has fallen behind', () => {
    const { set, fetch } = made({ isr: [1, 2] })
    fetch(2, 20, { end: 20 })
    assert.equal(set.highWatermark(20, 20, 0), 20)
  })

  it('waits for one that has caught up and is about to join', () => {
    const { set, fetch } = made({ isr: [1, 2] })
    fetch(2, 30, { end: 30 })
    fetch(3, 20, { end: 20, hw: 10 })
    assert.deepEqual(ids(set), [1, 2, 3])
    assert.equal(set.highWatermark(30, 30, 0), 20)
  })

  it('waits for one that is being removed, until the controller has answered', () => {
    const { set, fetch } = made()
    fetch(2, 20, { end: 20 }, LAG_MS)
    fetch(3, 11, { end: 20 }, 0)
    set.maybeShrink(20, LAG_MS + 1)
    assert.deepEqual(ids(set), [1, 2])
    assert.equal(set.highWatermark(20, 20, LAG_MS + 1), 11)
    assert.equal(set.committed({ leaderEpoch: 5, partitionEpoch: 8, isr: [1, 2] }), true)
    assert.equal(set.highWatermark(20, 20, LAG_MS + 1), 20)
  })
})

describe('joining', () => {
  it('needs all below the high watermark and below the start of the leader epoch', () => {
    const { set, fetch } = made({ isr: [1, 2] })
    fetch(3, 9, { end: 20, hw: 5 })
    assert.equal(set.pendingProposal, undefined, 'the epoch began at 10')
    fetch(3, 10, { end: 20, hw: 12 })
    assert.equal(set.pendingProposal, undefined, 'the high watermark is 12')
    fetch(3, 12, { end: 20, hw: 12 })
    assert.deepEqual(set.pendingProposal, {
      leaderEpoch: 5,
      partitionEpoch: 7,
      isr: [
        { brokerId: 1, brokerEpoch: 100 },
        { brokerId: 2, brokerEpoch: -1 },
        { brokerId: 3, brokerEpoch: 300 },
      ],
    })
  })

  it('is not for a broker that is fenced, or that fetches as an older incarnation of itself', () => {
    const { set, gone, fetch } = made({ isr: [1, 2] })
    gone.add(3)
    fetch(3, 20, { end: 20 })
    assert.equal(set.pendingProposal, undefined)
    gone.delete(3)
    const stale = { replicaId: 3, brokerEpoch: 299, fetchOffset: 20, logStartOffset: 0 }
    assert.equal(set.followerFetched(stale, { endOffset: 20, highWatermark: 0 }, 0), true)
    assert.equal(set.pendingProposal, undefined)
  })

  it('waits while another change is in flight, and may be asked for again once that was refused', () => {
    const { set, fetch } = made({ isr: [1] })
    fetch(2, 20, { end: 20 })
    fetch(3, 20, { end: 20 })
    const proposal = set.pendingProposal!
    assert.deepEqual(ids(set), [1, 2])
    set.refused(proposal)
    fetch(3, 20, { end: 20 })
    assert.deepEqual(ids(set), [1, 3])
    set.refused(proposal)
    assert.deepEqual(ids(set), [1, 3], 'an answer to an older proposal')
  })

  it('a node that is no replica is turned away', () => {
    assert.equal(made().fetch(9, 20, { end: 20 }), false)
  })
})

describe('leaving', () => {
  it('comes after the lag time without having everything', () => {
    const { set, fetch } = made()
    set.maybeShrink(20, LAG_MS)
    assert.equal(set.pendingProposal, undefined, 'each has the lag time to show itself')
    fetch(2, 20, { end: 20 }, LAG_MS)
    set.maybeShrink(20, LAG_MS + 1)
    assert.deepEqual(ids(set), [1, 2])
  })

  it('a follower that is always as far as the leader was at its last fetch keeps up', () => {
    const { set, fetch } = made({ replicas: [1, 2], isr: [1, 2] })
    for (let at = 0; at < 5 * LAG_MS; at += LAG_MS / 2) {
      fetch(2, 20 + at, { end: 20 + at + LAG_MS / 2 }, at)
      set.maybeShrink(30 + at, at)
    }
    assert.equal(set.pendingProposal, undefined)
  })
})

describe('news', () => {
  it('of a newer partition epoch settles what was in flight; older news changes nothing', () => {
    const { set, fetch } = made({ isr: [1, 2] })
    fetch(3, 20, { end: 20 })
    const state = { leaderEpoch: 5, partitionEpoch: 8, replicas: [1, 2, 3], isr: [1, 2, 3] }
    assert.equal(set.update(state, 20, 0), true)
    assert.deepEqual({ isr: set.isr, pending: set.pendingProposal }, { isr: [1, 2, 3], pending: undefined })
    assert.equal(set.update({ ...state, partitionEpoch: 7, isr: [1] }, 20, 0), false)
    assert.equal(set.committed({ leaderEpoch: 4, partitionEpoch: 9, isr: [1] }), false)
    assert.deepEqual(set.isr, [1, 2, 3])
  })

  it('of a newer leader epoch forgets where the followers were', () => {
    const { set, fetch } = made()
    fetch(2, 20, { end: 20 })
    set.update({ leaderEpoch: 6, partitionEpoch: 8, replicas: [1, 2, 3], isr: [1, 2, 3] }, 20, 0)
    assert.equal(set.logEndOffsetOf(2), -1)
    assert.equal(set.epochStartOffset, 20)
  })

  it('of a partition with fewer replicas than min.insync.replicas asks for all of them', () => {
    const { set } = made({ replicas: [1, 2], isr: [1, 2] })
    assert.equal(set.isUnderMinIsr(3), false)
    set.update({ leaderEpoch: 5, partitionEpoch: 8, replicas: [1, 2], isr: [1] }, 10, 0)
    assert.equal(set.isUnderMinIsr(3), true)
  })
})

describe('a leader, its followers and a controller at random', () => {
  it('what is below the high watermark is on every replica that the controller has in sync', () => {
    for (let seed = 0; seed < 200; seed++) {
      const random = new SeededRandom(seed)
      const { set, gone } = made({}, 0)
      const logEnd = new Map([1, 2, 3].map((id) => [id, 0]))
      let controller = { leaderEpoch: 5, partitionEpoch: 7, isr: [1, 2, 3] as number[] }
      let nowMs = 0
      let highWatermark = 0
      for (let step = 0; step < 200; step++) {
        nowMs += below(random, 200)
        const follower = 2 + below(random, 2)
        switch (below(random, 7)) {
          case 0:
            logEnd.set(1, logEnd.get(1)! + below(random, 5))
            break
          case 1:
          case 2: {
            // The fetch says what the follower has; its answer brings it more.
            const fetchOffset = logEnd.get(follower)!
            set.followerFetched(
              { replicaId: follower, brokerEpoch: 100 * follower, fetchOffset, logStartOffset: 0 },
              { endOffset: logEnd.get(1)!, highWatermark },
              nowMs,
            )
            logEnd.set(follower, Math.min(logEnd.get(1)!, fetchOffset + below(random, 6)))
            break
          }
          case 3:
            set.maybeShrink(logEnd.get(1)!, nowMs)
            break
          case 4: {
            // The controller makes the change, and its answer may be lost.
            const proposal = set.pendingProposal
            if (proposal === undefined || proposal.partitionEpoch !== controller.partitionEpoch) break
            const isr = proposal.isr.map((each) => each.brokerId)
            controller = { ...controller, partitionEpoch: controller.partitionEpoch + 1, isr }
            if (below(random, 2) === 0) set.committed(controller)
            break
          }
          case 5:
            set.update({ ...controller, replicas: [1, 2, 3] }, logEnd.get(1)!, nowMs)
            break
          default:
            if (!gone.delete(follower) && below(random, 3) === 0) gone.add(follower)
        }
        set.invariants()
        highWatermark = Math.max(highWatermark, set.highWatermark(logEnd.get(1)!, logEnd.get(1)!, nowMs))
        for (const id of controller.isr) {
          assert.ok(
            highWatermark <= logEnd.get(id)!,
            `seed ${seed} step ${step}: ${id} is in sync without ${highWatermark}`,
          )
        }
      }
    }
  })
})
