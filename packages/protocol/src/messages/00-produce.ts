/** Produce (API key 0). */
import { int16, int32, int64, records, string, struct, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const ProduceRequest = message({
  kind: 'request',
  name: 'ProduceRequest',
  key: 0,
  versions: '3-13',
  flexible: '9+',
  listeners: ['broker'],
  fields: {
    transactionalId: string({ versions: '3+', nullable: '3+', default: null }),
    acks: int16(),
    timeoutMs: int32(),
    topicData: structs({
      name: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitionData: structs({
        index: int32(),
        records: records({ nullable: '0+' }),
      }),
    }),
  },
})
export interface ProduceRequest extends Infer<typeof ProduceRequest> {}

export const ProduceResponse = message({
  kind: 'response',
  name: 'ProduceResponse',
  key: 0,
  versions: '3-13',
  flexible: '9+',
  fields: {
    responses: structs({
      name: string({ versions: '0-12', ignorable: true }),
      topicId: uuid({ versions: '13+', ignorable: true }),
      partitionResponses: structs({
        index: int32(),
        errorCode: int16(),
        baseOffset: int64(),
        logAppendTimeMs: int64({ versions: '2+', default: -1, ignorable: true }),
        logStartOffset: int64({ versions: '5+', default: -1, ignorable: true }),
        recordErrors: structs(
          {
            batchIndex: int32({ versions: '8+' }),
            batchIndexErrorMessage: string({ versions: '8+', nullable: '8+', default: null }),
          },
          { versions: '8+', ignorable: true },
        ),
        errorMessage: string({ versions: '8+', nullable: '8+', default: null, ignorable: true }),
        currentLeader: struct(
          {
            leaderId: int32({ versions: '10+', default: -1 }),
            leaderEpoch: int32({ versions: '10+', default: -1 }),
          },
          { versions: '10+', tag: 0, tagged: '10+' },
        ),
      }),
    }),
    throttleTimeMs: int32({ versions: '1+', ignorable: true }),
    nodeEndpoints: structs(
      {
        nodeId: int32({ versions: '10+' }),
        host: string({ versions: '10+' }),
        port: int32({ versions: '10+' }),
        rack: string({ versions: '10+', nullable: '10+', default: null }),
      },
      { versions: '10+', tag: 0, tagged: '10+' },
    ),
  },
})
export interface ProduceResponse extends Infer<typeof ProduceResponse> {}
