/** How much of a move is left and how long it takes, from two looks at the logs. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { progressOf, totalOf, type Look } from '../src/reassignment-progress.ts'

const moving = (partition: number, adding: number[]) => ({
  topic: 't',
  partition,
  replicas: [1, ...adding],
  addingReplicas: adding,
  removingReplicas: [],
})
const look = (atMs: number, sizes: Record<string, number>, brokers = [1, 2, 3]): Look => ({
  atMs,
  brokers: new Set(brokers),
  sizes: new Map(Object.entries(sizes)),
})
const led = (leader: number | null, isr = [1]) => ({ leader, isr })

test('what is left is what the leader has more, and takes as long as it took just now', () => {
  const looks = [look(0, { '1/t/0': 1000, '2/t/0': 200 }), look(500, { '1/t/0': 1100, '2/t/0': 300 })] as const
  const [progress] = progressOf([moving(0, [2])], () => led(1), looks)
  assert.deepEqual([progress!.leader, progress!.leaderSizeBytes], [1, 1100])
  assert.deepEqual(progress!.adding, [
    { broker: 2, sizeBytes: 300, bytesLeft: 800, bytesPerSecond: 200, secondsLeft: 4 },
  ])
})

test('a log that a broker does not have yet is empty; one that does not answer, or nobody leads, is not known', () => {
  const sizes = { '1/t/0': 1000 }
  const adding = (brokers: number[], leader: number | null) => {
    const [progress] = progressOf([moving(0, [2])], () => led(leader), [
      look(0, sizes, brokers),
      look(9, sizes, brokers),
    ])
    const { bytesLeft, bytesPerSecond, secondsLeft } = progress!.adding[0]!
    return [bytesLeft, bytesPerSecond, secondsLeft]
  }
  assert.deepEqual(adding([1, 2], 1), [1000, 0, null])
  assert.deepEqual(adding([1], 1), [null, null, null])
  assert.deepEqual(adding([2], 1), [null, 0, null])
  assert.deepEqual(adding([1, 2], null), [null, 0, null])
})

test('who is in sync has nothing left, though its log may be shorter on the disk', () => {
  const sizes = { '1/t/0': 1000, '2/t/0': 900 }
  const [progress] = progressOf([moving(0, [2])], () => led(1, [1, 2]), [look(0, sizes), look(9, sizes)])
  assert.deepEqual([progress!.adding[0]!.bytesLeft, progress!.adding[0]!.secondsLeft], [0, 0])
})

test('several moves together take what they have left at the speed that they have together', () => {
  const before = look(0, { '1/t/0': 1000, '1/t/1': 1000 })
  const after = look(1000, { '1/t/0': 1000, '1/t/1': 1000, '2/t/0': 100, '3/t/1': 300 })
  const all = progressOf([moving(0, [2]), moving(1, [3])], () => led(1), [before, after])
  const replicas = all.flatMap(({ adding }) => adding)
  assert.deepEqual(totalOf(replicas), { bytesLeft: 1600, bytesPerSecond: 400, secondsLeft: 4 })
  assert.deepEqual(totalOf([]), { bytesLeft: 0, bytesPerSecond: 0, secondsLeft: 0 })
  assert.equal(totalOf([...replicas, { ...replicas[0]!, bytesLeft: null }]).bytesLeft, null)
})
