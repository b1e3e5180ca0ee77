/** DescribeProducers (API key 61): describes the producers that are active on partitions. */
import { arrayOf, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

/** The partitions (KIP-664). */
export const DescribeProducersRequest = message({
  kind: 'request',
  name: 'DescribeProducersRequest',
  key: 61,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    topics: structs({
      name: string(),
      partitionIndexes: arrayOf(int32()),
    }),
  },
})
export interface DescribeProducersRequest extends Infer<typeof DescribeProducersRequest> {}

/** Per partition the producers with their epochs, last sequence numbers and open transactions. */
export const DescribeProducersResponse = message({
  kind: 'response',
  name: 'DescribeProducersResponse',
  key: 61,
  versions: '0',
  flexible: '0+',
  errors: [
    'UNKNOWN_SERVER_ERROR',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'NOT_LEADER_OR_FOLLOWER',
    'INVALID_TOPIC_EXCEPTION',
    'TOPIC_AUTHORIZATION_FAILED',
  ],
  fields: {
    throttleTimeMs: int32(),
    topics: structs({
      name: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
        activeProducers: structs({
          producerId: int64(),
          producerEpoch: int32(),
          lastSequence: int32({ default: -1 }),
          lastTimestamp: int64({ default: -1 }),
          coordinatorEpoch: int32(),
          currentTxnStartOffset: int64({ default: -1 }),
        }),
      }),
    }),
  },
})
export interface DescribeProducersResponse extends Infer<typeof DescribeProducersResponse> {}
