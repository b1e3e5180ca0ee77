/**
 * The controller as a replicated machine: `decide` reads the state and changes nothing, `apply` is the only writer.
 * One function per request, in the file of its concept.
 *
 * Invariant: same state, same request and same context give the same records and the same response.
 */
import type { MetadataRecord } from '@braidlog/metadata'
import { decideCreateAcls, decideDeleteAcls } from './acls.ts'
import { decideAlterConfigs, decideIncrementalAlterConfigs } from './alter-configs.ts'
import { decideBrokerHeartbeat, fenceExpired, decideBrokerRegistration, decideUnregisterBroker } from './brokers.ts'
import { decideCreatePartitions } from './create-partitions.ts'
import { decideCreateTopics } from './create-topics.ts'
import { decideDeleteTopics } from './delete-topics.ts'
import { decideElectLeaders } from './elections.ts'
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
  alterPartitionReassignments: decideAlterPartitionReassignments,
  brokerHeartbeat: decideBrokerHeartbeat,
  brokerRegistration: decideBrokerRegistration,
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

  constructor(settings: ControllerSettings) {
    this.#state = new ControllerState(settings)
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
    for (const broker of this.#state.image.brokers()) {
      if (!broker.fenced) this.#state.sessions.presume(broker.id, context.nowMs)
    }
  }

  /** Monotonic time at which `expire` is next useful; Infinity: never. */
  nextDeadlineMs(): number {
    return this.#state.sessions.nextDeadlineMs()
  }

  /** What time alone makes necessary. */
  expire(context: DecisionContext): { readonly records: readonly MetadataRecord[] } {
    return { records: fenceExpired(this.#state, context) }
  }

  apply(record: MetadataRecord): void {
    this.#state.apply(record)
  }

  snapshot(): Iterable<MetadataRecord> {
    return this.#state.image.records()
  }
}
