/** The assignors against their documented rules: examples of Apache Kafka's documentation, and properties on random groups. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { Assignment, Assignor, AssignorMember, PartitionsByTopic } from '../src/core/assignors/assignor.ts'
import { ASSIGNORS } from '../src/core/assignors/index.ts'
import { decodeStickyUserData, encodeStickyUserData } from '../src/core/assignors/sticky-user-data.ts'

const { range, roundrobin, sticky, 'cooperative-sticky': cooperative } = ASSIGNORS
const all = Object.values(ASSIGNORS)

function member(memberId: string, topics: readonly string[], fields: Partial<AssignorMember> = {}): AssignorMember {
  return { memberId, topics, groupInstanceId: null, ownedPartitions: [], generationId: -1, userData: null, ...fields }
}

/** `C0: t0-0 t0-1, C1: …` */
function show(assignment: Assignment): string {
  return [...assignment]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([memberId, partitions]) => `${memberId}: ${partitions.map((one) => `${one.topic}-${one.partition}`).join(' ')}`,
    )
    .join(', ')
}

/** The next subscription of a member that has been assigned this. */
function after(
  before: AssignorMember,
  assignor: Assignor,
  assignment: Assignment,
  generationId: number,
): AssignorMember {
  const owned = assignment.get(before.memberId) ?? []
  const ownedPartitions = assignor.rebalanceProtocol === 'cooperative' ? owned : []
  return { ...before, ownedPartitions, generationId, userData: assignor.userData(owned, generationId) }
}

const topicsOf = (counts: Readonly<Record<string, number>>): PartitionsByTopic => new Map(Object.entries(counts))

test('range gives the first members one more of each topic', () => {
  const members = [member('C0', ['t0', 't1']), member('C1', ['t0', 't1'])]
  assert.equal(show(range.assign(members, topicsOf({ t0: 3, t1: 3 }))), 'C0: t0-0 t0-1 t1-0 t1-1, C1: t0-2 t1-2')
})

test('round robin deals all partitions out in turn', () => {
  const members = [member('C0', ['t0', 't1']), member('C1', ['t0', 't1'])]
  assert.equal(show(roundrobin.assign(members, topicsOf({ t0: 3, t1: 3 }))), 'C0: t0-0 t0-2 t1-1, C1: t0-1 t1-0 t1-2')
})

test('round robin passes over who does not subscribe', () => {
  const members = [member('C0', ['t0']), member('C1', ['t0', 't1']), member('C2', ['t0', 't1', 't2'])]
  const assignment = roundrobin.assign(members, topicsOf({ t0: 1, t1: 2, t2: 3 }))
  assert.equal(show(assignment), 'C0: t0-0, C1: t1-0, C2: t1-1 t2-0 t2-1 t2-2')
})

for (const assignor of [sticky, cooperative]) {
  test(`${assignor.name}: a member leaves, the others keep what they have`, () => {
    const names = ['t0', 't1', 't2', 't3']
    const counts = topicsOf({ t0: 2, t1: 2, t2: 2, t3: 2 })
    const members = ['C0', 'C1', 'C2'].map((id) => member(id, names))
    const first = assignor.assign(members, counts)
    assert.equal(show(first), 'C0: t0-0 t1-1 t3-0, C1: t0-1 t2-0 t3-1, C2: t1-0 t2-1')
    const left = [members[0]!, members[2]!].map((one) => after(one, assignor, first, 1))
    assert.equal(show(assignor.assign(left, counts)), 'C0: t0-0 t1-1 t2-0 t3-0, C2: t0-1 t1-0 t2-1 t3-1')
  })

  test(`${assignor.name}: different subscriptions are balanced as far as they allow`, () => {
    const counts = topicsOf({ t0: 1, t1: 2, t2: 3 })
    const members = [member('C0', ['t0']), member('C1', ['t0', 't1']), member('C2', ['t0', 't1', 't2'])]
    const first = assignor.assign(members, counts)
    assert.equal(show(first), 'C0: t0-0, C1: t1-0 t1-1, C2: t2-0 t2-1 t2-2')
    const left = members.slice(1).map((one) => after(one, assignor, first, 1))
    assert.equal(show(assignor.assign(left, counts)), 'C1: t0-0 t1-0 t1-1, C2: t2-0 t2-1 t2-2')
  })
}

