/**
 * What brokers and other controllers ask of the active controller for themselves: AlterPartition (56),
 * BrokerRegistration (62), BrokerHeartbeat (63), AllocateProducerIds (67), ControllerRegistration (70) and
 * AssignReplicasToDirs (73).
 */
import { AclOperation, ErrorCode } from '@braidlog/model'
import {
  AllocateProducerIdsRequest,
  AllocateProducerIdsResponse,
  AlterPartitionRequest,
  AlterPartitionResponse,
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
  BrokerHeartbeatRequest,
  BrokerHeartbeatResponse,
  BrokerRegistrationRequest,
  BrokerRegistrationResponse,
  ControllerRegistrationRequest,
  ControllerRegistrationResponse,
} from '@braidlog/protocol'
import { clusterGuard } from '../access.ts'
import type { ClusterLink } from '../cluster-link.ts'
import { api, type ApiHandler } from '../handler.ts'

const FORBIDDEN = { errorCode: ErrorCode.CLUSTER_AUTHORIZATION_FAILED }
/** Version 2 of AlterPartition names its replicas without their epochs. */
const UNKNOWN_BROKER_EPOCH = -1

export function controllerHandlers({ cluster }: { readonly cluster: Pick<ClusterLink, 'submit'> }): ApiHandler[] {
  return [
    api(
      AlterPartitionRequest,
      AlterPartitionResponse,
      (request) => cluster.submit('alterPartition', withEpochs(request)),
      { guard: clusterGuard(AclOperation.CLUSTER_ACTION, () => FORBIDDEN) },
    ),
    api(
      BrokerRegistrationRequest,
      BrokerRegistrationResponse,
      (request) => cluster.submit('brokerRegistration', request),
      { guard: clusterGuard(AclOperation.CLUSTER_ACTION, () => FORBIDDEN) },
    ),
    api(BrokerHeartbeatRequest, BrokerHeartbeatResponse, (request) => cluster.submit('brokerHeartbeat', request), {
      guard: clusterGuard(AclOperation.CLUSTER_ACTION, () => FORBIDDEN),
    }),
    api(
      AllocateProducerIdsRequest,
      AllocateProducerIdsResponse,
      (request) => cluster.submit('allocateProducerIds', request),
      { guard: clusterGuard(AclOperation.CLUSTER_ACTION, () => FORBIDDEN) },
    ),
    api(
      ControllerRegistrationRequest,
      ControllerRegistrationResponse,
      (request) => cluster.submit('controllerRegistration', request),
      { guard: clusterGuard(AclOperation.CLUSTER_ACTION, () => FORBIDDEN) },
    ),
    api(
      AssignReplicasToDirsRequest,
      AssignReplicasToDirsResponse,
      (request) => cluster.submit('assignReplicasToDirs', request),
      { guard: clusterGuard(AclOperation.CLUSTER_ACTION, () => FORBIDDEN) },
    ),
  ]
}

function withEpochs(request: AlterPartitionRequest): AlterPartitionRequest {
  return {
    ...request,
    topics: request.topics.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((partition) =>
        partition.newIsr.length === 0
          ? partition
          : {
              ...partition,
              newIsr: [],
              newIsrWithEpochs: partition.newIsr.map((brokerId) => ({ brokerId, brokerEpoch: UNKNOWN_BROKER_EPOCH })),
            },
      ),
    })),
  }
}
