/**
 * Every API by name: its key, the versions that we speak, and the module that declares its messages, loaded when it is
 * asked for. A command that makes three requests is not to load ninety declarations.
 *
 * Invariant: what stands here equals what the declarations say (`test/api-index.test.ts`).
 */

export interface ApiEntry {
  readonly key: number
  readonly versionMin: number
  /** Highest version that is not unstable. */
  readonly versionMaxStable: number
  /** The module that has `<name>Request` and `<name>Response`. */
  readonly load: () => Promise<object>
}

function entry(key: number, versionMin: number, versionMaxStable: number, load: () => Promise<object>): ApiEntry {
  return { key, versionMin, versionMaxStable, load }
}

export const apiIndex = {
  Produce: entry(0, 3, 13, () => import('./messages/00-produce.ts')),
  Fetch: entry(1, 4, 18, () => import('./messages/01-fetch.ts')),
  ListOffsets: entry(2, 1, 11, () => import('./messages/02-list-offsets.ts')),
  Metadata: entry(3, 0, 13, () => import('./messages/03-metadata.ts')),
  OffsetCommit: entry(8, 2, 10, () => import('./messages/08-offset-commit.ts')),
  OffsetFetch: entry(9, 1, 10, () => import('./messages/09-offset-fetch.ts')),
  FindCoordinator: entry(10, 0, 6, () => import('./messages/10-find-coordinator.ts')),
  JoinGroup: entry(11, 0, 9, () => import('./messages/11-join-group.ts')),
  Heartbeat: entry(12, 0, 4, () => import('./messages/12-heartbeat.ts')),
  LeaveGroup: entry(13, 0, 5, () => import('./messages/13-leave-group.ts')),
  SyncGroup: entry(14, 0, 5, () => import('./messages/14-sync-group.ts')),
  DescribeGroups: entry(15, 0, 6, () => import('./messages/15-describe-groups.ts')),
  ListGroups: entry(16, 0, 5, () => import('./messages/16-list-groups.ts')),
  SaslHandshake: entry(17, 0, 1, () => import('./messages/17-sasl-handshake.ts')),
  ApiVersions: entry(18, 0, 4, () => import('./messages/18-api-versions.ts')),
  CreateTopics: entry(19, 2, 7, () => import('./messages/19-create-topics.ts')),
  DeleteTopics: entry(20, 1, 6, () => import('./messages/20-delete-topics.ts')),
  DeleteRecords: entry(21, 0, 2, () => import('./messages/21-delete-records.ts')),
  InitProducerId: entry(22, 0, 5, () => import('./messages/22-init-producer-id.ts')),
  OffsetForLeaderEpoch: entry(23, 2, 4, () => import('./messages/23-offset-for-leader-epoch.ts')),
  AddPartitionsToTxn: entry(24, 0, 5, () => import('./messages/24-add-partitions-to-txn.ts')),
  AddOffsetsToTxn: entry(25, 0, 4, () => import('./messages/25-add-offsets-to-txn.ts')),
  EndTxn: entry(26, 0, 5, () => import('./messages/26-end-txn.ts')),
  WriteTxnMarkers: entry(27, 1, 2, () => import('./messages/27-write-txn-markers.ts')),
  TxnOffsetCommit: entry(28, 0, 5, () => import('./messages/28-txn-offset-commit.ts')),
  DescribeAcls: entry(29, 1, 3, () => import('./messages/29-describe-acls.ts')),
  CreateAcls: entry(30, 1, 3, () => import('./messages/30-create-acls.ts')),
  DeleteAcls: entry(31, 1, 3, () => import('./messages/31-delete-acls.ts')),
  DescribeConfigs: entry(32, 1, 4, () => import('./messages/32-describe-configs.ts')),
  AlterConfigs: entry(33, 0, 2, () => import('./messages/33-alter-configs.ts')),
  AlterReplicaLogDirs: entry(34, 1, 2, () => import('./messages/34-alter-replica-log-dirs.ts')),
  DescribeLogDirs: entry(35, 1, 5, () => import('./messages/35-describe-log-dirs.ts')),
  SaslAuthenticate: entry(36, 0, 2, () => import('./messages/36-sasl-authenticate.ts')),
  CreatePartitions: entry(37, 0, 3, () => import('./messages/37-create-partitions.ts')),
  CreateDelegationToken: entry(38, 1, 3, () => import('./messages/38-create-delegation-token.ts')),
  RenewDelegationToken: entry(39, 1, 2, () => import('./messages/39-renew-delegation-token.ts')),
  ExpireDelegationToken: entry(40, 1, 2, () => import('./messages/40-expire-delegation-token.ts')),
  DescribeDelegationToken: entry(41, 1, 3, () => import('./messages/41-describe-delegation-token.ts')),
  DeleteGroups: entry(42, 0, 2, () => import('./messages/42-delete-groups.ts')),
  ElectLeaders: entry(43, 0, 2, () => import('./messages/43-elect-leaders.ts')),
  IncrementalAlterConfigs: entry(44, 0, 1, () => import('./messages/44-incremental-alter-configs.ts')),
  AlterPartitionReassignments: entry(45, 0, 1, () => import('./messages/45-alter-partition-reassignments.ts')),
  ListPartitionReassignments: entry(46, 0, 0, () => import('./messages/46-list-partition-reassignments.ts')),
  OffsetDelete: entry(47, 0, 0, () => import('./messages/47-offset-delete.ts')),
  DescribeClientQuotas: entry(48, 0, 1, () => import('./messages/48-describe-client-quotas.ts')),
  AlterClientQuotas: entry(49, 0, 1, () => import('./messages/49-alter-client-quotas.ts')),
  DescribeUserScramCredentials: entry(50, 0, 0, () => import('./messages/50-describe-user-scram-credentials.ts')),
  AlterUserScramCredentials: entry(51, 0, 0, () => import('./messages/51-alter-user-scram-credentials.ts')),
  Vote: entry(52, 0, 2, () => import('./messages/52-vote.ts')),
  BeginQuorumEpoch: entry(53, 0, 1, () => import('./messages/53-begin-quorum-epoch.ts')),
  EndQuorumEpoch: entry(54, 0, 1, () => import('./messages/54-end-quorum-epoch.ts')),
  DescribeQuorum: entry(55, 0, 2, () => import('./messages/55-describe-quorum.ts')),
  AlterPartition: entry(56, 2, 3, () => import('./messages/56-alter-partition.ts')),
  UpdateFeatures: entry(57, 0, 2, () => import('./messages/57-update-features.ts')),
  Envelope: entry(58, 0, 0, () => import('./messages/58-envelope.ts')),
  FetchSnapshot: entry(59, 0, 1, () => import('./messages/59-fetch-snapshot.ts')),
  DescribeCluster: entry(60, 0, 2, () => import('./messages/60-describe-cluster.ts')),
  DescribeProducers: entry(61, 0, 0, () => import('./messages/61-describe-producers.ts')),
  BrokerRegistration: entry(62, 0, 4, () => import('./messages/62-broker-registration.ts')),
  BrokerHeartbeat: entry(63, 0, 2, () => import('./messages/63-broker-heartbeat.ts')),
  UnregisterBroker: entry(64, 0, 0, () => import('./messages/64-unregister-broker.ts')),
  DescribeTransactions: entry(65, 0, 0, () => import('./messages/65-describe-transactions.ts')),
  ListTransactions: entry(66, 0, 2, () => import('./messages/66-list-transactions.ts')),
  AllocateProducerIds: entry(67, 0, 0, () => import('./messages/67-allocate-producer-ids.ts')),
  ConsumerGroupHeartbeat: entry(68, 0, 1, () => import('./messages/68-consumer-group-heartbeat.ts')),
  ConsumerGroupDescribe: entry(69, 0, 1, () => import('./messages/69-consumer-group-describe.ts')),
  ControllerRegistration: entry(70, 0, 0, () => import('./messages/70-controller-registration.ts')),
  GetTelemetrySubscriptions: entry(71, 0, 0, () => import('./messages/71-get-telemetry-subscriptions.ts')),
  PushTelemetry: entry(72, 0, 0, () => import('./messages/72-push-telemetry.ts')),
  AssignReplicasToDirs: entry(73, 0, 0, () => import('./messages/73-assign-replicas-to-dirs.ts')),
  ListConfigResources: entry(74, 0, 1, () => import('./messages/74-list-config-resources.ts')),
  DescribeTopicPartitions: entry(75, 0, 0, () => import('./messages/75-describe-topic-partitions.ts')),
  ShareGroupHeartbeat: entry(76, 1, 1, () => import('./messages/76-share-group-heartbeat.ts')),
  ShareGroupDescribe: entry(77, 1, 1, () => import('./messages/77-share-group-describe.ts')),
  ShareFetch: entry(78, 1, 2, () => import('./messages/78-share-fetch.ts')),
  ShareAcknowledge: entry(79, 1, 2, () => import('./messages/79-share-acknowledge.ts')),
  AddRaftVoter: entry(80, 0, 1, () => import('./messages/80-add-raft-voter.ts')),
  RemoveRaftVoter: entry(81, 0, 0, () => import('./messages/81-remove-raft-voter.ts')),
  UpdateRaftVoter: entry(82, 0, 0, () => import('./messages/82-update-raft-voter.ts')),
  InitializeShareGroupState: entry(83, 0, 0, () => import('./messages/83-initialize-share-group-state.ts')),
  ReadShareGroupState: entry(84, 0, 0, () => import('./messages/84-read-share-group-state.ts')),
  WriteShareGroupState: entry(85, 0, 1, () => import('./messages/85-write-share-group-state.ts')),
  DeleteShareGroupState: entry(86, 0, 0, () => import('./messages/86-delete-share-group-state.ts')),
  ReadShareGroupStateSummary: entry(87, 0, 1, () => import('./messages/87-read-share-group-state-summary.ts')),
  StreamsGroupHeartbeat: entry(88, 0, 0, () => import('./messages/88-streams-group-heartbeat.ts')),
  StreamsGroupDescribe: entry(89, 0, 0, () => import('./messages/89-streams-group-describe.ts')),
  DescribeShareGroupOffsets: entry(90, 0, 1, () => import('./messages/90-describe-share-group-offsets.ts')),
  AlterShareGroupOffsets: entry(91, 0, 0, () => import('./messages/91-alter-share-group-offsets.ts')),
  DeleteShareGroupOffsets: entry(92, 0, 0, () => import('./messages/92-delete-share-group-offsets.ts')),
} satisfies Record<string, ApiEntry>
