/** Every request and response: what `apis.ts` makes its table of. */
export { ProduceRequest, ProduceResponse } from './messages/00-produce.ts'
export { FetchRequest, FetchResponse } from './messages/01-fetch.ts'
export { ListOffsetsRequest, ListOffsetsResponse } from './messages/02-list-offsets.ts'
export { MetadataRequest, MetadataResponse } from './messages/03-metadata.ts'
export { OffsetCommitRequest, OffsetCommitResponse } from './messages/08-offset-commit.ts'
export { OffsetFetchRequest, OffsetFetchResponse } from './messages/09-offset-fetch.ts'
export { FindCoordinatorRequest, FindCoordinatorResponse } from './messages/10-find-coordinator.ts'
export { JoinGroupRequest, JoinGroupResponse } from './messages/11-join-group.ts'
export { HeartbeatRequest, HeartbeatResponse } from './messages/12-heartbeat.ts'
export { LeaveGroupRequest, LeaveGroupResponse } from './messages/13-leave-group.ts'
export { SyncGroupRequest, SyncGroupResponse } from './messages/14-sync-group.ts'
export { DescribeGroupsRequest, DescribeGroupsResponse } from './messages/15-describe-groups.ts'
export { ListGroupsRequest, ListGroupsResponse } from './messages/16-list-groups.ts'
export { SaslHandshakeRequest, SaslHandshakeResponse } from './messages/17-sasl-handshake.ts'
export { ApiVersionsRequest, ApiVersionsResponse } from './messages/18-api-versions.ts'
export { CreateTopicsRequest, CreateTopicsResponse } from './messages/19-create-topics.ts'
export { DeleteTopicsRequest, DeleteTopicsResponse } from './messages/20-delete-topics.ts'
export { DeleteRecordsRequest, DeleteRecordsResponse } from './messages/21-delete-records.ts'
export { InitProducerIdRequest, InitProducerIdResponse } from './messages/22-init-producer-id.ts'
export { OffsetForLeaderEpochRequest, OffsetForLeaderEpochResponse } from './messages/23-offset-for-leader-epoch.ts'
export { AddPartitionsToTxnRequest, AddPartitionsToTxnResponse } from './messages/24-add-partitions-to-txn.ts'
export { AddOffsetsToTxnRequest, AddOffsetsToTxnResponse } from './messages/25-add-offsets-to-txn.ts'
export { EndTxnRequest, EndTxnResponse } from './messages/26-end-txn.ts'
export { WriteTxnMarkersRequest, WriteTxnMarkersResponse } from './messages/27-write-txn-markers.ts'
export { TxnOffsetCommitRequest, TxnOffsetCommitResponse } from './messages/28-txn-offset-commit.ts'
export { DescribeAclsRequest, DescribeAclsResponse } from './messages/29-describe-acls.ts'
export { CreateAclsRequest, CreateAclsResponse } from './messages/30-create-acls.ts'
export { DeleteAclsRequest, DeleteAclsResponse } from './messages/31-delete-acls.ts'
export { DescribeConfigsRequest, DescribeConfigsResponse } from './messages/32-describe-configs.ts'
export { AlterConfigsRequest, AlterConfigsResponse } from './messages/33-alter-configs.ts'
export { AlterReplicaLogDirsRequest, AlterReplicaLogDirsResponse } from './messages/34-alter-replica-log-dirs.ts'
export { DescribeLogDirsRequest, DescribeLogDirsResponse } from './messages/35-describe-log-dirs.ts'
export { SaslAuthenticateRequest, SaslAuthenticateResponse } from './messages/36-sasl-authenticate.ts'
export { CreatePartitionsRequest, CreatePartitionsResponse } from './messages/37-create-partitions.ts'
export { CreateDelegationTokenRequest, CreateDelegationTokenResponse } from './messages/38-create-delegation-token.ts'
export { RenewDelegationTokenRequest, RenewDelegationTokenResponse } from './messages/39-renew-delegation-token.ts'
export { ExpireDelegationTokenRequest, ExpireDelegationTokenResponse } from './messages/40-expire-delegation-token.ts'
export {
  DescribeDelegationTokenRequest,
  DescribeDelegationTokenResponse,
} from './messages/41-describe-delegation-token.ts'
export { DeleteGroupsRequest, DeleteGroupsResponse } from './messages/42-delete-groups.ts'
export { ElectLeadersRequest, ElectLeadersResponse } from './messages/43-elect-leaders.ts'
export {
  IncrementalAlterConfigsRequest,
  IncrementalAlterConfigsResponse,
} from './messages/44-incremental-alter-configs.ts'
export {
  AlterPartitionReassignmentsRequest,
  AlterPartitionReassignmentsResponse,
} from './messages/45-alter-partition-reassignments.ts'
export {
  ListPartitionReassignmentsRequest,
  ListPartitionReassignmentsResponse,
} from './messages/46-list-partition-reassignments.ts'
export { OffsetDeleteRequest, OffsetDeleteResponse } from './messages/47-offset-delete.ts'
export { DescribeClientQuotasRequest, DescribeClientQuotasResponse } from './messages/48-describe-client-quotas.ts'
export { AlterClientQuotasRequest, AlterClientQuotasResponse } from './messages/49-alter-client-quotas.ts'
export {
  DescribeUserScramCredentialsRequest,
  DescribeUserScramCredentialsResponse,
} from './messages/50-describe-user-scram-credentials.ts'
export {
  AlterUserScramCredentialsRequest,
  AlterUserScramCredentialsResponse,
} from './messages/51-alter-user-scram-credentials.ts'
export { VoteRequest, VoteResponse } from './messages/52-vote.ts'
export { BeginQuorumEpochRequest, BeginQuorumEpochResponse } from './messages/53-begin-quorum-epoch.ts'
export { EndQuorumEpochRequest, EndQuorumEpochResponse } from './messages/54-end-quorum-epoch.ts'
export { DescribeQuorumRequest, DescribeQuorumResponse } from './messages/55-describe-quorum.ts'
export { AlterPartitionRequest, AlterPartitionResponse } from './messages/56-alter-partition.ts'
export { UpdateFeaturesRequest, UpdateFeaturesResponse } from './messages/57-update-features.ts'
export { EnvelopeRequest, EnvelopeResponse } from './messages/58-envelope.ts'
export { FetchSnapshotRequest, FetchSnapshotResponse } from './messages/59-fetch-snapshot.ts'
export { DescribeClusterRequest, DescribeClusterResponse } from './messages/60-describe-cluster.ts'
export { DescribeProducersRequest, DescribeProducersResponse } from './messages/61-describe-producers.ts'
export { BrokerRegistrationRequest, BrokerRegistrationResponse } from './messages/62-broker-registration.ts'
export { BrokerHeartbeatRequest, BrokerHeartbeatResponse } from './messages/63-broker-heartbeat.ts'
export { UnregisterBrokerRequest, UnregisterBrokerResponse } from './messages/64-unregister-broker.ts'
export { DescribeTransactionsRequest, DescribeTransactionsResponse } from './messages/65-describe-transactions.ts'
export { ListTransactionsRequest, ListTransactionsResponse } from './messages/66-list-transactions.ts'
export { AllocateProducerIdsRequest, AllocateProducerIdsResponse } from './messages/67-allocate-producer-ids.ts'
export {
  ConsumerGroupHeartbeatRequest,
  ConsumerGroupHeartbeatResponse,
} from './messages/68-consumer-group-heartbeat.ts'
export { ConsumerGroupDescribeRequest, ConsumerGroupDescribeResponse } from './messages/69-consumer-group-describe.ts'
export { ControllerRegistrationRequest, ControllerRegistrationResponse } from './messages/70-controller-registration.ts'
export {
  GetTelemetrySubscriptionsRequest,
  GetTelemetrySubscriptionsResponse,
} from './messages/71-get-telemetry-subscriptions.ts'
export { PushTelemetryRequest, PushTelemetryResponse } from './messages/72-push-telemetry.ts'
export { AssignReplicasToDirsRequest, AssignReplicasToDirsResponse } from './messages/73-assign-replicas-to-dirs.ts'
export { ListConfigResourcesRequest, ListConfigResourcesResponse } from './messages/74-list-config-resources.ts'
export {
  DescribeTopicPartitionsRequest,
  DescribeTopicPartitionsResponse,
} from './messages/75-describe-topic-partitions.ts'
export { ShareGroupHeartbeatRequest, ShareGroupHeartbeatResponse } from './messages/76-share-group-heartbeat.ts'
export { ShareGroupDescribeRequest, ShareGroupDescribeResponse } from './messages/77-share-group-describe.ts'
export { ShareFetchRequest, ShareFetchResponse } from './messages/78-share-fetch.ts'
export { ShareAcknowledgeRequest, ShareAcknowledgeResponse } from './messages/79-share-acknowledge.ts'
export { AddRaftVoterRequest, AddRaftVoterResponse } from './messages/80-add-raft-voter.ts'
export { RemoveRaftVoterRequest, RemoveRaftVoterResponse } from './messages/81-remove-raft-voter.ts'
export { UpdateRaftVoterRequest, UpdateRaftVoterResponse } from './messages/82-update-raft-voter.ts'
export {
  InitializeShareGroupStateRequest,
  InitializeShareGroupStateResponse,
} from './messages/83-initialize-share-group-state.ts'
export { ReadShareGroupStateRequest, ReadShareGroupStateResponse } from './messages/84-read-share-group-state.ts'
export { WriteShareGroupStateRequest, WriteShareGroupStateResponse } from './messages/85-write-share-group-state.ts'
export { DeleteShareGroupStateRequest, DeleteShareGroupStateResponse } from './messages/86-delete-share-group-state.ts'
export {
  ReadShareGroupStateSummaryRequest,
  ReadShareGroupStateSummaryResponse,
} from './messages/87-read-share-group-state-summary.ts'
export { StreamsGroupHeartbeatRequest, StreamsGroupHeartbeatResponse } from './messages/88-streams-group-heartbeat.ts'
export { StreamsGroupDescribeRequest, StreamsGroupDescribeResponse } from './messages/89-streams-group-describe.ts'
export {
  DescribeShareGroupOffsetsRequest,
  DescribeShareGroupOffsetsResponse,
} from './messages/90-describe-share-group-offsets.ts'
export {
  AlterShareGroupOffsetsRequest,
  AlterShareGroupOffsetsResponse,
} from './messages/91-alter-share-group-offsets.ts'
export {
  DeleteShareGroupOffsetsRequest,
  DeleteShareGroupOffsetsResponse,
} from './messages/92-delete-share-group-offsets.ts'
