/** Which replica a consumer is sent to: one in its rack that has what it asks for. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ImageView } from '@braidlog/metadata'
import { ReplicaSet } from '@braidlog/partition'
import { preferredReadReplica } from '../src/replication/replica-selector.ts'

const LEADER = 1

interface Node {
  readonly rack: string | null
  readonly fenced?: boolean
  readonly listener?: string
}

function imageOf(nodes: Readonly<Record<number, Node>>): ImageView {
  const broker = (id: number) => {
    const node = nodes[id]
    if (node === undefined) return undefined
    const { rack, fenced = false, listener = 'PLAINTEXT' } = node
    return { id, rack, fenced, endpoints: [{ name: listener, host: 'host', port: 9092 }] }
  }
  return { broker } as unknown as ImageView
}

/** A leader at offset 10; followers as far as given. */
function replicasAt(ends: Readonly<Record<number, number>>, isr: readonly number[] = [1, 2, 3, 4]): ReplicaSet {
  const options = { nodeId: LEADER, brokerEpoch: () => 7, lagTimeMaxMs: 30_000, isEligible: () => true }
  const replicas = new ReplicaSet(options, { leaderEpoch: 1, partitionEpoch: 1, replicas: [1, 2, 3, 4], isr }, 0, 0)
  for (const [id, end] of Object.entries(ends)) {
    const fetch = { replicaId: Number(id), brokerEpoch: -1, fetchOffset: end, logStartOffset: 2 }
    replicas.followerFetched(fetch, { endOffset: 10, highWatermark: 10 }, 5)
  }
  return replicas
}

const NODES = { 1: { rack: 'a' }, 2: { rack: 'b' }, 3: { rack: 'b' }, 4: { rack: null } }

function choice(
  change: Partial<{ nodes: Readonly<Record<number, Node>>; replicas: ReplicaSet; rackId: string; fetchOffset: number }>,
): number {
  const { nodes = NODES, replicas = replicasAt({ 2: 10, 3: 9, 4: 10 }), rackId = 'b', fetchOffset = 5 } = change
  return preferredReadReplica(imageOf(nodes), LEADER, replicas, { rackId, fetchOffset, listenerName: 'PLAINTEXT' })
}

describe('the replica that a consumer reads from', () => {
  it('is the leader when it is in the rack, or nobody else is', () => {
    assert.equal(choice({ rackId: 'a' }), -1)
    assert.equal(choice({ rackId: 'elsewhere' }), -1)
  })

  it('is who has most of those in the rack', () => {
    assert.equal(choice({}), 2)
    assert.equal(choice({ replicas: replicasAt({ 2: 9, 3: 10 }) }), 3)
    assert.equal(choice({ replicas: replicasAt({ 2: 10, 3: 10 }) }), 3, 'or the larger id')
  })

  it('has the offset that is asked for', () => {
    assert.equal(choice({ fetchOffset: 10, replicas: replicasAt({ 2: 9, 3: 10 }) }), 3)
    assert.equal(choice({ fetchOffset: 10, replicas: replicasAt({ 2: 9, 3: 9 }) }), -1)
    assert.equal(choice({ fetchOffset: 1 }), -1, 'deleted there already')
    assert.equal(choice({ replicas: replicasAt({}) }), -1, 'nothing was heard of them yet')
  })

  it('is in sync, takes requests, and listens where the consumer came in', () => {
    assert.equal(choice({ replicas: replicasAt({ 2: 10, 3: 9 }, [1, 3]) }), 3)
    assert.equal(choice({ nodes: { ...NODES, 2: { rack: 'b', fenced: true } } }), 3)
    assert.equal(choice({ nodes: { ...NODES, 2: { rack: 'b', listener: 'INTERNAL' } } }), 3)
    assert.equal(choice({ nodes: { 1: { rack: 'a' } } }), -1)
  })
})
