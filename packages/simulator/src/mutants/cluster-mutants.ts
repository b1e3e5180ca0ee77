/** Planted bugs between nodes: fetchers, the controllers' decisions, the quorum, coordinators. */
import type { Mutant } from './mutant.ts'

const change = 'controller/src/partition-change.ts'
const brokers = 'controller/src/brokers.ts'
const topicsImage = 'metadata/src/topics-image.ts'
const serving = 'raft/src/machine/serving.ts'
const host = 'coordinator/src/coordinator-host.ts'

export const CLUSTER_MUTANTS: readonly Mutant[] = [
  {
    name: 'a session forgets to say that the high watermark has moved',
    file: 'broker/src/handlers/01-fetch.ts',
    find: '    result.highWatermark !== partition.toldHighWatermark ||\n',
    replace: '',
    seed: 1,
  },
  {
    name: 'any replica may lead',
    file: change,
    find: '(isr.includes(id) || (isr.length === 0 && eligible.includes(id))) && isAcceptable(id, false)',
    replace: '(isr.includes(id) || eligible.length >= 0) && isAcceptable(id, false)',
    seed: 1,
  },
  {
    name: 'who was eligible once stays so',
    file: change,
    find: 'if (isr.length >= isrMin) return []',
    replace: 'if (isrMin < 0) return []',
    seed: 1,
  },
  {
    name: 'the preferred replica leads, in sync or not',
    file: change,
    find: 'if (mayLead(partition.leader)) return { leader: partition.leader, unclean: false }',
    replace: 'if (isAcceptable(replicas[0]!)) return { leader: replicas[0]!, unclean: false }',
    seed: 1,
  },
  {
    name: 'a new leader has the epoch of the old one',
    file: topicsImage,
    find: 'leaderEpoch: before.leaderEpoch + (leaderNamed ? 1 : 0)',
    replace: 'leaderEpoch: before.leaderEpoch + (leaderNamed ? 0 : 0)',
    seed: 1,
  },
  {
    name: 'a change of the in-sync replicas keeps the partition epoch',
    file: topicsImage,
    find: 'partitionEpoch: before.partitionEpoch + 1',
    replace: 'partitionEpoch: before.partitionEpoch + (leaderNamed ? 1 : 0)',
    seed: 1,
  },
  {
    name: 'a broker that comes back leads on in its epoch',
    file: brokers,
    find: 'if (existing !== undefined && !comesAgain) {',
    replace: 'if (existing !== undefined && !comesAgain && request.previousBrokerEpoch < -1) {',
    seed: 193,
  },
  {
    name: 'a broker that comes back is not told what it leads now',
    file: brokers,
    find: '} else if (registration.leader === NO_LEADER) {',
    replace: '} else if (registration.leader === NO_LEADER && registration.replicas.length === 1) {',
    seed: 1,
  },
  {
    name: 'a controller answers before its decision is committed',
    file: 'controller/src/node.ts',
    find: '      await orAborted(decidedOn.committed, options.signal)',
    replace: '      void orAborted(decidedOn.committed, options.signal).catch(() => {})',
    seed: 2,
  },
  {
    name: 'a controller commits what one voter has',
    file: serving,
    find: 'const offset = offsets[raft.majority - 1] ?? 0',
    replace: 'const offset = offsets[0] ?? 0',
    seed: 5,
  },
  {
    name: 'a coordinator answers before its records are committed',
    file: host,
    find: 'this.#parked[count]!.offset <= highWatermark',
    replace: 'this.#parked[count]!.offset <= highWatermark + 1e9',
    seed: 5,
  },
  {
    name: 'a new coordinator loads only what it knows to be committed',
    file: host,
    find: 'while (session === this.#session && offset < log.endOffset()) {',
    replace: 'while (session === this.#session && offset < log.highWatermark()) {',
    seed: 3,
  },
  {
    name: 'a coordinator whose append failed keeps what it has decided',
    file: host,
    find: "      logger.warn('coordinator could not append', { coordinator: name, errorCode: outcome.error })\n      this.#discard(outcome.error)",
    replace:
      "      logger.warn('coordinator could not append', { coordinator: name, errorCode: outcome.error })\n      this.#failWaiting(coordinatorError(outcome.error))",
    seed: 6,
  },
  {
    name: 'two brokers hand out the same producer ids',
    file: 'controller/src/producer-ids.ts',
    find: 'const nextProducerId = producerIdStart + PRODUCER_ID_BLOCK_SIZE',
    replace: 'const nextProducerId = producerIdStart + 0 * PRODUCER_ID_BLOCK_SIZE',
    seed: 1,
  },
  {
    name: 'a snapshot does not say how many producer ids are taken',
    file: 'metadata/src/image.ts',
    find: 'if (this.#nextProducerId >= 0) {',
    replace: 'if (this.#nextProducerId < 0) {',
    seed: 1,
  },
  {
    name: 'a replica that may lack something leads, though the topic forbids it',
    file: brokers,
    find: "const election = state.mayElectUncleanly(topic.name) ? 'unclean' : 'online'",
    replace: "const election = state.mayElectUncleanly(topic.name) ? 'unclean' : 'unclean'",
    seed: 2,
  },
  {
    name: 'committed offsets expire at once',
    file: 'coordinator/src/offset-expiry.ts',
    find: 'return step.now.wallMs - baseMs >= step.config.offsetsRetentionMs',
    replace: 'return step.now.wallMs - baseMs >= 0 * step.config.offsetsRetentionMs',
    seed: 5,
  },
]
