/** A replica whose disk does not hold what was written: when it leaves, when it is cut off, when it is back. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '@braidlog/base'
import type { ImageView, MetadataDelta } from '@braidlog/metadata'
import type { Uuid } from '@braidlog/model'
import type { Partition } from '@braidlog/partition'
import { DamagedReplicas, damageStep, type DamageStep, type ReplicaView } from '../src/replication/damaged-replicas.ts'

const TOPIC = 'Ux7eQqSZTRuLXe5QX5ssFA' as Uuid
const NODE = 1

const view = (change: Partial<ReplicaView>): ReplicaView => ({
  leader: 1,
  isr: [1, 2, 3],
  eligibleLeaderReplicas: [],
  isLost: false,
  ...change,
})

describe('a step', () => {
  const rows: readonly [name: string, isDamaged: boolean, change: Partial<ReplicaView>, step: DamageStep][] = [
    ['a damaged leader leaves to others', true, {}, 'leave'],
    ['a damaged follower leaves', true, { leader: 2 }, 'leave'],
    ['one that is still in sync has not left', true, { leader: 2, isLost: true }, 'leave'],
    ['one that has been told of, but not called lost, neither', true, { leader: 2, isr: [2, 3] }, 'leave'],
    ['once out, it is repaired', true, { leader: 2, isr: [2, 3], isLost: true }, 'repair'],
    ['the last one in sync stays', true, { isr: [1] }, 'keep'],
    ['without a leader nothing can be fetched', true, { leader: -1, isr: [], isLost: true }, 'keep'],
    ['before directories a leader stays', true, { isLost: undefined }, 'keep'],
    ['before directories a follower falls behind', true, { leader: 2, isLost: undefined }, 'leave'],
    ['and is repaired then', true, { leader: 2, isr: [2, 3], isLost: undefined }, 'repair'],
    ['an incomplete one that might be elected stays away', false, { isr: [2], eligibleLeaderReplicas: [1] }, 'rejoin'],
    ['in sync again, it is whole', false, { leader: 2, isLost: true }, 'whole'],
    ['one that nobody would elect is as good as a new one', false, { leader: 2, isr: [2, 3], isLost: true }, 'whole'],
  ]
  for (const [name, isDamaged, change, step] of rows) {
    it(name, () => assert.equal(damageStep(NODE, isDamaged, view(change)), step))
  }
})

function fixture(change: Partial<ReplicaView>) {
  const state = { ...view(change), isDamaged: true, offline: undefined as Error | undefined }
  const events: string[] = []
  const timers: (() => void)[] = []
  const log = {
    topic: 't',
    topicId: TOPIC,
    partition: 0,
    closed: false,
    isIncomplete: false,
    logEndOffset: 10,
    async markIncomplete(isIncomplete: boolean) {
      events.push(isIncomplete ? 'mark' : 'unmark')
      log.isIncomplete = isIncomplete
    },
  }
  let repairFails = 0
  const partition = {
    log,
    leaderEpoch: 5,
    get isDamaged() {
      return state.isDamaged
    },
    get offline() {
      return state.offline !== undefined
    },
    async repairFollower(leaderEpoch: number, everything: boolean) {
      events.push(`repair in ${leaderEpoch}${everything ? ', everything' : ''}`)
      if (repairFails-- > 0) throw new Error('unreadable')
      state.isDamaged = false
    },
    async recover() {
      events.push('recover')
      state.offline = undefined
      state.isDamaged = false
    },
  } as unknown as Partition
  const image = {
    topicById: () => ({ partitions: new Map([[0, { replicas: [1, 2, 3], ...state }]]) }),
  } as unknown as ImageView
  const damaged = new DamagedReplicas({
    nodeId: NODE,
    image,
    directories: { look: () => void events.push(damaged.isAway(TOPIC, 0) ? 'lost' : 'here') },
    isLost: () => state.isLost,
    stopFollowing: async () => void events.push('stop'),
    follow: (_partition, leaderId) => events.push(`follow ${leaderId}`),
    timers: {
      after: (_delayMs, callback) => {
        timers.push(callback)
        return { cancel() {} }
      },
    },
    logger: silentLogger,
  })
  const settle = async () => {
    for (let i = 0; i < 10; i++) await new Promise<void>((resolve) => setImmediate(resolve))
    return events.splice(0)
  }
  const show = (next: Partial<ReplicaView>) => {
    Object.assign(state, next)
    damaged.onImage(image, { partitions: [{ topicId: TOPIC, partition: 0 }] } as unknown as MetadataDelta)
    return settle()
  }
  const tick = () => {
    for (const timer of timers.splice(0)) timer()
    return settle()
  }
  return { damaged, partition, state, settle, show, tick, failRepairs: (count: number) => (repairFails = count) }
}

describe('a damaged replica', () => {
  it('leaves, is cut off, fetches what it lacks, and is back once it is in sync', async () => {
    const { damaged, partition, settle, show, tick } = fixture({ eligibleLeaderReplicas: [] })
    damaged.found(partition)
    assert.deepEqual(await settle(), ['lost', 'stop'])
    assert.equal(damaged.holds(partition), true)
    assert.deepEqual(
      await show({ leader: 2, isr: [2], eligibleLeaderReplicas: [1], isLost: true }),
      ['lost', 'stop', 'mark', 'repair in 5', 'follow 2'],
      'marked before anything is cut off',
    )
    assert.equal(damaged.holds(partition), false)
    assert.deepEqual(await tick(), ['lost'], 'eligible, and not to be elected')
    assert.deepEqual(await show({ isr: [2, 1], eligibleLeaderReplicas: [] }), ['here', 'unmark', 'here', 'follow 2'])
    assert.equal(damaged.count, 0)
  })

  it('gives up everything when the first repair fails, and itself after a few', async () => {
    const { damaged, partition, settle, tick, failRepairs } = fixture({ leader: 2, isr: [2, 3], isLost: true })
    failRepairs(Infinity)
    damaged.found(partition)
    const repairs = (events: string[]) => events.filter((each) => each.startsWith('repair'))
    assert.deepEqual(repairs(await settle()), ['repair in 5'])
    for (let i = 0; i < 4; i++) assert.deepEqual(repairs(await tick()), ['repair in 5, everything'])
    assert.deepEqual(repairs(await tick()), [])
    assert.deepEqual([damaged.count, damaged.isAway(TOPIC, 0)], [1, true])
  })

  it('that is the last copy is recovered where it is', async () => {
    const { damaged, partition, state, settle } = fixture({ isr: [1] })
    state.offline = new Error('contradicts itself')
    damaged.found(partition)
    assert.deepEqual(await settle(), ['here', 'recover', 'here'])
    assert.equal(damaged.count, 0)
  })

  it('that is the last copy stays, until another one is in sync', async () => {
    const { damaged, partition, settle, show } = fixture({ isr: [1] })
    damaged.found(partition)
    assert.deepEqual(await settle(), ['here'])
    assert.deepEqual(await show({ isr: [1, 2] }), ['lost', 'stop'])
  })

  it('that was cut off before the node started again stays away while it might be elected', async () => {
    const { damaged, partition, state, settle, show } = fixture({ leader: 2, isr: [2], eligibleLeaderReplicas: [1] })
    state.isDamaged = false
    Object.assign(partition.log, { isIncomplete: true })
    damaged.found(partition)
    assert.deepEqual([await settle(), damaged.holds(partition)], [['lost'], false])
    assert.deepEqual(await show({ isr: [1, 2], eligibleLeaderReplicas: [] }), ['here', 'unmark', 'here', 'follow 2'])
  })
})
