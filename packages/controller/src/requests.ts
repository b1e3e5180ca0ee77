/**
 * What can be asked of the controller: for each request its message and the message that answers it. `authorized` checks
 * are the caller's: the controller sees only what may be done.
 */
import type { Infer } from '@braidlog/protocol'
import type {
  AddRaftVoterRequest,
  AddRaftVoterResponse,
  RemoveRaftVoterRequest,
  RemoveRaftVoterResponse,
  AlterPartitionRequest,
  AlterPartitionResponse,
  AssignReplicasToDirsRequest,
  AssignReplicasToDirsResponse,
  ControllerRegistrationRequest,
  ControllerRegistrationResponse,
  AllocateProducerIdsRequest,
  AllocateProducerIdsResponse,
  AlterConfigsRequest,
  AlterConfigsResponse,
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
  BrokerHeartbeatRequest,
  BrokerHeartbeatResponse,
  BrokerRegistrationRequest,
  BrokerRegistrationResponse,
  CreateAclsRequest,
  CreateAclsResponse,
  CreatePartitionsRequest,
  CreatePartitionsResponse,
  CreateTopicsRequest,
  CreateTopicsResponse,
  DeleteAclsRequest,
  DeleteAclsResponse,
  DeleteTopicsRequest,
  DeleteTopicsResponse,
  DescribeQuorumRequest,
  DescribeQuorumResponse,
  ElectLeadersRequest,
  ElectLeadersResponse,
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
  UnregisterBrokerRequest,
  UnregisterBrokerResponse,
  UpdateFeaturesRequest,
  UpdateFeaturesResponse,
} from '@braidlog/protocol'

interface Exchange<Request, Response> {
  readonly request: Infer<Request>
  readonly response: Infer<Response>
}

/** What the machine decides. */
export interface DecidedRequests {
  readonly allocateProducerIds: Exchange<typeof AllocateProducerIdsRequest, typeof AllocateProducerIdsResponse>
  readonly alterConfigs: Exchange<typeof AlterConfigsRequest, typeof AlterConfigsResponse>
  readonly alterPartition: Exchange<typeof AlterPartitionRequest, typeof AlterPartitionResponse>
  readonly alterPartitionReassignments: Exchange<
    typeof AlterPartitionReassignmentsRequest,
    typeof AlterPartitionReassignmentsResponse
  >
  readonly assignReplicasToDirs: Exchange<typeof AssignReplicasToDirsRequest, typeof AssignReplicasToDirsResponse>
  readonly brokerHeartbeat: Exchange<typeof BrokerHeartbeatRequest, typeof BrokerHeartbeatResponse>
  readonly brokerRegistration: Exchange<typeof BrokerRegistrationRequest, typeof BrokerRegistrationResponse>
  readonly controllerRegistration: Exchange<typeof ControllerRegistrationRequest, typeof ControllerRegistrationResponse>
  readonly createAcls: Exchange<typeof CreateAclsRequest, typeof CreateAclsResponse>
  readonly createPartitions: Exchange<typeof CreatePartitionsRequest, typeof CreatePartitionsResponse>
  readonly createTopics: Exchange<typeof CreateTopicsRequest, typeof CreateTopicsResponse>
  readonly deleteAcls: Exchange<typeof DeleteAclsRequest, typeof DeleteAclsResponse>
  readonly deleteTopics: Exchange<typeof DeleteTopicsRequest, typeof DeleteTopicsResponse>
  readonly electLeaders: Exchange<typeof ElectLeadersRequest, typeof ElectLeadersResponse>
  readonly incrementalAlterConfigs: Exchange<
    typeof IncrementalAlterConfigsRequest,
    typeof IncrementalAlterConfigsResponse
  >
  readonly listPartitionReassignments: Exchange<
    typeof ListPartitionReassignmentsRequest,
    typeof ListPartitionReassignmentsResponse
  >
  readonly unregisterBroker: Exchange<typeof UnregisterBrokerRequest, typeof UnregisterBrokerResponse>
  readonly updateFeatures: Exchange<typeof UpdateFeaturesRequest, typeof UpdateFeaturesResponse>
}

/** What the quorum's log answers. */
export interface QuorumRequests {
  readonly addRaftVoter: Exchange<typeof AddRaftVoterRequest, typeof AddRaftVoterResponse>
  readonly describeQuorum: Exchange<typeof DescribeQuorumRequest, typeof DescribeQuorumResponse>
  readonly removeRaftVoter: Exchange<typeof RemoveRaftVoterRequest, typeof RemoveRaftVoterResponse>
}

export type QuorumRequestName = keyof QuorumRequests

export type ControllerRequests = DecidedRequests & QuorumRequests

export type DecidedRequestName = keyof DecidedRequests
export type ControllerRequestName = keyof ControllerRequests
export type RequestOf<N extends ControllerRequestName> = ControllerRequests[N]['request']
export type ResponseOf<N extends ControllerRequestName> = ControllerRequests[N]['response']
