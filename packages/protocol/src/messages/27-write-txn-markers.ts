/** WriteTxnMarkers (API key 27). */
import { arrayOf, bool, int16, int32, int64, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const WriteTxnMarkersRequest = message({
  kind: 'request',
  name: 'WriteTxnMarkersRequest',
  key: 27,
  versions: '1-2',
  flexible: '1+',
  listeners: ['broker'],
  fields: {
    markers: structs({
      producerId: int64(),
      producerEpoch: int16(),
      transactionResult: bool(),
      topics: structs({
        name: string(),
        partitionIndexes: arrayOf(int32()),
      }),
      coordinatorEpoch: int32(),
      transactionVersion: int8({ versions: '2+', ignorable: true }),
    }),
  },
})
export interface WriteTxnMarkersRequest extends Infer<typeof WriteTxnMarkersRequest> {}

export const WriteTxnMarkersResponse = message({
  kind: 'response',
  name: 'WriteTxnMarkersResponse',
  key: 27,
  versions: '1-2',
  flexible: '1+',
  fields: {
    markers: structs({
      producerId: int64(),
      topics: structs({
        name: string(),
        partitions: structs({
          partitionIndex: int32(),
          errorCode: int16(),
        }),
      }),
    }),
  },
})
export interface WriteTxnMarkersResponse extends Infer<typeof WriteTxnMarkersResponse> {}
