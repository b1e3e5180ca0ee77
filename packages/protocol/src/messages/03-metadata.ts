/** Metadata (API key 3): tells brokers, topics, partitions and leaders. */
import { arrayOf, bool, int16, int32, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * The topics of interest: null for all of them (an empty array in version 0), an empty array for none. Version 4 says
 * whether missing topics may be created, versions 8 to 10 can ask for the authorized operations of the cluster, later
 * ones only of topics. Topic ids stand in the format from version 10 on, but servers honour them from version 12.
 */
export const MetadataRequest = message({
  kind: 'request',
  name: 'MetadataRequest',
  key: 3,
  versions: '0-13',
  flexible: '9+',
  listeners: ['broker'],
  fields: {
    topics: structs(
      {
        topicId: uuid({ versions: '10+', ignorable: true }),
        name: string({ nullable: '10+' }),
      },
      { nullable: '1+' },
    ),
    allowAutoTopicCreation: bool({ versions: '4+', default: true }),
    includeClusterAuthorizedOperations: bool({ versions: '8-10' }),
    includeTopicAuthorizedOperations: bool({ versions: '8+' }),
  },
})
export interface MetadataRequest extends Infer<typeof MetadataRequest> {}

/**
 * Brokers, controller and topics. Version 5 lists offline replicas, version 7 adds leader epochs, version 10 topic ids,
 * version 13 an error for the request as a whole (KIP-1102: a client that must start again from its bootstrap servers).
 */
export const MetadataResponse = message({
  kind: 'response',
  name: 'MetadataResponse',
  key: 3,
  versions: '0-13',
  flexible: '9+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'LEADER_NOT_AVAILABLE',
    'REPLICA_NOT_AVAILABLE',
    'INVALID_TOPIC_EXCEPTION',
    'TOPIC_AUTHORIZATION_FAILED',
    'INVALID_REPLICATION_FACTOR',
    'LISTENER_NOT_FOUND',
    'UNKNOWN_TOPIC_ID',
    'REBOOTSTRAP_REQUIRED',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '3+', ignorable: true }),
    brokers: structs({
      nodeId: int32(),
      host: string(),
      port: int32(),
      rack: string({ versions: '1+', nullable: '1+', default: null, ignorable: true }),
    }),
    clusterId: string({ versions: '2+', nullable: '2+', default: null, ignorable: true }),
    controllerId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: structs({
      errorCode: int16(),
      name: string({ nullable: '12+' }),
      topicId: uuid({ versions: '10+', ignorable: true }),
      isInternal: bool({ versions: '1+', ignorable: true }),
      partitions: structs({
        errorCode: int16(),
        partitionIndex: int32(),
        leaderId: int32(),
        leaderEpoch: int32({ versions: '7+', default: -1, ignorable: true }),
        replicaNodes: arrayOf(int32()),
        isrNodes: arrayOf(int32()),
        offlineReplicas: arrayOf(int32(), { versions: '5+', ignorable: true }),
      }),
      topicAuthorizedOperations: int32({ versions: '8+', default: -2_147_483_648 }),
    }),
    clusterAuthorizedOperations: int32({ versions: '8-10', default: -2_147_483_648 }),
    errorCode: int16({ versions: '13+', ignorable: true }),
  },
})
export interface MetadataResponse extends Infer<typeof MetadataResponse> {}
