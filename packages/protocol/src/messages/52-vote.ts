/** Vote (API key 52). */
import { bool, int16, int32, int64, string, structs, uint16, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const VoteRequest = message({
  kind: 'request',
  name: 'VoteRequest',
  key: 52,
  versions: '0-2',
  flexible: '0+',
  listeners: ['controller'],
  fields: {
    clusterId: string({ nullable: '0+', default: null }),
    voterId: int32({ versions: '1+', default: -1, ignorable: true }),
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        replicaEpoch: int32(),
        replicaId: int32(),
        replicaDirectoryId: uuid({ versions: '1+', ignorable: true }),
        voterDirectoryId: uuid({ versions: '1+', ignorable: true }),
        lastOffsetEpoch: int32(),
        lastOffset: int64(),
        preVote: bool({ versions: '2+' }),
      }),
    }),
  },
})
export interface VoteRequest extends Infer<typeof VoteRequest> {}

export const VoteResponse = message({
  kind: 'response',
  name: 'VoteResponse',
  key: 52,
  versions: '0-2',
  flexible: '0+',
  fields: {
    errorCode: int16(),
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        leaderId: int32(),
        leaderEpoch: int32(),
        voteGranted: bool(),
      }),
    }),
    nodeEndpoints: structs(
      {
        nodeId: int32({ versions: '1+' }),
        host: string({ versions: '1+' }),
        port: uint16({ versions: '1+' }),
      },
      { versions: '1+', tag: 0, tagged: '1+' },
    ),
  },
})
export interface VoteResponse extends Infer<typeof VoteResponse> {}
