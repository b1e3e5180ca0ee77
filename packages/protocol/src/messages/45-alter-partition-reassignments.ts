/** AlterPartitionReassignments (API key 45): moves partitions to other brokers. */
import { arrayOf, bool, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/**
 * Per partition the new replicas, or null to cancel a move (KIP-455). Version 1 can forbid a change of the replication
 * factor. Forwarded to the controller.
 */
export const AlterPartitionReassignmentsRequest = message({
  kind: 'request',
  name: 'AlterPartitionReassignmentsRequest',
  key: 45,
  versions: '0-1',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    timeoutMs: int32({ default: 60000 }),
    allowReplicationFactorChange: bool({ versions: '1+', default: true }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        replicas: arrayOf(int32(), { nullable: '0+', default: null }),
      }),
    }),
  },
})
export interface AlterPartitionReassignmentsRequest extends Infer<typeof AlterPartitionReassignmentsRequest> {}

/** A result for each partition; the move itself takes as long as copying does. */
export const AlterPartitionReassignmentsResponse = message({
  kind: 'response',
  name: 'AlterPartitionReassignmentsResponse',
  key: 45,
  versions: '0-1',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'REQUEST_TIMED_OUT',
    'CLUSTER_AUTHORIZATION_FAILED',
    'INVALID_REPLICATION_FACTOR',
    'INVALID_REPLICA_ASSIGNMENT',
    'NOT_CONTROLLER',
    'NO_REASSIGNMENT_IN_PROGRESS',
  ],
  fields: {
    throttleTimeMs: int32(),
    allowReplicationFactorChange: bool({ versions: '1+', default: true, ignorable: true }),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    responses: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      }),
    }),
  },
})
export interface AlterPartitionReassignmentsResponse extends Infer<typeof AlterPartitionReassignmentsResponse> {}
