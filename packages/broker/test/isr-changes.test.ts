/** Wishes for other in-sync replicas: asked for again when the controller does not answer, and until they are settled. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { silentLogger } from '@braidlog/base'
import { ErrorCode, type Uuid } from '@braidlog/model'
import type { IsrAnswer, IsrProposal, Partition } from '@braidlog/partition'
import type { AlterPartitionRequest, AlterPartitionResponse } from '@braidlog/protocol'
import { IsrChanges } from '../src/replication/isr-changes.ts'

const TOPIC_ID = 'Ux7eQqSZTRuLXe5QX5ssFA' as Uuid
const PROPOSAL: IsrProposal = { leaderEpoch: 3, partitionEpoch: 5, isr: [{ brokerId: 1, brokerEpoch: 7 }] }

class Fixture {
  readonly answers: (IsrAnswer | undefined)[] = []
  readonly requests: AlterPartitionRequest[] = []
  readonly waits: number[] = []
  pending: IsrProposal | undefined = PROPOSAL
  #outcome: { resolve: (response: AlterPartitionResponse) => void; reject: (error: Error) => void } | undefined
  #fire: (() => void) | undefined
  readonly changes: IsrChanges
  readonly partition: Partition

  constructor() {
    const replicas = {}
    Object.defineProperty(replicas, 'pendingProposal', { get: () => this.pending })
    this.partition = {
      log: { topic: 't', topicId: TOPIC_ID, partition: 0 },
      replicas,
      isrAnswered: (_proposal: IsrProposal, answer: IsrAnswer | undefined) => this.answers.push(answer),
    } as unknown as Partition
    this.changes = new IsrChanges({
      nodeId: 1,
      brokerEpoch: () => 7,
      logger: silentLogger,
      timers: {
        after: (delayMs, callback) => {
          this.waits.push(delayMs)
          this.#fire = callback
          return { cancel() {} }
        },
      },
      submit: (request) => {
        this.requests.push(request)
        return new Promise((resolve, reject) => (this.#outcome = { resolve, reject }))
      },
    })
  }

  async answer(errorCode: ErrorCode): Promise<void> {
    const partition = {
      partitionIndex: 0,
      errorCode,
      leaderId: 1,
      leaderEpoch: 3,
      isr: [1],
      leaderRecoveryState: 0,
      partitionEpoch: 6,
    }
    const topics = [{ topicId: TOPIC_ID, topicName: '', partitions: [partition] }]
    this.#outcome!.resolve({ throttleTimeMs: 0, errorCode: 0, topics } as unknown as AlterPartitionResponse)
    await settle()
  }

  async fail(): Promise<void> {
    this.#outcome!.reject(new Error('no answer within the time'))
    await settle()
  }

  async pauseEnds(): Promise<void> {
    this.#fire!()
    await settle()
  }
}

async function settle(): Promise<void> {
  for (let turns = 0; turns < 3; turns++) await new Promise<void>((resolve) => setImmediate(resolve))
}

describe('a wish for other in-sync replicas', () => {
  it('is asked for again after a pause when the controller did not answer in time', async () => {
    const fixture = new Fixture()
    fixture.changes.propose(fixture.partition, PROPOSAL)
    await settle()
    await fixture.fail()
    assert.deepEqual(fixture.waits, [50])
    await fixture.pauseEnds()
    assert.equal(fixture.requests.length, 2)
    assert.deepEqual(fixture.requests[1], fixture.requests[0])
    await fixture.answer(ErrorCode.NONE)
    assert.deepEqual(fixture.answers, [{ leaderEpoch: 3, partitionEpoch: 6, isr: [1] }])
  })

  it('is dropped when the metadata have overtaken it meanwhile', async () => {
    const fixture = new Fixture()
    fixture.changes.propose(fixture.partition, PROPOSAL)
    await settle()
    await fixture.fail()
    fixture.pending = undefined
    await fixture.pauseEnds()
    assert.equal(fixture.requests.length, 1)
  })

  it('is taken back when the controller has certainly not done it', async () => {
    const fixture = new Fixture()
    fixture.changes.propose(fixture.partition, PROPOSAL)
    await settle()
    await fixture.answer(ErrorCode.INELIGIBLE_REPLICA)
    assert.deepEqual(fixture.answers, [undefined])
    assert.equal(fixture.requests.length, 1)
  })

  it('waits for the metadata when the controller knows of a newer state', async () => {
    const fixture = new Fixture()
    fixture.changes.propose(fixture.partition, PROPOSAL)
    await settle()
    await fixture.answer(ErrorCode.INVALID_UPDATE_VERSION)
    assert.deepEqual(fixture.answers, [])
    assert.deepEqual([fixture.requests.length, fixture.waits.length], [1, 0])
  })
})
