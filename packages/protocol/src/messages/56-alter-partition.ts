/** AlterPartition (API key 56). */
import { arrayOf, int16, int32, int64, int8, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const AlterPartitionResponse = message({
  kind: 'response',
  name: 'AlterPartitionResponse',
  key: 56,
  versions: '2-3',
  flexible: '0+',
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
