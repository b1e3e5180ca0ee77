/** CreateTopics (API key 19): creates topics. */
import { arrayOf, bool, int16, int32, int8, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Topics with partition count and replication factor, or with an assignment of replicas; -1 takes the broker's defaults
 * (version 4, KIP-464). `validateOnly` creates nothing. Forwarded to the controller.
 */
export const CreateTopicsRequest = message({
  kind: 'request',
  name: 'CreateTopicsRequest',
  key: 19,
  versions: '2-7',
  flexible: '5+',
  listeners: ['broker', 'controller'],
  fields: {
    topics: structs({
      name: string(),
      numPartitions: int32(),
      replicationFactor: int16(),
      assignments: structs({
        partitionIndex: int32(),
        brokerIds: arrayOf(int32()),
      }),
      configs: structs({
        name: string(),
        value: string({ nullable: '0+' }),
      }),
    }),
    timeoutMs: int32({ default: 60000 }),
    validateOnly: bool({ versions: '1+' }),
  },
})
export interface CreateTopicsRequest extends Infer<typeof CreateTopicsRequest> {}

/**
 * Per topic an error, and from version 5 what was created, with its configuration (KIP-525). Version 6 may throttle
 * (KIP-599), version 7 returns the topic id.
 */
export const CreateTopicsResponse = message({
  kind: 'response',
  name: 'CreateTopicsResponse',
  key: 19,
  versions: '2-7',
  flexible: '5+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'REQUEST_TIMED_OUT',
    'INVALID_TOPIC_EXCEPTION',
    'TOPIC_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
    'TOPIC_ALREADY_EXISTS',
    'INVALID_PARTITIONS',
    'INVALID_REPLICATION_FACTOR',
    'INVALID_REPLICA_ASSIGNMENT',
    'INVALID_CONFIG',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'POLICY_VIOLATION',
    'THROTTLING_QUOTA_EXCEEDED',
  ],
  fields: {
    throttleTimeMs: int32({ versions: '2+', ignorable: true }),
    topics: structs({
      name: string(),
      topicId: uuid({ versions: '7+', ignorable: true }),
      errorCode: int16(),
      errorMessage: string({ versions: '1+', nullable: '0+', ignorable: true }),
      topicConfigErrorCode: int16({ versions: '5+', tag: 0, tagged: '5+', ignorable: true }),
      numPartitions: int32({ versions: '5+', default: -1, ignorable: true }),
      replicationFactor: int16({ versions: '5+', default: -1, ignorable: true }),
      configs: structs(
        {
          name: string({ versions: '5+' }),
          value: string({ versions: '5+', nullable: '5+' }),
          readOnly: bool({ versions: '5+' }),
          configSource: int8({ versions: '5+', default: -1, ignorable: true }),
          isSensitive: bool({ versions: '5+' }),
        },
        { versions: '5+', nullable: '5+', ignorable: true },
      ),
    }),
  },
})
export interface CreateTopicsResponse extends Infer<typeof CreateTopicsResponse> {}
