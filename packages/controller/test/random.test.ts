/** The controller under random requests, silence and time: its invariants hold after every step. */
import assert from 'node:assert/strict'
import test from 'node:test'
import { below, SeededRandom } from '@braidlog/base'
import { mergeChange, metadataRecord, type MetadataRecord } from '@braidlog/metadata'
import { randomUuid, SUPPORTED_FEATURES, type Uuid } from '@braidlog/model'
import { highestVersion } from './record-levels.ts'
import { Scenario } from './scenario.ts'

const BROKERS = [1, 2, 3, 4, 5]
/** Those between which something about records changes, and all of the releases whose clusters are joined. */
const LEVELS = [11, 14, 17, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30]
const SEEDS = 60
const STEPS = 250

class Storm {
  readonly scenario: Scenario
  readonly #random: SeededRandom
  readonly #dirs = new Map<number, Uuid>()
  /** How often each kind of thing was seen. */
  readonly seen = new Set<string>()

  constructor(seed: number) {
    this.#random = new SeededRandom(seed)
    const elr = below(this.#random, 2)
    const metadataVersion = this.#pick(LEVELS)
    const features = {
      'metadata.version': metadataVersion,
      ...(metadataVersion >= 23 && { 'eligible.leader.replicas.version': elr }),
    }
    this.scenario = new Scenario({ 'min.insync.replicas': '2' }, features)
    for (const id of BROKERS) this.#dirs.set(id, randomUuid(this.#random))
    this.scenario.apply(metadataRecord('UnregisterBroker', { brokerId: 1, brokerEpoch: 5 }))
    this.scenario.controller.activate(this.scenario.context)
  }

  step(): void {
    const broker = this.#pick(BROKERS)
    switch (below(this.#random, 12)) {
      case 0:
        return this.#register(broker)
      case 1:
      case 2:
      case 3:
        return this.#heartbeat(broker, {})
      case 4:
        return this.#heartbeat(broker, { wantShutDown: below(this.#random, 2) === 1 })
      case 5:
        return this.#pass()
      case 6:
        return this.#createTopic()
      case 7:
      case 8:
        return this.#alterPartition()
      case 9:
        return this.#reassign()
      case 10:
        return this.#elect()
      default:
        return this.#configure()
    }
  }

  #register(brokerId: number): void {
    const known = this.scenario.image.broker(brokerId)
    const isClean = below(this.#random, 2) === 1
    this.#submit('brokerRegistration', {
      brokerId,
      clusterId: 'cluster',
      incarnationId: randomUuid(this.#random),
      listeners: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
      features: SUPPORTED_FEATURES.map(({ name, levelMin, levelMax }) => ({
        name,
        minSupportedVersion: levelMin,
        maxSupportedVersion: levelMax,
      })),
      rack: brokerId % 2 === 0 ? 'even' : 'odd',
      isMigratingZkBroker: false,
      logDirs: [this.#dirs.get(brokerId)!],
      previousBrokerEpoch: isClean ? (known?.epoch ?? -1) : -1,
    })
  }

  #heartbeat(brokerId: number, more: { wantShutDown?: boolean }): void {
    const broker = this.scenario.image.broker(brokerId)
    if (broker === undefined) return
    this.#submit('brokerHeartbeat', {
      brokerId,
      brokerEpoch: broker.epoch,
      currentMetadataOffset: this.scenario.nextOffset - 1,
      wantFence: below(this.#random, 20) === 0,
      wantShutDown: more.wantShutDown ?? false,
      offlineLogDirs: below(this.#random, 15) === 0 ? [this.#dirs.get(brokerId)!] : [],
      cordonedLogDirs: null,
    })
  }

  #pass(): void {
    const { scenario } = this
    const endMs = scenario.nowMs + below(this.#random, 4000)
    while (scenario.controller.nextDeadlineMs() <= endMs) {
      scenario.nowMs = Math.max(scenario.nowMs, scenario.controller.nextDeadlineMs())
      const { records } = scenario.controller.expire(scenario.context)
      if (records.length > 0) this.seen.add('expired')
      this.#apply(records)
    }
    scenario.nowMs = endMs
  }

  #createTopic(): void {
    const name = `t${below(this.#random, 5)}`
    const topic = { name, numPartitions: 1 + below(this.#random, 3), replicationFactor: 1 + below(this.#random, 4) }
    this.#submit('createTopics', {
      topics: [{ ...topic, assignments: [], configs: [] }],
      timeoutMs: 0,
      validateOnly: false,
    })
  }