test('a static member keeps its place under a new member id', () => {
  const counts = topicsOf({ t: 3 })
  const statics = (ids: readonly string[]): AssignorMember[] =>
    ids.map((id, i) => member(id, ['t'], { groupInstanceId: `i${i}` }))
  for (const assignor of [range, roundrobin]) {
    const before = assignor.assign(statics(['a', 'b', 'c']), counts)
    const later = assignor.assign(statics(['z', 'b', 'c']), counts)
    assert.deepEqual(later.get('z'), before.get('a'), assignor.name)
  }
})

test('static members come before dynamic ones', () => {
  const members = [member('a', ['t']), member('z', ['t'], { groupInstanceId: 'i' })]
  assert.equal(show(range.assign(members, topicsOf({ t: 1 }))), 'a: , z: t-0')
})

test('of two claims the later generation counts; equal ones cancel each other', () => {
  const counts = topicsOf({ t: 2 })
  const owned = (...partitions: number[]) => partitions.map((partition) => ({ topic: 't', partition }))
  const claims = (generations: readonly [number, number]): AssignorMember[] => [
    member('a', ['t'], { ownedPartitions: owned(0, 1), generationId: generations[0] }),
    member('b', ['t'], { ownedPartitions: owned(1), generationId: generations[1] }),
  ]
  assert.equal(show(cooperative.assign(claims([1, 2]), counts)), 'a: t-0, b: t-1')
  // Either may be consuming partition 1: nobody has it until both have let go.
  assert.equal(show(cooperative.assign(claims([2, 2]), counts)), 'a: t-0, b: ')
  const claimed = (generation: number, ...partitions: number[]): Partial<AssignorMember> => ({
    userData: encodeStickyUserData(owned(...partitions), generation),
  })
  const eager = [member('a', ['t'], claimed(1, 0, 1)), member('b', ['t'], claimed(2, 0))]
  assert.equal(show(sticky.assign(eager, counts)), 'a: t-1, b: t-0')
})

test('claims of what does not exist or is not subscribed to are void', () => {
  const ownedPartitions = [
    { topic: 't', partition: 9 },
    { topic: 't', partition: -1 },
    { topic: 'gone', partition: 0 },
    { topic: 'u', partition: 0 },
  ]
  const members = [member('a', ['t', 'gone'], { ownedPartitions, generationId: 1 })]
  assert.equal(show(cooperative.assign(members, topicsOf({ t: 1, u: 1 }))), 'a: t-0')
})

test('user data of the sticky assignors is what Apache Kafka writes', () => {
  const owned = [
    { topic: 't', partition: 0 },
    { topic: 't', partition: 2 },
  ]
  const bytes = encodeStickyUserData(owned, 7)
  assert.equal(
    Buffer.from(bytes).toString('hex'),
    '00000001' + '000174' + '00000002' + '00000000' + '00000002' + '00000007',
  )
  assert.deepEqual(decodeStickyUserData(bytes), { owned, generationId: 7 })
  assert.deepEqual(decodeStickyUserData(bytes.subarray(0, bytes.length - 4)), { owned, generationId: -1 }, 'version 0')
  assert.equal(Buffer.from(cooperative.userData([], 7)!).toString('hex'), '00000007')
})

test('user data that is something else counts as nothing', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (userData) => {
      const members = [member('a', ['t'], { userData }), member('b', ['t'], { userData })]
      for (const assignor of [sticky, cooperative])
        checkComplete(members, topicsOf({ t: 3 }), assignor.assign(members, topicsOf({ t: 3 })))
    }),
  )
})

// Properties

interface Group {
  readonly members: readonly AssignorMember[]
  readonly counts: PartitionsByTopic
}

const topicNames = ['t0', 't1', 't2', 't3', 't4']
const counts = fc
  .array(fc.nat(9), { minLength: topicNames.length, maxLength: topicNames.length })
  .map((sizes) => new Map(topicNames.map((name, i) => [name, sizes[i]!])))
