/** AlterPartitionReassignments (API key 45). */
import { arrayOf, bool, int16, int32, string, structs, type Infer } from '../declare.ts'
import { message } from '../message.ts'

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

export const AlterPartitionReassignmentsResponse = message({
  kind: 'response',
  name: 'AlterPartitionReassignmentsResponse',
  key: 45,
  versions: '0-1',
  flexible: '0+',
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