  #alterPartition(): void {
    const at = this.#partition()
    if (at === undefined) return
    const { topicId, index, partition } = at
    const brokerId = below(this.#random, 8) === 0 ? this.#pick(BROKERS) : partition.leader
    const broker = this.scenario.image.broker(brokerId)
    if (broker === undefined) return
    const others = partition.replicas.filter((id) => id !== brokerId && below(this.#random, 3) > 0)
    const { response } = this.#submit('alterPartition', {
      brokerId,
      brokerEpoch: broker.epoch,
      topics: [
        {
          topicId,
          partitions: [
            {
              partitionIndex: index,
              leaderEpoch: partition.leaderEpoch,
              newIsr: [],
              newIsrWithEpochs: [brokerId, ...others].map((id) => ({
                brokerId: id,
                brokerEpoch: this.scenario.image.broker(id)?.epoch ?? -1,
              })),
              leaderRecoveryState: below(this.#random, 2),
              partitionEpoch: partition.partitionEpoch - (below(this.#random, 6) === 0 ? 1 : 0),
            },
          ],
        },
      ],
    })
    this.seen.add(`alterPartition ${response.topics[0]?.partitions[0]?.errorCode ?? response.errorCode}`)
  }

  #reassign(): void {
    const at = this.#partition()
    if (at === undefined) return
    const registered = [...this.scenario.image.brokers()].map(({ id }) => id)
    const replicas = below(this.#random, 4) === 0 ? null : registered.filter(() => below(this.#random, 2) === 1)
    const { response } = this.#submit('alterPartitionReassignments', {
      timeoutMs: 0,
      allowReplicationFactorChange: true,
      topics: [{ name: at.topic, partitions: [{ partitionIndex: at.index, replicas }] }],
    })
    this.seen.add(`reassign ${response.responses[0]!.partitions[0]!.errorCode}`)
  }

  #elect(): void {
    const { response } = this.#submit('electLeaders', {
      electionType: below(this.#random, 2),
      topicPartitions: null,
      timeoutMs: 0,
    })
    for (const { partitionResult } of response.replicaElectionResults) {
      for (const { errorCode } of partitionResult) this.seen.add(`elect ${errorCode}`)
    }
  }

  #configure(): void {
    const name = 'unclean.leader.election.enable'
    const value = String(below(this.#random, 2) === 1)
    const topic = this.#pick([...this.scenario.image.topics()])
    if (topic === undefined) return
    this.#submit('incrementalAlterConfigs', {
      resources: [{ resourceType: 2, resourceName: topic.name, configs: [{ name, configOperation: 0, value }] }],
      validateOnly: false,
    })
  }

  #submit<N extends Parameters<Scenario['decide']>[0]>(
    name: N,
    request: Parameters<typeof this.scenario.decide<N>>[1],
  ) {
    const decision = this.scenario.decide(name, request)
    this.#apply(decision.records)
    return decision
  }

  #apply(records: readonly MetadataRecord[]): void {
    const { scenario } = this
    const changed = new Set<string>()
    const { metadataVersion } = scenario.image
    for (const record of records) {
      const versionMax = highestVersion(record.type, metadataVersion)
      assert.ok(record.version <= versionMax, `${record.type} v${record.version} at level ${metadataVersion}`)
      if (record.type === 'PartitionChange') {
        const key = `${record.value.topicId}-${record.value.partitionId}`
        assert.ok(!changed.has(key), 'one change of a partition in one decision')
        changed.add(key)
        const topic = scenario.image.topicById(record.value.topicId)!
        const before = topic.partitions.get(record.value.partitionId)!
        const after = mergeChange(before, record.value)
        assert.equal(after.partitionEpoch, before.partitionEpoch + 1)
        assert.ok(after.leaderEpoch - before.leaderEpoch <= 1 && after.leaderEpoch >= before.leaderEpoch)
        if (after.leader !== before.leader) assert.equal(after.leaderEpoch, before.leaderEpoch + 1)
        if (after.leaderRecoveryState > before.leaderRecoveryState) this.seen.add('unclean')
        if (before.addingReplicas.length > 0 && after.addingReplicas.length === 0) this.seen.add('moved')
      }
      scenario.apply(record)
    }
    scenario.nextOffset += records.length
    scenario.controller.invariants()
    for (const { partitions } of scenario.image.topics()) {
      for (const { eligibleLeaderReplicas } of partitions.values()) {
        if (eligibleLeaderReplicas.length > 0) this.seen.add('eligible')
      }
    }
  }

  #partition() {
    const topic = this.#pick([...this.scenario.image.topics()])
    const found = topic && this.#pick([...topic.partitions])
    return found && { topic: topic.name, topicId: topic.id, index: found[0], partition: found[1] }
  }

  #pick<T>(items: readonly T[]): T
  #pick<T>(items: readonly T[]): T | undefined {
    return items[below(this.#random, Math.max(items.length, 1))]
  }
}

test('invariants hold whatever is asked, by whom and when; and everything is seen', () => {
  const seen = new Set<string>()
  for (let seed = 1; seed <= SEEDS; seed++) {
    const storm = new Storm(seed)
    try {
      for (let step = 0; step < STEPS; step++) storm.step()
    } catch (error) {
      throw new Error(`seed ${seed}`, { cause: error })
    }
    for (const each of storm.seen) seen.add(each)
  }
  for (const each of ['expired', 'unclean', 'moved', 'eligible', 'alterPartition 0', 'reassign 0', 'elect 0']) {
    assert.ok(seen.has(each), `${each} was never seen; seen: ${[...seen].join(', ')}`)
  }
})
