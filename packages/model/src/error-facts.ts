/**
 * What each error code means: its name, whether the same request can succeed later, and one sentence for people.
 *
 * `retriable` agrees with the exception classes of Apache Kafka 4.3 (compared in `conformance/messages/java.test.ts`);
 * the sentences are ours. They reach users through `errorMessage` fields and through the client's errors.
 */
import { ErrorCode, type ErrorName } from './error-code.ts'

export interface ErrorFacts {
  readonly code: ErrorCode
  readonly name: ErrorName
  /** Sending the same again, perhaps after refreshing metadata, can succeed. */
  readonly retriable: boolean
  readonly message: string
}

const RETRIABLE: ReadonlySet<ErrorName> = new Set([
  'CORRUPT_MESSAGE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'CONCURRENT_TRANSACTIONS',
  'KAFKA_STORAGE_ERROR',
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'LISTENER_NOT_FOUND',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'PREFERRED_LEADER_NOT_AVAILABLE',
  'ELIGIBLE_LEADERS_NOT_AVAILABLE',
  'ELECTION_NOT_NEEDED',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'FETCH_SESSION_TOPIC_ID_ERROR',
  'SHARE_SESSION_NOT_FOUND',
  'INVALID_SHARE_SESSION_EPOCH',
  'SHARE_SESSION_LIMIT_REACHED',
])

