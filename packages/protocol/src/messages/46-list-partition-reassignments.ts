/** ListPartitionReassignments (API key 46): lists the moves of partitions that are under way. */
import { arrayOf, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The partitions, or null for all (KIP-455). */
export const ListPartitionReassignmentsRequest = message({
  kind: 'request',
  name: 'ListPartitionReassignmentsRequest',
  key: 46,
  versions: '0',
  flexible: '0+',
  listeners: ['broker', 'controller'],
  fields: {
    timeoutMs: int32({ default: 60000 }),
    topics: structs(
      {
        name: string(),
        partitionIndexes: arrayOf(int32()),
      },
      { nullable: '0+', default: null },
    ),
  },
})
export interface ListPartitionReassignmentsRequest extends Infer<typeof ListPartitionReassignmentsRequest> {}

/** Replicas now, and which of them are being added and removed. */
export const ListPartitionReassignmentsResponse = message({
  kind: 'response',
  name: 'ListPartitionReassignmentsResponse',
  key: 46,
  versions: '0',
  flexible: '0+',
  errors: ['UNKNOWN_SERVER_ERROR', 'REQUEST_TIMED_OUT', 'CLUSTER_AUTHORIZATION_FAILED', 'NOT_CONTROLLER'],
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+' }),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        replicas: arrayOf(int32()),
        addingReplicas: arrayOf(int32()),
        removingReplicas: arrayOf(int32()),
      }),
    }),
  },
})
export interface ListPartitionReassignmentsResponse extends Infer<typeof ListPartitionReassignmentsResponse> {}
