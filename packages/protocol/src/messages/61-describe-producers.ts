/** DescribeProducers (API key 61). */
import { arrayOf, int16, int32, int64, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const DescribeProducersResponse = message({
  kind: 'response',
  name: 'DescribeProducersResponse',
  key: 61,
  versions: '0',
  flexible: '0+',
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
