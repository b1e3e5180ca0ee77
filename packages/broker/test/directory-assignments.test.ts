/** Where replicas lie: told to the controller when the metadata say otherwise, until it has taken it. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '@braidlog/base'
import { DIRECTORY_LOST, type ImageView, type MetadataDelta } from '@braidlog/metadata'
import { ErrorCode, type Uuid } from '@braidlog/model'
import type { AssignReplicasToDirsRequest, AssignReplicasToDirsResponse } from '@braidlog/protocol'
import { DirectoryAssignments } from '../src/replication/directory-assignments.ts'

const HERE = 'aGVyZWhlcmVoZXJlaGVyZQ' as Uuid
const OLD = 'b2xkZGlyb2xkZGlyb2xkZA' as Uuid
const TOPIC = 'Ux7eQqSZTRuLXe5QX5ssFA' as Uuid
const NODE = 2

function fixture() {
  /** Directory of node 2, by partition. */
  const directories: Uuid[] = []
  const soundness = new Map<number, boolean>()
  const isr = new Map<number, number[]>()
  const asked: number[][] = []
  const askedOf: Uuid[] = []
  const timers: (() => void)[] = []
  let answer: (errorCodes: readonly ErrorCode[], errorCode?: ErrorCode) => void = () => {}
  const image = {
    metadataVersion: 30,
    topicById: (id: Uuid) =>
      id === TOPIC
        ? {
            partitions: new Map(
              directories.map((own, i) => [
                i,
                { replicas: [1, NODE], isr: isr.get(i) ?? [1], directories: [OLD, own] },
              ]),
            ),
          }
        : undefined,
  } as unknown as ImageView
  const assignments = new DirectoryAssignments({
    nodeId: NODE,
    directoryId: HERE,
    isSound: (_topicId, partition) => soundness.get(partition) ?? true,
    brokerEpoch: () => 7,
    image,
    logger: silentLogger,
    timers: {
      after: (_delayMs, callback) => {
        timers.push(callback)
        return { cancel() {} }
      },
    },
    submit: (request: AssignReplicasToDirsRequest) => {
      const [directory] = request.directories
      assert.deepEqual([request.brokerId, request.brokerEpoch, request.directories.length], [NODE, 7, 1])
      askedOf.push(directory!.id)
      const numbers = directory!.topics.flatMap(({ partitions }) => partitions.map((each) => each.partitionIndex))
      asked.push(numbers)
      return new Promise<AssignReplicasToDirsResponse>((resolve) => {
        answer = (errorCodes, errorCode = ErrorCode.NONE) => {
          const partitions = numbers.map((partitionIndex, i) => ({ partitionIndex, errorCode: errorCodes[i]! }))
          numbers.forEach((partition, i) => {
            if (errorCodes[i] === ErrorCode.NONE) directories[partition] = directory!.id
          })
          const topics = errorCode === ErrorCode.NONE ? [{ topicId: TOPIC, partitions }] : []
          resolve({ throttleTimeMs: 0, errorCode, directories: [{ id: HERE, topics }] } as AssignReplicasToDirsResponse)
        }
      })
    },
  })
  const show = (...partitions: number[]) =>
    assignments.onImage(image, {
      partitions: partitions.map((partition) => ({ topicId: TOPIC, partition })),
    } as unknown as MetadataDelta)
  const settle = async (codes: readonly ErrorCode[], errorCode?: ErrorCode) => {
    answer(codes, errorCode)
    for (let i = 0; i < 3; i++) await new Promise<void>((resolve) => setImmediate(resolve))
  }
  return { assignments, directories, soundness, isr, asked, askedOf, timers, show, settle }
}

describe('directories of replicas', () => {
  it('are told where the metadata have another, all that is new in one request', async () => {
    const { directories, asked, show, settle } = fixture()
    directories.push(OLD, HERE, OLD)
    show(0, 1, 2)
    assert.deepEqual(asked, [[0, 2]])
    directories.push(OLD, OLD)
    show(3)
    show(4)
    assert.equal(asked.length, 1, 'one at a time')
    await settle([ErrorCode.NONE, ErrorCode.NONE])
    assert.deepEqual(asked, [
      [0, 2],
      [3, 4],
    ])
    await settle([ErrorCode.NONE, ErrorCode.NONE])
    show(0, 1, 2, 3, 4)
    assert.equal(asked.length, 2)
  })

  it('are told again after a pause when the controller did not take them', async () => {
    const { directories, asked, timers, show, settle } = fixture()
    directories.push(OLD, OLD)
    show(0, 1)
    await settle([], ErrorCode.STALE_BROKER_EPOCH)
    assert.equal(asked.length, 1)
    timers.shift()!()
    await settle([ErrorCode.NONE, ErrorCode.UNKNOWN_TOPIC_ID])
    timers.shift()!()
    assert.deepEqual(asked, [[0, 1], [0, 1], [1]])
    await settle([ErrorCode.NONE])
    assert.equal(timers.length, 0)
  })

  it('are of no interest once the node holds none, or is closed', async () => {
    const { assignments, directories, asked, timers, show, settle } = fixture()
    directories.push(OLD)
    show(0)
    await settle([], ErrorCode.STALE_BROKER_EPOCH)
    directories.pop()
    timers.shift()!()
    assert.equal(asked.length, 1)
    assignments.close()
    directories.push(OLD)
    show(0)
    assert.equal(asked.length, 1)
  })
})

describe('a replica that is not sound', () => {
  it('is called lost, also once more where a leader has taken it in, and found when it is sound again', async () => {
    const { assignments, directories, soundness, isr, asked, askedOf, show, settle } = fixture()
    directories.push(HERE, HERE)
    soundness.set(1, false)
    isr.set(1, [1, NODE])
    assignments.look(TOPIC, 1)
    isr.set(1, [1])
    await settle([ErrorCode.NONE])
    assert.deepEqual([asked, askedOf, assignments.isLost(TOPIC, 1)], [[[1]], [DIRECTORY_LOST], true])
    show(0, 1)
    assert.equal(asked.length, 1, 'the metadata have it')
    isr.set(1, [1, NODE])
    show(1)
    assert.deepEqual(askedOf, [DIRECTORY_LOST, DIRECTORY_LOST])
    isr.set(1, [1])
    await settle([ErrorCode.NONE])
    soundness.set(1, true)
    assignments.look(TOPIC, 1)
    await settle([ErrorCode.NONE])
    assert.deepEqual([askedOf, directories[1]], [[DIRECTORY_LOST, DIRECTORY_LOST, HERE], HERE])
  })
})
