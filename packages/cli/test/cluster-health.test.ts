/** What `cluster health` makes of the partitions of a cluster. */
import assert from 'node:assert/strict'
import test from 'node:test'
import type { PartitionDescription } from '@braidlog/client'
import { partitionProblems, problemLines, ranges, type ClusterState } from '../src/cluster-health.ts'

function partition(index: number, isr: readonly number[], more: Partial<PartitionDescription> = {}) {
  return {
    partition: index,
    leader: isr[0] ?? null,
    leaderEpoch: 1,
    replicas: [1, 2, 3],
    isr,
    offlineReplicas: [],
    eligibleLeaderReplicas: [],
    lastKnownElr: [],
    ...more,
  }
}

const state = (topics: ClusterState['topics'], more: Partial<ClusterState> = {}): ClusterState => ({
  topics,
  moving: [],
  fenced: [],
  minInSync: new Map(),
  ...more,
})

test('a topic with every copy in sync is no problem', () => {
  assert.deepEqual(partitionProblems(state([{ name: 't', partitions: [partition(0, [1, 2, 3])] }])), [])
})

test('partitions of a topic that lack the same broker are one problem', () => {
  const partitions = [0, 1, 2, 4, 5].map((index) => partition(index, [1, 2])).concat(partition(3, [1, 2, 3]))
  const [problem, ...others] = partitionProblems(state([{ name: 't', partitions }], { fenced: [3] }))
  assert.deepEqual(others, [])
  assert.equal(problem!.what, '5 partitions of t (0-2, 4-5) under-replicated; missing: broker 3')
  assert.equal(problem!.hint, 'start broker 3')
  assert.deepEqual(problem!.partitions, [0, 1, 2, 4, 5])
})

test('a broker that is up and not in sync has to catch up, and is not to be started', () => {
  const [problem] = partitionProblems(state([{ name: 't', partitions: [partition(0, [1])] }], { fenced: [3] }))
  assert.equal(problem!.what, 't-0 under-replicated; missing: brokers 2 and 3')
  assert.equal(problem!.hint, 'start broker 3; broker 2 must catch up: see `braidlog topic describe t`')
})

test('where fewer are in sync than min.insync.replicas it says that acks=all is refused', () => {
  const minInSync = new Map([['t', 2]])
  const [problem] = partitionProblems(state([{ name: 't', partitions: [partition(0, [1])] }], { minInSync }))
  assert.equal(problem!.kind, 'under-min-isr')
  assert.match(problem!.what, /^t-0 refusing acks=all: 1 in sync, min.insync.replicas 2/)
})

test('what is offline comes first, and says who can bring it back', () => {
  const partitions = [
    partition(0, [1, 2]),
    partition(1, [], { eligibleLeaderReplicas: [2] }),
    partition(2, [], { replicas: [3] }),
  ]
  const problems = partitionProblems(state([{ name: 't', partitions }]))
  assert.deepEqual(
    problems.map(({ kind }) => kind),
    ['offline', 'offline', 'under-replicated'],
  )
  assert.match(problems[0]!.hint, /^start broker 2: nothing is lost/)
  assert.match(problems[1]!.hint, /^start one of broker 3; .* elect-leaders t --unclean$/)
})

test('a partition that is being moved is a warning', () => {
  const moving = [{ topic: 't', partition: 0 }]
  const [problem] = partitionProblems(state([{ name: 't', partitions: [partition(0, [1, 2])] }], { moving }))
  assert.deepEqual([problem!.severity, problem!.kind], ['warning', 'moving'])
})

test('a table shows ten lines of a kind, the last of them saying how many more', () => {
  const topics = Array.from({ length: 30 }, (_, index) => ({
    name: `t${index}`,
    partitions: [partition(0, [1, 2]), partition(1, [1, 2])],
  }))
  const lines = problemLines(partitionProblems(state(topics)))
  assert.equal(lines.length, 10)
  assert.equal(lines[9]![1], 'and 42 more partitions of 21 topics under-replicated')
  assert.equal(problemLines(partitionProblems(state(topics.slice(0, 10)))).length, 10)
})

test('neighbours are written as ranges', () => {
  assert.equal(ranges([0]), '0')
  assert.equal(ranges([0, 1, 2, 5, 7, 8]), '0-2, 5, 7-8')
  assert.equal(ranges([0, 2, 4, 6, 8, 10, 12]), '0, 2, 4, 6, 8, 10, …')
})
