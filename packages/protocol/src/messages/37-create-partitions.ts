/** CreatePartitions (API key 37): adds partitions to topics. */
import { arrayOf, bool, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** Per topic the new total, and perhaps the replicas of the new partitions. Forwarded to the controller. */
export const CreatePartitionsRequest = message({
  kind: 'request',
  name: 'CreatePartitionsRequest',
  key: 37,
  versions: '0-3',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    topics: structs({
      name: string(),
      count: int32(),
      assignments: structs(
        {
          brokerIds: arrayOf(int32()),
        },
        { nullable: '0+' },
      ),
    }),
    timeoutMs: int32(),
    validateOnly: bool(),
  },
})
export interface CreatePartitionsRequest extends Infer<typeof CreatePartitionsRequest> {}

/** A result for each topic. Version 3 may throttle (KIP-599). */
export const CreatePartitionsResponse = message({
  kind: 'response',
  name: 'CreatePartitionsResponse',
  key: 37,
  versions: '0-3',
  flexible: '2+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'REQUEST_TIMED_OUT',
    'TOPIC_AUTHORIZATION_FAILED',
    'INVALID_PARTITIONS',
    'INVALID_REPLICA_ASSIGNMENT',
    'NOT_CONTROLLER',
    'INVALID_REQUEST',
    'POLICY_VIOLATION',
    'REASSIGNMENT_IN_PROGRESS',
    'THROTTLING_QUOTA_EXCEEDED',
  ],
  fields: {
    throttleTimeMs: int32(),
    results: structs({
      name: string(),
      errorCode: int16(),
      errorMessage: string({ nullable: '0+', default: null }),
    }),
  },
})
export interface CreatePartitionsResponse extends Infer<typeof CreatePartitionsResponse> {}
