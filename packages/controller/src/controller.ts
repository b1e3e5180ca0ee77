/**
 * The controller as a replicated machine: `decide` reads the state and changes nothing, `apply` is the only writer.
 * One function per request, in the file of its concept.
 *
 * Invariant: same state, same request and same context give the same records and the same response.
 */
import type { MetadataRecord } from '@braidlog/metadata'
import { decideCreateAcls, decideDeleteAcls } from './acls.ts'
import { decideAlterPartition } from './alter-partition.ts'
import { decideAssignReplicasToDirs } from './assign-directories.ts'
import { decideControllerRegistration } from './controller-registration.ts'
import { checkPartition } from './invariants.ts'
import { decideAlterConfigs, decideIncrementalAlterConfigs } from './alter-configs.ts'
import { decideBrokerHeartbeat, fenceExpired, decideBrokerRegistration, decideUnregisterBroker } from './brokers.ts'
import { decideCreatePartitions } from './create-partitions.ts'
import { decideCreateTopics } from './create-topics.ts'
import { decideDeleteTopics } from './delete-topics.ts'
import { decideElectLeaders, ElectionSchedule } from './elections.ts'
import { decideUpdateFeatures } from './features.ts'
import { decideAllocateProducerIds } from './producer-ids.ts'
import { decideAlterPartitionReassignments, decideListPartitionReassignments } from './reassignments.ts'
import type { DecidedRequestName, RequestOf, ResponseOf } from './requests.ts'
import { ControllerState, type ControllerSettings, type Decision, type DecisionContext } from './state.ts'

type Decide<N extends DecidedRequestName> = (
  state: ControllerState,
  request: RequestOf<N>,
  context: DecisionContext,
) => Decision<ResponseOf<N>>

const DECIDE: { readonly [N in DecidedRequestName]: Decide<N> } = {
  allocateProducerIds: decideAllocateProducerIds,
  alterConfigs: decideAlterConfigs,
  alterPartition: decideAlterPartition,
  alterPartitionReassignments: decideAlterPartitionReassignments,
  assignReplicasToDirs: decideAssignReplicasToDirs,
  brokerHeartbeat: decideBrokerHeartbeat,
  brokerRegistration: decideBrokerRegistration,
  controllerRegistration: decideControllerRegistration,
  createAcls: decideCreateAcls,
  createPartitions: decideCreatePartitions,
  createTopics: decideCreateTopics,
  deleteAcls: decideDeleteAcls,
  deleteTopics: decideDeleteTopics,
  electLeaders: decideElectLeaders,
  incrementalAlterConfigs: decideIncrementalAlterConfigs,
  listPartitionReassignments: decideListPartitionReassignments,
  unregisterBroker: decideUnregisterBroker,
  updateFeatures: decideUpdateFeatures,
}

export class Controller {
  readonly #state: ControllerState
  readonly #elections: ElectionSchedule

  constructor(settings: ControllerSettings) {
    this.#state = new ControllerState(settings)
    this.#elections = new ElectionSchedule(this.#state)
  }

  /** The state, for reading. */
  get state(): ControllerState {
    return this.#state
  }

  decide<N extends DecidedRequestName>(
    name: N,
    request: RequestOf<N>,
    context: DecisionContext,
  ): Decision<ResponseOf<N>> {
    return DECIDE[name](this.#state, request, context)
  }

  /** Begins to watch: every broker that is not fenced has a whole session before it has to be heard of. */
  activate(context: DecisionContext): void {
    this.#elections.start(context.nowMs)
    for (const broker of this.#state.image.brokers()) {
      if (!broker.fenced) this.#state.sessions.presume(broker.id, context.nowMs)
    }
  }

  /** Monotonic time at which `expire` is next useful; Infinity: never. */
  nextDeadlineMs(): number {
    return Math.min(this.#state.sessions.nextDeadlineMs(), this.#elections.nextDeadlineMs())
  }

  /** What time alone makes necessary. */
  expire(context: DecisionContext): { readonly records: readonly MetadataRecord[] } {
    const fenced = fenceExpired(this.#state, context)
    // One thing at a time: each is decided on what the one before has made.
    return { records: fenced.length > 0 ? fenced : this.#elections.expire(this.#state, context) }
  }

  apply(record: MetadataRecord): void {
    this.#state.apply(record)
  }

  /** Called after every step in tests and simulation. */
  invariants(): void {
    for (const topic of this.#state.image.topics()) {
      for (const [partition, registration] of topic.partitions) {
        checkPartition(this.#state, `${topic.name}-${partition}`, registration)
      }
    }
  }

  snapshot(): Iterable<MetadataRecord> {
    return this.#state.image.records()
  }
}
