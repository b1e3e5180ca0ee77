/** ElectLeaders (API key 43). */
import { arrayOf, int16, int32, int8, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const ElectLeadersRequest = message({
  kind: 'request',
  name: 'ElectLeadersRequest',
  key: 43,
  versions: '0-2',
  flexible: '2+',
  listeners: ['broker', 'controller'],
  fields: {
    electionType: int8({ versions: '1+' }),
    topicPartitions: structs(
      {
        topic: string(),
        partitions: arrayOf(int32()),
      },
      { nullable: '0+' },
    ),
    timeoutMs: int32({ default: 60000 }),
  },
})
export interface ElectLeadersRequest extends Infer<typeof ElectLeadersRequest> {}

export const ElectLeadersResponse = message({
  kind: 'response',
  name: 'ElectLeadersResponse',
  key: 43,
  versions: '0-2',
  flexible: '2+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16({ versions: '1+' }),
    replicaElectionResults: structs({
      topic: string(),
      partitionResult: structs({
        partitionId: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+' }),
      }),
    }),
  },
})
export interface ElectLeadersResponse extends Infer<typeof ElectLeadersResponse> {}
