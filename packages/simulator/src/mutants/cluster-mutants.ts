/** Planted bugs between nodes: fetchers, the controllers' decisions, the quorum, coordinators. */
import type { Mutant } from './mutant.ts'

const fetcher = 'broker/src/replication/replica-fetcher.ts'
const isrChanges = 'broker/src/replication/isr-changes.ts'
const change = 'controller/src/partition-change.ts'
const alter = 'controller/src/alter-partition.ts'
const brokers = 'controller/src/brokers.ts'
const topicsImage = 'metadata/src/topics-image.ts'
const voting = 'raft/src/machine/voting.ts'
const serving = 'raft/src/machine/serving.ts'
const host = 'coordinator/src/coordinator-host.ts'
const coordinator = 'coordinator/src/group-coordinator.ts'

export const CLUSTER_MUTANTS: readonly Mutant[] = [
  {
    name: 'a fetcher that lost its session names only what has moved',
    file: fetcher,
    find: '      this.#session.reset()',
    replace: '      if (response === null) this.#session.reset()',
  },
  {
    name: 'a follower that was told of another epoch never asks again',
    file: fetcher,
    find: 'this.#followed.set(keyOf(partition), { partition, notBeforeMs: -Infinity, awaitsMetadata: false })',
    replace:
      'if (!this.#followed.has(keyOf(partition))) this.#followed.set(keyOf(partition), { partition, notBeforeMs: -Infinity, awaitsMetadata: false })',
  },
  {
    name: 'a fetcher asks on before what it was sent is on disk',
    file: fetcher,
    find: 'await Promise.allSettled(appended.map((partition) => partition.settleStored()))',
    replace: 'void Promise.allSettled(appended.map((partition) => partition.settleStored()))',
  },
  {
    name: 'a session forgets to say that the high watermark has moved',
    file: 'broker/src/handlers/01-fetch.ts',
    find: '    result.highWatermark !== partition.toldHighWatermark ||\n',
    replace: '',
  },
  {
    name: 'a change of the in-sync replicas that was not answered is taken for refused',
    file: isrChanges,
    find: '      failed = true',
    replace:
      '      failed = true\n      for (const [partition, proposal] of taken.values()) partition.isrAnswered(proposal, undefined)',
  },
  {
    name: 'any replica may lead',
    file: change,
    find: 'const mayLead = (id: number) => (isr.includes(id) || (isr.length === 0 && eligible.includes(id))) && isAcceptable(id)',
    replace: 'const mayLead = (id: number) => (isr.includes(id) || eligible.length >= 0) && isAcceptable(id)',
  },
  {
    name: 'who was eligible once stays so',
    file: change,
    find: 'if (isr.length >= isrMin) return []',
    replace: 'if (isrMin < 0) return []',
  },
  {
    name: 'an eligible replica leads beside others in sync',
    file: change,
    find: 'isr.includes(id) || (isr.length === 0 && eligible.includes(id))',
    replace: 'isr.includes(id) || eligible.includes(id)',
  },
  {
    name: 'the preferred replica leads, in sync or not',
    file: change,
    find: 'if (mayLead(partition.leader)) return { leader: partition.leader, unclean: false }',
    replace: 'if (isAcceptable(replicas[0]!)) return { leader: replicas[0]!, unclean: false }',
  },
  {
    name: 'a new leader has the epoch of the old one',
    file: topicsImage,
    find: 'leaderEpoch: before.leaderEpoch + (leaderNamed ? 1 : 0)',
    replace: 'leaderEpoch: before.leaderEpoch + (leaderNamed ? 0 : 0)',
  },
  {
    name: 'a change of the in-sync replicas keeps the partition epoch',
    file: topicsImage,
    find: 'partitionEpoch: before.partitionEpoch + 1',
    replace: 'partitionEpoch: before.partitionEpoch + (leaderNamed ? 1 : 0)',
  },
  {
    name: 'in-sync replicas are proposed from an older picture',
    file: alter,
    find: 'if (proposal.partitionEpoch < partition.partitionEpoch) return ErrorCode.INVALID_UPDATE_VERSION',
    replace: 'if (proposal.partitionEpoch < -1) return ErrorCode.INVALID_UPDATE_VERSION',
  },
  {
    name: 'a replica that is fenced joins',
    file: alter,
    find: 'return isEligible ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA',
    replace: 'return isEligible || isr.length > 0 ? ErrorCode.NONE : ErrorCode.INELIGIBLE_REPLICA',
  },
  {
    name: 'a broker that comes back leads on in its epoch',
    file: brokers,
    find: 'if (existing !== undefined && !comesAgain) {',
    replace: 'if (existing !== undefined && !comesAgain && request.previousBrokerEpoch < -1) {',
  },
  {
    name: 'a broker that has fallen silent is fenced and leads on',
    file: brokers,
    find: 'records.push(registrationChange(broker, { fenced: FENCE }), ...leave(state, brokerId, { unclean: false }))',
    replace: 'records.push(registrationChange(broker, { fenced: FENCE }))',
  },
  {
    name: 'a broker that comes back is not told what it leads now',
    file: brokers,
    find: '} else if (registration.leader === NO_LEADER) {',
    replace: '} else if (registration.leader === NO_LEADER && registration.replicas.length === 1) {',
  },
  {
    name: 'a controller answers before its decision is committed',
    file: 'controller/src/node.ts',
    find: '      await orAborted(decidedOn.committed, options.signal)',
    replace: '      void orAborted(decidedOn.committed, options.signal).catch(() => {})',
  },
  {
    name: 'a voter votes twice in an epoch',
    file: voting,
    find: 'if (raft.voted !== undefined) return raft.votedFor(request.candidate)',
    replace: 'if (raft.voted !== undefined) return isComplete',
  },
  {
    name: 'a voter elects whoever asks',
    file: voting,
    find: 'return raft.leaderId === NO_NODE && isComplete',
    replace: 'return raft.leaderId === NO_NODE',
  },
  {
    name: 'a controller commits what one voter has',
    file: serving,
    find: 'const offset = offsets[raft.majority - 1] ?? 0',
    replace: 'const offset = offsets[0] ?? 0',
  },
  {
    name: 'a coordinator answers before its records are committed',
    file: host,
    find: 'this.#parked[count]!.offset <= highWatermark',
    replace: 'this.#parked[count]!.offset <= highWatermark + 1e9',
  },
  {
    name: 'a new coordinator loads only what it knows to be committed',
    file: host,
    find: 'while (session === this.#session && offset < log.endOffset()) {',
    replace: 'while (session === this.#session && offset < log.highWatermark()) {',
  },
  {
    name: 'a coordinator answers while it loads',
    file: host,
    find: "if (this.#state !== 'active') {",
    replace: "if (this.#state === 'closed') {",
  },
  {
    name: 'a coordinator that leads no longer goes on',
    file: coordinator,
    find: 'if (known !== undefined && leaderEpoch < known) return\n    this.#epochs.set(partition, leaderEpoch)\n    this.#hosts.get(partition)?.close()\n    this.#hosts.delete(partition)',
    replace: 'if (known !== undefined && leaderEpoch < known) return\n    this.#epochs.set(partition, leaderEpoch)',
  },
  {
    name: 'a coordinator whose append failed keeps what it has decided',
    file: host,
    find: "      logger.warn('coordinator could not append', { coordinator: name, errorCode: outcome.error })\n      this.#discard(outcome.error)",
    replace:
      "      logger.warn('coordinator could not append', { coordinator: name, errorCode: outcome.error })\n      this.#failWaiting(coordinatorError(outcome.error))",
  },
  {
    name: 'a coordinator does not hear that its records are lost',
    file: host,
    find: '        this.#parked = []\n        this.#discard(error)',
    replace: '        this.#discard(error)',
  },
]
