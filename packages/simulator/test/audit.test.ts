/** Whom the audit believes: the newest picture of the cluster that any process has, whether it serves already or not. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Audit } from '../src/cluster/audit.ts'
import type { SimulatedNode } from '../src/cluster/node.ts'
import { World } from '../src/world/world.ts'

const TOPIC = 'simulated'

type Image = NonNullable<SimulatedNode['image']>

/** Partition 0 on two nodes, the first of which leads. */
function imageAt(offset: number, partitionEpoch: number, isr: readonly number[]): Image {
  const registration = {
    replicas: [1, 2],
    leader: 1,
    leaderEpoch: 0,
    partitionEpoch,
    isr,
    eligibleLeaderReplicas: [],
  }
  const topics = [{ name: TOPIC, partitions: new Map([[0, registration]]) }]
  return { offset, topics: () => topics, brokers: () => [] } as unknown as Image
}

class AuditedNode {
  #files = new Map<string, Uint8Array>()
  readonly disk = { memory: { durableFiles: () => this.#files } }
  readonly isPaused = false
  readonly incarnation = 1
  readonly nodeId: number
  image: Image | undefined
  parts: { image: Image; partitions: undefined; isActiveController: boolean } | undefined

  constructor(nodeId: number) {
    this.nodeId = nodeId
  }

  starts(image: Image): void {
    this.image = image
    this.parts = undefined
  }

  serves(image: Image): void {
    this.image = image
    this.parts = { image, partitions: undefined, isActiveController: false }
  }

  dies(): void {
    this.image = undefined
    this.parts = undefined
  }

  /** An empty segment says where a log ends. */
  holdsTo(endOffset: number): void {
    this.#files = new Map([[`${String(endOffset).padStart(20, '0')}.log`, new Uint8Array(0)]])
  }
}

function audited(): { audit: Audit; one: AuditedNode; two: AuditedNode; violations: string[] } {
  const violations: string[] = []
  const one = new AuditedNode(1)
  const two = new AuditedNode(2)
  one.holdsTo(109)
  two.holdsTo(109)
  const audit = new Audit({
    world: new World(1),
    nodes: [one, two] as unknown as SimulatedNode[],
    topic: TOPIC,
    copiesMin: () => 1,
    sampleMs: 100,
    onViolation: (message) => violations.push(message),
    onMoment: () => {},
  })
  one.serves(imageAt(114, 1, [1, 2]))
  audit.committed(0, 108, true)
  assert.deepEqual(violations, [])
  return { audit, one, two, violations }
}

/** Where the replica of node 2 ends after it has found itself damaged, left the in-sync set and cut itself off. */
const CUT_AT = 91

describe('the audit', () => {
  it('finds that a replica in sync lacks what is committed', () => {
    const { audit, two, violations } = audited()
    two.holdsTo(CUT_AT)
    audit.compare()
    assert.match(violations.join(), /^offset 108 of partition 0 is committed, and node 2, in sync, has only 91 records/)
  })

  it('knows what nobody but a node that starts knows: that a replica has left the in-sync set', () => {
    const { audit, one, two, violations } = audited()
    one.dies()
    two.starts(imageAt(116, 2, [1]))
    two.holdsTo(CUT_AT)
    audit.look()
    audit.compare()
    assert.deepEqual(violations, [])
  })

  it('does not forget it when that node dies before it serves', () => {
    const { audit, one, two, violations } = audited()
    one.dies()
    two.starts(imageAt(116, 2, [1]))
    audit.look()
    two.holdsTo(CUT_AT)
    two.dies()
    audit.compare()
    assert.deepEqual(violations, [])
  })

  it('holds a node that starts to the same picture of the cluster', () => {
    const { audit, two, violations } = audited()
    two.starts(imageAt(114, 1, [1]))
    audit.look()
    assert.match(violations.join(), /^at offset 114 node 2 has another picture of the cluster/)
  })
})
