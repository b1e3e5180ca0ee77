/** A controller with one registered broker, and short ways to ask it. */
import { SeededRandom, type Timers } from '@braidlog/base'
import { metadataRecord, type MetadataRecord } from '@braidlog/metadata'
import { BROKER_CONFIGS, parseConfigs, SUPPORTED_FEATURES, ZERO_UUID, type Uuid } from '@braidlog/model'
import type { CreateTopicsRequest } from '@braidlog/protocol'
import { Controller, type DecidedRequestName, type Decision, type RequestOf, type ResponseOf } from '../src/index.ts'
import type { QuorumState } from '../src/state.ts'

export const NODE_ID = 1
export const BROKER_EPOCH = 5
export const LOG_DIR = 'IO_plDfRSbqgxBJYiCvQ4Q' as Uuid

/** For tests in which no time passes. */
export const noTimers: Timers = { after: () => ({ cancel() {} }) }

type TopicInput = Partial<CreateTopicsRequest['topics'][number]>

export class Scenario {
  readonly controller: Controller
  readonly #random = new SeededRandom(1)
  nextOffset = 100
  quorum: QuorumState = { kraftVersion: 1, voterIds: [NODE_ID], upgradeProblem: () => undefined }
  nowMs = 1_000

  constructor(configs: Readonly<Record<string, string>> = {}, features: Readonly<Record<string, number>> = {}) {
    const staticConfigs = new Map(Object.entries({ 'node.id': '1', 'process.roles': 'broker,controller', ...configs }))
    staticConfigs.set('controller.listener.names', 'CONTROLLER')
    this.controller = new Controller({
      nodeId: NODE_ID,
      clusterId: 'cluster',
      staticConfigs,
      configs: parseConfigs(BROKER_CONFIGS, staticConfigs).values,
    })
    for (const [name, featureLevel] of Object.entries({ 'metadata.version': 30, ...features })) {
      this.apply(metadataRecord('FeatureLevel', { name, featureLevel }))
    }
    this.apply(registeredBroker(NODE_ID, BROKER_EPOCH, LOG_DIR))
  }

  get image() {
    return this.controller.state.image
  }

  get context() {
    return { random: this.#random, nowMs: this.nowMs, nextOffset: this.nextOffset, quorum: this.quorum }
  }

  /** Lets the time come and applies what it calls for, as often as there is something. */
  passTo(nowMs: number): MetadataRecord[] {
    const all: MetadataRecord[] = []
    while (this.controller.nextDeadlineMs() <= nowMs) {
      this.nowMs = Math.max(this.nowMs, this.controller.nextDeadlineMs())
      const { records } = this.controller.expire(this.context)
      this.apply(...records)
      this.nextOffset += records.length
      all.push(...records)
    }
    this.nowMs = nowMs
    return all
  }

  apply(...records: readonly MetadataRecord[]): void {
    for (const record of records) this.controller.apply(record)
  }

  /** Decides, changing nothing. */
  decide<N extends DecidedRequestName>(name: N, request: RequestOf<N>): Decision<ResponseOf<N>> {
    return this.controller.decide(name, request, this.context)
  }

  /** Decides and applies. */
  submit<N extends DecidedRequestName>(name: N, request: RequestOf<N>): Decision<ResponseOf<N>> {
    const decision = this.decide(name, request)
    this.apply(...decision.records)
    this.nextOffset += decision.records.length
    return decision
  }

  createTopics(...topics: readonly TopicInput[]) {
    return this.submit('createTopics', { topics: topics.map(topicRequest), timeoutMs: 1000, validateOnly: false })
  }
}

export function topicRequest(topic: TopicInput): CreateTopicsRequest['topics'][number] {
  return { name: 'orders', numPartitions: 1, replicationFactor: 1, assignments: [], configs: [], ...topic }
}

export function registeredBroker(brokerId: number, brokerEpoch: number, logDir: Uuid, fenced = false): MetadataRecord {
  return metadataRecord(
    'RegisterBroker',
    {
      brokerId,
      brokerEpoch,
      incarnationId: ZERO_UUID,
      endPoints: [{ name: 'PLAINTEXT', host: 'h', port: 9092, securityProtocol: 0 }],
      features: SUPPORTED_FEATURES.map((each) => ({
        name: each.name,
        minSupportedVersion: each.levelMin,
        maxSupportedVersion: each.levelMax,
      })),
      fenced,
      logDirs: [logDir],
    },
    4,
  )
}
