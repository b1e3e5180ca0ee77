/** AlterPartition (API key 56): proposes new in-sync replicas. */
import { arrayOf, int16, int32, int64, int8, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * From a partition leader to the controller (KIP-497). Version 3 adds the broker epoch of each replica, so that one
 * which has restarted is not taken for in sync (KIP-903).
 */
export const AlterPartitionRequest = message({
  kind: 'request',
  name: 'AlterPartitionRequest',
  key: 56,
  versions: '2-3',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    brokerId: int32(),
    brokerEpoch: int64({ default: -1 }),
    topics: structs({
      topicId: uuid({ versions: '2+', ignorable: true }),
      partitions: structs({
        partitionIndex: int32(),
        leaderEpoch: int32(),
        newIsr: arrayOf(int32(), { versions: '0-2' }),
        newIsrWithEpochs: structs(
          {
            brokerId: int32({ versions: '3+' }),
            brokerEpoch: int64({ versions: '3+', default: -1 }),
          },
          { versions: '3+' },
        ),
        leaderRecoveryState: int8({ versions: '1+' }),
        partitionEpoch: int32(),
      }),
    }),
  },
})
export interface AlterPartitionRequest extends Infer<typeof AlterPartitionRequest> {}

/** What the controller made of it: leader, epochs and replicas. */
export const AlterPartitionResponse = message({
  kind: 'response',
  name: 'AlterPartitionResponse',
  key: 56,
  versions: '2-3',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'REQUEST_TIMED_OUT',
    'CLUSTER_AUTHORIZATION_FAILED',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'OPERATION_NOT_ATTEMPTED',
    'FENCED_LEADER_EPOCH',
    'STALE_BROKER_EPOCH',
    'INVALID_UPDATE_VERSION',
    'UNKNOWN_TOPIC_ID',
    'INELIGIBLE_REPLICA',
    'NEW_LEADER_ELECTED',
  ],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    topics: structs({
      topicId: uuid({ versions: '2+', ignorable: true }),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
        isr: arrayOf(int32()),
        leaderRecoveryState: int8({ versions: '1+', ignorable: true }),
        partitionEpoch: int32(),
      }),
    }),
  },
})
export interface AlterPartitionResponse extends Infer<typeof AlterPartitionResponse> {}
