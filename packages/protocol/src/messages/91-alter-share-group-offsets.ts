/** AlterShareGroupOffsets (API key 91). */
import { int16, int32, int64, string, structs, uuid, type Infer } from '../declare.ts'
import { message } from '../message.ts'

export const AlterShareGroupOffsetsRequest = message({
  kind: 'request',
  name: 'AlterShareGroupOffsetsRequest',
  key: 91,
  versions: '0',
  flexible: '0+',
  listeners: ['broker'],
  fields: {
    groupId: string(),
    topics: structs({
      topicName: string(),
      partitions: structs({
        partitionIndex: int32(),
        startOffset: int64(),
      }),
    }),
  },
})
export interface AlterShareGroupOffsetsRequest extends Infer<typeof AlterShareGroupOffsetsRequest> {}

export const AlterShareGroupOffsetsResponse = message({
  kind: 'response',
  name: 'AlterShareGroupOffsetsResponse',
  key: 91,
  versions: '0',
  flexible: '0+',
  fields: {
    throttleTimeMs: int32(),
    errorCode: int16(),
    errorMessage: string({ nullable: '0+', default: null }),
    responses: structs({
      topicName: string(),
      topicId: uuid(),
      partitions: structs({
        partitionIndex: int32(),
        errorCode: int16(),
        errorMessage: string({ nullable: '0+', default: null }),
      }),
    }),
  },
})
export interface AlterShareGroupOffsetsResponse extends Infer<typeof AlterShareGroupOffsetsResponse> {}
