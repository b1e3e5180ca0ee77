/** Plans that move replicas. */
import assert from 'node:assert/strict'
import test from 'node:test'
import fc from 'fast-check'
import { planReassignment } from '../src/plan-reassignment.ts'

const nodes = (...ids: number[]) => ids.map((nodeId) => ({ nodeId, rack: null }))
const partition = (index: number, ...replicas: number[]) => ({ topic: 't', partition: index, replicas })

test('what lies well stays where it is', () => {
  assert.deepEqual(planReassignment([partition(0, 1, 2), partition(1, 2, 1)], nodes(1, 2)), [])
})

test('a broker that is to be emptied gives its replicas to the others', () => {
  const plan = planReassignment([partition(0, 1, 3), partition(1, 2, 3), partition(2, 3, 1)], nodes(1, 2))
  assert.deepEqual(plan, [partition(0, 1, 2), partition(1, 2, 1), partition(2, 1, 2)])
})

test('a new broker takes its share, and leads its share', () => {
  const before = Array.from({ length: 6 }, (_, i) => partition(i, 1))
  const after = planReassignment(before, nodes(1, 2, 3))
  assert.deepEqual(
    after.map(({ replicas }) => replicas[0]!).toSorted((a, b) => a - b),
    [2, 2, 3, 3],
  )
})

test('the replicas of a partition lie on different racks', () => {
  const racks = [
    { nodeId: 1, rack: 'a' },
    { nodeId: 2, rack: 'a' },
    { nodeId: 3, rack: 'b' },
  ]
  const [moved] = planReassignment([partition(0, 1)], racks, 2)
  assert.deepEqual(
    moved!.replicas.toSorted((a, b) => a - b),
    [1, 3],
  )
})

test('every plan is complete, without repetition, and about as even as can be', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 3 }), { maxLength: 30 }),
      fc.integer({ min: 1, max: 3 }),
      (targetCount, placements, factor) => {
        fc.pre(factor <= targetCount)
        const targets = nodes(...Array.from({ length: targetCount }, (_, i) => i + 1))
        const before = placements.map((replicas, i) => partition(i, ...replicas))
        const changes = new Map(planReassignment(before, targets, factor).map((each) => [each.partition, each]))
        const after = before.map((each) => changes.get(each.partition) ?? each)
        const count = new Map<number, number>()
        for (const { replicas } of after) {
          assert.equal(new Set(replicas).size, factor)
          for (const id of replicas) {
            assert.ok(id <= targetCount)
            count.set(id, (count.get(id) ?? 0) + 1)
          }
        }
        const share = Math.ceil((after.length * factor) / targetCount)
        for (const [id, replicas] of count) assert.ok(replicas <= share + 1, `broker ${id} has ${replicas} of ${share}`)
      },
    ),
  )
})