const subscription = fc.uniqueArray(fc.constantFrom(...topicNames, 'nowhere'), { maxLength: 5 })
const memberIds = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'), {
  minLength: 1,
  maxLength: 8,
})
const mixedGroup: fc.Arbitrary<Group> = fc
  .tuple(
    memberIds,
    fc.array(subscription, { minLength: 8, maxLength: 8 }),
    fc.array(fc.boolean(), { minLength: 8, maxLength: 8 }),
    counts,
  )
  .map(([ids, subscriptions, statics, byTopic]) => ({
    members: ids.map((id, i) => member(id, subscriptions[i]!, { groupInstanceId: statics[i] ? `i-${id}` : null })),
    counts: byTopic,
  }))
const uniformGroup: fc.Arbitrary<Group> = fc.tuple(memberIds, counts).map(([ids, byTopic]) => ({
  members: ids.map((id) => member(id, topicNames)),
  counts: byTopic,
}))

/** Everything that somebody subscribes to is assigned once, to a subscriber; `partial`: at most once. */
function checkComplete(
  members: readonly AssignorMember[],
  byTopic: PartitionsByTopic,
  assignment: Assignment,
  partial = false,
): void {
  assert.deepEqual([...assignment.keys()].toSorted(), members.map(({ memberId }) => memberId).toSorted())
  const assigned = new Set<string>()
  for (const { memberId, topics } of members) {
    for (const { topic, partition } of assignment.get(memberId)!) {
      assert.ok(topics.includes(topic), `${memberId} subscribes to ${topic}`)
      assert.ok(partition < byTopic.get(topic)!, `${topic}-${partition} exists`)
      assert.ok(!assigned.has(`${topic}-${partition}`), `${topic}-${partition} is assigned once`)
      assigned.add(`${topic}-${partition}`)
    }
  }
  if (partial) return
  const subscribed = new Set(members.flatMap(({ topics }) => topics))
  const expected = [...byTopic].reduce((sum, [topic, count]) => sum + (subscribed.has(topic) ? count : 0), 0)
  assert.equal(assigned.size, expected, 'nothing is left over')
}

/** Who has two or more fewer than another cannot be given any of the other's partitions. */
function checkBalanced(members: readonly AssignorMember[], assignment: Assignment): void {
  for (const poor of members) {
    const has = assignment.get(poor.memberId)!.length
    for (const partitions of assignment.values()) {
      if (partitions.length < has + 2) continue
      for (const { topic } of partitions)
        assert.ok(!poor.topics.includes(topic), `${poor.memberId} could take ${topic}`)
    }
  }
}

for (const assignor of all) {
  test(`${assignor.name}: every partition goes to exactly one subscriber, whatever the order of members`, () => {
    fc.assert(
      fc.property(mixedGroup, ({ members, counts: byTopic }) => {
        const assignment = assignor.assign(members, byTopic)
        checkComplete(members, byTopic, assignment)
        assert.equal(show(assignor.assign(members.toReversed(), byTopic)), show(assignment))
      }),
    )
  })
}

test('range: per topic the pieces are contiguous and differ by one at most, larger ones first', () => {
  fc.assert(
    fc.property(uniformGroup, ({ members, counts: byTopic }) => {
      const assignment = range.assign(members, byTopic)
      for (const topic of topicNames) {
        const ids = members.map(({ memberId }) => memberId).toSorted()
        const pieces = ids.map((id) =>
          assignment
            .get(id)!
            .filter((one) => one.topic === topic)
            .map((one) => one.partition),
        )
        assert.deepEqual(pieces.flat(), [...Array(byTopic.get(topic)!).keys()])
        const sizes = pieces.map((piece) => piece.length)
        assert.deepEqual(
          sizes,
          sizes.toSorted((a, b) => b - a),
        )
        assert.ok(sizes[0]! - sizes.at(-1)! <= 1)
      }
    }),
  )
})

test('round robin: with equal subscriptions counts differ by one at most', () => {
  fc.assert(
    fc.property(uniformGroup, ({ members, counts: byTopic }) => {
      checkBalanced(members, roundrobin.assign(members, byTopic))
    }),
  )
})