const MESSAGES: Readonly<Record<ErrorName, string>> = {
  UNKNOWN_SERVER_ERROR: 'The server failed in a way it did not expect; its log says why.',
  NONE: 'No error.',
  OFFSET_OUT_OF_RANGE: 'The log does not hold the requested offset: it was deleted already or is not written yet.',
  CORRUPT_MESSAGE: 'The record batch was damaged on its way: checksum, size or structure is wrong.',
  UNKNOWN_TOPIC_OR_PARTITION: 'This server hosts no such topic or partition.',
  INVALID_FETCH_SIZE: 'The requested fetch size makes no sense.',
  LEADER_NOT_AVAILABLE: 'The partition has no leader at the moment; an election is under way.',
  NOT_LEADER_OR_FOLLOWER: 'This server is not (any more) the replica that may answer; ask for the metadata again.',
  REQUEST_TIMED_OUT: 'The request could not be completed within its time limit.',
  BROKER_NOT_AVAILABLE: 'The broker is not there.',
  REPLICA_NOT_AVAILABLE: 'This server has no replica of the partition that could answer.',
  MESSAGE_TOO_LARGE: 'The record batch is larger than the topic accepts (max.message.bytes).',
  STALE_CONTROLLER_EPOCH: 'The controller that sent this has been replaced by a newer one.',
  OFFSET_METADATA_TOO_LARGE: 'The text attached to the committed offset is too long (offset.metadata.max.bytes).',
  NETWORK_EXCEPTION: 'The connection was lost before the answer came.',
  COORDINATOR_LOAD_IN_PROGRESS: 'The coordinator is still reading its state; it will answer soon.',
  COORDINATOR_NOT_AVAILABLE: 'No coordinator serves this group or transactional id at the moment.',
  NOT_COORDINATOR: 'Another broker coordinates this group or transactional id; look the coordinator up again.',
  INVALID_TOPIC_EXCEPTION: 'The topic may not be used like this: its name is illegal, or it is internal.',
  RECORD_LIST_TOO_LARGE: 'The batches of one produce request are larger than a segment can be.',
  NOT_ENOUGH_REPLICAS: 'Fewer replicas are in sync than min.insync.replicas asks for; nothing was written.',
  NOT_ENOUGH_REPLICAS_AFTER_APPEND:
    'The records were written, but fewer replicas are in sync than min.insync.replicas asks for.',
  INVALID_REQUIRED_ACKS: 'acks must be 0, 1 or -1 (all).',
  ILLEGAL_GENERATION: 'The member speaks of a generation of the group that is over.',
  INCONSISTENT_GROUP_PROTOCOL: 'The member shares no protocol or assignor with the rest of the group.',
  INVALID_GROUP_ID: 'The group id is empty or illegal.',
  UNKNOWN_MEMBER_ID: 'The group has no such member: it was removed or never joined.',
  INVALID_SESSION_TIMEOUT: 'The session timeout is outside the range that the broker allows.',
  REBALANCE_IN_PROGRESS: 'The group is being rebalanced; the member has to join again.',
  INVALID_COMMIT_OFFSET_SIZE: 'The commit is too large to be stored as one batch.',
  TOPIC_AUTHORIZATION_FAILED: 'The principal may not do this to the topic.',
  GROUP_AUTHORIZATION_FAILED: 'The principal may not do this to the group.',
  CLUSTER_AUTHORIZATION_FAILED: 'The principal may not do this to the cluster.',
  INVALID_TIMESTAMP: 'A record has a timestamp that the topic does not accept.',
  UNSUPPORTED_SASL_MECHANISM: 'The server offers no such SASL mechanism.',
  ILLEGAL_SASL_STATE: 'The request is not legal at this point of the authentication.',
  UNSUPPORTED_VERSION: 'The server does not speak this version of the request, or lacks the feature it needs.',
  TOPIC_ALREADY_EXISTS: 'A topic of this name exists.',
  INVALID_PARTITIONS: 'The number of partitions is illegal, or not greater than before.',
  INVALID_REPLICATION_FACTOR: 'The replication factor is illegal or larger than the number of usable brokers.',
  INVALID_REPLICA_ASSIGNMENT: 'The replica assignment is illegal or names brokers that are not there.',
  INVALID_CONFIG: 'A configuration key or value is illegal.',
  NOT_CONTROLLER: 'Another node is the active controller.',
  INVALID_REQUEST: 'The request contradicts itself or the protocol.',
  UNSUPPORTED_FOR_MESSAGE_FORMAT: 'The record format of the topic does not support this.',
  POLICY_VIOLATION: "The request breaks a rule that the cluster's operator has set.",
  OUT_OF_ORDER_SEQUENCE_NUMBER: "The producer's sequence number is not the next one; records in between were lost.",
  DUPLICATE_SEQUENCE_NUMBER: 'The producer has sent this batch before.',
  INVALID_PRODUCER_EPOCH: 'The producer has been replaced by a newer one with the same id.',
  INVALID_TXN_STATE: 'The transaction is not in a state that allows this.',
  INVALID_PRODUCER_ID_MAPPING: 'The producer id does not belong to this transactional id (any more).',
  INVALID_TRANSACTION_TIMEOUT: 'The transaction timeout is larger than the broker allows (transaction.max.timeout.ms).',
  CONCURRENT_TRANSACTIONS: 'The previous transaction of this transactional id is still being completed.',
  TRANSACTION_COORDINATOR_FENCED: 'The transaction coordinator that sent this has been replaced by a newer one.',
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 'The principal may not use this transactional id.',
  SECURITY_DISABLED: 'The server runs without the security feature that the request is about.',
  OPERATION_NOT_ATTEMPTED: 'Another part of the same batch failed first, so this part was not tried.',
  KAFKA_STORAGE_ERROR: 'The broker could not read or write its files for this partition.',
  LOG_DIR_NOT_FOUND: 'The broker has no such log directory.',
  SASL_AUTHENTICATION_FAILED: 'The credentials were not accepted.',
  UNKNOWN_PRODUCER_ID:
    'The partition has forgotten this producer: its records were deleted or it was idle for too long.',
  REASSIGNMENT_IN_PROGRESS: 'The partition is being reassigned.',
  DELEGATION_TOKEN_AUTH_DISABLED: 'Delegation tokens are switched off in this cluster.',
  DELEGATION_TOKEN_NOT_FOUND: 'There is no such delegation token.',
  DELEGATION_TOKEN_OWNER_MISMATCH: 'The delegation token belongs to somebody else.',
  DELEGATION_TOKEN_REQUEST_NOT_ALLOWED:
    'Delegation tokens cannot be asked for on this connection: it is not authenticated, or by a token itself.',
  DELEGATION_TOKEN_AUTHORIZATION_FAILED: 'The principal may not do this to the delegation token.',
  DELEGATION_TOKEN_EXPIRED: 'The delegation token has expired.',
  INVALID_PRINCIPAL_TYPE: 'Principals of this type are not supported here.',
  NON_EMPTY_GROUP: 'The group still has members.',
  GROUP_ID_NOT_FOUND: 'There is no such group.',
  FETCH_SESSION_ID_NOT_FOUND: 'The broker has dropped this fetch session; start a new one.',
  INVALID_FETCH_SESSION_EPOCH: 'The fetch session epoch is not the next one; start a new session.',
  LISTENER_NOT_FOUND: 'The leader of the partition has no listener of the name that this connection came through.',
  TOPIC_DELETION_DISABLED: 'Deleting topics is switched off (delete.topic.enable).',
  FENCED_LEADER_EPOCH: 'The leader epoch in the request is older than the one this broker knows.',
  UNKNOWN_LEADER_EPOCH: 'The leader epoch in the request is newer than the one this broker knows.',
  UNSUPPORTED_COMPRESSION_TYPE: 'The peer cannot read this compression type.',
  STALE_BROKER_EPOCH: 'The broker has registered again since this request was made.',
  OFFSET_NOT_AVAILABLE: 'The new leader cannot tell the offset yet: its high watermark has to catch up first.',
  MEMBER_ID_REQUIRED: 'The member must join again with the id that came with this error.',
  PREFERRED_LEADER_NOT_AVAILABLE: 'The preferred leader is down or not in sync.',
  GROUP_MAX_SIZE_REACHED: 'The group has as many members as it may have (group.max.size).',
  FENCED_INSTANCE_ID: 'Another member has taken over this static instance id.',
  ELIGIBLE_LEADERS_NOT_AVAILABLE: 'No replica may become leader.',
  ELECTION_NOT_NEEDED: 'The partition already has the leader that the election would bring.',
  NO_REASSIGNMENT_IN_PROGRESS: 'The partition is not being reassigned.',
  GROUP_SUBSCRIBED_TO_TOPIC: 'A member of the group is subscribed to the topic, so its offsets cannot be deleted.',
  INVALID_RECORD: 'A record breaks a rule of its topic; the answer says which one.',
  UNSTABLE_OFFSET_COMMIT: 'A transaction that commits offsets of this partition is still open.',
  THROTTLING_QUOTA_EXCEEDED: 'The quota is used up; try again after the throttle time.',
  PRODUCER_FENCED: 'A newer producer uses the same transactional id.',
  RESOURCE_NOT_FOUND: 'What the request names does not exist.',
  DUPLICATE_RESOURCE: 'The request names the same thing twice, or it exists already.',
  UNACCEPTABLE_CREDENTIAL: 'The credential breaks a rule, such as the minimum of iterations.',
  INCONSISTENT_VOTER_SET: 'Sender and receiver disagree about who votes in the quorum.',
  INVALID_UPDATE_VERSION: 'The request is based on an older state than the current one.',
  FEATURE_UPDATE_FAILED: 'The finalized features could not be changed.',
  PRINCIPAL_DESERIALIZATION_FAILURE: 'The principal in a forwarded request could not be read.',
  SNAPSHOT_NOT_FOUND: 'There is no such snapshot.',
  POSITION_OUT_OF_RANGE: 'The position lies outside the snapshot.',
  UNKNOWN_TOPIC_ID: 'This server hosts no topic with this id.',
  DUPLICATE_BROKER_REGISTRATION: 'A broker with this id is registered and alive.',
  BROKER_ID_NOT_REGISTERED: 'No broker with this id is registered.',
  INCONSISTENT_TOPIC_ID: 'The topic id does not belong to the topic in the log: it was deleted and created again.',
  INCONSISTENT_CLUSTER_ID: 'The request comes from a node of another cluster.',
  TRANSACTIONAL_ID_NOT_FOUND: 'There is no such transactional id.',
  FETCH_SESSION_TOPIC_ID_ERROR: 'The fetch session mixes topic names and topic ids; start a new session.',
  INELIGIBLE_REPLICA: 'The replica may not be in sync: its broker is fenced or shutting down.',
  NEW_LEADER_ELECTED: 'The change made another replica the leader; the request itself was done.',
  OFFSET_MOVED_TO_TIERED_STORAGE: 'The offset has been moved to remote storage.',
  FENCED_MEMBER_EPOCH: "The member's epoch is not the current one: it has to leave its partitions and join again.",
  UNRELEASED_INSTANCE_ID: 'Another member still holds this static instance id.',
  UNSUPPORTED_ASSIGNOR: 'The group has no such assignor.',
  STALE_MEMBER_EPOCH: "The member's epoch is behind; try again with the one of the next heartbeat.",
  MISMATCHED_ENDPOINT_TYPE: 'The request asks for brokers at a controller, or for controllers at a broker.',
  UNSUPPORTED_ENDPOINT_TYPE: 'Endpoints of this kind cannot be listed here.',
  UNKNOWN_CONTROLLER_ID: 'No controller with this id is registered.',
  UNKNOWN_SUBSCRIPTION_ID: 'The client pushed telemetry for a subscription that is not current; fetch it again.',
  TELEMETRY_TOO_LARGE: 'The pushed telemetry is larger than the broker accepts.',
  INVALID_REGISTRATION: 'The registration is not acceptable, such as one without a listener that is needed.',
  TRANSACTION_ABORTABLE: 'The transaction can only be aborted now; the next one can succeed.',
  INVALID_RECORD_STATE: 'The record is not in a state that allows this acknowledgement; its lock may have run out.',
  SHARE_SESSION_NOT_FOUND: 'The broker has dropped this share session; start a new one.',
  INVALID_SHARE_SESSION_EPOCH: 'The share session epoch is not the next one; start a new session.',
  FENCED_STATE_EPOCH: 'The share partition has been initialised again with a newer state epoch.',
  INVALID_VOTER_KEY: 'The voter key does not fit: id or directory id are not those of the receiver.',
  DUPLICATE_VOTER: 'The voter is part of the quorum already.',
  VOTER_NOT_FOUND: 'The voter is not part of the quorum.',
  INVALID_REGULAR_EXPRESSION: 'The regular expression of the subscription is illegal.',
  REBOOTSTRAP_REQUIRED: 'The client knows an outdated cluster and has to start again from its bootstrap servers.',
  STREAMS_INVALID_TOPOLOGY: 'The topology of the streams group cannot work, such as one with illegal copartitioning.',
  STREAMS_INVALID_TOPOLOGY_EPOCH: 'The topology epoch is not one that the group can take.',
  STREAMS_TOPOLOGY_FENCED: "The member's topology is older than the group's.",
  SHARE_SESSION_LIMIT_REACHED: 'The broker holds as many share sessions as it may.',
}

const byCode = new Map<number, ErrorFacts>(
  (Object.entries(ErrorCode) as [ErrorName, ErrorCode][]).map(([name, code]) => [
    code,
    { code, name, retriable: RETRIABLE.has(name), message: MESSAGES[name] },
  ]),
)

/** Every error, by ascending code. */
export const ERRORS: readonly ErrorFacts[] = [...byCode.values()]

/** @returns the facts of `UNKNOWN_SERVER_ERROR` for a code that this release does not know */
export function errorFacts(code: number): ErrorFacts {
  return byCode.get(code) ?? byCode.get(ErrorCode.UNKNOWN_SERVER_ERROR)!
}

/** The name of a code; a code of a later release reads `ERROR_140`. */
export function errorName(code: number): ErrorName | `ERROR_${number}` {
  return byCode.get(code)?.name ?? `ERROR_${code}`
}

/** Whether the same request can succeed later; unknown codes are not retried. */
export function isRetriable(code: number): boolean {
  return byCode.get(code)?.retriable ?? false
}