for (const assignor of [sticky, cooperative]) {
  test(`${assignor.name}: as balanced as subscriptions allow`, () => {
    fc.assert(
      fc.property(mixedGroup, ({ members, counts: byTopic }) => {
        checkBalanced(members, assignor.assign(members, byTopic))
      }),
    )
  })

  test(`${assignor.name}: when nothing changes, nothing moves`, () => {
    fc.assert(
      fc.property(mixedGroup, ({ members, counts: byTopic }) => {
        const first = assignor.assign(members, byTopic)
        const again = assignor.assign(
          members.map((one) => after(one, assignor, first, 1)),
          byTopic,
        )
        assert.equal(show(again), show(first))
      }),
    )
  })

  test(`${assignor.name}: who stays keeps what fits into a fair share`, () => {
    fc.assert(
      fc.property(uniformGroup, fc.nat(7), fc.nat(2), ({ members, counts: byTopic }, leaving, joining) => {
        const first = assignor.assign(members, byTopic)
        const staying = members.filter((_, i) => i !== leaving)
        const newcomers = Array.from({ length: joining }, (_, i) => member(`new-${i}`, topicNames))
        const present = [...staying.map((one) => after(one, assignor, first, 1)), ...newcomers]
        const second = assignor.assign(present, byTopic)
        const total = [...byTopic.values()].reduce((sum, count) => sum + count, 0)
        const share = Math.floor(total / present.length)
        for (const { memberId } of staying) {
          const owned = new Set(
            show(new Map([['', first.get(memberId)!]]))
              .split(' ')
              .slice(1),
          )
          const kept = second.get(memberId)!.filter(({ topic, partition }) => owned.has(`${topic}-${partition}`)).length
          const had = first.get(memberId)!.length
          assert.ok(kept >= Math.min(had, share), `${memberId} keeps ${kept} of ${had}, share ${share}`)
        }
      }),
    )
  })
}

test('sticky: the least number of partitions moves when subscriptions are equal', () => {
  fc.assert(
    fc.property(uniformGroup, fc.nat(7), ({ members, counts: byTopic }, leaving) => {
      const first = sticky.assign(members, byTopic)
      const staying = members.filter((_, i) => i !== leaving).map((one) => after(one, sticky, first, 1))
      const second = sticky.assign(staying, byTopic)
      // Only what the leaving member had needs a new owner: the shares of the others can only grow.
      for (const { memberId } of staying) {
        const now = new Set(second.get(memberId)!.map(({ topic, partition }) => `${topic}-${partition}`))
        for (const { topic, partition } of first.get(memberId)!) assert.ok(now.has(`${topic}-${partition}`))
      }
    }),
  )
})

test('cooperative: nothing has two owners on the way, and the way ends at a balanced assignment of everything', () => {
  fc.assert(
    fc.property(mixedGroup, mixedGroup, ({ members, counts: byTopic }, { members: later }) => {
      const first = cooperative.assign(members, byTopic)
      let present = later.map((one) => {
        const before = members.find(({ memberId }) => memberId === one.memberId)
        // A member that no longer subscribes to a topic has let go of it before it joins.
        const kept = (first.get(one.memberId) ?? []).filter(({ topic }) => one.topics.includes(topic))
        return before === undefined ? one : after(one, cooperative, new Map([[one.memberId, kept]]), 1)
      })
      for (let round = 2; ; round++) {
        const owned = new Map(present.map(({ memberId, ownedPartitions }) => [memberId, ownedPartitions]))
        const next = cooperative.assign(present, byTopic)
        checkComplete(present, byTopic, next, true)
        for (const [memberId, partitions] of next) {
          for (const { topic, partition } of partitions) {
            for (const [other, theirs] of owned) {
              const clash =
                other !== memberId && theirs.some((one) => one.topic === topic && one.partition === partition)
              assert.ok(!clash, `${topic}-${partition} goes to ${memberId} while ${other} has it`)
            }
          }
        }
        const isStable = show(next) === show(new Map(present.map((one) => [one.memberId, [...one.ownedPartitions]])))
        present = present.map((one) => after(one, cooperative, next, round))
        if (isStable) {
          checkComplete(present, byTopic, next)
          checkBalanced(present, next)
          return
        }
        assert.ok(round < 8, 'it ends soon')
      }
    }),
  )
})
